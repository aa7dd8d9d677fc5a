"""Pages: an LMDB file looked through byte by byte, without LMDB, which doesn't survive reading every damage.

A file that was cut short, for one, is mapped as if it were whole, and the first look behind its end ends the process.
The walk says where the file isn't one that LMDB would have written; it holds for a file at rest, that nobody writes to.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from struct import Struct
from typing import Final, NamedTuple, cast

import lmdb.verify

from .environment import DATA_FILE

__all__ = ["fault_at_rest", "find_fault"]

_walk: Final = cast("Callable[[str], list[str]]", lmdb.verify.verify)  # pyright: ignore[reportUnknownMemberType] - untyped
TRIES: Final = 3
_layout = Struct("=16x I I 16x I 92x Q Q")
_META_BYTES: Final = _layout.size
_MAGIC: Final = 0xBEEFC0DE
_VERSION: Final = 1


def is_short(directory: Path) -> bool:
    """Whether the file ends before the last page that its newest meta page counts.

    It may do so and be sound: pages that were used and freed within one transaction are never written. Files of another
    format than LMDB 0.9's, and files that are not there, are not short.
    """
    try:
        with (directory / DATA_FILE).open("rb") as file:
            metas = [_meta(file.read(_META_BYTES))]
            if metas[0] is not None:
                file.seek(metas[0].page_bytes)
                metas.append(_meta(file.read(_META_BYTES)))
            size = file.seek(0, os.SEEK_END)
    except OSError:
        return False
    newest = max((meta for meta in metas if meta is not None), key=lambda meta: meta.transaction, default=None)
    return newest is not None and size < newest.pages * newest.page_bytes


class _Meta(NamedTuple):
    page_bytes: int
    pages: int
    transaction: int


def _meta(page: bytes) -> _Meta | None:
    """A meta page of LMDB 0.9 (`MDB_meta` in its mdb.c), as a 64-bit machine writes it."""
    if len(page) < _META_BYTES:
        return None
    magic, version, page_bytes, last_page, transaction = _layout.unpack_from(page)
    return _Meta(page_bytes, last_page + 1, transaction) if (magic, version) == (_MAGIC, _VERSION) else None


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
