"""Feeding: recorded events for actors that subscribe to them. The log itself is the queue.

Invariants:
- no event passes through a mailbox: an actor is woken, and reads the next batch where it stands;
- an actor sees nothing before it is acknowledged, so every inline view shows what it is told;
- events over which an actor crashed come again one by one; one that crashes it then is passed over from then on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import attrs

from ..core.log import Log
from ..core.queries import Query
from ..core.recorded import Recorded
from .writer import Writer

__all__ = ["Feed", "LogSource", "Source"]


class Source(Protocol):
    """Where recorded events come from."""

    @property
    def head(self) -> int:
        """Position up to which there is something to read."""
        ...

    def read(self, query: Query, after: int, before: int, limit: int) -> list[Recorded[Any]]:
        """Events that match, in order."""
        ...

    def on_news(self, listener: Callable[[], None]) -> None:
        """Have a function called in the Trio loop whenever there is more."""
        ...


class LogSource:
    """A log, as far as its writer has acknowledged it."""

    def __init__(self, log: Log, writer: Writer) -> None:
        self._log = log
        self._writer = writer

    @property
    def head(self) -> int:
        return self._writer.acknowledged

    def read(self, query: Query, after: int, before: int, limit: int) -> list[Recorded[Any]]:
        return self._log.read(query, after=after, before=before, limit=limit, decoded=True)

    def on_news(self, listener: Callable[[], None]) -> None:
        self._writer.on_commit(lambda _: listener())


@attrs.define(eq=False)
class Feed:
    """What one actor has subscribed to, over all its lives.

    Attributes:
        query: what it wants; None for nothing.
        position: the last event that it has handled, or that is not for it.
    """

    source: Source
    query: Query | None = None
    position: int = 0
    _suspects: set[int] = attrs.field(factory=set[int])
    _poison: set[int] = attrs.field(factory=set[int])

    def next(self, limit: int) -> tuple[list[Recorded[Any]], int]:
        """The next batch, and the position that is reached once it is handled."""
        if self.query is None or self.position >= (head := self.source.head):
            return [], self.position
        found = self.source.read(self.query, self.position, head + 1, limit)
        reached = found[-1].position if len(found) == limit else head
        batch: list[Recorded[Any]] = []
        for event in found:
            if event.position in self._poison:
                continue
            if event.position in self._suspects:
                if not batch:
                    return [event], event.position
                return batch, batch[-1].position
            batch.append(event)
        return batch, reached

    @property
    def is_behind(self) -> bool:
        """Whether there is more to read."""
        return self.query is not None and self.position < self.source.head

    def handled(self, batch: Sequence[Recorded[Any]]) -> None:
        """Note that a batch was handled: what is in it is suspected no more."""
        if self._suspects:
            self._suspects.difference_update(event.position for event in batch)

    def crashed(self, batch: Sequence[Recorded[Any]]) -> Recorded[Any] | None:
        """Note that the actor crashed over a batch; the event that is to blame, if this was the second time."""
        if len(batch) > 1 or batch[0].position not in self._suspects:
            self._suspects.update(event.position for event in batch)
            return None
        self._suspects.discard(batch[0].position)
        self._poison.add(batch[0].position)
        return batch[0]
