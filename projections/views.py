"""Views: projections at work on one log. Each keeps its own files, checkpoint and fate.

Invariants:
- a view takes events in order without a gap, or raises;
- a projection that raises leaves its view at the event before, says so, and stops nobody else;
- a view whose files fit another version or declaration of its projection isn't touched: the new one is built from the
  log beside it, and the old one is dropped once the new one has caught up.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

import attrs
import lmdb
from blake3 import blake3

from ..codecs.converter import EventConverter
from ..codecs.frames import leaf
from ..codecs.rows import RowCodec
from ..core.environment import DEFAULT_MAP_BYTES
from ..core.errors import InvalidInput, NotFound, RemanenceError, ViewFailed
from ..core.log import Log, Progress
from ..core.recorded import Recorded
from .projection import Projection
from .rows import ReadRows, WriteRows
from .slow import SlowQueries, never
from .view_store import LeafAt, ViewStore

__all__ = ["View", "ViewStatistics", "Views", "absorb", "distinct", "view_path"]

P = TypeVar("P", bound=Projection)


@attrs.frozen
class ViewStatistics:
    """How a view is doing.

    Attributes:
        name: the projection's name.
        version: the projection's version.
        checkpoint: position of the last event it has taken.
        lag_events: how many events it is behind the log.
        rows: number of rows, by table.
        used_bytes: what its files hold.
        failure: what its projection raised, or None.
    """

    name: str
    version: int
    checkpoint: int
    lag_events: int
    rows: Mapping[str, int]
    used_bytes: int
    failure: str | None


def view_path(root: Path, projection: type[Projection]) -> Path:
    """The directory of a view: it names everything that its files depend on."""
    return root / f"{projection.name}-{projection.version}-{projection.fingerprint()}"


def distinct(projections: Iterable[type[Projection]]) -> tuple[type[Projection], ...]:
    """Projections in order, each once.

    Raises:
        InvalidInput: two have one name, and would keep their views in one place.
    """
    names: dict[str, type[Projection]] = {}
    for projection in projections:
        first = names.setdefault(projection.name, projection)
        if first is not projection:
            message = f"{first.__qualname__} and {projection.__qualname__} are both called {first.name}; name one anew"
            raise InvalidInput(message)
    return tuple(names.values())


class View(Generic[P]):
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
    ) -> None:
        """Open the view, empty if there are no files of this version that can be trusted.

        Raises:
            InvalidInput: a table's rows hold what can't be kept.
            NotFound: `read_only`, and there are none, or they have never caught up.
            StorageFailed: the disk refuses.
        """
        self.projection = projection
        self.name = projection.name
        self.failure: ViewFailed | None = None
        self._root = root
        self._read_only = read_only
        tables = projection.tables
        self._codecs: dict[str, RowCodec[Any]] = {
            name: RowCodec(table.row, converter) for name, table in tables.items()
        }
        self.store = ViewStore(
            view_path(root, projection),
            projection.databases(),
            log_id,
            read_only=read_only,
            map_bytes=map_bytes,
            boot=boot,
            leaf_at=leaf_at,
        )
        if read_only and not self.store.is_ready():
            self.store.close()
            message = f"the view {self.name} is still being built; try again when the process that builds it is done"
            raise NotFound(message)
        self._checkpoint, self._proof = self.store.mark()
        env = self.store.env
        self._reading = {
            name: ReadRows(table, env, self._codecs[name], self._gate, slow.of(self.name))
            for name, table in tables.items()
        }
        self.rows = projection(self._reading)

    @property
    def checkpoint(self) -> int:
        """Position of the last event that the view shows."""
        return self.store.mark()[0] if self._read_only else self._checkpoint

    def apply(self, events: Sequence[Recorded[Any]]) -> None:
        """Take the next events; those it has already are passed over.

        Raises:
            ViewFailed: the projection raised; the view shows everything up to the event before.
            StorageFailed: the disk refuses; the view is as before.
        """
        events = [event for event in events if event.position > self._checkpoint] if events else events
        if not events or self.failure is not None:
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
            self.failure = _failure(self.name, events[index], error)
            raise self.failure from error

    def _fold(self, events: Sequence[Recorded[Any]]) -> tuple[int, Exception] | None:
        """Run the handlers over events in one transaction; or tell which event's handler raised what."""
        failed: list[tuple[int, Exception]] = []

        def change(txn: lmdb.Transaction[bytes]) -> None:
            failed.clear()
            rows = {
                name: WriteRows(table, self.store.env, self._codecs[name], txn)
                for name, table in self.projection.tables.items()
            }
            fold = self.projection(rows)
            handlers = self.projection.handlers
            for index, event in enumerate(events):
                handler = handlers.get(event.type)
                if handler is None or event.is_erased:
                    continue
                try:
                    handler(fold, event)
                except Exception as error:
                    failed.append((index, error))
                    raise _Abandoned from error
            for each in rows.values():
                each.flush()

        position, proof = events[-1].position, leaf(events[-1].frame)
        try:
            self.store.write(change, position, proof)
        except _Abandoned:
            return failed[0]
        self._checkpoint, self._proof = position, proof
        return None

    def finish(self) -> None:
        """The view has caught up: let readers in, and drop the files of other versions."""
        self.store.mark_ready()
        for other in self._root.glob(f"{self.name}-*-*"):
            if other != self.store.path and other.name.rsplit("-", 2)[0] == self.name:
                shutil.rmtree(other)

    def digest(self) -> str:
        """Digest of all rows and index entries: equal views, and only they, have equal ones."""
        hasher = blake3()
        for name, rows in sorted(self._reading.items()):
            for entry in rows.entries():
                absorb(hasher, name, entry)
        return hasher.hexdigest()

    def statistics(self, head: int) -> ViewStatistics:
        """How the view is doing, when the log ends at `head`."""
        return ViewStatistics(
            name=self.name,
            version=self.projection.version,
            checkpoint=self.checkpoint,
            lag_events=head - self.checkpoint,
            rows={name: rows.count() for name, rows in self._reading.items()} if self.failure is None else {},
            used_bytes=self.store.env.used_bytes(),
            failure=None if self.failure is None else str(self.failure),
        )

    def close(self) -> None:
        """Store the checkpoint, flush and close."""
        try:
            self.settle()
        finally:
            self.store.close()

    def settle(self) -> None:
        """Store the checkpoint, if events that changed nothing have moved it since it was stored last."""
        if not self._read_only and self._checkpoint > self.store.mark()[0]:
            self.store.write(lambda _: None, self._checkpoint, self._proof)

    def _gate(self) -> None:
        if self.failure is not None:
            raise self.failure


