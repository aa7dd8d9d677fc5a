"""The index of one scope: its memories in slots, their words, and who stands next to whom in a conversation.

It is a function of the rows that it was given: the same rows in any order, with whatever was revised and forgotten in
between, give the same answers.

Invariants:
- a memory that changes gets a new slot, and its old one is dead from then on: nothing dead is ever counted;
- neighbours are the living turns before and after a turn in its session, by place and then by id;
- the sums are those of the living.
"""

from __future__ import annotations

import math
import re
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from itertools import chain
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..memories.view import MemoryRow
from .columns import REACH, WINDOWS, Columns
from .postings import Postings
from .words import OWN, Words

__all__ = ["ScopeIndex"]

ASKING: Final = ("?", "\uff1f", "\u061f")
"""Question marks: Latin, full-width, Arabic."""
LETTERS_UNIT: Final = 1 << 16
"""Lengths are whole numbers of this part, so that their sums don't depend on the order in which they came."""
_WORD: Final = re.compile(r"\w+")
MERGE_LEAST: Final = 200_000
"""Postings in small arrays that are merged at once: some ten thousand memories, and about 0.1 s of work."""


class Names:
    """Texts that occur again and again, by number; 0 is none."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self.texts = ["", *texts]
        self._numbers = {text: number for number, text in enumerate(self.texts) if number}
        self._folded: dict[str, int] = {}
        self._firsts: set[str] = set()
        self._folded_of = 0

    def number(self, text: str | None) -> int:
        """The number of a text, a new one if it has none."""
        if text is None:
            return 0
        found = self._numbers.get(text)
        if found is None:
            found = self._numbers[text] = len(self.texts)
            self.texts.append(text)
        return found

    def known(self, text: str, *, folded: bool = False) -> int:
        """The number of a text, 0 if it has none; `folded`: whatever the case."""
        return (self._fold() if folded else self._numbers).get(text, 0)

    def begins(self, word: str) -> bool:
        """Whether a text begins with a word, whatever the case."""
        self._fold()
        return word.lower() in self._firsts

    def _fold(self) -> dict[str, int]:
        if self._folded_of != len(self.texts):
            self._folded = {text.lower(): number for text, number in self._numbers.items()}
            self._firsts = {word[0].lower() for text in self._numbers if (word := _WORD.search(text))}
            self._folded_of = len(self.texts)
        return self._folded


class ScopeIndex:
    """What recall knows of the memories of one scope."""

    def __init__(self, words: Words = OWN) -> None:
        self.words = words
        self.position = 0
        self.columns = Columns()
        self.postings = Postings()
        self.ids: list[str] = [""]
        self.slot_of: dict[str, int] = {}
        self.kinds, self.sessions, self.speakers = Names(), Names(), Names()
        self.tags: dict[str, array[int]] = {}
        self.count = 0
        self.turns = 0
        self.letters_sum = self.letters_squares = 0
        self.length_sums = np.zeros(WINDOWS)
        self.session_said: list[int] = [0]
        self.session_turns: list[int] = [0]
        self.speakers_alive: Counter[int] = Counter()
        self._members: dict[int, list[tuple[int, str, int]]] = {}
        self._moved: set[int] = set()
        self._sessions_of = -1, -1
        self._session_lengths: tuple[NDArray[np.float64], int] = np.zeros(0), 0

    @property
    def dead(self) -> int:
        """How many slots are taken by what is gone."""
        return self.columns.count - 1 - self.count

    # -- changing

    def put(self, row: MemoryRow) -> None:
        """A memory is as this row says."""
        old = self.slot_of.get(row.id)
        if old is not None:
            if self.columns.arrays["changed"][old] == row.changed:
                return
            self.drop(row.id)
        said, stops = self.words.of(row.text)
        session = self.sessions.number(row.session)
        slot = self.columns.add(
            {
                "alive": True,
                "time_ns": row.time_ns,
                "changed": row.changed,
                "place": row.place or 0,
                "kind": self.kinds.number(row.kind),
                "session": session,
                "speaker": self.speakers.number(row.speaker),
                "said": len(said),
                "letters": round(math.log1p(len(row.text)) * LETTERS_UNIT) / LETTERS_UNIT,
                "asks": row.text.rstrip().endswith(ASKING),
                "confidence": row.confidence,
                "importance": row.importance,
            }
        )
        self.ids.append(row.id)
        self.slot_of[row.id] = slot
        self.postings.add(slot, said + stops)
        for tag in row.tags:
            self.tags.setdefault(tag, array("i")).append(slot)
        self._count(slot, 1)
        if session:
            self._seat(slot, session, row.place or 0, row.id)
        self._moved.add(slot)

    def drop(self, memory_id: str) -> None:
        """A memory is gone."""
        slot = self.slot_of.pop(memory_id, None)
        if slot is None:
            return
        self._settle()
        arrays = self.columns.arrays
        self._count(slot, -1)
        self.length_sums -= self.columns.lengths[:, slot]
        arrays["alive"][slot] = False
        session = int(arrays["session"][slot])
        if session:
            members = self._members_of(session)
            key = (int(arrays["place"][slot]), memory_id, slot)
            at = bisect_left(members, key)
            if at < len(members) and members[at] == key:
                del members[at]
            before, after = int(arrays["before"][slot]), int(arrays["after"][slot])
            self._join(before, after)
            self._touch(before, after)

    def _count(self, slot: int, by: int) -> None:
        arrays = self.columns.arrays
        self.count += by
        speaker = int(arrays["speaker"][slot])
        if speaker:
            self.speakers_alive[speaker] += by
        session = int(arrays["session"][slot])
        if not session:
            return
        letters = round(float(arrays["letters"][slot]) * LETTERS_UNIT)
        self.turns += by
        self.letters_sum += by * letters
        self.letters_squares += by * letters * letters
        while len(self.session_said) <= session:
            self.session_said.append(0)
            self.session_turns.append(0)
        self.session_said[session] += by * int(arrays["said"][slot])
        self.session_turns[session] += by

    def _seat(self, slot: int, session: int, place: int, memory_id: str) -> None:
        key = (place, memory_id, slot)
        if self.session_turns[session] == 1:
            self._members[session] = [key]
            return
        members = self._members_of(session)
        at = bisect_left(members, key)
        if members[at : at + 1] != [key]:  # just read from the columns, it is there already
            members.insert(at, key)
        before = members[at - 1][2] if at else 0
        after = members[at + 1][2] if at + 1 < len(members) else 0
        self._join(before, slot)
        self._join(slot, after)
        self._touch(before, after)

    def _members_of(self, session: int) -> list[tuple[int, str, int]]:
        found = self._members.get(session)
        if found is None:
            columns, ids = self.columns, self.ids
            slots = np.flatnonzero((columns["session"] == session) & columns["alive"]).tolist()
            places = columns.arrays["place"]
            found = self._members[session] = sorted((int(places[slot]), ids[slot], slot) for slot in slots)
        return found

    def _join(self, before: int, after: int) -> None:
        arrays = self.columns.arrays
        if before:
            arrays["after"][before] = after
        if after:
            arrays["before"][after] = before

    def _touch(self, before: int, after: int) -> None:
        """The windows of those that stand near have changed."""
        arrays = self.columns.arrays
        for _ in range(REACH):
            if before:
                self._moved.add(before)
                before = int(arrays["before"][before])
            if after:
                self._moved.add(after)
                after = int(arrays["after"][after])

    def _settle(self) -> None:
        """Count the words of the windows that have changed."""
        if not self._moved:
            return
        arrays, lengths = self.columns.arrays, self.columns.lengths
        slots = np.fromiter(self._moved, np.int64, len(self._moved))
        slots = slots[arrays["alive"][slots]]
        self._moved.clear()
        said = arrays["said"]
        total = said[slots].astype(np.float32)
        beside = ((said[before] + said[after]) for before, after in self.columns.walk(slots))
        for reach, more in enumerate(chain([0], beside)):
            total = total + more
            self.length_sums[reach] += float((total - lengths[reach, slots]).sum())
            lengths[reach, slots] = total

    # -- asking

    def settle(self) -> None:
        """Be ready to be asked: after changes, before anything is read."""
        self._settle()
        if self.postings.fresh_count > max(MERGE_LEAST, len(self.postings.slots) // 4):
            self.merge()

    def merge(self) -> None:
        """Drop the words of what is gone, and bring the rest in order."""
        self._settle()
        self.postings.merge(self.columns["alive"])

    def session_lengths(self) -> tuple[NDArray[np.float64], int]:
        """How many words each session has, as a part of what one has on average; and how many have a turn."""
        if self._sessions_of != (self.columns.count, self.count):
            said, count = np.array(self.session_said, np.float64), sum(map(bool, self.session_turns))
            self._session_lengths = said / max(float(said.sum()) / max(1, count), 1e-9), count
            self._sessions_of = self.columns.count, self.count
        return self._session_lengths

    def tagged(self, tag: str) -> NDArray[np.int32]:
        """The slots that bear a tag, the dead among them."""
        found = self.tags.get(tag)
        return np.zeros(0, np.int32) if found is None else np.array(found, np.int32)
