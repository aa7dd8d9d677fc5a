"""Pages: an LMDB file looked through byte by byte, without LMDB, which doesn't survive reading every damage.

A file that was cut short, for one, is mapped as if it were whole, and the first look behind its end ends the process.
The walk says where the file isn't one that LMDB would have written; it holds for a file at rest, that nobody writes to.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final, cast

import lmdb.verify

from .environment import DATA_FILE

__all__ = ["fault_at_rest", "find_fault"]

_walk: Final = cast("Callable[[str], list[str]]", lmdb.verify.verify)  # pyright: ignore[reportUnknownMemberType] - untyped
TRIES: Final = 3


def find_fault(directory: Path) -> str | None:
    """The first thing that is wrong with the pages of a file at rest, or None.

    Raises:
        OSError: it can't be read.
    """
    try:
        faults = _walk(str(directory))
    except lmdb.verify.VerifyError as error:
        return str(error)
    return faults[0] if faults else None


def fault_at_rest(directory: Path) -> str | None:
    """The same for a file that somebody may begin to write to: what is found while it changes doesn't count.

    Raises:
        OSError: it can't be read.
    """
    data = directory / DATA_FILE
    for _ in range(TRIES):
        before = data.stat()
        fault = find_fault(directory)
        after = data.stat()
        if fault is None or (before.st_mtime_ns, before.st_size) == (after.st_mtime_ns, after.st_size):
            return fault
    return None
