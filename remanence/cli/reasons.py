"""Reasons: the command that shows why a memory is as it is, as a tree of causes."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from typing import Any, Final

import click
from rich.text import Text

from ..core.errors import NotFound
from ..core.recorded import Recorded
from ..engine.causes import DEPTH, DEPTH_MAX, Caused
from ..memory.plain import Plain, plain_event
from ..projections.memories.view import MemoryRow
from .cards import spoken, summary
from .opening import glancing, run
from .options import Options, everywhere, examples, pass_options
from .output import Output
from .texts import moment, one_line

__all__ = ["causes_tree", "why"]

_FORK, _END, _LINE, _FREE = "├─ ", "└─ ", "│  ", "   "
_ENDINGS: Final = {
    "shown": "event {}, shown above",
    "deep": "event {}; ask for more with --depth",
    "missing": "event {}, which is not there, or came later",
    "erased": "nobody knows: the event has been erased",
}


@click.command(
    epilog=examples("remanence why ID", "remanence why ID --depth 3", "remanence why ID --json"),
)
@click.argument("memory_id", metavar="ID")
@click.option(
    "--depth",
    metavar="N",
    type=click.IntRange(0, DEPTH_MAX),
    default=DEPTH,
    show_default=True,
    help="How many causes to follow from each event, one after the other.",
)
@everywhere
@pass_options
def why(options: Options, *, memory_id: str, depth: int) -> None:
    """Show every event that made the memory ID what it is, and under each the event that led to it, and so on.

    The oldest comes first. What several of them have in common is shown once, and referred to from then on. A memory
    that has been forgotten has its causes still.
    """

    async def body() -> None:
        async with glancing(options) as memory:
            found = memory.why(memory_id, depth=depth)
            out = Output(as_json=options.as_json)
            if out.as_json:
                for each in found:
                    out.json(_plain(each))
                return
            row: MemoryRow | None = None
            with contextlib.suppress(NotFound):
                row = memory.get(memory_id)
            causes_tree(out, memory_id, row, found)

    run(body)


def _plain(caused: Caused) -> Plain:
    """The event as JSON, with what led to it inside it."""
    plain: Plain | None = None
    for each in reversed(list(caused.walk())):
        ending: Plain = {} if each.ending in (None, "first") else {"ending": each.ending}
        plain = plain_event(each.event) | ending | ({} if plain is None else {"because": plain})
    return plain or {}


def causes_tree(out: Output, memory_id: str, row: MemoryRow | None, found: Iterable[Caused]) -> None:
    """Events with what led to them, as `tree` shows folders: on a page two lines for each, in a pipe one.

    Args:
        out: where to.
        memory_id: the memory.
        row: what it says now; None if it has been forgotten.
        found: what `MemoryReader.why` gives.
    """
    says = Text("forgotten", style="dim italic") if row is None else spoken(row.speaker, " ".join(row.text.split()))
    out.line(Text.assemble((memory_id, "cyan"), "  " if out.is_page else "\t", says))
    roots = list(found)
    for root in roots:
        _branch(out, root, is_last=root is roots[-1])


def _branch(out: Output, root: Caused, *, is_last: bool) -> None:
    lead = ""
    fork, below = (_END, _FREE) if is_last else (_FORK, _LINE)
    for each in root.walk():
        is_leaf = each.because is None and each.ending == "first"
        _event(out, each.event, lead + fork, lead + below + (_FREE if is_leaf else _LINE))
        lead += below
        fork, below = _END, _FREE
        if each.ending in _ENDINGS:
            out.line(Text(lead + _END) + Text(_ENDINGS[each.ending].format(each.event.cause), style="dim"))


def _event(out: Output, event: Recorded[Any], first: str, next_: str) -> None:
    if not out.is_page:
        cells = (f"{first}{event.position}", moment(event.time), event.type, event.by or "", summary(event).plain)
        out.line("\t".join((cells[0], *map(one_line, cells[1:]))))
        return
    head = Text.assemble(
        first, (str(event.position), "bold"), "  ", (moment(event.time), "dim"), "  ", (event.type, "cyan")
    )
    if event.by is not None:
        head.append(f", by {one_line(event.by)}")
    out.line(head)
    text = summary(event, with_id=False)
    if text.plain:
        out.line(Text(next_) + text)
