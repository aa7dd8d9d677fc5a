"""Output: where a command's answer goes, and the three shapes that it has.

To a program (`--json`): JSON lines. To a terminal: a page of styled text that fits its width. Into a pipe or a file:
the same words without style, nothing cut short, and lists with a line for each entry and tabs between its columns.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import IO, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..memory.plain import encode
from .texts import one_line

__all__ = ["Output"]

PROSE_WIDTH_MAX: Final = 100
"""Longer lines are hard to read, however wide the terminal is."""
PROSE_WIDTH_MIN: Final = 20
PAGE_WIDTH: Final = 80
PIPE_WIDTH: Final = 1000
"""Nothing is wrapped or cut short to fit a pipe."""


class Output:
    """The standard output of a command."""

    def __init__(self, *, as_json: bool = False, as_page: bool = False, stream: IO[str] | None = None) -> None:
        """Look where the output goes.

        Args:
            as_json: print JSON.
            as_page: lay it out for a person, wherever it goes.
            stream: instead of the standard output.
        """
        self._stream = sys.stdout if stream is None else stream
        self.as_json = as_json
        is_terminal = self._stream.isatty()
        self.is_page = is_terminal or as_page
        self.margin = 0
        """Columns left free before every line of a page."""
        self._console = Console(
            file=self._stream,
            highlight=False,
            markup=False,
            emoji=False,
            width=None if is_terminal else PAGE_WIDTH if as_page else PIPE_WIDTH,
            no_color=None if is_terminal else True,
            force_terminal=None if is_terminal else False,
        )

    def json(self, plain: object) -> None:
        """One line of JSON."""
        self._stream.write(encode(plain).decode() + "\n")

    def row(self, *cells: object) -> None:
        """One entry of a list, for a pipe."""
        self._stream.write("\t".join("" if cell is None else one_line(str(cell)) for cell in cells) + "\n")

    def line(self, text: Text | str = "") -> None:
        """A line of text; on a page it is cut at the edge."""
        if not self.is_page:
            self._stream.write(f"{text if isinstance(text, str) else text.plain}\n")
            return
        whole = Text(" " * self.margin) + (Text(text) if isinstance(text, str) else text)
        whole.plain = whole.plain.replace("\n", " ").rstrip()
        self._console.print(whole, no_wrap=True, overflow="ellipsis")

    def prose(self, text: Text | str, *, indent: int = 0, first: Text | str = "", lines_max: int | None = None) -> None:
        """Running text, wrapped on a page.

        Args:
            text: what to say.
            indent: columns left free before every line.
            first: what stands there on the first line.
            lines_max: elide what takes more lines than that, on a page.
        """
        whole = Text(text) if isinstance(text, str) else text
        begin = Text(first) if isinstance(first, str) else first
        for line in self.wrapped(whole, indent, lines_max):
            begin.pad_right(indent - begin.cell_len)
            self.line(begin + line)
            begin = Text()

    def wrapped(self, text: Text, indent: int = 0, lines_max: int | None = None) -> list[Text]:
        """The lines of a text that begins so many columns to the right; wrapped on a page only."""
        if not self.is_page:
            return list(text.split("\n", allow_blank=True))
        width = max(PROSE_WIDTH_MIN, min(self._console.width, PROSE_WIDTH_MAX) - self.margin - indent)
        parts = text.split("\n", allow_blank=True)
        lines = [line for part in parts for line in part.wrap(self._console, width) or [part]]
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
        with self._console.capture() as captured:
            self._console.print(table)
        for line in captured.get().splitlines():
            self._stream.write(f"{' ' * self.margin if self.is_page else ''}{line.rstrip()}\n")

    def flush(self) -> None:
        """Let the reader have what was written."""
        self._stream.flush()
