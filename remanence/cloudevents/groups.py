"""Groups: the lines of a file that are one append, and whether the file is whole. Pure but for reading the file.

An export of a log ends with a line that counts the lines before it. Where that is missing, or counts others, lines are
missing; an importer that took what is left would lose events without a word.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import BinaryIO

import attrs
import msgspec
from blake3 import blake3

from ..core.appends import MAX_EVENTS
from ..transcripts.model import Fault
from .lines import numbered
from .model import Line
from .reading import read_line

__all__ = ["Complain", "groups"]

Complain = Callable[[int, str], None]
"""Told the number of a line that can't be taken, and what is wrong with it."""


@attrs.define
class _Since:
    """The lines of one source since its last closing line."""

    events: int = 0
    digests: blake3 = attrs.field(factory=blake3)


def groups(
    file: BinaryIO, complain: Complain, *, partial: bool = False, read: Callable[[int], None] | None = None
) -> Iterator[list[Line]]:
    """The events of a file, together those that are one append.

    Args:
        file: the file, from its beginning.
        complain: told of every line that is damaged or missing; the others come nevertheless.
        partial: the file is a part of an export: lines may be missing.
        read: told the number of bytes of each line that was read.
    """
    counting = _Counting(complain, partial=partial)
    append: list[Line] = []
    for number, raw in numbered(file):
        if read is not None:
            read(len(raw))
        try:
            line = read_line(raw, number)
        except Fault as fault:
            complain(number, str(fault))
            counting.is_sound = False
            append = []
            continue
        if append and not _follows(line, append[-1]):
            complain(append[0].number, _lacking(append))
            append = []
        counting.take(line)
        if line.is_closing:
            continue
        if line.key_events > MAX_EVENTS:
            complain(number, f"it begins an append of {line.key_events:,} events; one has at most {MAX_EVENTS:,}")
            continue
        append.append(line)
        if len(append) == append[0].key_events:
            yield append
            append = []
    if append:
        complain(append[0].number, _lacking(append))
    counting.end()


def _follows(line: Line, before: Line) -> bool:
    """Whether a line can be of the same append as the one before it."""
    if line.source != before.source or line.key is not None or line.by_content or line.is_closing:
        return False
    return not (line.is_ours and before.id.isdecimal()) or line.id == str(int(before.id) + 1)


def _lacking(append: list[Line]) -> str:
    return f"it begins an append of {append[0].key_events} events, of which {len(append)} are there together"


class _Counting:
    """Holds what was read against what closing lines say."""

    def __init__(self, complain: Complain, *, partial: bool) -> None:
        self._complain = complain
        self._partial = partial
        self._open: dict[str, _Since] = {}
        self._last = 0
        self.is_sound = True

    def take(self, line: Line) -> None:
        self._last = line.number
        if not line.is_ours:
            return
        since = self._open.setdefault(line.source, _Since())
        if not line.is_closing:
            since.events += 1
            since.digests.update(line.sum().encode())
            return
        del self._open[line.source]
        said = msgspec.msgpack.decode(line.data)
        events, digest = said.get("events"), said.get("digest")
        if self._partial or not self.is_sound:
            return
        if events != since.events:
            self._complain(line.number, f"it closes an export of {events} events, of which {since.events} are there")
        elif digest != since.digests.hexdigest():
            self._complain(line.number, "it closes an export whose lines were changed, or stood in another order")

    def end(self) -> None:
        if self._partial or not self.is_sound:
            return
        for source in self._open:
            message = f"the export of {source} has no last line, so it was cut off somewhere; export it again, "
            self._complain(self._last, message + "or take it as a part (--partial, partial=True)")
