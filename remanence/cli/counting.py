"""Counting: the command that says what a memory holds, and what that takes."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Final

import attrs
import click
import trio

from ..actors.reaction_statistics import ReactionTrace, reaction_traces
from ..engine.engine import Statistics
from ..memory.plain import Plain
from ..memory.sizes import Sizes, measure
from ..projections.slow import SlowQuery
from ..projections.slow_file import SlowFile
from .cards import fact_lines
from .finding import scopes
from .opening import reading, run
from .options import Options, everywhere, pass_options
from .output import Output
from .progress import bars, interruptible
from .texts import count, moment, one_line, share, shown, size

__all__ = ["print_sizes", "stats"]

SCOPES_MAX: Final = 1000
SCOPES_SHOWN: Final = 12
SLOW_SHOWN: Final = 10


@attrs.frozen
class Holdings:
    """What a memory holds.

    Attributes:
        statistics: what its engine says.
        sizes: what its events take, if that was asked for.
        scopes: the scopes that have memories.
        span: the times of the first event and the last, if there are any.
        reactions: what the log tells of the reactions that ran on it.
        slow: the last slow queries of every process, the oldest first; none of the past.
    """

    statistics: Statistics
    sizes: Sizes | None
    scopes: list[str]
    span: tuple[datetime, datetime] | None
    reactions: list[ReactionTrace]
    slow: list[SlowQuery]


@click.command()
@click.option("--quick", is_flag=True, help="Leave out the size as JSON, for which every event has to be read.")
@everywhere
@pass_options
def stats(options: Options, *, quick: bool) -> None:
    """Show what the memory holds: events by type, sizes, scopes, views, what reactions have taken up, and slow queries.

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
            reactions = list(reaction_traces(memory.engine.log))
            slow = [] if options.moment is not None else SlowFile(options.path / "views").read()
            return Holdings(memory.stats(), sizes, scopes(memory, SCOPES_MAX), span, reactions, slow)

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
        "reactions": [attrs.asdict(reaction) for reaction in holdings.reactions],
        "slow": [
            {
                "time": query.time,
                "process": query.process,
                "view": query.view,
                "seconds": query.seconds,
                "plan": attrs.asdict(query.plan),
            }
            for query in holdings.slow
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
    if holdings.reactions:
        out.line()
        _print_reactions(out, holdings.reactions)
    if holdings.slow:
        out.line()
        _print_slow(out, holdings.slow)


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


def _print_reactions(out: Output, reactions: list[ReactionTrace]) -> None:
    rows = [
        (
            each.name,
            f"{each.taken:,}",
            f"{each.failed:,}",
            f"event {each.position}",
            "" if (last := each.last_failure) is None else one_line(f"event {last.position}: {last.error}"),
        )
        for each in reactions
    ]
    out.table(("reaction", "taken up", "failed", "last", ""), rows, right=("taken up", "failed"))


def _print_slow(out: Output, slow: list[SlowQuery]) -> None:
    more = len(slow) - SLOW_SHOWN
    rows = [
        (moment(query.time), f"{query.seconds * 1000:,.0f} ms", one_line(query.view), one_line(str(query.plan)))
        for query in slow[-SLOW_SHOWN:]
    ]
    out.table(("slow query", "took", "view", "plan"), rows, right=("took",))
    if more > 0:
        out.line(f"… and {more:,} before these; --json tells them all")
