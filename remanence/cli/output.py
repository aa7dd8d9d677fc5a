"""Output: where a command's answer goes, and the three shapes that it has.

To a program (`--json`): JSON lines. To a terminal: styled text that fits its width. Into a pipe or a file: the same words
without style, nothing cut short, and lists with a line for each entry and tabs between its columns.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import IO, Final

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from ..plain import encode
from .texts import one_line

__all__ = ["Output", "notice"]

PROSE_WIDTH_MAX: Final = 100
"""Longer lines are hard to read, however wide the terminal is."""
PIPE_WIDTH: Final = 1000
"""Nothing is wrapped or cut short to fit a pipe."""


class Output:
    """The standard output of a command."""

    def __init__(self, *, as_json: bool = False, stream: IO[str] | None = None, console: Console | None = None) -> None:
        self._stream = sys.stdout if stream is None else stream
        self.as_json = as_json
        self.is_terminal = self._stream.isatty() if console is None else console.is_terminal
        self.console = console or Console(
            file=self._stream,
            highlight=False,
            markup=False,
            emoji=False,
            width=None if self.is_terminal else PIPE_WIDTH,
            no_color=None if self.is_terminal else True,
            force_terminal=None if self.is_terminal else False,
        )

    @property
    def width(self) -> int:
        """Columns that a line may take."""
        return self.console.width

    @property
    def prose_width(self) -> int:
        """Columns that running text should take."""
        return min(self.width, PROSE_WIDTH_MAX) if self.is_terminal else self.width

    def json(self, plain: object) -> None:
        """One line of JSON."""
        self._stream.write(encode(plain).decode() + "\n")

    def row(self, *cells: object) -> None:
        """One entry of a list, for a pipe."""
        self._stream.write("\t".join("" if cell is None else one_line(str(cell)) for cell in cells) + "\n")

    def line(self, text: Text | str = "") -> None:
        """A line of text; on a terminal it is cut at the edge."""
        if self.is_terminal:
            self.console.print(text, no_wrap=True, overflow="ellipsis")
        else:
            self._stream.write(f"{text if isinstance(text, str) else text.plain}\n")

    def prose(self, text: Text | str, *, indent: int = 0, lines_max: int | None = None) -> None:
        """Running text, wrapped on a terminal; with `lines_max`, elided there."""
        whole = Text(text) if isinstance(text, str) else text
        for line in self.wrapped(whole, self.prose_width - indent, lines_max):
            self.line(Text(" " * indent) + line)

    def wrapped(self, text: Text, width: int, lines_max: int | None = None) -> list[Text]:
        """The lines of a text that is wrapped to a width."""
        if not self.is_terminal:
            return list(text.split("\n", allow_blank=True))
        lines = [line for part in text.split("\n", allow_blank=True) for line in part.wrap(self.console, width) or [part]]
        if lines_max is not None and len(lines) > lines_max:
            rest = Text(" ").join(lines[lines_max - 1 :])
            rest.truncate(width, overflow="ellipsis")
            lines[lines_max - 1 :] = [rest]
        return lines

    def table(self, heads: Iterable[str], rows: Iterable[Iterable[object]], *, right: Iterable[str] = ()) -> None:
        """A small table of facts, without lines. Columns named in `right` hold numbers."""
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim", show_edge=False)
        for head in heads:
            table.add_column(head, justify="right" if head in right else "left", overflow="fold")
        for row in rows:
            table.add_row(*(cell if isinstance(cell, Text) else str(cell) for cell in row))
        self.show(table)

    def show(self, renderable: RenderableType) -> None:
        """Anything else that rich can show."""
        with self.console.capture() as captured:
            self.console.print(renderable)
        for line in captured.get().splitlines():
            self._stream.write(f"{line.rstrip()}\n")

    def flush(self) -> None:
        """Let the reader have what was written."""
        self._stream.flush()


def notice(text: str) -> None:
    """Something that the user should know and no program reads: to the standard error stream."""
    sys.stderr.write(f"remanence: {text}\n")
    sys.stderr.flush()
