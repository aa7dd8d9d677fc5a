"""Reading: everything that can be asked of a memory, whether it is live, read-only or past.

`Memory` adds the writing. The past is asked through the very same methods, on an engine of the past.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import trio

from ..core.log import Progress
from ..core.past import Moment, position_at
from ..core.recorded import Recorded
from ..engine.bisecting import bisect
from ..engine.engine import Engine, Statistics
from ..engine.past import interruptible, replaying
from ..projections.auditing import Audit
from ..projections.memories.view import Memories, MemoryRow
from ..projections.replaying import Replay
from ..projections.rows import Rows
from ..projections.snapshots import FOLDER
from ..projections.tagging.importance import Importance, importance_of
from ..projections.tagging.view import TagRow
from .clustering import ClusterReading
from .differing import MemoryDiff, difference
from .histories import Histories, is_id
from .identity import NewMemory, check_moment
from .past_memory import PastMemory
from .recalling import Recalling
from .tagged import TagsWanted, find_tagged, tags_of, wait_for_tags
from .wanted import Order, Wanted

if TYPE_CHECKING:
    from ..core.verify import Report

__all__ = ["MemoryReader"]


class MemoryReader(ClusterReading, Histories, Recalling):
    """A memory to read from. `Memory` is one; so is every past one, which `as_of` gives.

    Attributes:
        engine: the engine that it stands on.
    """

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine, engine.log)
        self.engine = engine
        view = engine.views.of(Memories)
        self._view = view.rows
        cache = view.caches.tables.get("rows")
        self._objects = None if cache is None else cache.objects

    @property
    def _rows(self) -> Rows[MemoryRow]:
        """The memories, looked up anew: a rebuild puts others in their place."""
        return self._view.rows

    def get(self, memory_id: str) -> MemoryRow:
        """The memory with this id, as it is now.

        Raises:
            NotFound: there is none, or it has been forgotten.
        """
        # What is kept of the view is right by itself (`projections.caching`): a hit asks nothing else.
        if self._objects is not None and type(memory_id) is str:
            hit: MemoryRow | None = self._objects.get(memory_id)
            if hit is not None:
                return hit
        row = self._rows.get(memory_id) if is_id(memory_id) else None
        if row is None:
            raise self._absence(memory_id)
        return row

    def find(
        self,
        *,
        scope: str | Sequence[str] = "main",
        kind: str | None = None,
        tags: Iterable[str] = (),
        session: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        min_confidence: float = 0.0,
        keyword: str | None = None,
        cxd: str | None = None,
        quality: str | None = None,
        order: Order = "newest",
        limit: int | None = 100,
    ) -> list[MemoryRow]:
        """Memories of a scope that fit all that is said, by index.

        Args:
            scope: whose memories.
            kind: only of this kind.
            tags: only with all these tags.
            session: only turns of this conversation, which come in its order whatever `order` says.
            since: only from this time on.
            until: only before this time.
            min_confidence: only this sure or surer.
            keyword: only with this keyword, or this word in one, of a tagger's.
            cxd: only of this class: control, context, data.
            quality: only of this quality: good, doubtful, short, duplicate, junk.
            order: "newest" or "oldest" first by time, or "surest" first by confidence.
            limit: at most so many; None for all.

        Raises:
            InvalidInput: something can't be taken.
            NotFound: a keyword, class or quality is asked for, and the memory was opened without a tagger.
        """
        tagged = TagsWanted(keyword=keyword, cxd=cxd, quality=quality)
        wanted = Wanted(
            scope=scope,
            kind=kind,
            tags=tags,
            session=session,
            since=since,
            until=until,
            min_confidence=min_confidence,
            order=order,
            limit=limit,
        )
        return wanted.among(self._rows) if tagged.is_anything else find_tagged(self.engine, wanted, tagged)

    def tags(self, memory_id: str) -> TagRow:
        """What a tagger made of a memory: keywords, class, quality.

        Raises:
            NotFound: there is no such memory, or it has been forgotten.
        """
        return tags_of(self.engine, self.get(memory_id))

    async def wait_for_tags(self, timeout_s: float | None = None) -> None:
        """Make what was accepted durable, and wait until a tagger has seen every memory that there is.

        Raises:
            Behind: not within `timeout_s` seconds.
            NotFound: the memory was opened without a tagger.
            ViewFailed, Closed: as `Engine.wait_for`.
        """
        await wait_for_tags(self.engine, timeout_s)

    def importance(self, memory_id: str, at: datetime | None = None) -> Importance:
        """How much a memory matters at a moment: by class, use, age, confidence and kind.

        Args:
            memory_id: the memory.
            at: the moment, an aware datetime; by default, now.

        Raises:
            NotFound: there is no such memory, or it has been forgotten.
            InvalidInput: the moment has no time zone.
        """
        row = self.get(memory_id)
        time_ns = self.engine.clock() if at is None else check_moment("at", at)
        return importance_of(row, tags_of(self.engine, row), time_ns)

    def events(
        self,
        *,
        after: int = 0,
        types: Iterable[type | str] = (),
        tags: Iterable[str] = (),
        live: bool = True,
    ) -> AsyncGenerator[Recorded[Any], None]:
        """Every event that matches: first those there are, then each new one as it is committed (`Engine.events`)."""
        return self.engine.events(after=after, types=types, tags=tags, live=live)

    def stats(self) -> Statistics:
        """What the memory holds and how it is doing."""
        return self.engine.statistics()

    # -- the past

    def as_of(self, moment: Moment, *, progress: Progress | None = None) -> PastMemory:
        """This memory as it stood (`Engine.as_of`).

        `memory.as_of(moment).get(id)` folds that one memory's events, as `history` and `why` read no others.
        `async with memory.as_of(moment) as past:` gives all that can be asked, on views from the nearest snapshot.

        Args:
            moment: a position, or an aware datetime: then the last event recorded by then.
            progress: told how far building the views is.

        Raises:
            InvalidInput: the log has no such position, or the datetime no time zone.
            Closed: the engine is closed.
            ViewFailed, Damaged, StorageFailed: on entering, as the projections or the disk say.
        """
        return PastMemory(self.engine, moment, progress, MemoryReader)

    async def audit(self, *, progress: Progress | None = None) -> list[Audit]:
        """Compare every view with what its events make (`Engine.audit`)."""
        return await self.engine.audit(progress=progress)

    async def diff(
        self,
        start: Moment,
        end: Moment | None = None,
        *,
        scope: str | Sequence[str] | None = None,
        progress: Progress | None = None,
    ) -> MemoryDiff:
        """What became of memories from one moment to another: which were added, revised, reinforced, forgotten.

        Args:
            start: the first moment, a position or an aware datetime; what happened at it is not in the difference.
            end: the second moment; by default, now.
            scope: whose memories; by default, everybody's.
            progress: told how far folding the log is.

        Raises:
            InvalidInput: the log has no such position, or the first moment comes after the second.
            Damaged, StorageFailed: as the disk says.
        """
        whose = None if scope is None else NewMemory("anything", scope).scope
        folder = self.engine.path / "views" / FOLDER
        tell = interruptible(progress)
        work = partial(difference, self.engine.log, start, end, whose, snapshots=folder, progress=tell)
        return await trio.to_thread.run_sync(work)

    async def bisect(
        self,
        predicate: Callable[[MemoryReader], bool],
        *,
        start: Moment = 0,
        end: Moment | None = None,
        progress: Progress | None = None,
    ) -> int:
        """The position of the event after which something became true.

        If it turned true and false again and again, this is one of the events after which it did.

        Args:
            predicate: asked about the memory as it stood, some log2 of the number of events times.
            start: a moment when it was false.
            end: a moment when it was true; by default, now.
            progress: told how far each folding is.

        Raises:
            InvalidInput: it was true at the start, or a moment is none.
            NotFound: it was false at the end.
            ViewFailed, Damaged, StorageFailed: as the projections or the disk say.
        """

        def holds(replay: Replay) -> bool:
            with self.engine.standing(replay) as past:
                return predicate(MemoryReader(past))

        log = self.engine.log
        last = log.head if end is None else position_at(log, end)
        projections = [view.projection for view in self.engine.views]
        async with replaying(log, projections, start, folder=self.engine.path, progress=progress) as first:
            return await bisect(first, last, holds, progress=progress)

    async def fork(self, moment: Moment, path: Path | str) -> Report:
        """Make a log in an empty or a new folder that shares this one's past up to a moment, and verify it.

        It has an id and a chain of its own, and notes where it comes from; its events are these, byte for byte. Open it
        as any memory, to see what would have become of it.

        Raises:
            InvalidInput: the folder holds something, or the moment is none, or in the middle of an append with a key.
            Locked: the folder is open in an engine.
            Damaged, StorageFailed: as the disk says; nothing is made.
        """
        from ..core.fork import fork  # noqa: PLC0415 - it verifies what it copies, which few programs ever do

        return await trio.to_thread.run_sync(fork, self.engine.log, moment, Path(path))
