"""A past memory: a moment that can be asked about one memory at once, and about everything once it is entered.

One memory is folded from its own events up to the moment, which are a few, wherever in the log they stand. What is
asked of all memories takes their views: those are folded from the nearest snapshot when the block is entered.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING

from ..core.log import Progress
from ..core.past import Moment, past_log, position_at
from ..engine.engine import Engine
from ..projections.alone import fold_alone
from ..projections.memories.view import Memories, MemoryRow
from ..projections.skips import skips_of
from ..projections.tagging.view import TagRow
from .histories import Histories
from .tagged import tags_from

if TYPE_CHECKING:
    from .reading import MemoryReader

__all__ = ["PastMemory"]


class PastMemory(Histories):
    """A memory as it stood at a moment. `MemoryReader.as_of` gives it.

    As it is, it answers about single memories: `get`, `history` and `why` read their events alone. Entered with
    `async with`, it gives a `MemoryReader`, which answers everything.

    Attributes:
        position: the last event of then.
    """

    def __init__(
        self, engine: Engine, moment: Moment, progress: Progress | None, reader: Callable[[Engine], MemoryReader]
    ) -> None:
        """Look at a moment.

        Raises:
            InvalidInput: the log has no such position, or the datetime no time zone.
            Closed: the engine is closed.
        """
        self.position = position_at(engine.log, moment)
        super().__init__(engine, past_log(engine.log, self.position))
        self._progress = progress
        self._reader = reader
        self._entered = contextlib.AsyncExitStack()

    def get(self, memory_id: str) -> MemoryRow:
        """The memory with this id, as it was then.

        Raises:
            NotFound: there was none, or it had been forgotten.
            ViewFailed: the view of memories could not take one of its events.
        """
        events = self._events_of(memory_id)
        if events:
            skips = skips_of(self._opened.log, Memories)
            row = fold_alone(Memories, events, skips, self._log.registry.converter).rows.get(memory_id)
            if row is not None:
                return row
        raise self._absence(memory_id)

    def tags(self, memory_id: str) -> TagRow:
        """What a tagger had made of a memory by then.

        Raises:
            NotFound, ViewFailed: as `get`.
        """
        return tags_from(self.history(memory_id), self.get(memory_id))

    async def __aenter__(self) -> MemoryReader:
        engine = await self._entered.enter_async_context(self._opened.as_of(self.position, progress=self._progress))
        return self._reader(engine)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return await self._entered.__aexit__(kind, error, trace)
