"""Events: the command that shows the log itself, as it is and as it grows."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

import attrs
import click
from rich.text import Text

from ..core.errors import Damaged
from ..core.recorded import Recorded
from ..memory.plain import plain_event
from ..reading.reading import MemoryReader
from .cards import event_row, summary
from .exits import notice
from .opening import reading, run
from .options import Options, everywhere, examples, pass_options
from .output import Output
from .texts import clock, count, day, one_line

__all__ = ["log"]

BATCH_EVENTS: Final = 1024
FOLLOW_EVENTS: Final = 10
"""What `tail -f` shows of what was there before."""
BY_WIDTH_MAX: Final = 12
TYPE_WIDTH_MAX: Final = 28
POSITION_WIDTH_MIN: Final = 5


@attrs.frozen
class Wanted:
    """Which events are asked for."""

    after: int
    types: tuple[str, ...]
    tags: tuple[str, ...]
    limit: int | None
    backward: bool


@click.command(
    epilog=examples(
        "remanence log --backward --limit 10",
        "remanence log --type memory.forgotten --tag scope:ada",
        "remanence log --follow --after 1451 --json",
    ),
)
@click.option("--after", metavar="EVENT", type=click.IntRange(min=0), help="Only events after this position.")
@click.option(
    "--type",
    "types",
    metavar="NAME",
    multiple=True,
    help="Only of this type, as memory.revised; give it again for others too.",
)
@click.option(
    "--tag",
    "tags",
    metavar="TAG",
    multiple=True,
    help="Only with this tag, as scope:ada; give it again for all of them.",
)
@click.option("--limit", metavar="N", type=click.IntRange(min=1), help="At most so many.")
@click.option("--backward", is_flag=True, help="The newest first.")
@click.option("--follow", "-f", is_flag=True, help="Go on with every new event, until interrupted.")
@everywhere
@pass_options
def log(options: Options, /, *, follow: bool, after: int | None, **others: Any) -> None:
    """Print the events of the log, in the order in which they were recorded.

    With --follow it begins with the last ten, unless --after says where. An event of a type that this program doesn't
    know is shown as it is stored.
    """
    wanted = Wanted(after=after or 0, **others)
    if follow and wanted.backward:
        raise click.UsageError("--follow goes forward; leave out --backward.")

    async def body() -> None:
        async with reading(options) as memory:
            lines = Lines(Output(as_json=options.as_json), memory)
            try:
                if follow:
                    start = (
                        wanted if after is not None else attrs.evolve(wanted, after=_before_the_last(memory, wanted))
                    )
                    await _follow(memory, start, lines)
                else:
                    for event in _events(memory, wanted):
                        lines.add(event)
            finally:
                lines.tell_unknown()

    run(body)


def _events(memory: MemoryReader, wanted: Wanted) -> Iterator[Recorded[Any]]:
    """The events asked for, read batch by batch; where one is damaged, those before it come first.

    Raises:
        Damaged: one is.
    """
    after, before, left = wanted.after, memory.engine.head + 1, wanted.limit

    def read(after: int, before: int, limit: int) -> list[Recorded[Any]]:
        return memory.engine.read(
            after=after, before=before, types=wanted.types, tags=wanted.tags, limit=limit, backward=wanted.backward
        )

    while left is None or left > 0:
        limit = BATCH_EVENTS if left is None else min(BATCH_EVENTS, left)
        try:
            found = read(after, before, limit)
        except Damaged as damage:
            if damage.position is not None:
                sound = (damage.position, before) if wanted.backward else (after, damage.position)
                yield from read(*sound, limit)
            raise
        yield from found
        if len(found) < limit:
            return
        left = None if left is None else left - len(found)
        if wanted.backward:
            before = found[-1].position
        else:
            after = found[-1].position


def _before_the_last(memory: MemoryReader, wanted: Wanted) -> int:
    """The position after which the last few events stand that are asked for."""
    found = memory.engine.read(types=wanted.types, tags=wanted.tags, limit=FOLLOW_EVENTS, backward=True)
    return found[-1].position - 1 if found else memory.engine.head


async def _follow(memory: MemoryReader, wanted: Wanted, lines: Lines) -> None:
    left = wanted.limit
    lines.out.flush()
    events = memory.events(after=wanted.after, types=wanted.types, tags=wanted.tags)
    async with contextlib.aclosing(events):
        async for event in events:
            lines.add(event)
            lines.out.flush()
            if left is not None:
                left -= 1
                if left == 0:
                    return


class Lines:
    """Events, a line for each."""

    def __init__(self, out: Output, memory: MemoryReader) -> None:
        self.out = out
        self._unknown: Counter[str] = Counter()
        self._day = ""
        self._type_width = min(max(map(len, memory.engine.log.types()), default=0), TYPE_WIDTH_MAX)
        self._position_width = max(len(str(memory.engine.head)), POSITION_WIDTH_MIN)

    def add(self, event: Recorded[Any]) -> None:
        """Print an event."""
        if not event.is_known:
            self._unknown[event.type] += 1
        if self.out.as_json:
            self.out.json(plain_event(event))
        elif self.out.is_page:
            self._print(event)
        else:
            event_row(self.out, event)

    def _print(self, event: Recorded[Any]) -> None:
        if day(event.time) != self._day:
            self._day = day(event.time)
            self.out.line(Text(self._day, style="bold"))
        line = Text.assemble(
            (f"{event.position:>{self._position_width}}", "dim"),
            "  ",
            (clock(event.time), "dim"),
            "  ",
            (one_line(event.type).ljust(self._type_width), "cyan"),
            "  ",
        )
        if event.by is not None:
            line.append(f"{one_line(event.by)[:BY_WIDTH_MAX]}  ", style="magenta")
        self.out.line(line + summary(event))

    def tell_unknown(self) -> None:
        """Say how many events were of types that this program has no class for."""
        if self._unknown:
            self.out.flush()
            names = ", ".join(sorted(self._unknown))
            notice(f"{count(self._unknown.total(), 'event')} of types that this program does not know: {names}")
