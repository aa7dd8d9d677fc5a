"""The tagger's actor: tagging at work on an engine, beside a memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, cast

from ..actors.actor import Actor
from ..actors.asks import Ask
from ..actors.restarts import Restart
from ..actors.tagger import Tagger
from ..actors.tagging import Decision, Tagging, TaggingStatistics
from ..core.errors import Conflict, KeyReused, RemanenceError
from ..core.queries import Condition
from ..engine.appending import Request
from ..engine.engine import Engine
from ..projections.memories.events import MemoryForgotten, MemoryRevised, memory_tag
from ..projections.memories.view import Memories, MemoryRow
from ..projections.rows import Rows
from ..projections.tagging.view import MemoryTags

__all__ = ["EngineDesk", "TaggerActor"]

_UNDONE: Final = (MemoryRevised, MemoryForgotten)


class EngineDesk:
    """What tagging works with, on an engine that has the view of tags."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @property
    def tags(self) -> MemoryTags:
        return self._engine.view(MemoryTags)

    @property
    def memories(self) -> Rows[MemoryRow]:
        return self._engine.view(Memories).rows

    def checkpoint(self) -> int:
        return self._engine.checkpoint(MemoryTags)

    async def shows(self, position: int) -> None:
        await self._engine.wait_for(MemoryTags, position)

    async def record(self, decisions: Sequence[Decision]) -> list[int]:
        requests = [
            Request(
                (decision.event,),
                by=f"tagger:{decision.event.tagger}",
                cause=decision.cause,
                key=decision.key,
                condition=self._still(decision),
            )
            for decision in decisions
        ]
        positions: list[int] = []
        for result in await self._engine.append_all(requests):
            if isinstance(result, KeyReused):  # said before, in other words: the first holds
                positions.extend(result.positions)
            elif isinstance(result, RemanenceError):
                if not isinstance(result, Conflict):
                    raise result
            else:
                positions.append(result.position)
        return positions

    def _still(self, decision: Decision) -> Condition:
        about = self._engine.query(types=_UNDONE, tags=[memory_tag(decision.event.id)])
        return Condition(about, decision.after)


class TaggerActor(Actor[Ask[str, TaggingStatistics]]):
    """Runs the tagging; asked anything, it tells how that is doing.

    A program's end doesn't wait for it: what is not tagged by then is tagged when the memory is next opened.
    """

    name = "tagger"
    restart = Restart(limit=1000, first_pause_s=1.0)  # with such pauses never so many: no tagger is worth an engine

    def __init__(self, tagger: Tagger | None = None) -> None:
        self._tagger = tagger

    async def started(self) -> None:
        desk = EngineDesk(cast("Engine", self.engine))
        self._tagging = Tagging(desk, self._tagger, went_wrong=self.went_wrong)
        self.spawn(self._tagging.run)

    async def handle(self, batch: Sequence[Ask[str, TaggingStatistics]]) -> None:
        for message in batch:
            if isinstance(message, Ask):
                message.reply(self._tagging.statistics())
