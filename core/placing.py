"""Placing: a whole log comes to be in an empty folder, or nothing does.

It is made under another name, and gets its own only when whoever makes it has found it sound.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Generator
from pathlib import Path
from typing import Final

from .errors import InvalidInput, Locked, StorageFailed
from .files import make_folder, sync_directory
from .lease import LEASE, holder

__all__ = ["placing"]

LOG: Final = "log"
"""The log's folder in the directory that an engine opens."""
_UNFINISHED: Final = "log.restoring"
"""Its name until it is whole. One that is found was left behind by a process that was killed."""


@contextlib.contextmanager
def placing(target: Path, what: str) -> Generator[Path, None, None]:
    """A name for the log while it is made; at the end of the block it becomes the log in `target`.

    Args:
        target: the directory that an engine will open; missing or empty.
        what: what was done to the log, for people: "restored".

    Raises:
        InvalidInput: `target` holds something.
        Locked: `target` is open in an engine.
        StorageFailed: the disk refuses. Nothing is left of it, as after any other error in the block.
    """
    try:
        is_new = not target.exists()
        _refuse_unless_free(target, what)
        make_folder(target)
        unfinished = target / _UNFINISHED
        try:
            shutil.rmtree(unfinished, ignore_errors=True)
            yield unfinished
            unfinished.rename(target / LOG)
        except BaseException:
            shutil.rmtree(unfinished, ignore_errors=True)
            if is_new:
                target.rmdir()
            raise
        sync_directory(target)
        sync_directory(target.parent)
    except OSError as error:
        message = f"can't write to {target}: {error.strerror or error}; nothing was {what}"
        raise StorageFailed(message) from error


def _refuse_unless_free(target: Path, what: str) -> None:
    if not target.exists():
        return
    others = sorted(entry.name for entry in target.iterdir() if entry.name not in {LEASE, _UNFINISHED})
    if others:
        message = f"{target} is not empty (it has {others[0]}); a log is {what} to an empty or a new folder"
        raise InvalidInput(message)
    found = holder(target)
    if found is not None:
        message = f"{target} is open in process {found.pid}; stop it first, or use another folder"
        raise Locked(message, pid=found.pid)
