"""What the clients of an append run were told, and whether all of it is true.

A client's notes are made from its number, so they need not be kept: to check, they are made again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final, Protocol

import attrs

from .checks import check_dense, check_same
from .material import TURNS, NoteTaken, notes

__all__ = ["Journal", "Load", "Reader", "check_answers"]

_READ_BACK: Final = 8
"""Notes and sessions of each client that are read back."""


@attrs.frozen
class Load:
    """How many clients append how many events at a time, and for how long."""

    clients: int
    events: int
    seconds: float


class Reader(Protocol):
    """A store that can be asked what it holds."""

    def count(self) -> int:
        """How many notes it holds."""
        ...

    def note(self, note_id: str) -> NoteTaken | None:
        """A note, found by its id alone."""
        ...

    def session(self, session: str) -> set[str] | None:
        """The ids of a session's notes; None if the store can't look for them."""
        ...


class Journal:
    """One client: what it sends, and the positions and latencies that it was told and saw."""

    def __init__(self, client: int, events: int) -> None:
        self.client = client
        self.positions: list[int] = []
        self.latencies_s: list[float] = []
        self._events = events
        self._notes = notes(client)

    def next(self) -> list[NoteTaken]:
        """The notes of its next append."""
        return list(islice(self._notes, self._events))

    def took(self, positions: Sequence[int], seconds: float) -> None:
        """Note an answer.

        Raises:
            WrongAnswer: it isn't as many positions as there were notes.
        """
        if len(positions) != self._events:
            check_same(f"client {self.client}: positions of an append", len(positions), self._events)
        self.positions += positions
        self.latencies_s.append(seconds)

    def begin(self) -> None:
        """What was before was warming up: it counts as written, and not as measured."""
        self.latencies_s.clear()

    @property
    def measured(self) -> int:
        """How many notes were acknowledged since `begin`."""
        return len(self.latencies_s) * self._events

    def sent(self) -> Iterator[tuple[int, NoteTaken]]:
        """Every note it has sent, with the position that it was told."""
        return zip(self.positions, notes(self.client), strict=False)

    def check_last(self, reader: Reader, note: NoteTaken) -> None:
        """Read a note that has just been acknowledged.

        Raises:
            WrongAnswer: it isn't there, or not as it was sent.
        """
        check_same(f"client {self.client}: its newest note, read at the acknowledgement", reader.note(note.id), note)


def check_answers(journals: Sequence[Journal], reader: Reader) -> None:
    """Compare what a store holds with what its clients were told.

    Raises:
        WrongAnswer: it isn't that.
    """
    check_same("number of notes", reader.count(), sum(len(journal.positions) for journal in journals))
    check_dense("all clients", (position for journal in journals for position in journal.positions))
    for journal in journals:
        sessions = list(_sessions(journal))
        for session in sessions[:: max(1, len(sessions) // _READ_BACK)]:
            ids = {note.id for note in session}
            check_same(f"note of client {journal.client}", reader.note(session[0].id), session[0])
            found = reader.session(session[0].session)
            if found is not None:
                check_same(f"session {session[0].session}", found, ids)


def _sessions(journal: Journal) -> Iterator[tuple[NoteTaken, ...]]:
    sent = (note for _, note in journal.sent())
    while session := tuple(islice(sent, TURNS)):
        yield session
