"""Meaning: what recall needs of a semantic index. Without one, memories are found by their words alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from ..semantic.files import VectorFiles
from .moments import Moments
from .scope_index import ScopeIndex

__all__ = ["Block", "Meaning", "Semantic"]

MODEL: Final = 1.5
"""What a model's similarities count, where those of a table count 1: it knows the order of words, and who speaks."""
LONG: Final = 0.25
"""What a table's count where memories are long: it was made for sentences."""
LOOKED_AT: Final = 512
"""Rows that are looked at for the nearest where there are too many to look at all."""
LOOKED_AT_SHARE: Final = 128
"""Or one in so many."""


class Block(Protocol):
    """Vectors of a scope's memories, a row each."""

    @property
    def rows(self) -> Mapping[str, int]:
        """The row of each memory."""
        ...

    @property
    def size(self) -> int:
        """How many rows there are."""
        ...

    @property
    def living(self) -> NDArray[np.bool_]:
        """Which rows stand for a memory."""
        ...

    @property
    def is_whole(self) -> bool:
        """Whether similarities of all rows are cheap."""
        ...

    def similarities(
        self, query: NDArray[Any], radii: Sequence[int] = ..., among: NDArray[np.intp] | None = ...
    ) -> NDArray[np.float32]:
        """How near rows are to a query, for each radius of windows."""
        ...

    def exactly(self, query: NDArray[Any], among: NDArray[np.intp], radii: Sequence[int] = ...) -> NDArray[np.float32]:
        """The same of some rows, each by itself."""
        ...

    def likely(self, query: NDArray[Any], count: int, among: NDArray[np.bool_] | None = ...) -> NDArray[np.intp]:
        """About so many rows among which the nearest most probably are."""
        ...

    def moments(
        self, query: NDArray[Any], radii: Sequence[int]
    ) -> tuple[NDArray[np.floating[Any]], NDArray[np.floating[Any]]]:
        """Means of the similarities of all memories and of their squares, about, one for each radius."""
        ...


class Space(Protocol):
    """Vectors of one embedder."""

    @property
    def is_pure(self) -> bool:
        """Whether they follow from the texts; otherwise a model made them."""
        ...

    def query(self, text: str) -> NDArray[Any]:
        """A question's vector."""
        ...

    def block(self, scope: tuple[str, ...]) -> Block:
        """The vectors of a scope, as new as the view of memories."""
        ...


class Semantic(Protocol):
    """An index of what memories mean."""

    def space(self) -> Space:
        """The vectors to go by now."""
        ...

    def keep_in(self, files: VectorFiles, *, at_once: bool) -> None:
        """Keep vectors in files; `at_once`: also when a question had them made."""
        ...

    def advance(self, scope: tuple[str, ...]) -> bool:
        """Take up some of what has changed; whether there was any more."""
        ...

    def keep(self, scope: tuple[str, ...]) -> bool:
        """Keep a scope's vectors if enough has changed; whether they were."""
        ...

    def let_go(self, scope: tuple[str, ...]) -> None:
        """Know nothing of a scope any more."""
        ...


class _Rows:
    """The rows of an index's slots, and the slots of the rows."""

    def __init__(self, block: Block) -> None:
        self.block = block
        self._rows = self._slots = np.zeros(0, np.intp)
        self._count = 0

    def follow(self, index: ScopeIndex) -> None:
        """A memory keeps its row as long as it is there, so only new slots are looked up."""
        first, size = self._count, index.columns.count
        self._slots = _roomy(self._slots, self.block.size)
        if first == size:
            return
        self._rows = _roomy(self._rows, size)
        get = self.block.rows.get
        fresh = np.array([get(each, -1) for each in index.ids[first:size]], np.intp)
        self._rows[first:size] = fresh
        is_there = fresh >= 0
        self._slots[fresh[is_there]] = np.arange(first, size)[is_there]  # the newest slot of each, as it comes last
        self._count = size

    @property
    def rows(self) -> NDArray[np.intp]:
        """The row of each slot, -1 for none."""
        return self._rows[: self._count]

    @property
    def slots(self) -> NDArray[np.intp]:
        """The slot of each row, 0 for none."""
        return self._slots[: self.block.size]


