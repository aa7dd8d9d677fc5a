"""Columns: what is known of the memories of a scope besides their words, one array for each thing. Slot 0 is nobody.

Arrays grow by half when they are full, so that adding costs the same however many there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["KINDS", "REACH", "WINDOWS", "Columns"]

KINDS: Final[Mapping[str, str]] = {
    "alive": "?",
    "time_ns": "i8",
    "changed": "i8",
    "place": "i8",
    "kind": "i4",
    "session": "i4",
    "speaker": "i4",
    "before": "i4",
    "after": "i4",
    "said": "i4",
    "letters": "f4",
    "asks": "?",
    "confidence": "f8",
    "importance": "f8",
}
"""Name and type. `said` is how many words aren't stop words; `letters` the logarithm of the text's length; `before`
and `after` the slots of the neighbours in the session, 0 for none."""
WINDOWS: Final = 4
REACH: Final = WINDOWS - 1
"""Neighbours to either side that the widest window takes in."""
_FIRST: Final = 64


class Columns:
    """Arrays of one length, of which `count` entries are in use, the first for nobody."""

    def __init__(self) -> None:
        self.count = 1
        self.arrays: dict[str, NDArray[Any]] = {name: np.zeros(_FIRST, kind) for name, kind in KINDS.items()}
        self.lengths: NDArray[np.float32] = np.zeros((WINDOWS, _FIRST), np.float32)
        """How many words the windows of 0, 1, 2, 3 neighbours to either side hold."""
        self.near: NDArray[np.int32] = np.zeros((2 * REACH, _FIRST), np.int32)
        """The neighbours: one before, one after, two before, …; 0 for nobody."""

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.arrays[name][: self.count]

    def add(self, values: Mapping[str, Sequence[Any]]) -> int:
        """New slots, one for each of the values, which are as many for each name; the first of them."""
        first = self.count
        end = first + len(values["alive"])
        if end > self.lengths.shape[1]:
            self._grow(end + max(_FIRST, first // 2))
        for name, several in values.items():
            self.arrays[name][first:end] = several
        self.count = end
        return first

    def _grow(self, size: int) -> None:
        for name, old in self.arrays.items():
            self.arrays[name] = np.zeros(size, old.dtype)
            self.arrays[name][: len(old)] = old
        self.lengths, self.near = _wider(self.lengths, size), _wider(self.near, size)

    def stored(self) -> Iterator[tuple[str, NDArray[Any]]]:
        """What is kept in a file."""
        for name in self.arrays:
            yield name, self[name]
        yield "lengths", self.lengths[:, : self.count]

    def restore(self, found: Mapping[str, NDArray[Any]]) -> None:
        """Take up what a file kept; who stands near whom follows from it."""
        self.arrays = {name: np.array(found[name]) for name in KINDS}
        self.lengths = np.array(found["lengths"])
        self.count = self.lengths.shape[1]
        self.near = np.zeros((2 * REACH, self.count), np.int32)
        self.link(np.arange(self.lengths.shape[1], dtype=np.int64))

    def link(self, slots: NDArray[np.int64]) -> None:
        """Note who stands near slots, once `before` and `after` say it of all."""
        before, after = self.arrays["before"], self.arrays["after"]
        one, other = slots, slots
        for step in range(REACH):
            one, other = before[one], after[other]
            self.near[2 * step, slots], self.near[2 * step + 1, slots] = one, other


def _wider(lines: NDArray[Any], size: int) -> NDArray[Any]:
    """A copy with room for more slots."""
    made = np.zeros((len(lines), size), lines.dtype)
    made[:, : lines.shape[1]] = lines
    return made
