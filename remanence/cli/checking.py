"""Checking: the commands that say whether a log is sound, and what is in it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

import attrs
import click
import trio

from ..core.errors import Damaged, NotFound
from ..core.events import Registry
from ..core.lease import holder
from ..core.lmdb_store import LmdbStore
from ..core.pages import fault_at_rest
from ..core.verify import Report
from ..core.verify import verify as verify_log
from ..engine import Statistics
from ..plain import Plain
from ..projections.catalog import VERSION, LmdbCatalog
from ..projections.memories.events import MEMORY_EVENTS
from ..sizes import Sizes, measure
from .cards import fact_lines
from .exits import Exit, Failure
from .finding import scopes
from .opening import reading, require_memory, run
from .options import Options, everywhere, pass_options
from .output import Output
from .progress import bars, counting, interruptible
from .texts import count, moment, one_line, share, shown, size

__all__ = ["print_sizes", "stats", "verify", "verify_folder"]

SCOPES_MAX: Final = 1000
SCOPES_SHOWN: Final = 12


@click.command(short_help="Check that everything is as it was written.")
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
        return verify_log(store, catalog, registry=Registry(MEMORY_EVENTS), progress=progress)


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


@attrs.frozen
class Holdings:
    """What a memory holds.

    Attributes:
        statistics: what its engine says.
        sizes: what its events take, if that was asked for.
        scopes: the scopes that have memories.
        span: the times of the first event and the last, if there are any.
    """

    statistics: Statistics
    sizes: Sizes | None
    scopes: list[str]
    span: tuple[datetime, datetime] | None


@click.command(short_help="Show what the memory holds, and its sizes.")
@click.option("--quick", is_flag=True, help="Leave out the size as JSON, for which every event has to be read.")
@everywhere
@pass_options
def stats(options: Options, *, quick: bool) -> None:
    """Show what the memory holds: events by type, sizes, scopes, views.

    The size as JSON is that of what `remanence log --json` prints. Frames are what the events take in the log; its file
    also has their chain, the dictionaries that they are compressed with, and free space.
    """

    async def body() -> Holdings:
        async with reading(options) as memory:
            with bars(sizes="measuring") as progress:
                tell = interruptible(progress)
                sizes = None if quick else await trio.to_thread.run_sync(measure, memory.engine.log, tell)
            first, last = memory.engine.read(limit=1), memory.engine.read(limit=1, backward=True)
            span = (first[0].time, last[0].time) if first and last else None
            return Holdings(memory.stats(), sizes, scopes(memory, SCOPES_MAX), span)

    holdings = run(body)
    out = Output(as_json=options.as_json)
    if out.as_json:
        out.json(_plain(holdings))
    else:
        _print(out, holdings)


def _plain(holdings: Holdings) -> Plain:
    statistics, sizes = holdings.statistics, holdings.sizes
    plain: Plain = {"path": statistics.path, "log": statistics.log_id, "events": statistics.head}
    if holdings.span is not None:
        plain |= {"first": holdings.span[0], "last": holdings.span[1]}
    plain["log_bytes"] = statistics.log_bytes
    if sizes is not None:
        plain |= {"json_bytes": sizes.json_bytes, "frame_bytes": sizes.frame_bytes}
    return plain | {
        "types": dict(statistics.types),
        "unknown": statistics.unknown_types,
        "scopes": holdings.scopes,
        "views": [
            {
                "name": view.name,
                "version": view.version,
                "checkpoint": view.checkpoint,
                "behind": view.lag_events,
                "rows": dict(view.rows),
                "bytes": view.used_bytes,
                "failure": view.failure,
            }
            for view in statistics.views
        ],
    }


def _print(out: Output, holdings: Holdings) -> None:
    statistics, sizes = holdings.statistics, holdings.sizes
    more = len(holdings.scopes) - SCOPES_SHOWN
    where = ", ".join(holdings.scopes[:SCOPES_SHOWN]) + (f", … {more:,} more" if more > 0 else "")
    facts: list[tuple[str, str | None]] = [
        ("memory", shown(Path(statistics.path))),
        ("log", statistics.log_id),
        ("events", f"{statistics.head:,}"),
        ("recorded", None if holdings.span is None else " to ".join(map(moment, holdings.span))),
        ("scopes", where or None),
        ("file", size(statistics.log_bytes) if sizes is None or not sizes.events else None),
    ]
    fact_lines(out, facts)
    if sizes is not None and sizes.events:
        out.line()
        print_sizes(out, sizes)
    if statistics.types:
        out.line()
        _print_types(out, statistics)
    out.line()
    _print_views(out, statistics)


def print_sizes(out: Output, sizes: Sizes) -> None:
    """What events take, by what they are kept as."""
    rows = [
        (name, size(total), f"{total / sizes.events:,.0f} bytes", share(total / sizes.json_bytes))
        for name, total in (
            ("as JSON lines", sizes.json_bytes),
            ("as frames", sizes.frame_bytes),
            ("the log's file", sizes.log_bytes),
        )
    ]
    out.table(("size", "", "an event", "of JSON"), rows, right=("", "an event", "of JSON"))


def _print_types(out: Output, statistics: Statistics) -> None:
    rows = [
        (one_line(name), f"{number:,}", "unknown to this program" if name in statistics.unknown_types else "")
        for name, number in sorted(statistics.types.items(), key=lambda one: (-one[1], one[0]))
    ]
    out.table(("type", "events", ""), rows, right=("events",))


def _print_views(out: Output, statistics: Statistics) -> None:
    rows = [
        (
            f"{view.name} v{view.version}",
            f"{sum(view.rows.values()):,}",
            size(view.used_bytes),
            count(view.lag_events, "event"),
            one_line(view.failure or ""),
        )
        for view in statistics.views
    ]
    out.table(("view", "rows", "size", "behind", ""), rows, right=("rows", "size", "behind"))
