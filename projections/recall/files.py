"""Files: an index as it stood at a position, kept so that the next program need not read every memory again.

    views/recall-<version>/<digest of the scope>.npz

A file is an optimisation and nothing more. It says which log it is of, up to which position, and the leaf of the event
there, so that it is never taken for another history's; its parts have checksums; whatever is wrong with it, it is left
out and the index is made anew from the rows. It is written whole under another name and then put in its place: what
was forgotten or revised before is in no file after that. It holds no text: words are numbers (`words.py`).
"""

from __future__ import annotations

import contextlib
import json
import zipfile
from array import array
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ...codecs.digests import short_digest
from ...core.files import make_folder, replacing
from .columns import KINDS, Columns
from .postings import Postings
from .scope_index import Names, ScopeIndex
from .words import OWN, Words

__all__ = ["FOLDER", "IndexFiles", "LeafAt"]

VERSION: Final = 1
"""Grows with every change of what a word is or of what is kept."""
FOLDER: Final = f"recall-{VERSION}"
LeafAt = Callable[[int], bytes | None]
"""The leaf of the event at a position of the log, or None if there is none."""


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
        self._folder = folder / FOLDER
        self._log_id = log_id.hex()
        self._leaf_at = leaf_at
        self.words = words

    def path(self, scope: tuple[str, ...]) -> Path:
        """Where the index of a scope is kept."""
        return self._folder / f"{short_digest('/'.join(scope).encode()).hex()[:32]}.npz"

    def load(self, scope: tuple[str, ...], position_max: int) -> ScopeIndex | None:
        """The index as it was kept; None if there is none that fits the log and isn't beyond a position."""
        try:
            with self.path(scope).open("rb") as file, np.load(file, allow_pickle=False) as found:
                head = json.loads(bytes(found["head"]))
                if not self._fits(head, scope, position_max):
                    return None
                return _restored(head, found, self.words)
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None  # not there, cut short, or of another program: it is made anew

    def _fits(self, head: dict[str, Any], scope: tuple[str, ...], position_max: int) -> bool:
        position = int(head["position"])
        if head["log"] != self._log_id or tuple(head["scope"]) != scope or position > position_max:
            return False
        if head.get("words", OWN.identity) != self.words.identity:
            return False
        leaf = self._leaf_at(position) if position else b""
        return leaf is not None and leaf.hex() == head["leaf"]

    def save(self, scope: tuple[str, ...], index: ScopeIndex) -> None:
        """Keep an index, merged.

        Raises:
            OSError: the disk refuses; what was kept before stays.
        """
        leaf = self._leaf_at(index.position) if index.position else b""
        if leaf is None:
            return
        head = _head(index) | {"log": self._log_id, "scope": scope, "position": index.position, "leaf": leaf.hex()}
        head["words"] = self.words.identity
        make_folder(self._folder)
        with replacing(self.path(scope)) as file:
            np.savez(file, allow_pickle=False, head=_bytes(head), **_parts(index))

    def drop(self, scope: tuple[str, ...]) -> None:
        """Have no file of a scope."""
        with contextlib.suppress(FileNotFoundError):
            self.path(scope).unlink()


def _bytes(head: object) -> NDArray[np.uint8]:
    return np.frombuffer(json.dumps(head, ensure_ascii=True).encode(), np.uint8)


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


def _restored(head: dict[str, Any], found: Any, words: Words) -> ScopeIndex:
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
