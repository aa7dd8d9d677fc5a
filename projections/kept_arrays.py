"""Kept arrays: what was worked out from a log's events, in files from which the next program begins.

    <folder>/<name>.npz

A file is an optimisation and nothing more. It says which log it is of, up to which position, and the leaf of the event
there, so that it is never taken for another history's; its parts have checksums; whatever is wrong with it, it is as if
it weren't there, and what it held is made anew from the views.

Invariants:
- a file is written whole under another name and then put in its place: what was destroyed before is in no file after
  that, nor in one that a crash left half written, which goes when the next is written or the name is dropped;
- only its owner may read it.

It needs numpy, so nothing that `import remanence` loads may import it.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import attrs
import numpy as np
from numpy.typing import NDArray

from ..codecs.digests import short_digest
from ..core.files import make_folder, sync_directory

__all__ = ["Arrays", "KeptArrays", "LeafAt", "Noted", "Unplaced", "in_use", "name_of"]

Arrays = Mapping[str, NDArray[Any]]
LeafAt = Callable[[int], bytes | None]
"""The leaf of the event at a position of the log, or None if there is none."""
_HEAD: Final = "head"


def name_of(scope: tuple[str, ...]) -> str:
    """What the names of all that is kept of a scope begin with."""
    return short_digest("/".join(scope).encode()).hex()[:32]


def in_use(numbers: NDArray[np.int32]) -> NDArray[np.intp]:
    """Which numbers of names occur, in order; 0, which is none, is always among them.

    Counted by hand, because `np.union1d` imports `numpy.ma`, for which a first question would wait.
    """
    counts = np.bincount(numbers, minlength=1)
    counts[0] = 1
    return np.flatnonzero(counts)


class KeptArrays:
    """Files of arrays of one log."""

    def __init__(self, folder: Path, log_id: bytes, leaf_at: LeafAt) -> None:
        """Look in a folder, which need not be there.

        Args:
            folder: where they are.
            log_id: id of the log.
            leaf_at: looks into the log.
        """
        self.folder = folder
        self._log_id = log_id.hex()
        self._leaf_at = leaf_at

    def path(self, name: str) -> Path:
        """Where arrays of this name are."""
        return self.folder / f"{name}.npz"

    def load(self, name: str, about: Mapping[str, Any], position_max: int) -> tuple[dict[str, Any], Arrays] | None:
        """What was kept, and what was noted with it.

        Args:
            name: which.
            about: what has to have been noted.
            position_max: it must not be beyond this position.

        Returns:
            None if there is nothing that fits this log.
        """
        try:
            with self.path(name).open("rb") as file, np.load(file, allow_pickle=False) as found:
                head: dict[str, Any] = json.loads(bytes(found[_HEAD]))
                if not self._fits(head, about, position_max):
                    return None
                return head, {each: found[each] for each in found.files}
        except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
            return None  # not there, cut short, or of another program: it is made anew

    def _fits(self, head: dict[str, Any], about: Mapping[str, Any], position_max: int) -> bool:
        position = int(head["position"])
        if head["log"] != self._log_id or position > position_max:
            return False
        if any(head[each] != value for each, value in about.items()):
            return False
        leaf = self._leaf_at(position) if position else b""
        return leaf is not None and leaf.hex() == head["leaf"]

    def write(self, noted: Noted) -> Unplaced | None:
        """Write arrays beside what is kept under their name; None if the log has no such position any more.

        Raises:
            OSError: the disk refuses; what was kept before stays.
        """
        name, position = noted.name, noted.position
        leaf = self._leaf_at(position) if position else b""
        if leaf is None:
            return None
        head = {**noted.head, "log": self._log_id, "position": position, "leaf": leaf.hex()}
        make_folder(self.folder)
        self._remove_unfinished(name)
        handle, unfinished = tempfile.mkstemp(prefix=f".{name}-", suffix=".new", dir=self.folder)
        unplaced = Unplaced(Path(unfinished), self.path(name))
        try:
            with os.fdopen(handle, "wb") as file:
                text = np.frombuffer(json.dumps(head, ensure_ascii=True).encode(), np.uint8)
                np.savez(file, allow_pickle=False, **{_HEAD: text}, **noted.arrays)
                file.flush()
                os.fsync(file.fileno())
        except BaseException:
            unplaced.discard()
            raise
        return unplaced

    def drop(self, name: str) -> None:
        """Have nothing under names that begin so."""
        self._remove_unfinished(name)
        for path in self.folder.glob(f"{name}*.npz"):
            path.unlink(missing_ok=True)

    def _remove_unfinished(self, name: str) -> None:
        for path in self.folder.glob(f".{name}*.new"):
            path.unlink(missing_ok=True)


@attrs.frozen(eq=False)
class Noted:
    """What is to be kept: a copy, which doesn't change any more.

    Attributes:
        name: under which it will be kept.
        position: position of the last event that it shows.
        head: what to note with it.
        arrays: by name.
    """

    name: str
    position: int
    head: Mapping[str, Any]
    arrays: Arrays


class Unplaced:
    """Arrays that are written, and not yet in the place of those before."""

    def __init__(self, path: Path, place: Path) -> None:
        self._path = path
        self._place = place

    def put(self) -> None:
        """Put them in their place.

        Raises:
            OSError: the disk refuses; what was kept before stays.
        """
        with contextlib.closing(self):
            self._path.replace(self._place)
            sync_directory(self._place.parent)

    def discard(self) -> None:
        """Leave what was kept before."""
        self._path.unlink(missing_ok=True)

    close = discard
