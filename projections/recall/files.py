"""Files: an index as it stood at a position, kept so that the next program need not read every memory again.

    views/recall-<version>/<digest of the scope>.npz

It holds no text: words are numbers (`words.py`). The names of tags, sessions and speakers stand in it, those of living
memories alone (`compaction.py`). What a file is and what it isn't, `kept_arrays.py` says.
"""

from __future__ import annotations

from array import array
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..kept_arrays import Arrays, KeptArrays, LeafAt, Noted, Unplaced, name_of
from .columns import KINDS, Columns
from .postings import Postings
from .scope_index import Names, ScopeIndex
from .words import OWN, Words

__all__ = ["FOLDER", "IndexFiles"]

VERSION: Final = 2
"""Grows with every change of what a word is or of what is kept."""
FOLDER: Final = f"recall-{VERSION}"


class IndexFiles:
    """The files of one log's indexes."""

    def __init__(self, folder: Path, log_id: bytes, leaf_at: LeafAt, words: Words = OWN) -> None:
        """Look in a folder, which need not be there.

        Args:
            folder: the log's views.
            log_id: id of the log.
            leaf_at: looks into the log.
            words: what a word is: an index of other words is none.
        """
        self.kept = KeptArrays(folder / FOLDER, log_id, leaf_at)
        self.words = words

    def path(self, scope: tuple[str, ...]) -> Path:
        """Where the index of a scope is kept."""
        return self.kept.path(name_of(scope))

    def load(self, scope: tuple[str, ...], position_max: int) -> ScopeIndex | None:
        """The index as it was kept; None if there is none that fits the log and isn't beyond a position."""
        found = self.kept.load(name_of(scope), self._about(scope), position_max)
        try:
            return None if found is None else _restored(*found, self.words)
        except (ValueError, KeyError, IndexError, TypeError):
            return None  # of another program

    def noted(self, scope: tuple[str, ...], index: ScopeIndex) -> Noted:
        """A copy of an index as it is now, compacted, to write."""
        arrays = {name: array.copy() for name, array in _parts(index).items()}
        return Noted(name_of(scope), index.position, {**_head(index), **self._about(scope)}, arrays)

    def _about(self, scope: tuple[str, ...]) -> dict[str, Any]:
        return {"scope": list(scope), "words": self.words.identity}

    def write(self, noted: Noted) -> Unplaced | None:
        """Write what was noted.

        Raises:
            OSError: the disk refuses.
        """
        return self.kept.write(noted)

    def drop(self, scope: tuple[str, ...]) -> None:
        """Have no file of a scope, of words or of vectors."""
        self.kept.drop(name_of(scope))


def _head(index: ScopeIndex) -> dict[str, Any]:
    return {
        "kinds": index.kinds.texts[1:],
        "sessions": index.sessions.texts[1:],
        "speakers": index.speakers.texts[1:],
        "tags": list(index.tags),
        "count": index.count,
        "turns": index.turns,
        "letters": [index.letters_sum, index.letters_squares],
        "lengths": index.length_sums.tolist(),
    }


def _parts(index: ScopeIndex) -> dict[str, NDArray[Any]]:
    postings = index.postings
    tagged = [index.tagged(tag) for tag in index.tags]
    return {
        **dict(index.columns.stored()),
        "ids": np.array([each.encode() for each in index.ids], "S"),
        "words": postings.words,
        "starts": postings.starts,
        "slots": postings.slots,
        "counts": postings.counts,
        "said_in": np.array(index.session_said, np.int64),
        "turns_in": np.array(index.session_turns, np.int64),
        "tagged": np.concatenate([np.zeros(0, np.int32), *tagged]),
        "tag_sizes": np.array([len(slots) for slots in tagged], np.int64),
    }


def _restored(head: dict[str, Any], found: Arrays, words: Words) -> ScopeIndex:
    index = ScopeIndex(words)
    index.position = int(head["position"])
    columns = index.columns = Columns()
    columns.restore({name: found[name] for name in (*KINDS, "lengths")})
    postings = index.postings = Postings()
    postings.words, postings.starts = found["words"], found["starts"]
    postings.slots, postings.counts = found["slots"], found["counts"]
    index.ids = [each.decode() for each in found["ids"].tolist()]
    living = np.flatnonzero(columns["alive"]).tolist()
    index.slot_of = {index.ids[slot]: slot for slot in living}
    index.kinds, index.sessions, index.speakers = (Names(head[name]) for name in ("kinds", "sessions", "speakers"))
    ends = np.cumsum(found["tag_sizes"]).tolist()
    tagged = found["tagged"]
    for tag, start, end in zip(head["tags"], [0, *ends], ends, strict=False):
        index.tags[tag] = array("i", tagged[start:end].tobytes())
    speakers = columns["speaker"][living]
    index.speakers_alive.update(speakers[speakers > 0].tolist())
    index.count, index.turns = int(head["count"]), int(head["turns"])
    index.letters_sum, index.letters_squares = head["letters"]
    index.length_sums = np.array(head["lengths"])
    index.session_said, index.session_turns = found["said_in"].tolist(), found["turns_in"].tolist()
    return index
