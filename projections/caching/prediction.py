"""Prediction: what is likely read next, learned from what was read after what before: a Markov chain of first order.

Invariants:
- a prediction is made only where one successor is known to follow more often than not, and was seen to at least twice;
- each prediction is judged by the very next read, so the accuracy that is told is the share that was right, no more;
- what is learned is bounded: contexts by their number, the least lately seen goes; successors by halving the counts.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Final

__all__ = ["Markov"]

CONTEXTS_MAX: Final = 4096
SUCCESSORS_MAX: Final = 8
"""More successors than that of one key is no pattern."""
SEEN_MIN: Final = 2
SHARE_MIN: Final = 0.5
COUNT_MAX: Final = 64
"""Counts are halved here, so that what was so long ago weighs less than what is so now."""


class Markov:
    """What follows what.

    Attributes:
        predictions: how many were made and judged.
        right: how many of them came true with the next read.
    """

    def __init__(self, contexts_max: int = CONTEXTS_MAX) -> None:
        self.predictions = 0
        self.right = 0
        self._contexts_max = contexts_max
        self._followers: OrderedDict[Hashable, dict[Hashable, int]] = OrderedDict()
        self._last: Hashable | None = None
        self._predicted: Hashable | None = None

    @property
    def accuracy(self) -> float | None:
        """The share of the judged predictions that were right; None before the first."""
        return self.right / self.predictions if self.predictions else None

    def observe(self, key: Hashable) -> Hashable | None:
        """A key was read. Returns the one that is likely read next, or None if nothing can be said."""
        if self._predicted is not None:
            self.predictions += 1
            self.right += self._predicted == key
        if self._last is not None:
            self._learn(self._last, key)
        self._last = key
        self._predicted = self._next(key)
        return self._predicted

    def _learn(self, before: Hashable, after: Hashable) -> None:
        followers = self._followers.pop(before, None)
        if followers is None:
            followers = {}
            if len(self._followers) >= self._contexts_max:
                self._followers.popitem(last=False)
        self._followers[before] = followers
        count = followers[after] = followers.get(after, 0) + 1
        if count > COUNT_MAX or len(followers) > SUCCESSORS_MAX:
            halved = {key: count // 2 for key, count in followers.items() if count > 1}
            followers.clear()
            followers.update(halved or {after: 1})

    def _next(self, key: Hashable) -> Hashable | None:
        followers = self._followers.get(key)
        if not followers:
            return None
        likely, count = max(followers.items(), key=_count)
        is_likely = count >= SEEN_MIN and count > SHARE_MIN * sum(followers.values()) and likely != key
        return likely if is_likely else None


def _count(item: tuple[Hashable, int]) -> int:
    return item[1]
