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
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..memories.view import MemoryRow
from .columns import REACH, WINDOWS, Columns
from .postings import Postings
from .words import OWN, Words

__all__ = ["ScopeIndex"]

Seat = tuple[int, str, int]
"""Place in a session, id and slot of a turn."""
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
        self._members: dict[int, list[Seat]] = {}
        self._moved: dict[int, list[Seat]] = {}
        self._alone: list[int] = []
        self._sessions_of = -1, -1
        self._session_lengths: tuple[NDArray[np.float64], int] = np.zeros(0), 0

    @property
    def dead(self) -> int:
        """How many slots are taken by what is gone."""
        return self.columns.count - 1 - self.count

    # -- changing

    def put(self, rows: Iterable[MemoryRow]) -> None:
        """Memories are as these rows say, each of another memory."""
        told = [row for row in rows if self._is_new(row)]
        if not told:
            return
        words = [self.words.of(row.text) for row in told]
        first = self.columns.add(
            {
                "alive": [True] * len(told),
                "time_ns": [row.time_ns for row in told],
                "changed": [row.changed for row in told],
                "place": [row.place or 0 for row in told],
                "kind": [self.kinds.number(row.kind) for row in told],
                "session": [self.sessions.number(row.session) for row in told],
                "speaker": [self.speakers.number(row.speaker) for row in told],
                "said": [len(said) for said, _ in words],
                "letters": [round(math.log1p(len(row.text)) * LETTERS_UNIT) / LETTERS_UNIT for row in told],
                "asks": [row.text.rstrip().endswith(ASKING) for row in told],
                "confidence": [row.confidence for row in told],
                "importance": [row.importance for row in told],
            }
        )
        self.ids += [row.id for row in told]  # before seats are looked for: columns and ids are of one length
        for slot, (row, (said, stops)) in enumerate(zip(told, words, strict=True), first):
            self.slot_of[row.id] = slot
            self.postings.add(slot, said + stops)
            for tag in row.tags:
                self.tags.setdefault(tag, array("i")).append(slot)
            session = self._count(slot, 1)
            if session:
                self._seat(session, (row.place or 0, row.id, slot))
            else:
                self._alone.append(slot)

    def _is_new(self, row: MemoryRow) -> bool:
        """Whether a row isn't known yet; what was known of its memory is no more."""
        old = self.slot_of.get(row.id)
        if old is None:
            return True
        if self.columns.arrays["changed"][old] == row.changed:
            return False
        self.drop(row.id)
        return True

    def drop(self, memory_id: str) -> None:
        """A memory is gone."""
        slot = self.slot_of.pop(memory_id, None)
        if slot is None:
            return
        self._settle()
        arrays = self.columns.arrays
        session = self._count(slot, -1)
        self.length_sums -= self.columns.lengths[:, slot]
        arrays["alive"][slot] = False
        if session:
            members = self._members_of(session)
            seat = (int(arrays["place"][slot]), memory_id, slot)
            at = bisect_left(members, seat)
            if members[at : at + 1] == [seat]:
                del members[at]
            self._moved.setdefault(session, []).append(seat)

    def _count(self, slot: int, by: int) -> int:
        """Count a memory that came or went; its session, 0 if it is no turn."""
        arrays = self.columns.arrays
        self.count += by
        speaker = int(arrays["speaker"][slot])
        if speaker:
            self.speakers_alive[speaker] += by
        session = int(arrays["session"][slot])
        if session:
            letters = round(float(arrays["letters"][slot]) * LETTERS_UNIT)
            self.turns += by
            self.letters_sum += by * letters
            self.letters_squares += by * letters * letters
            while len(self.session_said) <= session:
                self.session_said.append(0)
                self.session_turns.append(0)
            self.session_said[session] += by * int(arrays["said"][slot])
            self.session_turns[session] += by
        return session

    def _seat(self, session: int, seat: Seat) -> None:
        if self.session_turns[session] == 1:
            self._members[session] = [seat]
        else:
            members = self._members_of(session)
            at = bisect_left(members, seat)
            if members[at : at + 1] != [seat]:  # just read from the columns, it is there already
                members.insert(at, seat)
        self._moved.setdefault(session, []).append(seat)

    def _members_of(self, session: int) -> list[Seat]:
        found = self._members.get(session)
        if found is None:
            columns, ids = self.columns, self.ids
            slots = np.flatnonzero((columns["session"] == session) & columns["alive"]).tolist()
            places = columns.arrays["place"]
            found = self._members[session] = sorted((int(places[slot]), ids[slot], slot) for slot in slots)
        return found

    def _settle(self) -> None:
        """Tell those about a change who their neighbours are, and count the words of their windows."""
        if not self._moved and not self._alone:
            return
        slots, before, after = self._alone, [0] * len(self._alone), [0] * len(self._alone)
        for session, seats in self._moved.items():
            members = self._members_of(session)
            changed = [bisect_left(members, seat) for seat in seats]
            near = {at for place in changed for at in range(max(0, place - REACH), place + REACH + 1)}
            for at in near:
                if at < len(members):
                    slots.append(members[at][2])
                    before.append(members[at - 1][2] if at else 0)
                    after.append(members[at + 1][2] if at + 1 < len(members) else 0)
        self._alone, self._moved = [], {}
        self._link(np.array(slots, np.int64), before, after)

    def _link(self, slots: NDArray[np.int64], before: list[int], after: list[int]) -> None:
        arrays, lengths = self.columns.arrays, self.columns.lengths
        arrays["before"][slots], arrays["after"][slots] = before, after
        self.columns.link(slots)
        near, said = self.columns.near[:, slots], arrays["said"]
        totals = np.cumsum([said[slots], *(said[near[::2]] + said[near[1::2]])], axis=0)
        self.length_sums += (totals - lengths[:, slots]).sum(axis=1)
        lengths[:, slots] = totals

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
