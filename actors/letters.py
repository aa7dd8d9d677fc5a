"""Dead letters: messages that reached nobody, and why. Counted for ever, kept for a while.

They are for people to look at, so only the last ones are kept: memory is bounded whatever goes wrong.
"""

from __future__ import annotations

from collections import Counter, deque
from typing import Final

import attrs

from ..core.clock import WallClock, system_clock

__all__ = ["DeadLetter", "DeadLetters", "Reason"]

KEPT: Final = 100
"""What a person looks through."""


class Reason:
    """Why a message reached nobody."""

    STOPPED: Final = "stopped"
    """The actor had stopped, or stopped before it came to it."""
    FULL: Final = "full"
    """The mailbox was full, and its actor refuses what doesn't fit."""
    POISON: Final = "poison"
    """The actor crashed over it twice; it isn't handed out again."""
    UNHEARD: Final = "unheard"
    """It was answered after its caller had left."""


@attrs.frozen
class DeadLetter:
    """A message that reached nobody.

    Attributes:
        actor: whom it was for.
        message: the message, an ask's request, or the recorded event.
        reason: "stopped", "full", "poison" or "unheard".
        error: what the actor raised over it, for "poison".
        time_ns: unix time in nanoseconds.
    """

    actor: str
    message: object
    reason: str
    error: str | None
    time_ns: int


class DeadLetters:
    """The dead letters of some actors."""

    def __init__(self, clock: WallClock = system_clock, kept: int = KEPT) -> None:
        self._clock = clock
        self._kept: deque[DeadLetter] = deque(maxlen=kept)
        self._counts: Counter[str] = Counter()

    def add(self, actor: str, message: object, reason: str, error: str | None = None) -> None:
        """Note a message that reached nobody."""
        self._counts[actor] += 1
        self._kept.append(DeadLetter(actor, message, reason, error, self._clock()))

    def count(self, actor: str) -> int:
        """How many were for an actor, since it was made."""
        return self._counts[actor]

    def kept(self, actor: str | None = None) -> tuple[DeadLetter, ...]:
        """The last ones, the oldest first: all, or an actor's."""
        return tuple(each for each in self._kept if actor is None or each.actor == actor)
