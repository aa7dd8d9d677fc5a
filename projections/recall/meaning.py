"""Meaning: what recall needs of a semantic index. Without one, memories are found by their words alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

import attrs
import numpy as np
from numpy.typing import NDArray

from .lexical import Scored
from .scope_index import ScopeIndex

__all__ = ["Block", "Meaning", "Semantic"]

MODEL: Final = 1.5
"""What a model's similarities count, where those of a table count 1: it knows the order of words, and who speaks."""
LONG: Final = 0.25
"""What a table's count where memories are long: it was made for sentences."""
SAMPLE: Final = 128
"""Memories from which mean and spread of similarities are taken, where a look at all is an estimate anyway."""


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
        """Whether similarities are exact."""
        ...

    def similarities(
        self, query: NDArray[Any], radii: Sequence[int] = ..., among: NDArray[np.intp] | None = ...
    ) -> NDArray[np.float32]:
        """How near rows are to a query, for each radius of windows."""
        ...

    def exactly(self, query: NDArray[Any], among: NDArray[np.intp], radii: Sequence[int] = ...) -> NDArray[np.float32]:
        """The same, and always exact."""
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


@attrs.define(eq=False)
class _Rows:
    """The rows of an index's slots."""

    index: ScopeIndex
    block: Block
    rows: NDArray[np.intp]


class Near:
    """How near slots are to one question.

    Attributes:
        is_whole: whether the similarities of all are known already; otherwise each costs.
    """

    def __init__(self, block: Block, query: NDArray[Any], rows: NDArray[np.intp], reach: int, *, is_pure: bool) -> None:
        self._is_pure = is_pure
        self._block = block
        self._query = query
        self._rows = rows
        self._radii = range(reach + 1)
        living = block.living
        self.is_whole = block.is_whole
        if self.is_whole:
            self._every = block.similarities(query, self._radii)
            some = self._every[:, living]
        else:
            self._every = block.similarities(query, (0,))
            taken = np.flatnonzero(living)
            some = block.similarities(query, self._radii, taken[:: max(1, len(taken) // SAMPLE)])
        self._moments = [(float(each.mean()), float(each.std())) for each in some]

    def trust(self, *, is_long: bool) -> float:
        """What similarities count beside the words, of long memories or of short ones."""
        if not self._is_pure:
            return MODEL
        return LONG if is_long else 1.0

    def nearest(self, slots: NDArray[np.int64], count: int) -> NDArray[np.int64]:
        """Of some slots the nearest: over all windows, or where there are very many, by themselves."""
        if len(slots) <= count:
            return slots
        rows = self._rows[slots]
        worth = self._every[0][rows]
        if self.is_whole:
            worth = np.asarray(np.sum([each.standard() for each in self._scored(self._every[:, rows])], axis=0))
        least = np.partition(worth, len(slots) - count)[len(slots) - count]
        return slots[np.flatnonzero(worth >= least)]

    def similar(self, slots: NDArray[np.int64]) -> list[Scored]:
        """Similarities of slots over each window."""
        rows = self._rows[slots]
        if self.is_whole:
            return self._scored(self._every[:, rows])
        return self._scored(self._block.exactly(self._query, rows, self._radii))

    def _scored(self, found: NDArray[np.float32]) -> list[Scored]:
        return [Scored(each, *moment) for each, moment in zip(found, self._moments, strict=False)]


class Meaning:
    """Similarities of an index's slots."""

    def __init__(self, semantic: Semantic) -> None:
        self._semantic = semantic
        self._known: dict[tuple[str, ...], _Rows] = {}

    @property
    def is_pure(self) -> bool:
        """Whether similarities are those of a table now, and no model's."""
        return self._semantic.space().is_pure

    def of(self, scope: tuple[str, ...], index: ScopeIndex, text: str, reach: int) -> Near:
        """How near an index's slots are to a question."""
        space = self._semantic.space()
        query = space.query(text)
        block = space.block(scope)
        return Near(block, query, self._rows(scope, index, block), reach, is_pure=space.is_pure)

    def _rows(self, scope: tuple[str, ...], index: ScopeIndex, block: Block) -> NDArray[np.intp]:
        """The row of each slot: a memory keeps its row as long as it is there, so only new slots are looked up."""
        known = self._known.get(scope)
        if known is None or known.index is not index or known.block is not block:
            known = self._known[scope] = _Rows(index, block, np.zeros(0, np.intp))
        size = index.columns.count
        if len(known.rows) < size:
            get = block.rows.get
            fresh = [get(each, -1) for each in index.ids[len(known.rows) : size]]
            known.rows = np.concatenate((known.rows, np.array(fresh, np.intp)))
        return known.rows
