"""The semantic index: the vectors of every scope that is asked about, kept in step with the memories view.

For recall, what it offers is this; a *row* is a number that stands for one memory of a scope as long as it is there:

    index = SemanticIndex(engine, StaticEmbedder())
    query = index.query("where does Ada live?")          # a vector; pass it on as often as is needed
    block = index.block(("ada",))                        # in step with the memories view as it is now
    block.similarities(query, radii=(0, 1, 2, 3))        # a cosine for each radius and row: windows of neighbours
    block.similarities(query, (0, 1), among=rows)        # of some rows alone, which cost what they are
    block.exactly(query, rows, (0, 1, 2, 3))             # above 8,192 rows `similarities` estimates: settle the best
    block.nearest(query, 10, among=rows)                 # ids and cosines; exact
    block.places_of(ids); block.ids[row]; block.living   # from ids to rows and back; which rows are taken

Filters come first and are exact: whoever filters gives the rows that are left. A block is for the asking now: take it
anew for the next query, because a change of memories changes its rows.

It has no state that could be lost: a scope is read from the memories view the first time it is asked about, and the
events since then are taken in before each answer, those of an append that was just acknowledged included.

This module needs numpy and nothing that `import remanence` loads may import it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from threading import Lock
from typing import Any, Final, Protocol, TypeVar

import attrs
import numpy as np
from numpy.typing import NDArray

from ...core.embedder import Embedder
from ...core.errors import InvalidInput
from ...core.recorded import Recorded
from ..memories.events import MemoryForgotten, MemoryRemembered, MemoryRevised
from ..memories.view import Memories, MemoryRow
from ..projection import Projection
from .block import VectorBlock

__all__ = ["SemanticIndex", "Source"]

P = TypeVar("P", bound=Projection)
_CHANGING: Final = (MemoryRemembered, MemoryRevised, MemoryForgotten)
BATCH: Final = 1024
"""Memories whose texts are held at once while a scope is read."""
TAIL_MAX: Final = 20_000
"""Events after which reading a scope anew costs less than going through what happened everywhere."""


class Source(Protocol):
    """What is needed of an engine."""

    def view(self, projection: type[P]) -> P:
        """A projection's tables, to read from."""
        ...

    def checkpoint(self, projection: type[Projection]) -> int:
        """Position of the last event that a view shows."""
        ...

    def read(
        self, *, after: int = 0, before: int | None = None, types: Iterable[type | str] = ()
    ) -> list[Recorded[Any]]:
        """Events in the order of their positions."""
        ...


@attrs.define
class _Scope:
    """A scope's vectors, and up to where they show what happened."""

    block: VectorBlock
    position: int


class SemanticIndex:
    """Finds memories by what their texts mean. Made for one engine, live, read-only or past."""

    def __init__(self, source: Source, embedder: Embedder) -> None:
        """Prepare; nothing is read yet.

        Args:
            source: the engine whose memories these are.
            embedder: what makes vectors of texts; a pure one.
        """
        self.embedder = embedder
        self._source = source
        self._scopes: dict[tuple[str, ...], _Scope] = {}
        self._lock = Lock()

    def query(self, text: str) -> NDArray[Any]:
        """The vector of a text, of any length; of zeros if it says nothing that the embedder knows."""
        vector: NDArray[Any] = self._embedded([text])[0]
        return vector

    def block(self, scope: tuple[str, ...]) -> VectorBlock:
        """A scope's vectors as the memories view is now.

        Raises:
            Damaged, StorageFailed: as the log and the view say.
        """
        with self._lock:
            now = self._source.checkpoint(Memories)
            known = self._scopes.get(scope)
            if known is None or now - known.position > TAIL_MAX:
                # Read after the checkpoint: what is newer already is taken in once more, which changes nothing.
                known = self._scopes[scope] = _Scope(self._read(scope), now)
            elif now > known.position:
                self._follow(now)
            return known.block

    def _read(self, scope: tuple[str, ...]) -> VectorBlock:
        block = VectorBlock(self.embedder.identity.dimension)
        waiting: list[MemoryRow] = []
        for row in self._source.view(Memories).rows.iterate("by_time", scope):
            waiting.append(row)
            if len(waiting) == BATCH:
                self._put(block, waiting)
                waiting = []
        self._put(block, waiting)
        return block

    def _put(self, block: VectorBlock, rows: Sequence[MemoryRow]) -> None:
        turns = [None if row.session is None else (row.session, row.place or 0) for row in rows]
        block.put([row.id for row in rows], self._embedded([row.text for row in rows]), turns)

    def _follow(self, now: int) -> None:
        """Take in what happened since, in every scope that is known."""
        behind = {scope: known for scope, known in self._scopes.items() if known.position < now}
        since = min(known.position for known in behind.values())
        texts: dict[str, tuple[_Scope, str, tuple[str, int] | None]] = {}
        for event in self._source.read(types=_CHANGING, after=since, before=now + 1):
            if event.is_erased:
                continue
            told = event.data
            known = behind.get(told.scope)
            if known is None or event.position <= known.position:
                continue
            if isinstance(told, MemoryForgotten):
                texts.pop(told.id, None)
                known.block.remove(told.id)
            elif isinstance(told, MemoryRemembered):
                turn = None if told.session is None else (told.session, told.place or 0)
                texts[told.id] = (known, told.text, turn)
            elif told.text is not None and (waiting := texts.get(told.id)) is not None:
                texts[told.id] = (known, told.text, waiting[2])
            elif told.text is not None and told.id in known.block.rows:
                texts[told.id] = (known, told.text, known.block.turn_of(told.id))
        self._put_all(texts)
        for known in behind.values():
            known.position = now

    def _put_all(self, texts: dict[str, tuple[_Scope, str, tuple[str, int] | None]]) -> None:
        if not texts:
            return
        vectors = self._embedded([text for _, text, _ in texts.values()])
        by_block: dict[int, list[int]] = {}
        ids, told = list(texts), list(texts.values())
        for number, (known, _, _) in enumerate(told):
            by_block.setdefault(id(known), []).append(number)
        for numbers in by_block.values():
            block = told[numbers[0]][0].block
            block.put([ids[each] for each in numbers], vectors[numbers], [told[each][2] for each in numbers])

    def _embedded(self, texts: Sequence[str]) -> NDArray[Any]:
        identity = self.embedder.identity
        vectors = np.asarray(self.embedder.embed(texts), dtype=np.float32)
        if vectors.shape != (len(texts), identity.dimension) or not np.isfinite(vectors).all():
            message = f"{identity} made a matrix of {vectors.shape} for {len(texts)} texts, or not of finite numbers"
            raise InvalidInput(message)
        return vectors
