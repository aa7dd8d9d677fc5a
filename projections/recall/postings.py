"""Postings: for each word, which slots say it and how often. Sorted arrays, and what has come since in small ones.

Invariants:
- a slot is named once for each word, and among what is new as often as it says the word;
- slots of memories that are gone stay until the next `merge`;
- a word is its number (`words.word_number`): no text is kept.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Sequence
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
_START: Final = np.zeros(1, np.intp)
NOTHING: Final[Posting] = (np.zeros(0, np.int32), np.zeros(0, np.float32))


class Postings:
    """The postings of a scope."""

    def __init__(self) -> None:
        self.words: NDArray[np.int64] = np.zeros(0, np.int64)
        self.starts: NDArray[np.int64] = np.zeros(1, np.int64)
        self.slots: Slots = np.zeros(0, np.int32)
        self.counts: NDArray[np.uint8] = np.zeros(0, np.uint8)
        self.fresh_count = 0
        """How many words have been said since the last `merge`."""
        self._fresh: defaultdict[int, array[int]] = defaultdict(_nobody)
        self._counted: dict[int, tuple[int, Posting]] = {}  # of what is fresh and was asked for: up to which, and what

    def add(self, slot: int, words: Sequence[int]) -> None:
        """A new slot says these words."""
        fresh = self._fresh
        for word in words:
            fresh[word].append(slot)
        self.fresh_count += len(words)

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
            if word in self._fresh:
                since, often = self._since(word)
                slots.append(since)
                counts.append(often)
                size += len(since)
            sizes.append(size)
        # Of the type that numpy looks up by, once and for all.
        return np.concatenate(slots, dtype=np.intp), np.concatenate(counts, dtype=np.float32), sizes

    def _since(self, word: int) -> Posting:
        """Who has said a word since the last merge, and how often."""
        found = self._fresh[word]
        size, counted = self._counted.get(word, (0, NOTHING))
        if size != len(found):
            said = np.array(found, np.int32)
            firsts, often = _runs(said[1:] != said[:-1])
            counted = said[firsts], often.astype(np.float32)
            self._counted[word] = len(found), counted
        return counted

    def count(self, word: int) -> int:
        """How many postings a word has."""
        at = int(self.words.searchsorted(word))
        is_there = at < len(self.words) and self.words[at] == word
        return (int(self.starts[at + 1] - self.starts[at]) if is_there else 0) + len(set(self._fresh.get(word, ())))

    def merge(self, alive: NDArray[np.bool_]) -> None:
        """Take in what has come since the last time, and drop what is gone."""
        words, slots, counts = np.repeat(self.words, np.diff(self.starts)), self.slots, self.counts
        if self._fresh:
            new = np.repeat(np.array(list(self._fresh), np.int64), list(map(len, self._fresh.values())))
            said = np.frombuffer(b"".join(each.tobytes() for each in self._fresh.values()), np.int32)
            firsts, often = _runs((said[1:] != said[:-1]) | (new[1:] != new[:-1]))
            words = np.concatenate((words, new[firsts]))
            slots, counts = np.concatenate((slots, said[firsts])), np.concatenate((counts, often))
        kept = alive[slots]
        words, slots, counts = words[kept], slots[kept], counts[kept]
        order = np.argsort(words, kind="stable")  # a word's older slots come first already
        words = words[order]
        firsts = np.flatnonzero(np.diff(words, prepend=-1))
        self.words, self.starts = words[firsts], np.append(firsts, len(words)).astype(np.int64)
        self.slots, self.counts = slots[order], counts[order]
        self._fresh.clear()
        self._counted.clear()
        self.fresh_count = 0


def _nobody() -> array[int]:
    return array("i")


def _runs(differ: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.uint8]]:
    """Where runs of equal things begin, and how long they are, from where neighbours differ."""
    firsts = np.concatenate((_START, np.flatnonzero(differ) + 1))
    lengths = np.concatenate((firsts[1:], [len(differ) + 1])) - firsts
    return firsts, np.minimum(lengths, COUNT_MAX).astype(np.uint8)
