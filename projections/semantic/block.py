"""The vectors of one scope, in blocks of numbers: how similar each is to a query, alone and among its neighbours.

A row stands for a memory. Its vector is whole numbers, a signed byte each, times a step. A *window* of radius r about a
turn is the turn with the r before and the r after it in its session; the window's vector is the sum of theirs. So the
dot product of a query and a window is a sum of dot products that are there already, and all four windows of every row
cost one pass over the vectors. What they must be divided by, the length of the window's vector, doesn't depend on the
query: it is kept, and made anew for the rows about a change.

Up to `WHOLE_MAX` rows all similarities of a pass are cheap. Above, `likely` guesses from a few bits of each row
(`signs.py`) which are worth a look, and `exactly` tells the truth about those; `nearest` does both.

Invariants:
- a row that was taken away is all zeros at once, is similar to nothing, and is given to the next memory;
- what stands in the rows is a function of the memories and their vectors, not of the order in which they came, but for
  which row is whose.

This module needs numpy and nothing that `import remanence` loads may import it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ...codecs.vectors import GREATEST, quantised
from .sessions import Sessions
from .signs import Signs, few_least

__all__ = ["VectorBlock"]

Floats = NDArray[np.float32]
Places = NDArray[np.intp]
WHOLE_MAX: Final = 4096
"""Rows up to which a pass reads whole vectors: 4 MB, a quarter of a millisecond or so."""
FIRST: Final = 64
FEW: Final = 4
"""A row that is looked up by itself takes so many times as long as one that is passed."""
AT_ONCE: Final = 8192
"""Rows made floats at once where all are looked at: 8 MB."""
EXACTLY_MIN: Final = 1024
EXACTLY_TIMES: Final = 16
EXACTLY_SHARE: Final = 64
"""Rows looked at exactly to find the nearest: so many at the least, so many for each that is wanted, and one in so
many of all."""
SAMPLE: Final = 128
"""Memories from which mean and spread of similarities are taken where not all are looked at."""


class VectorBlock:
    """A scope's vectors.

    Attributes:
        dimension: how many components a vector has.
        ids: the memory of each row; an empty string for a row that is free.
        rows: the row of each memory.
        living: for each row, whether a memory stands in it.
    """

    def __init__(self, dimension: int) -> None:
        self.dimension = dimension
        self.ids: list[str] = []
        self.rows: dict[str, int] = {}
        self._free: list[int] = []
        # One row more than there is room for: row -1 is nobody's, and zeros.
        self._codes = np.zeros((FIRST + 1, dimension), np.int8)
        self._steps = np.zeros(FIRST + 1, np.float32)
        self._lines: Floats | None = np.zeros((dimension, FIRST + 1), np.float32)  # a line a component: read in one go
        self._signs: Signs | None = None
        self._living = np.zeros(FIRST, np.bool_)
        self._sessions = Sessions(FIRST, self._vectors)
        self._sampled: tuple[Sequence[int], Floats] | None = None

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def size(self) -> int:
        """How many rows there are, free ones included."""
        return len(self.ids)

    @property
    def living(self) -> NDArray[np.bool_]:
        """For each row, whether a memory stands in it."""
        return self._living[: self.size]

    # -- changing

    def put(self, ids: Sequence[str], vectors: NDArray[Any], turns: Sequence[tuple[str, int] | None]) -> None:
        """Put memories in, or others in the place of those that are there.

        Args:
            ids: the memories, each once.
            vectors: a row of floats for each; a longer one weighs more in a window.
            turns: the session and the place of each that is a turn of one.
        """
        if not ids:
            return
        placed = [self._place(each) for each in ids]
        rows = np.array(placed, dtype=np.intp)
        codes, greatest = quantised(np.asarray(vectors, dtype=np.float32))
        self._codes[rows] = codes
        self._steps[rows] = greatest / np.float32(GREATEST)
        if self._lines is not None:
            self._lines[:, rows] = self._vectors(rows).T
        if self._signs is not None:
            self._signs.put(rows, self._codes[rows])
        self._living[rows] = True
        self._sampled = None
        self._sessions.put(placed, turns)

    def remove(self, memory_id: str) -> None:
        """Take a memory out, if it is there."""
        row = self.rows.pop(memory_id, None)
        if row is None:
            return
        self.ids[row] = ""
        self._codes[row] = 0
        self._steps[row] = 0
        if self._lines is not None:
            self._lines[:, row] = 0
        if self._signs is not None:
            self._signs.clear(row)
        self._living[row] = False
        self._sampled = None
        self._free.append(row)
        self._sessions.remove(row)

    def _place(self, memory_id: str) -> int:
        row = self.rows.get(memory_id)
        if row is None:
            if self._free:
                row = self._free.pop()
                self.ids[row] = memory_id
            else:
                row = len(self.ids)
                self.ids.append(memory_id)
                if row == len(self._living):
                    self._grow(row + max(FIRST, row // 2))
            self.rows[memory_id] = row
        return row

    def _grow(self, capacity: int) -> None:
        self._codes = _longer(self._codes, capacity + 1)
        self._steps = _longer(self._steps, capacity + 1)
        if capacity <= WHOLE_MAX:
            self._lines = None if self._lines is None else _longer(self._lines.T, capacity + 1).T.copy()
        elif self._signs is None:
            self._lines, self._signs = None, Signs(self.dimension, capacity)
            self._signs.put(np.arange(self.size - 1), self._codes[: self.size - 1])
        else:
            self._signs.grow(capacity)
        self._living = _longer(self._living, capacity)
        self._sessions.grow(capacity)

    # -- keeping

    def stored(self) -> tuple[list[str], dict[str, NDArray[Any]]]:
        """Copies of all that is needed to go on elsewhere: the sessions' names, and arrays."""
        names, arrays = self._sessions.stored(self.size)
        arrays |= {
            "ids": np.array([each.encode() for each in self.ids], "S"),
            "codes": self._codes[: self.size].copy(),
            "steps": self._steps[: self.size].copy(),
        }
        if self._signs is not None:
            arrays["signs"] = self._signs.words[:, : self.size].copy()
        return names, arrays

    @staticmethod
    def restored(dimension: int, names: Sequence[str], found: Mapping[str, NDArray[Any]]) -> VectorBlock:
        """A block from what was stored.

        Raises:
            ValueError, KeyError: it is none of a block's.
        """
        block = VectorBlock(dimension)
        block.ids = [each.decode() for each in found["ids"].tolist()]
        size = len(block.ids)
        if found["codes"].shape != (size, dimension) or any(len(found[each]) != size for each in ("steps", "session")):
            message = "arrays of other lengths"
            raise ValueError(message)
        block.rows = {memory_id: row for row, memory_id in enumerate(block.ids) if memory_id}
        block._free = [row for row, memory_id in enumerate(block.ids) if not memory_id]
        capacity = max(FIRST, size)
        block._codes = _longer(found["codes"], capacity + 1)
        block._steps = _longer(found["steps"], capacity + 1)
        block._living = np.zeros(capacity, np.bool_)
        block._living[:size] = found["ids"] != b""
        block._sessions.restore(names, found)
        block._sessions.grow(capacity)
        every = np.arange(size)
        if capacity <= WHOLE_MAX:
            block._lines = np.zeros((dimension, capacity + 1), np.float32)
            block._lines[:, :size] = block._vectors(every).T
        else:
            block._lines, block._signs = None, Signs(dimension, capacity)
            if "signs" in found:
                block._signs.words[:, :size] = found["signs"]
            else:  # there were fewer rows than are worth it then
                block._signs.put(every, block._codes[:size])
        return block

    def _vectors(self, rows: Places) -> Floats:
        vectors: Floats = self._codes[rows].astype(np.float32) * self._steps[rows][:, None]
        return vectors

    # -- asking

    @property
    def is_whole(self) -> bool:
        """Whether `similarities` of all rows are cheap."""
        return self._lines is not None

    def similarities(self, query: NDArray[Any], radii: Sequence[int] = (0,), among: Places | None = None) -> Floats:
        """How near every row is to a query.

        Args:
            query: its vector, of any length.
            radii: which windows, 0 to 3 neighbours to each side.
            among: the rows that are wanted; all of them unless given.

        Returns:
            For each radius, a cosine for each row (0 for a free one), or for each of those that are wanted.
        """
        if among is not None and (self._lines is None or len(among) * (1 + 2 * max(radii)) * FEW < self.size):
            return self.exactly(query, among, radii)
        dots = np.zeros(self.size + 1, np.float32)
        if self._lines is None:
            unit = self._unit(query)
            for start in range(0, self.size, AT_ONCE):
                stop = min(self.size, start + AT_ONCE)
                dots[start:stop] = self._vectors(np.arange(start, stop)) @ unit
        else:
            np.matmul(self._unit(query), self._lines[:, : self.size], out=dots[:-1])
        every = self._sessions.windows(dots, radii)
        return every if among is None else every[:, among]

    def likely(self, query: NDArray[Any], count: int, among: NDArray[np.bool_] | None = None) -> Places:
        """About so many rows, or all there are, among which the nearest most probably are.

        Args:
            query: its vector.
            count: how many are worth a look.
            among: for each row whether it is wanted; every one that a memory stands in unless given.
        """
        wanted = self.living if among is None else among & self.living
        rows = None if len(self.rows) == self.size and among is None else np.flatnonzero(wanted)
        found = self.size if rows is None else len(rows)
        if self._signs is None or found <= count:
            return np.arange(self.size) if rows is None else rows
        differences = self._signs.differences(self._unit(query), self.size)
        if rows is None:
            return few_least(differences, count)
        return rows[few_least(differences[rows], count)]

    def moments(self, query: NDArray[Any], radii: Sequence[int]) -> tuple[Floats, Floats]:
        """Means of the similarities of all memories and of their squares, for each radius, from an even sample."""
        if self._sampled is None or self._sampled[0] != radii:
            living = np.flatnonzero(self.living)
            some = living[:: max(1, len(living) // SAMPLE)]
            vectors = self._vectors(self._sessions.around(some, radii).ravel())
            lines = vectors.reshape(-1, len(some), self.dimension)
            self._sampled = (radii, self._sessions.among(some, lines, radii).reshape(-1, self.dimension))
        dots = (self._sampled[1] @ self._unit(query)).reshape(len(radii), -1)
        count = np.float32(max(1, dots.shape[1]))
        return np.add.reduce(dots, axis=1) / count, np.add.reduce(dots * dots, axis=1) / count

    def exactly(self, query: NDArray[Any], among: Places, radii: Sequence[int] = (0,)) -> Floats:
        """As `similarities` of some rows, and always exact."""
        around = self._sessions.around(among, radii)
        rows = around.ravel()
        dots = (self._codes.take(rows, axis=0).astype(np.float32) @ self._unit(query)) * self._steps[rows]
        return self._sessions.among(among, dots.reshape(around.shape), radii)

    def nearest(
        self, query: NDArray[Any], limit: int, *, radius: int = 0, among: Places | None = None
    ) -> list[tuple[str, float]]:
        """The memories nearest to a query, with their cosines, the nearest first.

        Those that are similar to nothing are no answer; of equally near ones, the one with the smaller id comes first.
        """
        candidates = np.arange(self.size, dtype=np.intp) if among is None else among
        if self.is_whole:
            rough = self.similarities(query, (radius,), among)[0]
        else:
            wanted = max(EXACTLY_MIN, EXACTLY_TIMES * limit, len(candidates) // EXACTLY_SHARE)
            candidates = self.likely(query, wanted, None if among is None else self._mask(among))
            rough = self.exactly(query, candidates, (radius,))[0]
        if len(candidates) > limit:
            least = np.partition(rough, len(rough) - limit)[-limit]
            is_near = rough >= least
            candidates, rough = candidates[is_near], rough[is_near]
        found = [(self.ids[row], float(score)) for row, score in zip(candidates, rough, strict=True) if score != 0]
        return sorted(found, key=lambda each: (-each[1], each[0]))[:limit]

    def _mask(self, rows: Places) -> NDArray[np.bool_]:
        mask = np.zeros(self.size, np.bool_)
        mask[rows] = True
        return mask

    def places_of(self, ids: Sequence[str]) -> Places:
        """The rows of those memories that are here, in their order."""
        return np.array([self.rows[each] for each in ids if each in self.rows], dtype=np.intp)

    def turn_of(self, memory_id: str) -> tuple[str, int] | None:
        """The session and the place of a memory that is here, if it is a turn of one."""
        return self._sessions.turn_of(self.rows[memory_id])

    def vector(self, memory_id: str) -> Floats:
        """A memory's vector; zeros if it isn't here."""
        vector: Floats = self._vectors(np.array([self.rows.get(memory_id, -1)], dtype=np.intp))[0]
        return vector

    def _unit(self, query: NDArray[Any]) -> Floats:
        exact: Floats = np.asarray(query, dtype=np.float32)
        length = math.sqrt(float(exact @ exact))
        return exact / np.float32(length) if length > 0 else exact


def _longer(array: NDArray[Any], length: int) -> NDArray[Any]:
    """A copy with room for more rows; those are zeros."""
    made = np.zeros((length, *array.shape[1:]), array.dtype)
    made[: len(array)] = array
    return made