def absorb(hasher: blake3, table: str, entry: tuple[str, bytes, bytes]) -> None:
    """Take an entry of a table (database, key, value) into a view's digest. Tables come in the order of their names."""
    database, key, value = entry
    for part in (table.encode(), database.encode(), key, value):
        hasher.update(len(part).to_bytes(4, "big") + part)


class _Abandoned(Exception):
    """Leaves a transaction unwritten."""


def _failure(name: str, event: Recorded[Any], error: Exception) -> ViewFailed:
    message = f"the view {name} stands before event {event.position} ({event.type}): its projection raised "
    message += f"{type(error).__name__}: {error}; mend it, and the view catches up when the log is next opened"
    return ViewFailed(message, view=name, position=event.position)


class Views:
    """All views of a log."""

    def __init__(self, views: Sequence[View[Any]]) -> None:
        self._views = {view.projection: view for view in views}

    def __iter__(self) -> Iterator[View[Any]]:
        return iter(self._views.values())

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
        """Bring every view up to the log's head.

        Raises:
            StorageFailed, Damaged: as the log or a view's files say.
        """
        head = log.head
        behind = [view for view in self if view.checkpoint < head]
        start = min((view.checkpoint for view in behind), default=head)
        names = ", ".join(view.name for view in behind)
        for batch in log.scan(after=start, before=head + 1, decoded=bool(behind)):
            self.apply(batch)
            if progress is not None:
                progress(names, batch[-1].position - start, head - start)
        for view in self:
            if view.failure is None:
                view.finish()

    def require_current(self, log: Log) -> None:
        """Make sure that views opened read-only show everything that the log has, as far as it concerns them.

        Raises:
            NotFound: one doesn't; whoever writes the log has yet to bring it up to date.
        """
        for view in self:
            for batch in log.scan(after=view.checkpoint):
                if any(event.type in view.projection.handlers for event in batch):
                    message = (
                        f"the view {view.name} is behind its log; open it once for writing, or try again in a moment"
                    )
                    raise NotFound(message)

    def apply(self, events: Sequence[Recorded[Any]]) -> list[ViewFailed]:
        """Give every view the next events; returns the failures that this brought."""
        failures: list[ViewFailed] = []
        for view in self:
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
