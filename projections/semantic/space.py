"""A semantic space: the vectors of one embedder, scope by scope, in step with the memories view.

A pure embedder's vectors are computed from the texts, when a scope is first asked about and as memories change. A
model's are taken from the vectors view and from the events since; a memory whose vector isn't recorded yet is similar
to nothing until it is.

This module needs numpy and nothing that `import remanence` loads may import it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from threading import Lock
from typing import Any, Final, Protocol, TypeVar

import attrs
import numpy as np
from numpy.typing import NDArray

from ...codecs.vectors import unpack_directions
from ...core.embedder import Embedder, is_pure
from ...core.errors import InvalidInput
from ...core.recorded import Recorded
from ..clusters.events import MemoryEmbedded
from ..memories.events import MemoryForgotten, MemoryRemembered, MemoryRevised
from ..memories.view import Memories, MemoryRow
from ..projection import Projection
from .block import VectorBlock
from .vectors import Vectors

__all__ = ["SemanticSpace", "Source"]

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


@attrs.frozen
class _Told:
    """A text that is to have a vector: which event brought it, and the turn that it is, if it is one."""

    text: str
    position: int
    turn: tuple[str, int] | None


@attrs.define
class _Scope:
    """A scope's vectors, and up to where they show what happened."""

    block: VectorBlock
    position: int
    told: dict[str, int] = attrs.field(factory=dict[str, int])  # of a model: which event brought each memory's text


class SemanticSpace:
    """The vectors of one embedder.

    Attributes:
        embedder: that embedder.
        is_pure: whether its vectors are computed on the spot; otherwise they are recorded, and `query` asks a model.
    """

    def __init__(self, source: Source, embedder: Embedder) -> None:
        self.embedder = embedder
        self.is_pure = is_pure(embedder)
        self._identity = str(embedder.identity)
        self._source = source
        self._scopes: dict[tuple[str, ...], _Scope] = {}
        self._lock = Lock()

    def query(self, text: str) -> NDArray[Any]:
        """The vector of a text, of any length; of zeros if it says nothing that the embedder knows.

        Raises:
            InvalidInput: the embedder breaks its word.
        """
        vector: NDArray[Any] = self._embedded([text])[0]
        return vector

    def block(self, scope: tuple[str, ...]) -> VectorBlock:
        """A scope's vectors as the memories view is now.

        Raises:
            Damaged, StorageFailed: as the log and the views say.
        """
        with self._lock:
            now = self._now()
            known = self._scopes.get(scope)
            if known is None or now - known.position > TAIL_MAX:
                # Read after the checkpoint: what is newer already is taken in once more, which changes nothing.
                known = self._scopes[scope] = self._read(scope, now)
            if now > known.position:
                self._follow(now)
            return known.block

    def _now(self) -> int:
        return self._source.checkpoint(Memories)

    # -- reading

    def _read(self, scope: tuple[str, ...], now: int) -> _Scope:
        # The vectors view follows: what it doesn't show yet is gone through below.
        position = now if self.is_pure else min(now, self._source.checkpoint(Vectors))
        known = _Scope(VectorBlock(self.embedder.identity.dimension), position)
        waiting: list[MemoryRow] = []
        for row in self._source.view(Memories).rows.iterate("by_time", scope):
            waiting.append(row)
            if len(waiting) == BATCH:
                self._put(known, waiting)
                waiting = []
        self._put(known, waiting)
        return known

    def _put(self, known: _Scope, rows: Sequence[MemoryRow]) -> None:
        if not rows:
            return
        turns = [None if row.session is None else (row.session, row.place or 0) for row in rows]
        ids = [row.id for row in rows]
        if self.is_pure:
            known.block.put(ids, self._embedded([row.text for row in rows]), turns)
            return
        view, vectors = self._source.view(Vectors), np.zeros((len(rows), known.block.dimension), np.float32)
        for number, memory_id in enumerate(ids):
            told, kept = view.told.get(memory_id), view.vectors.get(memory_id, self._identity)
            if told is not None:
                known.told[memory_id] = told.told
            if kept is not None:
                vectors[number] = self._unpacked(kept.vector)
        known.block.put(ids, vectors, turns)

    # -- following

    def _follow(self, now: int) -> None:
        """Take in what happened since, in every scope that is known."""
        behind = {scope: known for scope, known in self._scopes.items() if known.position < now}
        since = min(known.position for known in behind.values())
        new: dict[tuple[str, ...], dict[str, _Told]] = {scope: {} for scope in behind}
        types = _CHANGING if self.is_pure else (*_CHANGING, MemoryEmbedded)
        for event in self._source.read(types=types, after=since, before=now + 1):
            known = None if event.is_erased else behind.get(event.data.scope)
            if known is not None and event.position > known.position:
                self._take(known, new[event.data.scope], event)
        for scope, known in behind.items():
            self._tell(known, new[scope])
            known.position = now

    def _take(self, known: _Scope, new: dict[str, _Told], event: Recorded[Any]) -> None:
        """Take in one event. Texts are gathered, so that they are embedded together."""
        told = event.data
        match told:
            case MemoryForgotten():
                new.pop(told.id, None)
                known.told.pop(told.id, None)
                known.block.remove(told.id)
            case MemoryRemembered():
                turn = None if told.session is None else (told.session, told.place or 0)
                new[told.id] = _Told(told.text, event.position, turn)
            case MemoryRevised(text=str(text)) if told.id in new:
                new[told.id] = _Told(text, event.position, new[told.id].turn)
            case MemoryRevised(text=str(text)) if told.id in known.block.rows:
                new[told.id] = _Told(text, event.position, known.block.turn_of(told.id))
            case MemoryEmbedded() if told.embedder == self._identity:
                waiting = new.get(told.id)
                position = known.told.get(told.id) if waiting is None else waiting.position
                if position == told.told:
                    turn = known.block.turn_of(told.id) if waiting is None else waiting.turn
                    known.told[told.id] = told.told
                    new.pop(told.id, None)
                    known.block.put([told.id], self._unpacked(told.vector)[None], [turn])
            case _:
                pass

    def _tell(self, known: _Scope, new: dict[str, _Told]) -> None:
        if not new:
            return
        if self.is_pure:
            vectors = self._embedded([told.text for told in new.values()])
        else:
            vectors = np.zeros((len(new), known.block.dimension), np.float32)
            known.told.update((memory_id, told.position) for memory_id, told in new.items())
        known.block.put(list(new), vectors, [told.turn for told in new.values()])

    # -- vectors

    def _unpacked(self, packed: bytes) -> NDArray[np.float32]:
        """A recorded direction, as a vector of length 1: every turn of a window counts alike."""
        vector = unpack_directions([packed], self.embedder.identity.dimension)[0].astype(np.float32)
        length = np.float32(np.linalg.norm(vector))
        unit: NDArray[np.float32] = vector / length if length > 0 else vector
        return unit

    def _embedded(self, texts: Sequence[str]) -> NDArray[Any]:
        identity = self.embedder.identity
        vectors = np.asarray(self.embedder.embed(texts), dtype=np.float32)
        if vectors.shape != (len(texts), identity.dimension) or not np.isfinite(vectors).all():
            message = f"{identity} made a matrix of {vectors.shape} for {len(texts)} texts, or not of finite numbers"
            raise InvalidInput(message)
        return vectors
