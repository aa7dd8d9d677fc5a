"""A semantic space: the vectors of one embedder, scope by scope, in step with the memories view.

A pure embedder's vectors are computed from the texts, when a scope is first asked about and as memories change. A
model's are taken from the vectors view and from the events since; a memory whose vector isn't recorded yet is similar
to nothing until it is.

This module needs numpy and nothing that `import remanence` loads may import it.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
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
from ..memories.events import MemoryForgotten, MemoryRemembered, MemoryRevised, scope_tag
from ..memories.view import Memories, MemoryRow
from ..projection import Projection
from .block import VectorBlock
from .files import VectorFiles
from .vectors import Vectors

__all__ = ["SemanticSpace", "Source"]

_logger = logging.getLogger(__name__)
P = TypeVar("P", bound=Projection)
Scope = tuple[str, ...]
_CHANGING: Final = (MemoryRemembered, MemoryRevised, MemoryForgotten)
BATCH: Final = 1024
"""Memories whose texts are held at once, and events that are followed at once: some 50 ms."""
TAIL_MAX: Final = 20_000
"""Events of the log, or two for each memory, after which a scope is read anew in the place of following."""
ROWS_MAX: Final = 4_000_000
"""Vectors of all scopes in memory together, some 350 bytes each; the scope that was read longest ago goes first."""
ASKED_MAX: Final = 256
"""Questions whose vectors are kept at hand: what is prepared for a question, and asked again when somebody changed what
was just found."""
KEEP_LEAST: Final = 250
"""Vectors are kept in their file when so many have changed since, or a tenth of them."""


class Source(Protocol):
    """What is needed of an engine."""

    def view(self, projection: type[P]) -> P:
        """A projection's tables, to read from."""
        ...

    def checkpoint(self, projection: type[Projection]) -> int:
        """Position of the last event that a view shows."""
        ...

    def read(
        self,
        *,
        after: int = 0,
        before: int | None = None,
        types: Iterable[type | str] = (),
        tags: Iterable[str] = (),
        limit: int | None = None,
        decoded: bool = False,
    ) -> list[Recorded[Any]]:
        """Events in the order of their positions; `decoded` at once, because their data will be asked for."""
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
    changes: int = 0  # since it was kept


class SemanticSpace:
    """The vectors of one embedder.

    Attributes:
        embedder: that embedder.
        is_pure: whether its vectors are computed on the spot; otherwise they are recorded, and `query` asks a model.
    """

    def __init__(
        self, source: Source, embedder: Embedder, files: VectorFiles | None = None, *, keeps: bool = False
    ) -> None:
        """Prepare; nothing is read yet.

        Args:
            source: the engine whose memories these are.
            embedder: whose vectors.
            files: where they are kept from one program to the next; None for nowhere.
            keeps: whether what a question had made is kept at once, and not only when `keep` is called.
        """
        self.embedder = embedder
        self.is_pure = is_pure(embedder)
        self._identity = str(embedder.identity)
        self._source = source
        self._files = files
        self._keeps = keeps
        self._scopes: OrderedDict[Scope, _Scope] = OrderedDict()
        self._lock = Lock()
        self._asked: OrderedDict[str, NDArray[Any]] = OrderedDict()
        self._asking = Lock()  # a model is asked one thing at a time

    def query(self, text: str) -> NDArray[Any]:
        """The vector of a text, of any length; of zeros if it says nothing that the embedder knows.

        Raises:
            InvalidInput: the embedder breaks its word.
        """
        with self._asking:
            vector = self._asked.pop(text, None)
            if vector is None:
                vector = self._embedded([text])[0]
            self._asked[text] = vector
            while len(self._asked) > ASKED_MAX:
                self._asked.popitem(last=False)
            return vector

    def block(self, scope: Scope) -> VectorBlock:
        """A scope's vectors as the memories view is now.

        Raises:
            Damaged, StorageFailed: as the log and the views say.
        """
        with self._lock:
            was_known = scope in self._scopes
            known = self._opened(scope)
            while self._follow(scope, known):
                pass
        if self._keeps and not was_known:
            self._keep_quietly(scope)
        return known.block

    def advance(self, scope: Scope) -> bool:
        """Take up the next batch of what has changed in a scope; whether there is more.

        Raises:
            Damaged, StorageFailed: as the log and the views say.
        """
        with self._lock:
            return self._follow(scope, self._opened(scope))

    def keep(self, scope: Scope) -> bool:
        """Keep a scope's vectors in their file if enough has changed; whether they were.

        Raises:
            OSError: the disk refuses.
        """
        with self._lock:
            known = self._scopes.get(scope)
            if self._files is None or known is None or known.changes < max(KEEP_LEAST, len(known.block) // 10):
                return False
            known.changes = 0
            noted = self._files.noted(scope, self.embedder.identity, known.block, known.position, known.told)
        unplaced = self._files.write(noted)  # nobody waits for the disk
        with self._lock:
            if unplaced is None:
                return False
            if self._scopes.get(scope) is not known:
                unplaced.discard()
                return False  # it was let go meanwhile, and what it held may not come back
            unplaced.put()
            return True

    def let_go(self, scope: Scope) -> None:
        """Know nothing of a scope any more: it is made anew from the views when it is next asked about."""
        with self._lock:
            self._scopes.pop(scope, None)

    def _opened(self, scope: Scope) -> _Scope:
        now = self._now()
        known = self._scopes.get(scope)
        if known is None:
            known = self._loaded(scope, now)
        if known is not None and now - known.position <= max(TAIL_MAX, 2 * len(known.block)):
            self._scopes[scope] = known
            self._scopes.move_to_end(scope)
            return known
        # Read after the checkpoint: what is newer already is taken in once more, which changes nothing.
        known = self._scopes[scope] = self._read(scope, now)
        self._make_room()
        return known

    def _keep_quietly(self, scope: Scope) -> None:
        try:
            self.keep(scope)
        except OSError as error:  # the next program makes them anew, as this one did
            _logger.warning("the vectors of the scope %s could not be kept: %s", "/".join(scope), error)

    def _loaded(self, scope: Scope, now: int) -> _Scope | None:
        found = None if self._files is None else self._files.load(scope, self.embedder.identity, now)
        return None if found is None else _Scope(*found)

    def _make_room(self) -> None:
        while len(self._scopes) > 1 and sum(known.block.size for known in self._scopes.values()) > ROWS_MAX:
            self._scopes.popitem(last=False)

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
        known.changes = len(known.block)
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

    def _follow(self, scope: Scope, known: _Scope) -> bool:
        """Take in the next batch of what happened since; whether there is more."""
        now = self._now()
        if now <= known.position:
            return False
        new: dict[str, _Told] = {}
        types = _CHANGING if self.is_pure else (*_CHANGING, MemoryEmbedded)
        events = self._source.read(
            types=types, tags=(scope_tag(scope),), after=known.position, before=now + 1, limit=BATCH, decoded=True
        )
        for event in events:
            if not event.is_erased:
                self._take(known, new, event)
        self._tell(known, new)
        known.changes += len(events)
        is_more = len(events) == BATCH
        known.position = events[-1].position if is_more else now
        return is_more

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
