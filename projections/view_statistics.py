"""What can be said of a view from outside: how far it is, and what keeps it. Unknown is never shown as zero."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from typing import Any, Final, Literal

import attrs
import msgspec

from ..core.errors import ViewFailed

__all__ = ["Parked", "ViewState", "ViewStatistics"]

ViewState = Literal["live", "building", "rebuilding", "retrying", "parked"]
TRACEBACK_CHARS_MAX: Final = 8000
"""The end of a traceback tells where it happened; a recursion's beginning doesn't."""


@attrs.frozen
class Parked:
    """Why a view stands still.

    Attributes:
        position: the event that its projection could not take.
        error: what it raised, in a sentence.
        attempts: how often it was tried.
        traceback: where it raised.
    """

    position: int
    error: str
    attempts: int
    traceback: str

    @classmethod
    def of(cls, failure: ViewFailed, attempts: int) -> Parked:
        """What a failure comes to after so many attempts."""
        trace = "".join(traceback.format_exception(failure.__cause__ or failure))
        return cls(failure.position, str(failure), attempts, trace[-TRACEBACK_CHARS_MAX:])

    def pack(self) -> bytes:
        """As it is kept in the view's files, for other processes to show."""
        return msgspec.json.encode(attrs.asdict(self))

    @classmethod
    def unpack(cls, packed: bytes) -> Parked:
        """What `pack` made."""
        fields: dict[str, Any] = msgspec.json.decode(packed, type=dict[str, Any])
        return cls(**fields)


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
        lag_s: how long the first event that it has not taken has been in the log, in seconds; 0 when there is none,
            None when it isn't known.
        state: "live"; "building" for the first time; "rebuilding" beside what it shows; "retrying" what failed;
            "parked".
        is_async: whether it follows the log in a task of its own.
        rebuilt: how far the new one beside it is, or None when there is none.
        parked: why it stands still, or None.
    """

    name: str
    version: int
    checkpoint: int
    lag_events: int
    rows: Mapping[str, int]
    used_bytes: int
    failure: str | None
    lag_s: float | None = None
    state: ViewState = "live"
    is_async: bool = False
    rebuilt: int | None = None
    parked: Parked | None = None
