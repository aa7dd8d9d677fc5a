"""Backing up: the commands that copy a log, and bring a copy back."""

from __future__ import annotations

import contextlib
from functools import partial
from pathlib import Path
from typing import Final

import click
import trio

from ..core.backup import restore as restore_log
from ..core.environment import LOCK_FILE
from ..core.errors import Damaged
from ..core.lmdb_store import LmdbStore
from ..core.verify import Progress, Report
from ..core.verify import verify as verify_log
from .opening import require_memory, run
from .options import Options, everywhere, pass_options
from .output import Output
from .progress import bars, counting
from .texts import count, shown, size

__all__ = ["FOLDER", "backup", "print_report", "restore"]

FOLDER: Final = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.argument("target", type=FOLDER, metavar="TARGET")
@everywhere
@pass_options
def backup(options: Options, *, target: Path) -> None:
    """Copy the log into the new or empty folder TARGET, and verify the copy. Work may go on meanwhile.

    Views aren't copied, because they are built from the log. `remanence restore` brings a backup back.
    """
    require_memory(options.path)

    async def body() -> Report:
        with bars(events="verifying the copy") as progress:
            return await trio.to_thread.run_sync(_back_up, options.path / "log", target, counting(progress, "events"))

    print_report(Output(as_json=options.as_json), target, run(body), f"backed up to {shown(target)} and verified")


def _back_up(log: Path, target: Path, progress: Progress) -> Report:
    """Copy the log, and verify the copy.

    Raises:
        InvalidInput: the target holds something.
        Damaged: the copy isn't sound.
        StorageFailed: the disk refuses.
    """
    with contextlib.closing(LmdbStore(log, read_only=True)) as store:
        store.backup(target)
    with contextlib.closing(LmdbStore(target, read_only=True)) as copy:
        report = verify_log(copy, progress=progress)
    (target / LOCK_FILE).unlink(missing_ok=True)  # made by reading; a backup is the data alone
    if report.problem is not None:
        message = f"the copy in {target} is not sound: {report.problem.text}"
        raise Damaged(message, position=report.problem.position)
    return report


@click.command()
@click.argument("source", type=FOLDER, metavar="BACKUP")
@everywhere
@pass_options
def restore(options: Options, *, source: Path) -> None:
    """Make the memory --path, a new or empty folder, out of the backup in the folder BACKUP.

    The backup is verified first; if anything in it is damaged, nothing is restored. The next command builds the views.
    """

    async def body() -> Report:
        with bars(events="verifying the backup") as progress:
            work = partial(restore_log, source, options.path, progress=counting(progress, "events"))
            return await trio.to_thread.run_sync(work)

    print_report(
        Output(as_json=options.as_json), options.path, run(body), f"verified and restored to {shown(options.path)}"
    )


def print_report(out: Output, folder: Path, report: Report, done: str) -> None:
    """What is in a log that was just made."""
    if out.as_json:
        plain = {"folder": str(folder), "events": report.events, "bytes": report.size_bytes}
        out.json(plain | {"link": report.head.link.hex()})
    else:
        out.prose(f"{count(report.events, 'event')}, {size(report.size_bytes)} of frames: {done}.")
