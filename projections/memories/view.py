"""The memories view: every memory that is not forgotten, as it is now."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import attrs

from ...core.clock import from_ns, to_ns
from ...core.recorded import Recorded
from ..projection import Projection, on
from ..schema import Index
from ..tables import Table
from .events import MemoryForgotten, MemoryReinforced, MemoryRemembered, MemoryRevised, Scalar, content_tag

__all__ = ["REINFORCEMENT", "Memories", "MemoryRow"]

REINFORCEMENT: Final = 0.1
"""What part of the remaining doubt one confirmation takes away."""


@attrs.frozen
class MemoryRow:
    """A memory.

    Attributes:
        id: its id.
        scope: whose memory it is.
        kind: what kind it is of.
        text: what it says now.
        confidence: how sure it is: as told, and surer with each reinforcement.
        importance: how much it matters, 0 to 1.
        tags: labels.
        metadata: whatever else is known of it.
        session: the conversation it is a turn of, or None.
        place: its place in that conversation, from 1.
        speaker: who said it, or None.
        time_ns: when it was said or happened, or else was recorded: unix time in nanoseconds.
        position: the event that it came to be with.
        changed: the newest event that changed it.
        reinforced: how often it was reinforced.
        revised: how often it was revised.
    """

    id: str
    scope: tuple[str, ...]
    kind: str
    text: str
    confidence: float
    importance: float
    tags: tuple[str, ...]
    metadata: Mapping[str, Scalar]
    session: str | None
    place: int | None
    speaker: str | None
    time_ns: int
    position: int
    changed: int
    reinforced: int = 0
    revised: int = 0

    @property
    def content(self) -> str:
        """What makes it the same memory when it is told again."""
        return content_tag(self.scope, self.kind, self.text)

    @property
    def time(self) -> datetime:
        """When it was said or happened, or else was recorded, in UTC."""
        return from_ns(self.time_ns)


def _is_turn(row: MemoryRow) -> bool:
    return row.session is not None


def _is_no_turn(row: MemoryRow) -> bool:
    return row.session is None


class Memories(Projection):
    """Memories by scope, kind, time, confidence, tag, session and content."""

    version = 1
    rows = Table(
        MemoryRow,
        key="id",
        indexes={
            "by_time": ("scope", "time_ns"),
            "by_kind": ("scope", "kind", "time_ns"),
            "by_confidence": ("scope", "confidence"),
            "by_tag": Index(("scope", "tags", "time_ns"), each="tags"),
            "by_session": Index(("scope", "session", "place"), where=_is_turn),
            "by_content": Index(("content",), where=_is_no_turn),
        },
        domain="scope",
    )

    @on(MemoryRemembered)
    def remembered(self, event: Recorded[MemoryRemembered]) -> None:
        """A new row; what was there under its id, if anything, has been forgotten before."""
        told = event.data
        self.rows.put(
            MemoryRow(
                id=told.id,
                scope=told.scope,
                kind=told.kind,
                text=told.text,
                confidence=told.confidence,
                importance=told.importance,
                tags=told.tags,
                metadata=told.metadata,
                session=told.session,
                place=told.place,
                speaker=told.speaker,
                time_ns=event.time_ns if told.said_at is None else to_ns(told.said_at),
                position=event.position,
                changed=event.position,
            )
        )

    @on(MemoryReinforced)
    def reinforced(self, event: Recorded[MemoryReinforced]) -> None:
        """Surer by a part of what doubt was left."""
        row = self.rows.get(event.data.id)
        if row is not None:
            confidence = row.confidence + (1 - row.confidence) * REINFORCEMENT
            self.rows.put(
                attrs.evolve(row, confidence=confidence, reinforced=row.reinforced + 1, changed=event.position)
            )

    @on(MemoryRevised)
    def revised(self, event: Recorded[MemoryRevised]) -> None:
        """Takes over what the event gives and keeps the rest."""
        row, told = self.rows.get(event.data.id), event.data
        if row is None:
            return
        new = {
            name: value
            for name in ("text", "confidence", "importance", "tags", "metadata")
            if (value := getattr(told, name)) is not None
        }
        self.rows.put(attrs.evolve(row, **new, revised=row.revised + 1, changed=event.position))

    @on(MemoryForgotten)
    def forgotten(self, event: Recorded[MemoryForgotten]) -> None:
        """Gone from every index."""
        self.rows.delete(event.data.id)
