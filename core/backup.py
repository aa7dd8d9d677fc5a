"""Restoring a backup: a copy of a log becomes a log again, whole and sound, or nothing happens.

`LmdbStore.backup` makes the copies. A backup comes from somewhere else and may be damaged in any way, and LMDB doesn't
survive reading every damage. So what is restored is a private copy that was first walked through byte by byte
(`pages`), then opened and verified like any log, made durable, and only then given its name.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

from .environment import DATA_FILE, LOCK_FILE
from .errors import Damaged, NotFound
from .files import private, sync_directory
from .lmdb_store import LmdbStore
from .pages import find_fault
from .placing import placing
from .verify import Progress, Report, verify

__all__ = ["restore"]


def restore(source: Path, target: Path, *, progress: Progress | None = None) -> Report:
    """Make the log in `target` out of a backup.

    Args:
        source: the backup's directory.
        target: the directory that an engine will open; missing or empty.
        progress: told how many events have been verified, of how many.

    Returns:
        What verification found: what is in the log now.

    Raises:
        NotFound: there is no backup in `source`.
        InvalidInput: `target` holds something.
        Locked: `target` is open in an engine.
        Damaged: the backup is. Nothing is restored.
        StorageFailed: the disk refuses. Nothing is restored.
    """
    if not (source / DATA_FILE).is_file():
        message = f"there is no backup in {source}: it has no file {DATA_FILE}"
        raise NotFound(message)
    with placing(target, "restored") as unfinished:
        _copy(source, unfinished)
        return _check(source, unfinished, progress)


def _copy(source: Path, unfinished: Path) -> None:
    """Copy the data alone: a lock file that comes with them belongs to processes that aren't here."""
    unfinished.mkdir(mode=0o700)
    data = unfinished / DATA_FILE
    with (source / DATA_FILE).open("rb") as from_file, open(data, "xb", opener=private) as to_file:
        shutil.copyfileobj(from_file, to_file, 1 << 20)
        to_file.flush()
        os.fsync(to_file.fileno())


def _check(source: Path, unfinished: Path, progress: Progress | None) -> Report:
    try:
        _refuse_unsound(unfinished)
        with contextlib.closing(LmdbStore(unfinished, read_only=True)) as store:
            report = verify(store, progress=progress)
        _refuse_damaged(report)
    except Damaged as error:
        message = f"the backup in {source} is damaged: {error}; nothing was restored"
        raise Damaged(message, position=error.position) from error
    (unfinished / LOCK_FILE).unlink(missing_ok=True)
    sync_directory(unfinished)
    return report


def _refuse_unsound(unfinished: Path) -> None:
    fault = find_fault(unfinished)
    if fault is not None:
        raise Damaged(fault)


def _refuse_damaged(report: Report) -> None:
    if report.problem is not None:
        raise Damaged(report.problem.text, position=report.problem.position)
