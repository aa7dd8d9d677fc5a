"""Events: the command that shows the log itself, as it is and as it grows."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import attrs
import click
from rich.text import Text

from ..core.errors import Damaged
from ..core.recorded import Recorded
from ..memory import Memory
from ..plain import plain_event
from .cards import event_row, summary
from .opening import reading, run
from .options import Options, everywhere, pass_options
from .output import Output, notice
from .texts import clock, count, day, one_line

__all__ = ["log"]

BATCH = 1024
BY_WIDTH_MAX = 12
TYPE_WIDTH_MAX = 28


@attrs.frozen
class Wanted:
    """Which events are asked for."""

    after: int
    types: tuple[str, ...]
    tags: tuple[str, ...]
    limit: int | None
    backward: bool
    follow: bool


@click.command()
@click.option("--after", type=click.IntRange(min=0), default=0, help="Only events after this position.")
@click.option("--type", "types", multiple=True, help="Only of this type, as memory.revised; give it again for more types.")
@click.option("--tag", "tags", multiple=True, help="Only with this tag, as scope:main; give it again for all of them.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many.")
@click.option("--backward", is_flag=True, help="The newest first.")
@click.option("--follow", "-f", is_flag=True, help="Go on with each new event, until interrupted.")
@everywhere
@pass_options
def log(
    options: Options,
    *,
    after: int,
    types: tuple[str, ...],
    tags: tuple[str, ...],
    limit: int | None,
    backward: bool,
    follow: bool,
) -> None:
    """Print the events of the log, in the order in which they were recorded.

    Events of types that this program doesn't know are shown as they are stored.

    \b
      remanence log --backward --limit 10
      remanence log --type memory.forgotten --tag scope:ada
      remanence log --follow --after 1451 --json
    """
    if follow and backward:
        raise click.UsageError("--follow goes forward; leave out --backward.")
    wanted = Wanted(after, types, tags, limit, backward, follow)

    async def body() -> None:
        async with reading(options) as memory:
            lines = Lines(Output(as_json=options.as_json), memory)
            try:
                if follow:
                    await _follow(memory, wanted, lines)
                else:
                    _print(memory, wanted, lines)
            finally:
                lines.tell_unknown()

    run(body)


def _print(memory: Memory, wanted: Wanted, lines: Lines) -> None:
    """Batch by batch, so that no log is too long to be printed."""
    after, before, left = wanted.after, memory.engine.head + 1, wanted.limit
    while left is None or left > 0:
        limit = BATCH if left is None else min(BATCH, left)
        found = _read(memory, wanted, after, before, limit, lines)
        for event in found:
            lines.add(event)
        if len(found) < limit:
            return
        left = None if left is None else left - len(found)
        if wanted.backward:
            before = found[-1].position
        else:
            after = found[-1].position


def _read(memory: Memory, wanted: Wanted, after: int, before: int, limit: int, lines: Lines) -> list[Recorded[Any]]:
    """The next events; where one is damaged, those before it are printed first."""

    def read(after: int, before: int) -> list[Recorded[Any]]:
        return memory.engine.read(
            after=after, before=before, types=wanted.types, tags=wanted.tags, limit=limit, backward=wanted.backward
        )

    try:
        return read(after, before)
    except Damaged as damage:
        if damage.position is not None:
            sound = (damage.position, before) if wanted.backward else (after, damage.position)
            for event in read(*sound):
                lines.add(event)
        raise


async def _follow(memory: Memory, wanted: Wanted, lines: Lines) -> None:
    left = wanted.limit
    events: AsyncIterator[Recorded[Any]] = memory.events(after=wanted.after, types=wanted.types, tags=wanted.tags)
    async for event in events:
        lines.add(event)
        lines.out.flush()
        if left is not None:
            left -= 1
            if left == 0:
                return


class Lines:
    """Events, a line for each."""

    def __init__(self, out: Output, memory: Memory) -> None:
        self.out = out
        self._unknown: Counter[str] = Counter()
        self._day = ""
        names = memory.engine.log.types()
        self._type_width = min(max(map(len, names), default=0), TYPE_WIDTH_MAX)
        self._position_width = max(len(f"{memory.engine.head:,}"), 5)

    def add(self, event: Recorded[Any]) -> None:
        """Print an event."""
        if not event.is_known:
            self._unknown[event.type] += 1
        if self.out.as_json:
            self.out.json(plain_event(event))
        elif self.out.is_terminal:
            self._print(event)
        else:
            event_row(self.out, event)

    def _print(self, event: Recorded[Any]) -> None:
        if day(event.time) != self._day:
            self._day = day(event.time)
            self.out.line(Text(self._day, style="bold"))
        line = Text.assemble(
            (f"{event.position:>{self._position_width},}", "dim"),
            "  ",
            (clock(event.time), "dim"),
            "  ",
            (one_line(event.type).ljust(self._type_width), "cyan"),
            "  ",
        )
        if event.by is not None:
            line.append(f"{one_line(event.by)[:BY_WIDTH_MAX]}  ", style="magenta")
        text = summary(event)
        text.plain = text.plain.replace("\n", " ")
        self.out.line(line + text)

    def tell_unknown(self) -> None:
        """Say how many events were of types that this program has no class for."""
        if self._unknown and not self.out.as_json:
            self.out.flush()
            names = ", ".join(sorted(self._unknown))
            notice(f"{count(self._unknown.total(), 'event')} of types that this program does not know: {names}")
