"""The clusterer: takes changes in when enough wait, or when they have waited long enough.

It doesn't hold up writing: it is told of changes once they are recorded, and finds them in the clusters view. The timer
is a real one, so that the last changes before a silence are taken in too. What it can't do now (a model that fails, a
disk that refuses) waits and is tried again, after ever longer pauses; nobody else is stopped by that.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from random import Random
from typing import Any, Final

import attrs
import trio

from ...core.embedder import Embedder
from ...core.errors import Closed
from ...core.recorded import Recorded
from ...projections.clusters.view import Clusters
from ...projections.memories.events import MemoryForgotten, MemoryRemembered, MemoryRevised
from ...projections.semantic.vectors import Vectors
from ..actor import Actor
from ..address import Address
from ..asks import Ask
from ..embedding.embedding import Embedding
from ..restarts import pause_s
from .batches import DEPTH_MAX
from .taking_in import TakingIn

__all__ = ["CHANGES", "QUIET_S", "Clusterer"]

_logger = logging.getLogger(__name__)
CHANGES: Final = 10
QUIET_S: Final = 5.0
FIRST_PAUSE_S: Final = 1.0
PAUSE_S_MAX: Final = 300.0


@attrs.frozen
class _Due:
    """The time has come for the changes of this round."""

    round: int


class _Recalls:
    """The vectors that are recorded for recall."""

    def __init__(self, embedding: Address, view: Vectors, embedder: Embedder) -> None:
        self._embedding = embedding
        self._view = view
        self._identity = str(embedder.identity)

    async def embed(self, ids: Sequence[str]) -> None:
        await self._embedding.ask(tuple(dict.fromkeys(ids)), timeout_s=None)

    def vector(self, memory_id: str, told: int) -> bytes | None:
        row, kept = self._view.told.get(memory_id), self._view.vectors.get(memory_id, self._identity)
        return kept.vector if row is not None and row.told == told and kept is not None else None


class Clusterer(Actor[Any]):
    """Keeps the clusters of an engine up to date.

    Asked anything, it takes in at once all that waits, and answers how many changes that were.
    """

    name = "clusterer"

    def __init__(
        self,
        embedder: Embedder,
        *,
        changes: int = CHANGES,
        quiet_s: float = QUIET_S,
        depth_max: int = DEPTH_MAX,
        is_shared: bool = False,
    ) -> None:
        """Prepare.

        Args:
            embedder: what makes vectors.
            changes: how many changes are enough.
            quiet_s: how long the first of them waits for that, in seconds.
            depth_max: how many steps of conflict a batch reaches.
            is_shared: whether recall goes by vectors of the same model.
        """
        self._embedder = embedder
        self._changes = changes
        self._quiet_s = quiet_s
        self._depth_max = depth_max
        self._is_shared = is_shared
        self._waiting = 0
        self._is_unsure = True  # an earlier life may have left changes: look once in any case
        self._round = 0
        self._is_timed = False
        self._failures = 0
        self._trying = trio.CancelScope()
        self._random = Random(self.name)  # noqa: S311 - it spreads pauses

    async def started(self) -> None:
        engine = self.engine
        head = engine.head
        shared = (
            _Recalls(engine.actor(Embedding.name), engine.view(Vectors), self._embedder) if self._is_shared else None
        )
        self._taking: TakingIn = TakingIn(
            engine, engine.view(Clusters), self._embedder, depth_max=self._depth_max, shared=shared
        )
        self.subscribe(MemoryRemembered, MemoryRevised, MemoryForgotten, after=head)
        self._set_timer()

    async def handle(self, batch: Sequence[Any]) -> None:
        asks: list[Ask[Any, int]] = [message for message in batch if isinstance(message, Ask)]
        self._waiting += sum(isinstance(message, Recorded) for message in batch)
        is_due = any(isinstance(message, _Due) and message.round == self._round for message in batch)
        if asks:
            await self._answer(asks)
        elif (is_due or (self._waiting >= self._changes and not self._failures)) and not self.is_stopping:
            await self._try()
        self._set_timer()

    def stopping(self) -> None:
        self._trying.cancel()  # nobody asked for it: what waits is taken in when the engine is next opened

    async def _answer(self, asks: Sequence[Ask[Any, int]]) -> None:
        try:
            count = await self._take_in()
        except Exception as error:  # noqa: BLE001 - whoever asked is told
            for ask in asks:
                ask.fail(error)
        else:
            for ask in asks:
                ask.reply(count)

    async def _try(self) -> None:
        with trio.CancelScope() as self._trying:
            await self._take_in_or_wait()

    async def _take_in_or_wait(self) -> None:
        try:
            await self._take_in()
        except Closed:
            pass  # the engine closes: what waits is taken in when it is next opened
        except Exception as error:
            self._failures += 1
            self.went_wrong(error)
            self._new_round()
            _logger.exception("%d changes of memories could not be taken into clusters; they wait", self._waiting)

    async def _take_in(self) -> int:
        engine = self.engine
        await engine.wait_for(Clusters)
        count = await self._taking.all()
        self._failures = self._waiting = 0
        self._is_unsure = False
        self._new_round()
        return count

    def _new_round(self) -> None:
        self._round += 1
        self._is_timed = False

    def _set_timer(self) -> None:
        """See to it that what waits now doesn't wait for ever."""
        if (self._waiting or self._is_unsure) and not self._is_timed:
            self._is_timed = True
            longest = max(self._quiet_s, PAUSE_S_MAX)
            after_s = (
                pause_s(self._failures, self._random, first_s=FIRST_PAUSE_S, longest_s=longest)
                if self._failures
                else self._quiet_s
            )
            self.later(_Due(self._round), after_s)

    @property
    def taking(self) -> TakingIn:
        """What does the work, and counts it."""
        return self._taking
