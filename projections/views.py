"""Views: projections at work on one log. Each keeps its own files, checkpoint and fate.

Invariants:
- a view takes events in order without a gap, or raises;
- a projection that raises leaves its view at the event before, says so, and stops nobody else;
- a view whose files fit another version or declaration of its projection isn't touched: the new one is built from the
  log beside it, and the old one is dropped once the new one has caught up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

from ..codecs.converter import EventConverter
from ..codecs.frames import leaf
from ..codecs.rows import RowCodec
from ..core.environment import DEFAULT_MAP_BYTES
from ..core.errors import NotFound, RemanenceError, ViewFailed
from ..core.log import Log, Progress
from ..core.machine import boot_id
from ..core.recorded import Recorded
from .caching.caches import Caches
from .caching.view_caches import CachedView, ViewCaches
from .digesting import digest_of
from .folding import failure_at, failure_before, fold
from .generations import live_generation, pending_generation, restart_pending, retire_others, view_path
from .projection import Projection, distinct
from .reading import Reading
from .rows import ReadRows
from .skips import skips_of
from .slow import SlowQueries, never
from .view_statistics import Parked, ViewState, ViewStatistics
from .view_store import LeafAt, ViewStore, close_unread

__all__ = ["View", "ViewStatistics", "Views", "distinct", "view_path"]

P = TypeVar("P", bound=Projection)


class View(CachedView, Generic[P]):
    """One projection over one log."""

    def __init__(
        self,
        root: Path,
        projection: type[P],
        log_id: bytes,
        converter: EventConverter,
        *,
        read_only: bool = False,
        map_bytes: int = DEFAULT_MAP_BYTES,
        boot: str | None = None,
        leaf_at: LeafAt | None = None,
        slow: SlowQueries = never,
        is_async: bool = False,
        generation: int | None = None,
        caches: Caches | None = None,
    ) -> None:
        """Open the view, empty if there are no files of this version that can be trusted.

        Args:
            root: the folder of all views.
            projection: what it is a view of.
            log_id: id of the log.
            converter: what rows are packed with.
            read_only: open without the right to write.
            map_bytes: initial size of the map.
            boot: which start of the machine this is; by default, what the system tells.
            leaf_at: looks into the log, to see whether the view is of its history.
            slow: notes queries that take long.
            is_async: whether it follows the log instead of being part of each commit.
            generation: which of its folders; by default, the live one.
            caches: where what is read is kept, as long as the view shows what its log says; None for nowhere.

        Raises:
            InvalidInput: a table's rows hold what can't be kept.
            NotFound: `read_only`, and there are none, or they have never caught up.
            StorageFailed: the disk refuses.
        """
        self.projection = projection
        self.name = projection.name
        self.is_async = is_async
        self.caches = ViewCaches(None if read_only else caches, self.name, projection.tables)
        self.parked: Parked | None = None
        self.skips: frozenset[int] = frozenset()
        self.rebuilt: int | None = None
        self._left: list[ViewStore] = []
        self._root = root
        self._read_only = read_only
        self._slow = slow.of(self.name)
        self._boot = boot_id() if boot is None else boot
        self._codecs: dict[str, RowCodec[Any]] = {
            name: RowCodec(table.row, converter) for name, table in projection.tables.items()
        }
        self._open_store = partial(
            ViewStore,
            databases=projection.databases(),
            log_id=log_id,
            read_only=read_only,
            map_bytes=map_bytes,
            boot=self._boot,
            leaf_at=leaf_at,
        )
        self._beside: Callable[..., View[P]] = partial(
            View, *(root, projection, log_id, converter), map_bytes=map_bytes, boot=boot, leaf_at=leaf_at
        )
        self._open_live() if generation is None else self._open(generation)
        self.rows = projection(Reading(lambda: self.reading))

    def _open_live(self) -> None:
        """Open the live generation; if it is dropped meanwhile, the one that has taken its place."""
        while True:
            generation = live_generation(self._root, self.projection, self._boot)
            try:
                return self._open(generation)
            except RemanenceError:
                if not self._read_only or generation == live_generation(self._root, self.projection, self._boot):
                    raise

    def _open(self, generation: int) -> None:
        store = self._open_store(view_path(self._root, self.projection, generation))
        if self._read_only and not store.is_ready():
            store.close()
            raise self._unbuilt()
        self.generation = generation
        self.is_ready = store.is_ready()
        self._checkpoint, self._proof = store.mark()
        self.store = store
        self._reading = self._tables_of(store)

    def _tables_of(self, store: ViewStore) -> Mapping[str, ReadRows[Any]]:
        env, codecs, gate, slow, rows = store.env, self._codecs, self._gate, self._slow, self.caches.rows
        return {name: rows(table, env, codecs[name], gate, slow) for name, table in self.projection.tables.items()}

    @property
    def checkpoint(self) -> int:
        """Position of the last event that the view shows."""
        if not self._read_only:
            return self._checkpoint
        self.follow()
        return self.store.mark()[0]

    @property
    def reading(self) -> Mapping[str, ReadRows[Any]]:
        """The tables, to read from."""
        self.follow()
        return self._reading

    def follow(self) -> None:
        """Read-only: go over to the files that have taken the place of ours, if others have.

        Raises:
            NotFound: they are of another version of the projection.
        """
        if self._read_only and self.store.is_replaced():
            old = self.store
            if live_generation(self._root, self.projection, self._boot) == self.generation:
                raise self._unbuilt()
            self._open_live()
            self._left = close_unread([*self._left, old])  # a loop over its rows may be going on

    def apply(self, events: Sequence[Recorded[Any]]) -> None:
        """Take the next events; those it has already are passed over.

        Raises:
            ViewFailed: the projection raised; the view shows everything up to the event before.
            StorageFailed: the disk refuses; the view is as before.
        """
        if self.failure is None:
            self.take(events)

    def take(self, events: Sequence[Recorded[Any]]) -> None:
        """As `apply`, whether or not the view has failed before: who mends it calls this until nothing is left.

        Raises:
            ViewFailed, StorageFailed: as `apply`.
        """
        events = [event for event in events if event.position > self._checkpoint] if events else events
        if not events:
            return
        if events[0].position != self._checkpoint + 1:
            message = f"the view {self.name} stands at {self._checkpoint} and was given event {events[0].position}"
            raise AssertionError(message)
        if not any(event.type in self.projection.handlers for event in events):
            self._checkpoint = events[-1].position  # stored with the next change: replaying these changes nothing
            self._proof = leaf(events[-1].frame)
            return
        failed = self._fold(events)
        if failed is not None:
            index, error = failed
            if index:
                self._fold(events[:index])
            self.failure = failure_at(self.name, events[index], error)
            raise self.failure from error

    def _fold(self, events: Sequence[Recorded[Any]]) -> tuple[int, Exception] | None:
        with self.caches.change():
            failed = fold(self.projection, self.store, self._codecs, events, self.skips, caches=self.caches)
            if failed is None:
                self._checkpoint, self._proof = events[-1].position, leaf(events[-1].frame)
        return failed

    def finish(self) -> None:
        """The view has caught up: let readers in, and drop the files of other versions."""
        self.store.park(None)
        self.store.mark_ready()
        self.let_in()
        retire_others(self._root, self.projection, self.generation, self._boot)

    def is_rebuild_pending(self) -> bool:
        """Whether a rebuild was begun, or asked for, and has not come to its end."""
        return pending_generation(self._root, self.projection, self.generation) is not None

    def beside(self) -> View[P]:
        """The view that is to take the place of this one: where an earlier process left it, or empty.

        Raises:
            StorageFailed: the disk refuses.
        """
        pending = pending_generation(self._root, self.projection, self.generation)
        built = self._beside(generation=self.generation + 1 if pending is None else pending)
        built.skips = self.skips
        return built

    def restart_pending(self) -> None:
        """Have a rebuild that was begun begin anew when it is gone on with."""
        restart_pending(self._root, self.projection, self.generation)

    def switch(self, built: View[P]) -> ViewStore:
        """Where events are applied: show what was built beside from now on; returns what was shown, to be dropped."""
        old = self.store
        built.store.mark_ready()  # the switch for every process that opens the view from here on
        self._checkpoint, self._proof = built._checkpoint, built._proof
        self.generation, self.store, self.is_ready = built.generation, built.store, True
        self.failure = self.parked = None
        self.caches.shut()
        # One assignment, last: a reader in another thread has the old tables or the new ones, never some of each.
        self._reading = self._tables_of(self.store)
        self.caches.renew(is_readable=True)
        return old

    def park(self, parked: Parked | None) -> None:
        """Note why the view stands still, or, with None, that it doesn't.

        Raises:
            StorageFailed: the disk refuses; it is noted in this process alone.
        """
        self.parked = parked
        self.store.park(None if parked is None else parked.pack())

    def fail(self, error: RemanenceError) -> ViewFailed:
        """The view can't go on for another reason than its projection."""
        self.failure = failure_before(self.name, self._checkpoint + 1, error)
        return self.failure

    def digest(self) -> str:
        """Digest of all rows and index entries: equal views, and only they, have equal ones."""
        return digest_of(self.reading)

    def statistics(self, head: int, lag_s: float | None = None, reached: int | None = None) -> ViewStatistics:
        """How a view that shows everything up to `reached` is doing, when the event after that has waited `lag_s`."""
        reading = self.reading
        checkpoint = self.checkpoint if reached is None else reached
        parked = self.parked
        if self._read_only and (packed := self.store.parked()) is not None:
            parked = Parked.unpack(packed)
        state: ViewState = "rebuilding" if self.rebuilt is not None else "live" if self.is_ready else "building"
        if parked is not None or self.failure is not None:
            state = "retrying" if parked is None else "parked"
        is_shown = self.is_ready if self.is_async else self.failure is None
        return ViewStatistics(
            name=self.name,
            version=self.projection.version,
            checkpoint=checkpoint,
            lag_events=head - checkpoint,
            rows={name: rows.count() for name, rows in reading.items()} if is_shown else {},
            used_bytes=self.store.env.used_bytes(),
            failure=None if self.failure is None else str(self.failure),
            lag_s=lag_s,
            state=state,
            is_async=self.is_async,
            rebuilt=self.rebuilt,
            parked=parked,
        )

    def close(self) -> None:
        """Store the checkpoint, flush and close."""
        self.caches.shut()
        try:
            self.settle()
        finally:
            for store in (self.store, *self._left):
                store.close()

    def settle(self) -> None:
        """Store the checkpoint, if events that changed nothing have moved it since it was stored last."""
        if not self._read_only and self._checkpoint > self.store.mark()[0]:
            self.store.write(lambda _: None, self._checkpoint, self._proof)

    def _gate(self) -> None:
        """A view in the commit that failed shows nothing, because it must not show less than was acknowledged."""
        if not self.is_async:
            if self.failure is not None:
                raise self.failure
        elif not self.is_ready:
            raise self._unbuilt()

    def _unbuilt(self) -> NotFound:
        message = f"the view {self.name} is still being built; "
        wait = f"await engine.wait_for({self.projection.__name__})"
        return NotFound(message + ("try again when the process that builds it is done" if self._read_only else wait))