def _roomy(array: NDArray[np.intp], size: int) -> NDArray[np.intp]:
    if size <= len(array):
        return array
    made = np.zeros(size + size // 4, np.intp)
    made[: len(array)] = array
    return made


class Near:
    """How near slots are to one question.

    Attributes:
        is_whole: whether the similarities of all are known already; otherwise each costs.
    """

    def __init__(self, index: ScopeIndex, known: _Rows, query: NDArray[Any], reach: int, *, is_pure: bool) -> None:
        self._index = index
        self._known = known
        self._is_pure = is_pure
        self._block = block = known.block
        self._query = query
        self._radii = range(reach + 1)
        self.is_whole = block.is_whole
        if self.is_whole:
            self._every = block.similarities(query, self._radii)
            some = self._every[:, block.living].astype(np.float64)
            self._moments = Moments.of(some.mean(axis=1).tolist(), (some * some).mean(axis=1).tolist())
        else:
            means, squares = block.moments(query, self._radii)
            self._moments = Moments.of(means.tolist(), squares.tolist())

    def trust(self, *, is_long: bool) -> float:
        """What similarities count beside the words, of long memories or of short ones."""
        if not self._is_pure:
            return MODEL
        return LONG if is_long else 1.0

    def nearest(self, allowed: NDArray[np.bool_] | None, count: int) -> NDArray[np.int64]:
        """The nearest slots: over all windows, or where there are very many, by themselves.

        Args:
            allowed: for each slot whether it may be among them; every living one unless given.
            count: how many are wanted.
        """
        fits = self._index.columns["alive"] if allowed is None else allowed
        if self.is_whole:
            slots = np.flatnonzero(fits)
            if len(slots) <= count:
                return slots
            rows = self._known.rows[slots]
            worth = np.add.reduce(self._moments.standardised(self._every[:, rows]))
        else:
            block, slots = self._block, self._known.slots
            looked_at = max(LOOKED_AT, 4 * count, block.size // LOOKED_AT_SHARE)
            rows = block.likely(self._query, looked_at, None if allowed is None else fits[slots])
            slots = slots[rows]
            if allowed is None:  # a row may have been given to a memory that the index doesn't know yet
                slots, rows = slots[fits[slots]], rows[fits[slots]]
            if len(slots) <= count:
                return slots
            worth = block.exactly(self._query, rows)[0]
        least = np.partition(worth, len(slots) - count)[len(slots) - count]
        return slots[np.flatnonzero(worth >= least)]

    def similar(self, slots: NDArray[np.int64]) -> NDArray[np.float32]:
        """Similarities of slots, standardised, a line for each window."""
        rows = self._known.rows[slots]
        found = self._every[:, rows] if self.is_whole else self._block.exactly(self._query, rows, self._radii)
        return self._moments.standardised(found)


class Meaning:
    """Similarities of an index's slots."""

    def __init__(self, semantic: Semantic) -> None:
        self._semantic = semantic
        self._known: WeakKeyDictionary[ScopeIndex, _Rows] = WeakKeyDictionary()

    @property
    def is_pure(self) -> bool:
        """Whether similarities are those of a table now, and no model's."""
        return self._semantic.space().is_pure

    def prepare(self, text: str) -> None:
        """Have a question's vector made, so that the question needn't wait for a model."""
        self._semantic.space().query(text)

    def of(self, scope: tuple[str, ...], index: ScopeIndex, text: str, reach: int) -> Near:
        """How near an index's slots are to a question."""
        space = self._semantic.space()
        query = space.query(text)
        block = space.block(scope)
        known = self._known.get(index)
        if known is None or known.block is not block:
            known = self._known[index] = _Rows(block)
        known.follow(index)
        return Near(index, known, query, reach, is_pure=space.is_pure)
