"""Lanes: the order in which waiting messages are handled, by urgency and by how long they have waited.

Invariants:
- within a lane order is kept;
- a message that has been passed over in `AGEING` turns counts as one lane more urgent, and so on without end: so what
  comes `4 * AGEING` turns after it or later goes behind it, however critical, and no lane starves;
- turns are counted, not timed: the same messages come out in the same order on any machine.
"""

from __future__ import annotations

from collections import deque
from enum import IntEnum
from typing import Final, Generic, TypeVar

__all__ = ["AGEING", "Lane", "Lanes"]

M = TypeVar("M")
AGEING: Final = 8
"""Turns: long enough that urgent messages do come first, short enough that the patient wait for some dozens at most."""


class Lane(IntEnum):
    """How urgent a message is."""

    CRITICAL = 0
    HIGH = 1
    NORMAL = 2
    LOW = 3


class Lanes(Generic[M]):
    """Messages that wait, sorted by lane."""

    def __init__(self) -> None:
        self._queues: tuple[deque[tuple[int, M]], ...] = tuple(deque() for _ in Lane)
        self._turn = 0
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, lane: Lane, message: M) -> None:
        """Put a message at the end of its lane."""
        self._queues[lane].append((self._turn, message))
        self._count += 1

    def take(self, limit: int) -> list[M]:
        """The next messages, `limit` at most: one turn."""
        self._turn += 1
        taken: list[M] = []
        while self._count and len(taken) < limit:
            taken.append(self._next())
        return taken

    def counts(self) -> tuple[int, ...]:
        """How many wait in each lane."""
        return tuple(len(queue) for queue in self._queues)

    def _next(self) -> M:
        chosen: deque[tuple[int, M]] | None = None
        most = 0
        for lane, queue in enumerate(self._queues):
            if queue:
                rank = lane - (self._turn - queue[0][0] - 1) // AGEING
                if chosen is None or rank < most:
                    chosen, most = queue, rank
        assert chosen is not None  # noqa: S101 - whoever asks has looked that there is one
        self._count -= 1
        return chosen.popleft()[1]
