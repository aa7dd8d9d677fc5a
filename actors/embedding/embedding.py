"""Embedding: a model's vectors, made behind the writing and recorded as events.

What a model makes is a decision: another release of it, or another machine, would make something else, so a replay must
not ask it. The actor follows the log, has the texts embedded in a thread, many at a time, and appends their vectors in
one go. Nobody waits for it. Recall goes on meanwhile with the vectors it has: those of the embedder that was chosen
before, until every memory has one of the new embedder and `embedder.chosen` is recorded.

| a crash …            | leaves                                                                        |
|----------------------|-------------------------------------------------------------------------------|
| before an append     | memories without a vector, which are looked for when it begins again          |
| after it             | their vectors in the log; a vector that comes twice counts once               |

A memory that is forgotten or revised while the model thinks fails the append, and the batch is decided anew: no vector
is recorded of a text that was taken back before.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from random import Random
from typing import Any, Final

import numpy as np
import trio

from ...codecs.vectors import pack_directions
from ...core.embedder import Embedder, as_said
from ...core.errors import Closed, Conflict, InvalidInput
from ...core.events import event_type_of
from ...core.queries import Condition, Query
from ...core.recorded import Recorded
from ...projections.clusters.events import MemoryEmbedded
from ...projections.memories.events import MemoryForgotten, MemoryRemembered, MemoryRevised, memory_tag
from ...projections.memories.view import Memories
from ...projections.semantic.events import EmbedderBegun, EmbedderChosen
from ...projections.semantic.vectors import BEGUN, CHOSEN, ToldRow, Vectors
from ..actor import Actor
from ..asks import Ask
from ..restarts import pause_s

__all__ = ["Embedding"]

_logger = logging.getLogger(__name__)
TEXTS_MAX: Final = 64
"""Texts given to a model at once: what keeps its matrices busy, an append at some twenty kilobytes, and its condition
at as many items as a query takes."""
TRIES: Final = 20
FIRST_PAUSE_S: Final = 1.0
PAUSE_S_MAX: Final = 300.0
BY: Final = "embedder"
_CHANGING: Final = tuple(event_type_of(each).name for each in (MemoryForgotten, MemoryRevised))


def _changes_of(ids: Iterable[str]) -> Query:
    """What would make vectors of these memories' texts pointless."""
    return Query(tuple(item for each in ids for item in Query.of(_CHANGING, [memory_tag(each)]).items))


def _ids(ask: Ask[Any, int]) -> tuple[str, ...]:
    ids: tuple[str, ...] = ask.request
    return ids


class _Again:
    """It is time to try again."""


