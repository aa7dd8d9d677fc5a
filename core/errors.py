"""Errors of the log and of what is built on it, each named by who must act.

| who acts          | errors                                                      |
|-------------------|-------------------------------------------------------------|
| the caller        | `InvalidInput`, `NotFound`, `Conflict`, `KeyReused`, `OutcomeUnknown`, `Closed` |
|                   | `Behind`, `Unanswered`                                       |
| the programmer    | `Unreadable`, `ViewFailed`                                   |
| another process   | `Locked`                                                     |
| the disk's keeper | `Damaged`, `StorageFailed`                                   |
"""

from __future__ import annotations

from ..codecs.errors import Damaged, InvalidInput, RemanenceError

__all__ = [
    "Behind",
    "Closed",
    "Conflict",
    "Damaged",
    "InvalidInput",
    "KeyReused",
    "Locked",
    "NotFound",
    "OutcomeUnknown",
    "RemanenceError",
    "StorageFailed",
    "Unanswered",
    "Unreadable",
    "ViewFailed",
]


class NotFound(RemanenceError, LookupError):
    """What was asked for isn't there: a memory, a log, a position."""


class Conflict(RemanenceError):
    """The append's condition failed: somebody recorded a matching event first. Nothing was written.

    Look again, decide again.

    Attributes:
        position: the newest event that stood in the way.
    """

    def __init__(self, message: str, *, position: int) -> None:
        super().__init__(message)
        self.position = position


class KeyReused(RemanenceError):
    """The key was used before, for other content. Nothing was written; use a new key for new content.

    Attributes:
        key: the key, or None when it is an event's own content.
        positions: where the events of the key's first use stand.
    """

    def __init__(self, message: str, *, key: str | None, positions: range) -> None:
        super().__init__(message)
        self.key = key
        self.positions = positions


class OutcomeUnknown(RemanenceError):
    """The append was handed over, and its deadline passed (or the disk failed) before the answer came.

    It may be in the log or not. Append the same events with `key` again: they will be there once.

    Attributes:
        key: the append's dedup key.
    """

    def __init__(self, message: str, *, key: str | None) -> None:
        super().__init__(message)
        self.key = key


class Closed(RemanenceError):
    """The engine, log or actor is closed, or belongs to the process before a fork; open it in this process again."""


class Behind(RemanenceError, TimeoutError):
    """A view did not reach a position by the deadline. It goes on; wait longer, or look at what it shows now.

    Attributes:
        view: name of the view.
        checkpoint: position of the last event that it shows.
        position: what was waited for.
    """

    def __init__(self, message: str, *, view: str, checkpoint: int, position: int) -> None:
        super().__init__(message)
        self.view = view
        self.checkpoint = checkpoint
        self.position = position


class Unanswered(RemanenceError):
    """An actor gave no answer: the deadline passed, its mailbox was full, or it crashed over the question.

    Attributes:
        actor: its name.
        is_taken: whether it had begun to act, so that an effect may have come to be.
    """

    def __init__(self, message: str, *, actor: str, is_taken: bool) -> None:
        super().__init__(message)
        self.actor = actor
        self.is_taken = is_taken


class Unreadable(RemanenceError):
    """A stored event doesn't fit its registered class. The bytes are sound; the code must learn to read them.

    Attributes:
        position: the event.
        type: its type name.
        version: the schema version it was stored with.
    """

    def __init__(self, message: str, *, position: int, type: str, version: int) -> None:  # noqa: A002 - the field's name
        super().__init__(message)
        self.position = position
        self.type = type
        self.version = version


class ViewFailed(RemanenceError):
    """A projection raised; its view stands at the event before. The log and the other views go on.

    Attributes:
        view: name of the view.
        position: the event that the projection could not take.
    """

    def __init__(self, message: str, *, view: str, position: int) -> None:
        super().__init__(message)
        self.view = view
        self.position = position


class Locked(RemanenceError):
    """Another process writes to this log. Stop it, or open read-only.

    Attributes:
        pid: its process id, if it could be read.
    """

    def __init__(self, message: str, *, pid: int | None) -> None:
        super().__init__(message)
        self.pid = pid


class StorageFailed(RemanenceError):
    """The disk refused: full, read-only, or failing. What was acknowledged stays; what was not is not written."""
