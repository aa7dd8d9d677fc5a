"""The engine: a log, its views and its writer. For those who bring events and projections of their own.

Reads are synchronous and touch no actor: they go to a view or the log and return. Writes go through the writer.
An engine belongs to the Trio loop and the process that opened it.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Generator, Iterable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

import attrs
import trio

from ..actors.actor_statistics import ActorStatistics
from ..actors.keeper import Keeper
from ..actors.reaction_statistics import ReactionStatistics
from ..actors.writer import Writer, WriterStatistics
from ..core.clock import Entropy, WallClock
from ..core.embedder import Embedder
from ..core.errors import Closed, InvalidInput
from ..core.log import Log, Progress
from ..core.past import Moment, past_log
from ..core.queries import Query
from ..core.recorded import Recorded
from ..projections.auditing import Audit
from ..projections.caching.caches import CacheStatistics
from ..projections.projection import Projection
from ..projections.recall.plugs import RecallSettings
from ..projections.replaying import Replay
from ..projections.slow import SlowQueries, SlowQuery, never
from ..projections.view_statistics import ViewStatistics
from ..projections.views import Views
from .acting import Acting
from .appending import Appending
from .keeping import Cache, cache_of
from .past import replaying
from .tending import POLL_S, Tending

__all__ = ["Engine", "Statistics"]

P = TypeVar("P", bound=Projection)
READ_BATCH: Final = 1024


@attrs.frozen
class Statistics:
    """What an engine holds and how it is doing.

    Attributes:
        path: its folder.
        log_id: the log's random id, hex.
        head: position of the last event.
        log_bytes: what the log's file holds.
        types: number of events by type.
        unknown_types: those of the types that this program has no class for; its views pass them over.
        views: every view.
        writer: the writer, or None when the engine is read-only.
        slow_queries: the last queries that took longer than `Settings.slow_query_s`, in this process; 100 at most.
        reactions: every reaction at work in this process.
        actors: every actor, the engine's own among them; none when it is read-only.
        cache: what is kept in memory of what was read; None if nothing is.
    """

    path: str
    log_id: str
    head: int
    log_bytes: int
    types: Mapping[str, int]
    unknown_types: tuple[str, ...]
    views: tuple[ViewStatistics, ...]
    writer: WriterStatistics | None
    slow_queries: tuple[SlowQuery, ...] = ()
    reactions: tuple[ReactionStatistics, ...] = ()
    actors: tuple[ActorStatistics, ...] = ()
    cache: CacheStatistics | None = None


class Engine(Appending, Acting, Tending):
    """An open log with its views. Made by `open_engine`, and closed by it."""

    def __init__(
        self,
        path: Path,
        log: Log,
        views: Views,
        writer: Writer | None,
        slow: SlowQueries,
        *,
        clock: WallClock,
        entropy: Entropy,
        keepers: Iterable[Keeper] = (),
        is_past: bool = False,
    ) -> None:
        Tending.__init__(self, log, views, keepers)
        Appending.__init__(self, path, log, writer)
        Acting.__init__(self)
        self.clock = clock
        self.entropy = entropy
        self.embedders: tuple[Embedder, ...] = ()
        self.recall = RecallSettings()
        self._slow = slow
        self._news = trio.Event()
        self._is_closed = False
        self._is_past = is_past
        if writer is not None:
            writer.on_commit(lambda _: self._wake())

    # -- reading

    @property
    def head(self) -> int:
        """Position of the last event, 0 when there is none."""
        return self.log.head

    def read(
        self,
        *,
        after: int = 0,
        before: int | None = None,
        types: Iterable[type | str] = (),
        tags: Iterable[str] = (),
        query: Query | None = None,
        limit: int | None = None,
        backward: bool = False,
        decoded: bool = False,
    ) -> list[Recorded[Any]]:
        """Events in the order of their positions.

        Args:
            after: only those after this position.
            before: only those before this position.
            types: only those of one of these types, given by class or by name.
            tags: only those with all these tags.
            query: instead of types and tags.
            limit: at most so many.
            backward: the newest first.
            decoded: decode them at once, because the data of all will be asked for: that is cheaper together.

        Raises:
            Damaged: an event is.
        """
        wanted = self._query(query, types, tags)
        return self.log.read(wanted, after=after, before=before, limit=limit, backward=backward, decoded=decoded)

    def query(self, *, types: Iterable[type | str] = (), tags: Iterable[str] = ()) -> Query:
        """A query by types and tags, to read with, to join to others by `|`, or to guard an append with."""
        return self._query(None, types, tags)

    async def events(
        self,
        *,
        after: int = 0,
        types: Iterable[type | str] = (),
        tags: Iterable[str] = (),
        query: Query | None = None,
        live: bool = True,
    ) -> AsyncGenerator[Recorded[Any], None]:
        """Every event that matches: first those there are, then each new one as it is committed.

        Args:
            after: only those after this position: where the reader left off.
            types: only those of one of these types.
            tags: only those with all these tags.
            query: instead of types and tags.
            live: go on for ever; or end at what is there now, as the past does in any case.
        """
        wanted = self._query(query, types, tags)
        end = self._visible()
        while True:
            news = self._news
            head = self._visible() if live else end
            batch = self.log.read(wanted, after=after, before=head + 1, limit=READ_BATCH)
            for recorded in batch:
                yield recorded
            if len(batch) == READ_BATCH:
                after = batch[-1].position
                await trio.lowlevel.checkpoint()
                continue
            if not live or self._is_past:
                return
            after = max(after, head)
            await self._changed(news)
            self._refuse_closed()

    def view(self, projection: type[P]) -> P:
        """A projection's tables, to read from.

        Raises:
            NotFound: the engine was opened without it.
        """
        return self.views.of(projection).rows

    def checkpoint(self, projection: type[Projection]) -> int:
        """Position of the last event that a view shows."""
        return self.views.of(projection).checkpoint

    def digest(self, projection: type[Projection]) -> str:
        """Digest of everything in a view: the same events give the same digest, on any machine."""
        return self.views.of(projection).digest()

    def statistics(self) -> Statistics:
        """What the engine holds and how it is doing."""
        head, types = self.head, self.log.types()
        return Statistics(
            path=str(self.path),
            log_id=self.log.store.log_id.hex(),
            head=head,
            log_bytes=self.log.store.used_bytes(),
            types=types,
            unknown_types=tuple(name for name in types if self.log.registry.named(name) is None),
            views=self._view_statistics(head, self.clock()),
            writer=None if self._writer is None else self._writer.statistics(),
            slow_queries=self._slow.kept(),
            reactions=self._reaction_statistics(head, self.clock()),
            actors=self.actor_statistics(),
            cache=None if self.views.caches is None else self.views.caches.statistics(),
        )

    @property
    def cache(self) -> Cache:
        """What is kept in memory of what was read. Raises Closed if nothing is."""
        return cache_of(self, self.views.caches)

    async def backup(self, target: Path | str) -> None:
        """Copy the log, not its views, to an empty folder as work goes on. Raises InvalidInput, StorageFailed."""
        await trio.to_thread.run_sync(self.log.store.backup, Path(target))

    # -- the past

    @contextlib.asynccontextmanager
    async def as_of(self, moment: Moment, *, progress: Progress | None = None) -> AsyncGenerator[Engine, None]:
        """This engine as it stood: the same reads, of the log up to then and of views that show it.

        Args:
            moment: a position, or an aware datetime: then the last event recorded by then.
            progress: told how far building the views is.

        Raises:
            InvalidInput: the log has no such position, or the datetime no time zone.
            ViewFailed, Damaged, StorageFailed: as the projections or the disk say.
        """
        self._refuse_closed()
        projections = [view.projection for view in self.views]
        async with replaying(self.log, projections, moment, folder=self.path, progress=progress) as replay:
            with self.standing(replay) as past:
                yield past

    @contextlib.contextmanager
    def standing(self, replay: Replay) -> Generator[Engine, None, None]:
        """This engine as it stood where a replay of its log stands."""
        log = past_log(self.log, replay.position)
        past = Engine(self.path, log, replay.views, None, never, clock=self.clock, entropy=self.entropy, is_past=True)
        past.embedders = self.embedders
        past.recall = self.recall
        try:
            yield past
        finally:
            past.end()

    async def audit(self, *, progress: Progress | None = None) -> list[Audit]:
        """Fold the log anew and compare every view with what comes out, as work goes on. Raises what `as_of` does."""
        self._refuse_closed()
        return await self._audited(progress)

    # -- inside

    def _refuse_closed(self) -> None:
        if self._is_closed:
            message = f"the engine of {self.path} is closed"
            raise Closed(message)

    def _query(self, query: Query | None, types: Iterable[type | str], tags: Iterable[str]) -> Query:
        self._refuse_closed()
        names = [self.log.registry.name_of(each) for each in types]
        own = Query.of(names, tags)
        if query is not None and own.items:
            message = "give a query, or types and tags, not both"
            raise InvalidInput(message)
        return own if query is None else query

    def _visible(self) -> int:
        """Position up to which events are acknowledged, so that every view shows what a subscriber is told."""
        return self.head if self._writer is None else self._writer.acknowledged

    def _wake(self) -> None:
        news, self._news = self._news, trio.Event()
        news.set()

    async def _changed(self, news: trio.Event) -> None:
        """Wait until there may be something new. A hint only: who waits looks at the log again."""
        if self._writer is None:
            await trio.sleep(POLL_S)
        else:
            await news.wait()

    def end(self) -> None:
        """Answer nobody any more, and tell those who wait for events. For `open_engine`, in the Trio loop."""
        self._is_closed = True
        self._wake()

    def close(self) -> None:
        """Let go of the files. For `open_engine`, once the writer has stopped."""
        try:
            self.views.close()
        finally:
            self.log.close()
