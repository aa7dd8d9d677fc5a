"""Doorkeeper: what is asked for once is not worth keeping; what is asked for again is. Approximate by design.

Invariants: a first look says no and a second says yes, unless very many others came between; memory is bounded.
The idea is TinyLFU's (Einziger, Friedman and Manes, 2017); two sets that take turns stand in for its Bloom filter.
"""

from __future__ import annotations

from collections.abc import Hashable

__all__ = ["Doorkeeper"]


class Doorkeeper:
    """Remembers what has been asked for lately: at least the last `room` keys, at most twice as many."""

    def __init__(self, room: int) -> None:
        self.room = room
        self._now: set[int] = set()
        self._before: set[int] = set()

    def knows(self, key: Hashable) -> bool:
        """Whether the key was asked for before; from now on it was. In any thread."""
        if key in self:
            return True
        self.note(key)
        return False

    def __contains__(self, key: Hashable) -> bool:
        number = hash(key)
        return number in self._now or number in self._before

    def note(self, key: Hashable) -> None:
        """Remember a key."""
        now = self._now
        now.add(hash(key))
        if len(now) >= self.room:
            self._before, self._now = now, set()

    def clear(self) -> None:
        """Forget all."""
        self._before, self._now = set(), set()
