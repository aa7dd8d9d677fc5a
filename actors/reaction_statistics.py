"""What can be said of a reaction: by the process that runs it, and by the log alone. Unknown is never shown as zero."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

import attrs

from ..core.log import Log
from ..core.queries import Query

__all__ = ["ReactionState", "ReactionStatistics", "ReactionTrace", "last_failure", "reaction_traces"]

ReactionState = Literal["starting", "following", "handling", "waiting", "ended"]
_TAG: Final = "reaction:"
_FAILED: Final = "reaction.failed"


@attrs.frozen
class ReactionStatistics:
    """How a reaction is doing, as the process knows that runs it.

    Attributes:
        name: its name.
        state: "starting"; "following" the log; "handling" an event; "waiting" for a disk that refuses; "ended".
        position: the last event that it is done with, whether or not that concerned it; None while it starts.
        handling: the event that its handler is at work on, or None.
        handled: events handled since the engine was opened.
        failed: events since then whose handler raised.
        skipped: events since then that were passed over, because they had been erased.
        lag_events: how many events it is behind the log, whether or not they concern it; None while it starts.
        lag_s: how long the first of those has been in the log, in seconds; 0 when there is none, None when unknown.
        last_error: what the last failure raised, in this process or an earlier one; None if there was none.
        last_failed: the event of that failure.
    """

    name: str
    state: ReactionState
    position: int | None
    handling: int | None
    handled: int
    failed: int
    skipped: int
    lag_events: int | None
    lag_s: float | None
    last_error: str | None
    last_failed: int | None


@attrs.frozen
class ReactionTrace:
    """What the log tells of a reaction, whoever runs it.

    Attributes:
        name: its name.
        position: the event that it marked last. What came since may not concern it: how far behind it is, is not known.
        taken: events that it has taken up. Of the last one, nobody knows from here whether it was brought to its end.
        failed: those of them whose handler raised.
        last_error: what the last failure raised, or None.
        last_failed: the event of that failure.
    """

    name: str
    position: int
    taken: int
    failed: int
    last_error: str | None
    last_failed: int | None


def last_failure(log: Log, name: str) -> tuple[int | None, str | None]:
    """The event of a reaction's last failure and what was raised, as far as they are recorded and not erased.

    Raises:
        Damaged: the log is.
    """
    found = log.read(Query.of([_FAILED], [_TAG + name]), backward=True, limit=1)
    if not found or found[0].is_erased:
        return None, None
    return int(found[0].raw["position"]), str(found[0].raw["error"])


def reaction_traces(log: Log) -> Iterator[ReactionTrace]:
    """What the log tells of every reaction that ever ran on it, by name.

    Raises:
        Damaged: the log is.
    """
    for name in sorted(tag.removeprefix(_TAG) for kind, tag in _terms(log) if kind == "tag" and tag.startswith(_TAG)):
        marks = log.read(Query.of(["reaction.marked"], [_TAG + name]), backward=True, limit=1)
        if not marks or marks[0].is_erased:
            continue  # somebody else's tag, or nothing that could be told
        ours, failed = (_count(log, types, name) for types in (["reaction.marked"], [_FAILED]))
        last_failed, error = last_failure(log, name)
        # The first mark says where the reaction began; it takes up no event.
        yield ReactionTrace(name, int(marks[0].raw["position"]), ours - 1, failed, error, last_failed)


def _terms(log: Log) -> Iterator[tuple[str, str]]:
    return (term for term, _ in log.catalog.terms())


def _count(log: Log, types: list[str], name: str) -> int:
    return len(log.catalog.select(Query.of(types, [_TAG + name]), 0, log.head + 1, None, backward=False))
