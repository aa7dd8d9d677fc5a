"""The indexer: it keeps what recall needs close behind the log, so that no question waits for more than a few events.

It works beside the writer, in a thread and in small batches. Nothing depends on it: a question takes up what is new
itself, and would only wait longer without the indexer, or without the files that it keeps for the next program.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

import trio

from ..core.errors import RemanenceError
from ..core.recorded import Recorded
from ..projections.memories.events import MemoryRemembered, MemoryRevised
from .actor import Actor

__all__ = ["Following", "Indexer"]

_logger = logging.getLogger(__name__)
Scope = tuple[str, ...]
ENOUGH: Final = 512
"""Memories of a scope that are worth a visit: a question takes up fewer by itself, in some 20 ms."""
SCOPES_MAX: Final = 10_000
"""Scopes whose news are counted; beyond, those with the least are forgotten, and taken up by their next question."""


class Following(Protocol):
    """Indexes that follow a log."""

    def advance(self, scope: Scope) -> bool:
        """Take up the next batch of what has changed in a scope; whether there is more."""
        ...

    def keep(self, scope: Scope) -> bool:
        """Keep the index of a scope in its file if enough has changed; whether it was."""
        ...


class Indexer(Actor[Recorded[Any]]):
    """Has the indexes follow what is remembered."""

    batch_limit = ENOUGH

    def __init__(self, indexes: Callable[[], Following | None]) -> None:
        """Look after indexes.

        Args:
            indexes: gives them; None as long as there are none.
        """
        self._indexes = indexes

    async def started(self) -> None:
        self._waiting: Counter[Scope] = Counter()
        self.subscribe(MemoryRemembered, MemoryRevised, after=self.engine.head)

    async def handle(self, batch: Sequence[Recorded[Any]]) -> None:
        self._waiting.update(tuple(event.data.scope) for event in batch if not event.is_erased)
        if len(self._waiting) > SCOPES_MAX:
            self._waiting = Counter(dict(self._waiting.most_common(SCOPES_MAX // 2)))
        for scope, count in list(self._waiting.items()):
            if count >= ENOUGH:
                del self._waiting[scope]
                await self._visit(scope)

    async def _visit(self, scope: Scope) -> None:
        indexes = self._indexes()
        if indexes is None:
            return
        is_more = keeps = True
        try:
            while is_more and not self.is_stopping:
                is_more = await trio.to_thread.run_sync(indexes.advance, scope)
                # On the way too: where memories come without a pause, there is always more.
                keeps = keeps and not self.is_stopping and await self._keep(indexes, scope)
        except (OSError, RemanenceError) as error:  # a question takes up what is missing
            self.went_wrong(error)
            _logger.warning("the index of the scope %s does not follow: %s", "/".join(scope), error)

    async def _keep(self, indexes: Following, scope: Scope) -> bool:
        """Have what was taken up kept, if it is worth it; whether the disk lets us."""
        try:
            await trio.to_thread.run_sync(indexes.keep, scope)
        except OSError as error:  # the next program makes anew what is missing
            self.went_wrong(error)
            _logger.warning("the index of the scope %s could not be kept: %s", "/".join(scope), error)
            return False
        return True
