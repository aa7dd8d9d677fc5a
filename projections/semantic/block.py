"""The vectors of one scope, in blocks of numbers: how similar each is to a query, alone and among its neighbours.

A row stands for a memory. Its vector is whole numbers, a signed byte each, times a step. A *window* of radius r about a
turn is the turn with the r before and the r after it in its session; the window's vector is the sum of theirs. So the
dot product of a query and a window is a sum of dot products that are there already, and all four windows of every row
cost one pass over the vectors. What they must be divided by, the length of the window's vector, doesn't depend on the
query: it is kept, and made anew for the rows about a change.

Up to `WHOLE_MAX` rows a pass is exact. Above, it reads the first components of each row alone (those of the shipped
table come in the order of what they tell) and is an estimate; `exactly` tells the truth about the rows that matter, and
`nearest` asks it for some hundred of the best.

Invariants:
- a row that was taken away is all zeros at once, is similar to nothing, and is given to the next memory;
- what stands in the rows is a function of the memories and their vectors, not of the order in which they came, but for
  which row is whose.

This module needs numpy and nothing that `import remanence` loads may import it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ...codecs.vectors import GREATEST, quantised
from .sessions import Sessions

__all__ = ["VectorBlock"]

Floats = NDArray[np.float32]
Places = NDArray[np.intp]
WHOLE_MAX: Final = 8192
"""Rows up to which a pass reads whole vectors: 8 MB, a third of a millisecond or so."""
HEAD: Final = 80
"""Components that a pass reads above that: twice the time of looking exactly at the 1 in 32 that it finds best."""
FIRST: Final = 64
FEW: Final = 4
"""A row that is looked up by itself takes so many times as long as one that is passed."""
EXACTLY_MIN: Final = 512
EXACTLY_TIMES: Final = 16
EXACTLY_SHARE: Final = 32
"""Rows looked at exactly to find the nearest: so many at the least, so many for each that is wanted, and one in so
many of all."""


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
        self._heads = np.zeros((dimension, FIRST + 1), np.float32)  # a line a component: read in one go
        self._living = np.zeros(FIRST, np.bool_)
        self._sessions = Sessions(FIRST, self._vectors)

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
        self._heads[:, rows] = self._vectors(rows)[:, : len(self._heads)].T
        self._living[rows] = True
        self._sessions.put(placed, turns)

    def remove(self, memory_id: str) -> None:
        """Take a memory out, if it is there."""
        row = self.rows.pop(memory_id, None)
        if row is None:
            return
        self.ids[row] = ""
        self._codes[row] = 0
        self._steps[row] = 0
        self._heads[:, row] = 0
        self._living[row] = False
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
                    self._grow(2 * row)
            self.rows[memory_id] = row
        return row

    def _grow(self, capacity: int) -> None:
        width = self.dimension if capacity <= WHOLE_MAX else min(HEAD, self.dimension)
        self._codes = _longer(self._codes, capacity + 1)
        self._steps = _longer(self._steps, capacity + 1)
        self._heads = _longer(self._heads[:width].T, capacity + 1).T.copy()
        self._living = _longer(self._living, capacity)
        self._sessions.grow(capacity)

    def _vectors(self, rows: Places) -> Floats:
        vectors: Floats = self._codes[rows].astype(np.float32) * self._steps[rows][:, None]
        return vectors

    # -- asking

    @property
    def is_whole(self) -> bool:
        """Whether `similarities` is exact."""
        return len(self._heads) == self.dimension

    def similarities(self, query: NDArray[Any], radii: Sequence[int] = (0,), among: Places | None = None) -> Floats:
        """How near every row is to a query.

        Args:
            query: its vector, of any length.
            radii: which windows, 0 to 3 neighbours to each side.
            among: the rows that are wanted; all of them unless given.

        Returns:
            For each radius, a cosine for each row (0 for a free one), or for each of those that are wanted. Above
            `WHOLE_MAX` rows it is an estimate, unless few are wanted.
        """
        if among is None or len(among) * (1 + 2 * max(radii)) * FEW >= self.size:
            unit = self._unit(query)[: len(self._heads)]
            dots = np.zeros(self.size + 1, np.float32)
            np.matmul(unit, self._heads[:, : self.size], out=dots[:-1])
            every = self._sessions.windows(dots, radii)
            return every if among is None else every[:, among]
        return self.exactly(query, among, radii)

    def exactly(self, query: NDArray[Any], among: Places, radii: Sequence[int] = (0,)) -> Floats:
        """As `similarities` of some rows, and always exact."""
        around = self._sessions.around(among, radii)
        rows = around.ravel()
        dots = (self._codes[rows].astype(np.float32) @ self._unit(query)) * self._steps[rows]
        return self._sessions.among(among, dots.reshape(around.shape), radii)

    def nearest(
        self, query: NDArray[Any], limit: int, *, radius: int = 0, among: Places | None = None
    ) -> list[tuple[str, float]]:
        """The memories nearest to a query, with their cosines, the nearest first.

        Those that are similar to nothing are no answer; of equally near ones, the one with the smaller id comes first.
        """
        rough = self.similarities(query, (radius,), among)[0]
        candidates = np.arange(self.size, dtype=np.intp) if among is None else among
        wanted = max(EXACTLY_MIN, EXACTLY_TIMES * limit, len(candidates) // EXACTLY_SHARE)
        if not self.is_whole:
            if len(candidates) > wanted:
                candidates = candidates[np.argpartition(rough, len(rough) - wanted)[-wanted:]]
            rough = self.exactly(query, candidates, (radius,))[0]
        if len(candidates) > limit:
            least = np.partition(rough, len(rough) - limit)[-limit]
            is_near = rough >= least
            candidates, rough = candidates[is_near], rough[is_near]
        found = [(self.ids[row], float(score)) for row, score in zip(candidates, rough, strict=True) if score != 0]
        return sorted(found, key=lambda each: (-each[1], each[0]))[:limit]

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
        length = np.float32(np.linalg.norm(exact))
        return exact / length if length > 0 else exact


def _longer(array: NDArray[Any], length: int) -> NDArray[Any]:
    """A copy with room for more rows; those are zeros."""
    made = np.zeros((length, *array.shape[1:]), array.dtype)
    made[: len(array)] = array
    return made
