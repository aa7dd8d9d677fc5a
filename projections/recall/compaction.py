"""Compaction: an index without those that are gone, and without the names that only they bore.

An index notes that a memory is gone and goes on; its slot, its id and the names of its tags, session and speaker stay
until here. What is kept in a file has been through this, so a file tells of living memories alone.
"""

from __future__ import annotations

from array import array
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..kept_arrays import in_use
from .columns import KINDS
from .scope_index import Names, ScopeIndex

__all__ = ["compacted"]

Numbers = NDArray[np.int32]


def compacted(index: ScopeIndex) -> ScopeIndex:
    """An index of the living that gives the same answers; the index itself, merged, if all of its memories live."""
    index.merge()
    if not index.dead:
        return index
    made = ScopeIndex(index.words)
    made.position = index.position
    living = np.flatnonzero(index.columns["alive"])
    slots = np.concatenate(([0], living))
    new_of: Numbers = np.zeros(index.columns.count, np.int32)
    new_of[slots] = np.arange(len(slots))
    columns: dict[str, NDArray[Any]] = {name: index.columns[name][slots] for name in KINDS}
    for name in ("before", "after"):
        columns[name] = new_of[columns[name]]
    made.kinds, columns["kind"], _ = _renumbered(index.kinds, columns["kind"])
    made.sessions, columns["session"], sessions = _renumbered(index.sessions, columns["session"])
    made.speakers, columns["speaker"], _ = _renumbered(index.speakers, columns["speaker"])
    made.columns.restore({**columns, "lengths": index.columns.lengths[:, slots]})
    made.session_said = [index.session_said[number] for number in sessions]
    made.session_turns = [index.session_turns[number] for number in sessions]
    speakers = columns["speaker"]
    made.speakers_alive.update(speakers[speakers > 0].tolist())
    made.postings.words, made.postings.starts = index.postings.words, index.postings.starts
    made.postings.slots, made.postings.counts = new_of[index.postings.slots], index.postings.counts
    made.ids = [index.ids[slot] for slot in slots.tolist()]
    made.slot_of = {memory_id: slot for slot, memory_id in enumerate(made.ids) if slot}
    for tag in index.tags:
        bearing = new_of[index.tagged(tag)]
        if bearing.any():
            made.tags[tag] = array("i", bearing[bearing > 0].tobytes())
    made.count, made.turns = index.count, index.turns
    made.letters_sum, made.letters_squares = index.letters_sum, index.letters_squares
    made.length_sums = index.length_sums.copy()
    return made


def _renumbered(names: Names, numbers: Numbers) -> tuple[Names, Numbers, list[int]]:
    """The names that are used, the numbers by them, and the number that each had."""
    used = in_use(numbers)
    new = np.searchsorted(used, numbers).astype(np.int32)
    old: list[int] = used.tolist()
    return Names(names.texts[number] for number in old[1:]), new, old