class Embedding(Actor[Any]):
    """Keeps every memory's vector up to date.

    Asked for a tuple of memories' ids, it embeds at once those that have no vector; asked anything else, all of them.
    It answers how many memories that were.
    """

    name = "embedding"
    batch_limit = 4 * TEXTS_MAX

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._identity = str(embedder.identity)
        self._failures = 0
        self._is_timed = False
        self._random = Random(self.name)  # noqa: S311 - it spreads pauses
        self._has_begun = False
        self._working = trio.CancelScope()

    async def started(self) -> None:
        # Changes from here on are heard of; what came before is looked for.
        self.subscribe(MemoryRemembered, MemoryRevised, after=self.engine.head)
        self.later(_Again(), 0.0)

    def stopping(self) -> None:
        self._working.cancel()  # nobody asked for it: what has no vector is looked for when the engine is next opened

    async def _begin(self) -> None:
        """Say once whose vectors follow. Not at the start: the view may be long in the building, and nobody waits."""
        if self._has_begun:
            return
        engine = self.engine
        await engine.wait_for(Vectors)
        begun, chosen = self._view.embedders.get(BEGUN), self._view.embedders.get(CHOSEN)
        last = begun or chosen
        if last is None or last.embedder != self._identity:
            await engine.append(EmbedderBegun(self._identity), by=BY)
        self._has_begun = True

    @property
    def _view(self) -> Vectors:
        return self.engine.view(Vectors)

    async def handle(self, batch: Sequence[Any]) -> None:
        asks: list[Ask[Any, int]] = [message for message in batch if isinstance(message, Ask)]
        if asks:
            await self._work(batch, asks)
        elif not self.is_stopping:
            with trio.CancelScope() as self._working:
                await self._work(batch, asks)

    async def _work(self, batch: Sequence[Any], asks: Sequence[Ask[Any, int]]) -> None:
        events: list[Recorded[Any]] = [message for message in batch if isinstance(message, Recorded)]
        heard: list[str] = list(dict.fromkeys(event.data.id for event in events if not event.is_erased))
        asked: list[str] = [each for ask in asks if isinstance(ask.request, tuple) for each in _ids(ask)]
        is_due = any(isinstance(message, _Again) for message in batch)
        self._is_timed = self._is_timed and not is_due
        try:
            await self._begin()
            if is_due or not all(isinstance(ask.request, tuple) for ask in asks):
                count = await self._all()
            else:  # what is heard while the model fails waits with the rest
                count = await self._embed_all(list(dict.fromkeys([*asked, *([] if self._failures else heard)])))
        except Closed:
            return  # what has no vector is looked for when the engine is opened again
        except Exception as error:
            self._failures += 1
            self.went_wrong(error)
            _logger.exception("memories could not be embedded with %s; they wait", self._identity)
            for ask in asks:
                ask.fail(error)
        else:
            for ask in asks:
                ask.reply(count)
        self._set_timer()

    async def _all(self) -> int:
        """Embed whatever has no vector, and choose the embedder once nothing is left."""
        engine = self.engine
        await engine.wait_for(Vectors)
        lacking = await trio.to_thread.run_sync(self._lacking)
        count = await self._embed_all(lacking)
        await engine.wait_for(Vectors)
        chosen = self._view.embedders.get(CHOSEN)
        if chosen is None or chosen.embedder != self._identity:
            await engine.append(EmbedderChosen(self._identity), by=BY)
            await engine.wait_for(Vectors)
        self._failures = 0
        return count

    def _lacking(self) -> list[str]:
        return [row.id for row in self._view.told.iterate() if self._view.vectors.get(row.id, self._identity) is None]

    async def _embed_all(self, ids: Sequence[str]) -> int:
        return sum([await self._embed(ids[start : start + TEXTS_MAX]) for start in range(0, len(ids), TEXTS_MAX)])

    async def _embed(self, ids: Sequence[str]) -> int:
        """Embed some memories, and record their vectors."""
        engine = self.engine
        for _ in range(TRIES):
            after = engine.head
            await engine.flush()
            await engine.wait_for(Vectors, after)
            rows = [row for each in ids if (row := self._view.told.get(each)) is not None]
            found = [(row, text) for row in rows if (text := self._text(row)) is not None]
            if not found:
                return 0
            texts = [text for _, text in found]
            vectors = await trio.to_thread.run_sync(self._vectors, texts, abandon_on_cancel=True)  # it may hang
            events = [
                MemoryEmbedded(row.id, row.scope, row.told, self._identity, vector)
                for (row, _), vector in zip(found, vectors, strict=True)
            ]
            try:
                await engine.append(*events, by=BY, condition=Condition(_changes_of(row.id for row, _ in found), after))
            except Conflict:
                continue
            return len(events)
        message = f"{TRIES} times memories changed while they were being embedded"
        raise InvalidInput(message)

    def _text(self, told: ToldRow) -> str | None:
        """What a memory says and who said it, unless it has changed or has a vector."""
        if self._view.vectors.get(told.id, self._identity) is not None:
            return None
        row = self.engine.view(Memories).rows.get(told.id)
        return None if row is None else as_said(row.text, row.speaker)

    def _vectors(self, texts: list[str]) -> list[bytes]:
        identity = self._embedder.identity
        made = np.asarray(self._embedder.embed(texts))
        if made.shape != (len(texts), identity.dimension):
            message = f"{identity} made a matrix of {made.shape} for {len(texts)} texts"
            raise InvalidInput(message)
        return pack_directions(made)

    def _set_timer(self) -> None:
        if self._failures and not self._is_timed:
            self._is_timed = True
            pause = pause_s(self._failures, self._random, first_s=FIRST_PAUSE_S, longest_s=PAUSE_S_MAX)
            self.later(_Again(), pause)
