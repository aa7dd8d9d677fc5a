"""Checking: the command that says whether a log is sound."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import click
import trio

from ..actors.reaction import UPCASTERS
from ..core.errors import Damaged, NotFound
from ..core.events import Registry
from ..core.lease import holder
from ..core.lmdb_store import LmdbStore
from ..core.pages import fault_at_rest
from ..core.verify import Report
from ..core.verify import verify as verify_log
from ..memory.plain import Plain
from ..opening.known_events import ALL_EVENTS
from ..projections.catalog import VERSION, LmdbCatalog
from .cards import fact_lines
from .exits import Exit, Failure
from .opening import require_memory, run
from .options import Options, everywhere, pass_options
from .output import Output
from .progress import bars, counting
from .texts import count, shown, size

__all__ = ["verify", "verify_folder"]


@click.command()
@everywhere
@pass_options
def verify(options: Options) -> None:
    """Compute everything in the log again, and name the first thing that isn't as it was written.

    Checked are the file's pages (unless another process writes to it), the commits and the chain of their digests,
    every frame with its checksum and content, the tables that they need, and the catalog of types, tags and keys. The
    exit code is 3 if anything is wrong.
    """
    require_memory(options.path)

    async def body() -> Report:
        with bars(events="verifying") as progress:
            return await trio.to_thread.run_sync(verify_folder, options.path, counting(progress, "events"))

    report = run(body)
    out = Output(as_json=options.as_json)
    if out.as_json:
        out.json(_plain_report(report))
    else:
        _print_report(out, report)
    out.flush()
    _refuse_unsound(options.path, report)


def verify_folder(path: Path, progress: Callable[[int, int], None]) -> Report:
    """Verify the log of a memory, and its catalog if there is one that may be opened.

    Unless somebody writes to it, the file is first walked through without LMDB, so that no damage can end the process.

    Raises:
        Damaged, StorageFailed: the log can't be opened at all.
    """
    if holder(path) is None:
        fault = fault_at_rest(path / "log")
        if fault is not None:
            message = f"the file of {shown(path)} is damaged: {fault}; bring back a backup with `remanence restore`"
            raise Damaged(message)
    with contextlib.ExitStack() as stack:
        store = stack.enter_context(contextlib.closing(LmdbStore(path / "log", read_only=True)))
        catalog: LmdbCatalog | None = None
        with contextlib.suppress(NotFound):  # there is none yet, or it has to be built anew: nothing to compare
            folder = path / "views" / f"catalog-{VERSION}"
            catalog = stack.enter_context(contextlib.closing(LmdbCatalog(folder, store.log_id, read_only=True)))
        return verify_log(store, catalog, registry=Registry(ALL_EVENTS, UPCASTERS), progress=progress)


def _refuse_unsound(path: Path, report: Report) -> None:
    if report.log_problem is not None:
        hint = "Bring back a backup with `remanence restore`; what it lacks may be read with `remanence log`."
        raise Failure(report.log_problem.text, Exit.DAMAGED, hint=hint)
    if report.catalog_problem is not None:
        folder = path / "views" / f"catalog-{VERSION}"
        hint = f"The log itself is sound: delete {folder}, and the next command builds it again."
        raise Failure(report.catalog_problem.text, Exit.DAMAGED, hint=hint)


def _plain_report(report: Report) -> Plain:
    problem = report.problem
    return {
        "sound": problem is None,
        "events": report.events,
        "commits": report.commits,
        "bytes": report.size_bytes,
        "erased": report.erased,
        "types": dict(report.types),
        "unknown": report.unknown,
        "catalog": report.catalog_checkpoint,
        "link": report.head.link.hex(),
        "problem": None
        if problem is None
        else {
            "in": "log" if report.log_problem is not None else "catalog",
            "position": problem.position,
            "text": problem.text,
        },
    }


def _print_report(out: Output, report: Report) -> None:
    is_log_sound = report.log_problem is None
    upto = "" if is_log_sound else " before the damage"
    if report.catalog_checkpoint is None:
        catalog = "not compared" if not is_log_sound else "there is none yet"
    else:
        catalog = "damaged" if report.catalog_problem else f"agrees, up to event {report.catalog_checkpoint}"
    facts: list[tuple[str, str | None]] = [
        ("events", f"{report.events:,} sound{upto}" if report.events else f"none{upto}"),
        ("frames", f"{size(report.size_bytes)}, every checksum and content"),
        ("chain", f"{count(report.commits, 'commit')}, ends in {report.head.link.hex()[:16]}…"),
        ("catalog", catalog),
        ("erased", count(report.erased, "event") if report.erased else None),
        ("unknown", ", ".join(report.unknown) or None),
    ]
    out.line("Everything is as it was written." if report.problem is None else "Not everything is as it was written.")
    fact_lines(out, facts)
