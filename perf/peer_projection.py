"""`eventsourcing`'s projections on SQLite: notifications through `process_event` into a view that tracks its position.

The library's own runner needs a recorder that can be subscribed to, which the one on SQLite can't be. So its loop
stands here, without the threads: notifications by the thousand, each to its event and to the projection, whose view
puts the row and the tracking in one transaction, as the library asks for. Its files aren't flushed, as ours aren't.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, Final

from ..projections.memories.events import MemoryRemembered
from .peers import PeerMissing

__all__ = ["Projected", "open_projected"]

_PAGE: Final = 1_000


@contextmanager
def open_projected(folder: Path) -> Generator[Projected]:
    """An application, and an empty view of it, in `folder`.

    Raises:
        PeerMissing: it is not installed.
    """
    application, aggregate, view_class, projection = _classes()
    from eventsourcing.persistence import InfrastructureFactory  # noqa: PLC0415 - an extra
    from eventsourcing.utils import Environment  # noqa: PLC0415

    settings = {"PERSISTENCE_MODULE": "eventsourcing.sqlite"}
    app = application({**settings, "SQLITE_DBNAME": str(folder / "events.sqlite")})
    factory = InfrastructureFactory[Any].construct(
        Environment("memories", {**settings, "SQLITE_DBNAME": str(folder / "view.sqlite")})
    )
    view = factory.tracking_recorder(view_class)
    try:
        yield Projected(app, aggregate, view, projection(view))
    finally:
        factory.close()
        app.close()


class Projected:
    """An application with a view."""

    def __init__(self, app: Any, aggregate: Any, view: Any, projection: Any) -> None:
        self._app = app
        self._aggregate = aggregate
        self._view = view
        self._projection = projection

    def fill(self, memories: Iterator[MemoryRemembered]) -> None:
        """Save a new aggregate for each memory."""
        while batch := list(islice(memories, _PAGE)):
            self._app.save(*(self._aggregate(told) for told in batch))

    def catch_up(self) -> int:
        """Bring the view up to the application; the number of events that it took."""
        from eventsourcing.persistence import Tracking  # noqa: PLC0415 - an extra

        app, process = self._app, self._projection.process_event
        taken = self._view.max_tracking_id(app.name) or 0
        while found := app.recorder.select_notifications(taken + 1, _PAGE):
            for notification in found:
                process(app.mapper.to_domain_event(notification), Tracking(app.name, notification.id))
            taken = found[-1].id
        return int(taken)

    def rows(self) -> list[tuple[str, str]]:
        """Id and text of every row, in the order of events."""
        return list(self._view.rows())


@cache  # it knows a class by where it was defined: there may be only one
def _classes() -> tuple[Any, Any, Any, Any]:
    try:
        from eventsourcing.application import Application  # noqa: PLC0415 - an extra
        from eventsourcing.domain import Aggregate, event  # noqa: PLC0415
        from eventsourcing.projection import Projection  # noqa: PLC0415
    except ImportError as error:
        raise PeerMissing("eventsourcing") from error

    class Memory(Aggregate):
        @event("Remembered")
        def __init__(  # noqa: PLR0917 - the library's decorator makes an event of them
            self, memory_id: str, scope: str, kind: str, text: str, confidence: float, session: str
        ) -> None:
            self.memory_id = memory_id
            self.scope = scope
            self.kind = kind
            self.text = text
            self.confidence = confidence
            self.session = session

    view_class = _view_class()

    class MemoriesProjection(Projection[Any]):
        name = "memories"

        def process_event(  # pyright: ignore[reportIncompatibleVariableOverride] - a plain method will do
            self, domain_event: Any, tracking: Any
        ) -> None:
            self.view.remember(domain_event, tracking)

    def make(told: MemoryRemembered) -> Any:
        return Memory(
            *(told.id, "/".join(told.scope), told.kind, told.text, told.confidence, told.session or ""),
        )

    return Application, make, view_class, MemoriesProjection


def _view_class() -> Any:
    """A table of memories with indexes, in the database that tracks the projection's position."""
    from eventsourcing.sqlite import SQLiteTrackingRecorder  # noqa: PLC0415 - an extra

    class MemoryView(SQLiteTrackingRecorder):
        def construct_create_table_statements(self) -> list[str]:
            table = (
                "CREATE TABLE IF NOT EXISTS memories (position INTEGER PRIMARY KEY, id TEXT UNIQUE, scope TEXT, "
                "kind TEXT, text TEXT, confidence REAL, session TEXT, time REAL)"
            )
            indexes = [f"CREATE INDEX IF NOT EXISTS {name} ON memories ({fields})" for name, fields in _INDEXES.items()]
            return [*super().construct_create_table_statements(), table, *indexes]

        def create_table(self) -> None:
            with self.datastore.get_connection(commit=True) as connection:
                connection.cursor().execute("PRAGMA synchronous=OFF")
            super().create_table()

        def remember(self, told: Any, tracking: Any) -> None:
            with self.datastore.transaction(commit=True) as cursor:
                self._insert_tracking(cursor, tracking)
                cursor.execute(
                    "INSERT INTO memories VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        *(tracking.notification_id, told.memory_id, told.scope, told.kind, told.text),
                        *(told.confidence, told.session, told.timestamp.timestamp()),
                    ),
                )

        def rows(self) -> list[tuple[str, str]]:
            with self.datastore.transaction(commit=False) as cursor:
                cursor.execute("SELECT id, text FROM memories ORDER BY position")
                return [(row["id"], row["text"]) for row in cursor.fetchall()]

    return MemoryView


_INDEXES: Final = {
    "by_time": "scope, time",
    "by_kind": "scope, kind, time",
    "by_confidence": "scope, confidence",
    "by_session": "scope, session, position",
}
