"""What can be said of a reaction: by the process that runs it, and by the log alone. Unknown is never shown as zero."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

import attrs

from ..core.log import Log
from ..core.queries import Query
from .reaction import ReactionFailed

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
        last_failure: the last event whose handler raised, in this process or an earlier one, with the error and where
            it was raised; None if there was none.
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
    last_failure: ReactionFailed | None


@attrs.frozen
class ReactionTrace:
    """What the log tells of a reaction, whoever runs it.

    Attributes:
        name: its name.
        position: the event that it marked last. What came since may not concern it: how far behind it is, is not known.
        taken: events that it has taken up. Of the last one, nobody knows from here whether it was brought to its end.
        failed: those of them whose handler raised.
        last_failure: the last of those, with the error and where it was raised, or None.
    """

    name: str
    position: int
    taken: int
    failed: int
    last_failure: ReactionFailed | None


def last_failure(log: Log, name: str) -> ReactionFailed | None:
    """A reaction's last failure, as far as it is recorded, not erased, and known to this program.

    Raises:
        Damaged: the log is.
    """
    found = log.read(Query.of([_FAILED], [_TAG + name]), backward=True, limit=1)
    if not found or found[0].is_erased or not found[0].is_known:
        return None
    failed: ReactionFailed = found[0].data
    return failed


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
        # The first mark says where the reaction began; it takes up no event.
        yield ReactionTrace(name, int(marks[0].raw["position"]), ours - 1, failed, last_failure(log, name))


def _terms(log: Log) -> Iterator[tuple[str, str]]:
    return (term for term, _ in log.catalog.terms())


def _count(log: Log, types: list[str], name: str) -> int:
    return len(log.catalog.select(Query.of(types, [_TAG + name]), 0, log.head + 1, None, backward=False))
