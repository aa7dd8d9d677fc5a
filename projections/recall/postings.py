"""Postings: for each word, which slots say it and how often. Sorted arrays, and what has come since in small ones.

Invariants:
- a slot is named once for each word; slots of memories that are gone stay until the next `merge`;
- a word is its number (`words.word_number`): no text is kept.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["Counts", "Posting", "Postings", "Slots"]

Slots = NDArray[np.int32]
Counts = NDArray[np.float32]
Posting = tuple[Slots, Counts]
"""Slots, and how often each says the word."""
COUNT_MAX: Final = 255
"""Beyond it BM25 has long ceased to tell counts apart."""
NOTHING: Final[Posting] = (np.zeros(0, np.int32), np.zeros(0, np.float32))


class Postings:
    """The postings of a scope."""

    def __init__(self) -> None:
        self.words: NDArray[np.int64] = np.zeros(0, np.int64)
        self.starts: NDArray[np.int64] = np.zeros(1, np.int64)
        self.slots: Slots = np.zeros(0, np.int32)
        self.counts: NDArray[np.uint8] = np.zeros(0, np.uint8)
        self.fresh_count = 0
        self._fresh: dict[int, tuple[array[int], array[int]]] = {}

    def add(self, slot: int, counts: Mapping[int, int]) -> None:
        """A new slot says these words so often."""
        fresh = self._fresh
        for word, count in counts.items():
            found = fresh.get(word)
            if found is None:
                fresh[word] = found = (array("i"), array("B"))
            found[0].append(slot)
            found[1].append(min(COUNT_MAX, count))
        self.fresh_count += len(counts)

    def together(self, words: Sequence[int]) -> tuple[NDArray[np.intp], Counts, list[int]]:
        """The postings of several words, one word's after the other's, and how many each has."""
        asked = np.array(words, np.int64)
        at = self.words.searchsorted(asked)
        firsts, lasts = self.starts[at].tolist(), self.starts[np.minimum(at + 1, len(self.words))].tolist()
        is_there = (self.words.take(at, mode="clip") == asked).tolist() if len(self.words) else [False] * len(words)
        slots: list[NDArray[Any]] = [NOTHING[0]]
        counts: list[NDArray[Any]] = [NOTHING[1]]
        sizes: list[int] = []
        for word, there, first, last in zip(words, is_there, firsts, lasts, strict=True):
            size = 0
            if there:
                slots.append(self.slots[first:last])
                counts.append(self.counts[first:last])
                size = last - first
            if (fresh := self._fresh.get(word)) is not None:
                slots.append(np.array(fresh[0], np.int32))
                counts.append(np.array(fresh[1], np.uint8))
                size += len(fresh[0])
            sizes.append(size)
        # Of the type that numpy looks up by, once and for all.
        return np.concatenate(slots, dtype=np.intp), np.concatenate(counts, dtype=np.float32), sizes

    def count(self, word: int) -> int:
        """How many postings a word has."""
        at = int(self.words.searchsorted(word))
        is_there = at < len(self.words) and self.words[at] == word
        found = self._fresh.get(word)
        return (int(self.starts[at + 1] - self.starts[at]) if is_there else 0) + (len(found[0]) if found else 0)

    def merge(self, alive: NDArray[np.bool_]) -> None:
        """Take in what has come since the last time, and drop what is gone."""
        sizes = [len(slots) for slots, _ in self._fresh.values()]
        words = np.concatenate(
            (np.repeat(self.words, np.diff(self.starts)), np.repeat(np.array(list(self._fresh), np.int64), sizes))
        )
        parts = list(self._fresh.values())
        slots = np.concatenate((self.slots, np.frombuffer(b"".join(part[0].tobytes() for part in parts), np.int32)))
        counts = np.concatenate((self.counts, np.frombuffer(b"".join(part[1].tobytes() for part in parts), np.uint8)))
        kept = alive[slots]
        words, slots, counts = words[kept], slots[kept], counts[kept]
        order = np.argsort(words, kind="stable")  # a word's older slots come first already
        words = words[order]
        firsts = np.flatnonzero(np.diff(words, prepend=-1))
        self.words, self.starts = words[firsts], np.append(firsts, len(words)).astype(np.int64)
        self.slots, self.counts = slots[order], counts[order]
        self._fresh, self.fresh_count = {}, 0
