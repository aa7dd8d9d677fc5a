"""`eventsourcing`, the best known event-sourcing library for Python, on SQLite, as durable as it is by default.

A note is an aggregate, as its users would have it; an append saves as many new aggregates as it has notes, in one
transaction. It has no tags on SQLite, so it does less than the others.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from .append_threads import Send
from .material import NoteTaken
from .peers import PeerMissing

__all__ = ["Eventsourcing", "open_eventsourcing"]


@contextmanager
def open_eventsourcing(folder: Path) -> Generator[Eventsourcing]:
    """An application over a database in `folder`.

    Raises:
        PeerMissing: it is not installed.
    """
    application, aggregate = _classes()
    app = application({"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(folder / "notes.sqlite")})
    try:
        yield Eventsourcing(app, aggregate)
    finally:
        app.close()


class Eventsourcing:
    """An open application; its threads share it."""

    def __init__(self, app: Any, aggregate: Any) -> None:
        self._app = app
        self._aggregate = aggregate

    def connect(self) -> Send:
        """What a thread appends with."""
        save, aggregate = self._app.save, self._aggregate

        def send(notes: Sequence[NoteTaken]) -> Sequence[int]:
            made = [aggregate(note.id, note.scope, note.session, note.text, note.importance) for note in notes]
            return [recording.notification.id for recording in save(*made)]

        return send

    def count(self) -> int:
        """The last notification's id: they are dense as long as nothing fails."""
        return int(self._app.recorder.max_notification_id() or 0)

    def note(self, note_id: str) -> NoteTaken | None:
        """The aggregate of this id, folded from its events."""
        try:
            found = self._app.repository.get(UUID(note_id))
        except KeyError:
            return None
        return NoteTaken(found.note_id, found.scope, found.session, found.text, found.importance)

    def session(self, session: str) -> set[str] | None:  # noqa: ARG002 - the port's
        """It can't say without an index of its user's own."""
        return None


@cache  # it knows a class by where it was defined: there may be only one
def _classes() -> tuple[Any, Any]:
    try:
        from eventsourcing.application import Application  # noqa: PLC0415 - an extra
        from eventsourcing.domain import Aggregate, event  # noqa: PLC0415
    except ImportError as error:
        raise PeerMissing("eventsourcing") from error

    class Note(Aggregate):
        @event("Taken")
        def __init__(self, note_id: str, scope: str, session: str, text: str, importance: float) -> None:
            self.note_id = note_id
            self.scope = scope
            self.session = session
            self.text = text
            self.importance = importance

        @staticmethod
        def create_id(note_id: str) -> UUID:
            return UUID(note_id)

    return Application[UUID], Note