class Views:
    """All views of a log."""

    def __init__(self, views: Sequence[View[Any]], caches: Caches | None = None) -> None:
        self.caches = caches
        self._views = {view.projection: view for view in views}

    def __iter__(self) -> Iterator[View[Any]]:
        return iter(self._views.values())

    @property
    def inline(self) -> Iterator[View[Any]]:
        """Those that are part of the commits."""
        return (view for view in self if not view.is_async)

    def of(self, projection: type[P]) -> View[P]:
        """The view of a projection.

        Raises:
            NotFound: the log was opened without it.
        """
        found = self._views.get(projection)
        if found is None:
            message = f"no view of {projection.__name__}; pass it in projections=[…] when you open the engine"
            raise NotFound(message)
        return cast("View[P]", found)

    def catch_up(self, log: Log, progress: Progress | None = None) -> None:
        """Bring every view that is part of the commits up to the log's head.

        Raises:
            StorageFailed, Damaged: as the log or a view's files say.
        """
        for view in self:
            view.skips = skips_of(log, view.projection)
        head = log.head
        behind = [view for view in self.inline if view.checkpoint < head]
        start = min((view.checkpoint for view in behind), default=head)
        names = ", ".join(view.name for view in behind)
        for batch in log.scan(after=start, before=head + 1, decoded=True):
            self.apply(batch)
            if progress is not None:
                progress(names, batch[-1].position - start, head - start)
        for view in self.inline:
            if view.failure is None:
                view.finish()

    def require_current(self, log: Log) -> None:
        """Make sure that views opened read-only show everything that the log has, as far as it concerns them.

        Raises:
            NotFound: one doesn't; whoever writes the log has yet to bring it up to date.
        """
        for view in self.inline:
            for batch in log.scan(after=view.checkpoint):
                if any(event.type in view.projection.handlers for event in batch):
                    message = (
                        f"the view {view.name} is behind its log; open it once for writing, or try again in a moment"
                    )
                    raise NotFound(message)

    def apply(self, events: Sequence[Recorded[Any]]) -> list[ViewFailed]:
        """Give every view that is part of the commits the next events; returns the failures that this brought."""
        failures: list[ViewFailed] = []
        for view in self.inline:
            try:
                view.apply(events)
            except ViewFailed as failure:
                failures.append(failure)
        return failures

    def close(self) -> None:
        """Close all, even if one refuses; raises what the first one did."""
        errors: list[RemanenceError] = []
        for view in self:
            try:
                view.close()
            except RemanenceError as error:
                errors.append(error)
        if errors:
            raise errors[0]
