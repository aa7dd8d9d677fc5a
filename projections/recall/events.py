"""What recall adds to the log: what was asked for and given, if the asker wants that kept."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from ...core.events import event
from ..memories.events import scope_tag

__all__ = ["MemoryRecalled"]


@event("memory.recalled")
@attrs.frozen
class MemoryRecalled:
    """Memories were recalled, for a prompt perhaps.

    Attributes:
        query: what was asked.
        scope: whose memories.
        ids: those that were given, the best first.
        scores: what each was worth to the question.
        preset: how it was looked for.
    """

    query: str
    scope: tuple[str, ...]
    ids: tuple[str, ...]
    scores: tuple[float, ...]
    preset: str

    def about(self) -> Iterator[str]:
        yield scope_tag(self.scope)
