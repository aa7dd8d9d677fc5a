"""The past: the commands that ask what a memory was, what became of it, and what would have become of it otherwise."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Final

import click
from rich.text import Text

from ..core.verify import Report
from ..memory.plain import Plain, plain_event, plain_memory
from ..projections.auditing import Audit, Difference
from ..projections.memories.view import Memories, MemoryRow
from ..reading.differing import MemoryChange, MemoryDiff
from ..reading.reading import MemoryReader
from .backing import FOLDER, print_report
from .cards import event_entry, memory_entry
from .counting import stats
from .exits import Exit, Failure
from .finding import find, get, history
from .opening import reading, run
from .options import Options, PointType, everywhere, examples, pass_options
from .output import Output
from .progress import bars
from .reasons import why
from .texts import clean, shown

__all__ = ["as_of", "audit", "bisect", "diff", "fork"]

READING: Final[dict[str, click.Command]] = {"get": get, "find": find, "history": history, "why": why, "stats": stats}


@click.command(
    "as-of",
    epilog=examples(
        "remanence as-of 120 find --scope ada",
        "remanence as-of 2026-03-02T09:14:05 get ID",
        "remanence as-of 2026-03-02 stats --json",
    ),
    context_settings={"allow_interspersed_args": False},
)
@click.argument("moment", type=PointType())
@click.argument("command", type=click.Choice(list(READING)))
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
@everywhere
@pass_options
@click.pass_context
def as_of(
    context: click.Context, options: Options, /, *, moment: int | datetime, command: str, words: tuple[str, ...]
) -> None:
    """Run a COMMAND that asks, with its options, on the memory as it stood at MOMENT.

    MOMENT is a position of the log, or a day or a moment, and then means the last event recorded by then.
    """
    options.moment = moment
    with READING[command].make_context(command, list(words), parent=context) as inner:
        inner.command.invoke(inner)


@click.command()
@everywhere
@pass_options
def audit(options: Options) -> None:
    """Fold the whole log anew, and compare every view with what comes out, entry by entry.

    The first row that differs is named, with what it is and what it should be. The exit code is 3 if there is one.
    """

    async def body() -> list[Audit]:
        async with reading(options) as memory:
            with bars(replay="folding the log") as progress:
                return await memory.audit(progress=progress)

    found = run(body)
    out = Output(as_json=options.as_json)
    if out.as_json:
        for each in found:
            out.json(_plain_audit(each))
    else:
        rows = [(each.view, each.version, each.position, "sound" if each.is_sound else "differs") for each in found]
        out.table(("view", "version", "shows event", "is"), rows, right=("version", "shows event"))
        for each in found:
            if each.difference is not None:
                _print_difference(out, each.difference)
    out.flush()
    wrong = next((each for each in found if not each.is_sound), None)
    if wrong is not None:
        hint = "The log itself is sound if `remanence verify` says so: delete the view's folder, and it is built again."
        raise Failure(f"the view {wrong.view} isn't what its events make", Exit.DAMAGED, hint=hint)


def _plain_audit(found: Audit) -> Plain:
    plain: Plain = {
        "view": found.view,
        "version": found.version,
        "position": found.position,
        "sound": found.is_sound,
        "digest": found.digest,
        "rebuilt": found.rebuilt,
    }
    one = found.difference
    if one is None:
        return plain
    told: Plain = {"table": one.table, "index": one.index, "key": one.key}
    return plain | {"difference": told | {"live": _plain_row(one.live), "rebuilt": _plain_row(one.rebuilt)}}


def _plain_row(row: object) -> object:
    return plain_memory(row) if isinstance(row, MemoryRow) else row


def _print_difference(out: Output, one: Difference) -> None:
    place = one.table if one.index is None else f"{one.table}, index {one.index}"
    out.prose(f"First difference: {place}, key {clean(repr(one.key))}")
    for name, row, is_none in (("live", one.live, one.is_missing), ("should be", one.rebuilt, one.is_surplus)):
        told = "nothing" if is_none else "an entry" if row is None else str(row)
        out.prose(clean(told), indent=12, first=Text(f"  {name}", style="dim"))


@click.command(
    epilog=examples("remanence diff 120", "remanence diff 2026-03-01 2026-04-01 --scope ada --json"),
)
@click.argument("start", type=PointType())
@click.argument("end", type=PointType(), required=False)
@click.option("--scope", metavar="PATH", help="Whose memories; everybody's unless given.")
@everywhere
@pass_options
def diff(options: Options, *, start: int | datetime, end: int | datetime | None, scope: str | None) -> None:
    """List the memories that were added, revised, reinforced or forgotten after START and up to END, or up to now.

    Each is a position of the log, or a day or a moment.
    """

    async def body() -> MemoryDiff:
        async with reading(options) as memory:
            with bars(replay="folding the past") as progress:
                return await memory.diff(start, end, scope=scope, progress=progress)

    found = run(body)
    out = Output(as_json=options.as_json)
    for name, rows in (("added", found.added), ("forgotten", found.forgotten)):
        for row in rows:
            _print_change(out, name, row, None)
    for name, changes in (("revised", found.revised), ("reinforced", found.reinforced)):
        for change in changes:
            _print_change(out, name, change.after, change)
    out.flush()
    if found.is_empty:
        raise Failure(f"nothing differs between event {found.start} and event {found.end}", Exit.NOTHING)


def _print_change(out: Output, name: str, row: MemoryRow, change: MemoryChange | None) -> None:
    if out.as_json:
        before: Plain = {} if change is None else {"before": plain_memory(change.before)}
        out.json({"change": name, "memory": plain_memory(row)} | before)
    elif out.is_page:
        out.line(Text(name, style="bold"))
        memory_entry(out, row)
    else:
        out.row(name, row.id, row.kind, row.text)


@click.command(
    epilog=examples(
        'remanence bisect --text "prefers coffee"',
        "remanence bisect --id ID",
        "remanence bisect --id ID --gone --start 120",
    ),
)
@click.option("--id", "memory_id", metavar="ID", help="That there is this memory.")
@click.option("--text", metavar="WORDS", help="That a memory says this, in these letters.")
@click.option("--scope", metavar="PATH", help="Only in this scope; anywhere unless given.")
@click.option("--gone", is_flag=True, help="That it is so no longer; --start is when it was.")
@click.option("--start", type=PointType(), metavar="MOMENT", default=0, help="Where to begin. [default: the beginning]")
@click.option("--end", type=PointType(), metavar="MOMENT", help="Where to end. [default: now]")
@everywhere
@pass_options
def bisect(
    options: Options,
    *,
    memory_id: str | None,
    text: str | None,
    scope: str | None,
    gone: bool,
    start: int | datetime,
    end: int | datetime | None,
) -> None:
    """Find the event after which a memory was there, or something was said; some looks into the past are enough.

    It prints the event.
    """
    if (memory_id is None) == (text is None):
        raise click.UsageError("Give --id or --text: what was so after the event that is looked for.")

    def is_so(row: MemoryRow) -> bool:
        is_there = text is None or text in row.text
        return is_there and (scope is None or "/".join(row.scope) == scope)

    def holds(past: MemoryReader) -> bool:
        rows = past.engine.view(Memories).rows
        one = rows.get(memory_id) if memory_id is not None else None
        candidates = rows.iterate() if memory_id is None else () if one is None else (one,)
        return any(map(is_so, candidates)) != gone

    async def body() -> None:
        async with reading(options) as memory:
            with bars(replay="folding the past") as progress:
                position = await memory.bisect(holds, start=start, end=end, progress=progress)
            [event] = memory.engine.read(after=position - 1, before=position + 1)
            if options.as_json:
                Output(as_json=True).json(plain_event(event))
            else:
                event_entry(Output(), event)

    run(body)


@click.command()
@click.argument("moment", type=PointType())
@click.argument("target", type=FOLDER, metavar="TARGET")
@everywhere
@pass_options
def fork(options: Options, *, moment: int | datetime, target: Path) -> None:
    """Make a memory in the new or empty folder TARGET that has this one's events up to MOMENT, and verify it.

    From there on each goes its own way. MOMENT is a position of the log, or a day or a moment.
    """

    async def body() -> Report:
        async with reading(options) as memory:
            return await memory.fork(moment, target)

    report = run(body)
    print_report(Output(as_json=options.as_json), target, report, f"forked to {shown(target)} and verified")
