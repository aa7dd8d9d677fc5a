"""Demonstrating: the command that shows what Remanence does."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Collection, Iterable
from importlib.resources import files
from pathlib import Path
from typing import Any

import attrs
import click
from rich.text import Text

from ..core.errors import InvalidInput
from ..core.recorded import Recorded
from ..engine.causes import Caused
from ..memory.sizes import Sizes
from ..projections.memories.view import MemoryRow
from .cards import event_entry, memory_entry
from .counting import print_sizes
from .exits import Exit, Failure
from .importing import read_input
from .opening import run
from .options import Options, everywhere, pass_options
from .output import Output
from .reasons import causes_tree
from .texts import clean, count

__all__ = ["demo"]

EXAMPLE = "conversation.jsonl"
MARGIN = 3


@click.command()
@click.option("--data", metavar="FILE", help="A conversation of your own, as `remanence import` takes it.")
@click.option("--keep", metavar="FOLDER", help="Play in this folder and keep it, instead of a temporary one.")
@everywhere
@pass_options
def demo(options: Options, *, data: str | None, keep: str | None) -> None:
    """Show what Remanence does, in a folder of its own, and check every promise on the way.

    A conversation is imported, a memory gets a history, an index is asked, sizes are measured; then processes are
    killed in the middle of writing, and what is left is opened, verified, resumed and built anew. It takes a few
    seconds. The exit code is 3 if any promise doesn't hold.
    """
    if data is None:
        content, name = (files("remanence") / "data" / EXAMPLE).read_bytes(), EXAMPLE
    else:
        content, name = read_input(data)
    out = Output(as_json=options.as_json, as_page=True)
    with contextlib.ExitStack() as stack:
        folder = (
            Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="remanence-demo-")))
            if keep is None
            else Path(keep)
        )
        if folder.is_dir() and any(folder.iterdir()):
            message = f"{folder} is not empty; the demonstration wants a new folder"
            raise InvalidInput(message)
        from ..demo import play  # noqa: PLC0415 - no other command has to wait for it

        theatre = Theatre(out, folder, is_kept=keep is not None)
        run(lambda: play(folder, content, name, theatre))
        theatre.end()
    refuse_broken(theatre)


@attrs.define(eq=False)
class Theatre:
    """Shows the demonstration on the standard output."""

    out: Output
    folder: Path
    is_kept: bool
    acts: int = 0
    checks: list[tuple[str, bool]] = attrs.field(factory=list[tuple[str, bool]])
    figures: Sizes | None = None
    before: str = ""

    @property
    def broken(self) -> int:
        """How many promises didn't hold."""
        return sum(not holds for _, holds in self.checks)

    def act(self, title: str) -> None:
        """Begin an act."""
        self.acts += 1
        if not self.out.as_json:
            self.out.margin = 0
            self.out.line()
            self.out.line(Text.assemble((f"{self.acts}  ", "dim"), (title, "bold")))
            self.out.line()
            self.out.margin = MARGIN
            self.before = ""

    def say(self, text: str) -> None:
        """Say something."""
        if self._begin("words", after={"block", "check"}):
            self.out.prose(clean(text))
            self.out.flush()

    def memory(self, row: MemoryRow) -> None:
        """Show a memory."""
        if self._begin("block", after={"words", "check"}):
            memory_entry(self.out, row)

    def events(self, events: Iterable[Recorded[Any]]) -> None:
        """Show events."""
        if self._begin("block", after={"words", "check"}):
            for event in events:
                event_entry(self.out, event)

    def causes(self, row: MemoryRow, found: Iterable[Caused]) -> None:
        """Show why a memory is as it is."""
        if self._begin("block", after={"words", "check"}):
            causes_tree(self.out, row.id, row, found)

    def sizes(self, sizes: Sizes) -> None:
        """Show what events take."""
        self.figures = sizes
        if self._begin("block", after={"words", "check"}):
            print_sizes(self.out, sizes)

    def check(self, promise: str, *, holds: bool) -> None:
        """Show whether a promise holds."""
        self.checks.append((promise, holds))
        if self._begin("check", after={"block"}):
            mark = Text("✓", style="bold green") if holds else Text("✗", style="bold red")
            self.out.prose(promise if holds else f"NOT SO: {promise}", indent=2, first=mark)
            self.out.flush()

    def _begin(self, what: str, *, after: Collection[str]) -> bool:
        """Leave a line free after some of what comes before; returns whether there is anybody to show it to."""
        if not self.out.as_json and self.before in after:
            self.out.line()
        self.before = what
        return not self.out.as_json

    def end(self) -> None:
        """Say what came of it."""
        if self.out.as_json:
            self.out.json(
                {
                    "checks": [{"promise": promise, "holds": holds} for promise, holds in self.checks],
                    "events": self.figures and self.figures.events,
                    "json_bytes": self.figures and self.figures.json_bytes,
                    "frame_bytes": self.figures and self.figures.frame_bytes,
                    "log_bytes": self.figures and self.figures.log_bytes,
                    "folder": str(self.folder) if self.is_kept else None,
                }
            )
            return
        self.out.margin = 0
        self.out.line()
        held = len(self.checks) - self.broken
        self.out.line(Text(f"{held} of {count(len(self.checks), 'promise')} held.", style="bold"))
        if not self.is_kept:
            self.out.prose("All of it was played in a temporary folder; --keep FOLDER keeps one.")
        else:
            self.out.prose(
                f"The memory is in {self.folder / 'memory'}: try `remanence log --path {self.folder / 'memory'}`."
            )


def refuse_broken(theatre: Theatre) -> None:
    """End badly if a promise didn't hold.

    Raises:
        Failure: so it is.
    """
    if theatre.broken:
        raise Failure(f"{count(theatre.broken, 'promise')} did not hold", Exit.DAMAGED)
