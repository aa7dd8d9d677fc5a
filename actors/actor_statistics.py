"""How an actor is doing, as plain values."""

from __future__ import annotations

from typing import Final

import attrs

__all__ = ["ActorState", "ActorStatistics"]


class ActorState:
    """Where an actor is in its lives."""

    NEW: Final = "new"
    STARTING: Final = "starting"
    RUNNING: Final = "running"
    CRASHED: Final = "crashed"
    """It is begun again after a pause."""
    STOPPED: Final = "stopped"
    FAILED: Final = "failed"
    """It crashed too often."""


@attrs.frozen
class ActorStatistics:
    """How an actor is doing.

    Attributes:
        name: its name.
        state: "new", "starting", "running", "crashed" (it is begun again after a pause), "stopped" or "failed".
        waiting: messages in its mailbox, and those whose senders wait for room there, by lane.
        blocked_senders: tasks that wait for room.
        handled: messages and events handled, in all its lives.
        dropped: asks passed over because their callers had left.
        coalesced: messages that took the place of an earlier one.
        restarts: how often it was begun again.
        last_error: what it crashed with last.
        dead_letters: messages for it that reached nobody.
        position: the last event that it has been given, or that is not for it; None if it subscribes to none.
    """

    name: str
    state: str
    waiting: dict[str, int]
    blocked_senders: int
    handled: int
    dropped: int
    coalesced: int
    restarts: int
    last_error: str | None
    dead_letters: int
    position: int | None
