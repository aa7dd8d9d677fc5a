"""Reacting: the actor that runs one reaction. Mark, act, record: in this order, one event at a time.

| a crash after … | the event is                                                            |
|-----------------|-------------------------------------------------------------------------|
| nothing         | handled when the log is next opened                                     |
| the mark        | passed over: nobody can know whether the handler had begun              |
| the effect      | handled; what the handler returned is lost with it                      |
| the recording   | handled, and its outcome is in the log                                  |
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any, Final

import trio

from ..core.errors import Closed, OutcomeUnknown, StorageFailed
from ..core.log import Log
from ..core.queries import Query
from ..core.recorded import Recorded
from .actor import Actor
from .reaction import Reaction, ReactionFailed, ReactionMarked
from .reaction_statistics import ReactionState, ReactionStatistics, last_failure
from .writer import Writer

__all__ = ["Reacting"]

_logger = logging.getLogger(__name__)
NOTHING: Final = "reaction.nothing"
"""No event has this type: a query of none would match everything."""
PAUSE_S: Final = 1.0
"""Between attempts to record something on a disk that refuses."""


class Reacting(Actor[Recorded[Any]]):
    """Runs a reaction."""

    needs = ("writer",)

    def __init__(self, log: Log, reaction: Reaction, writer: Writer) -> None:
        self.name = f"reaction:{reaction.name}"
        self.reaction = reaction.name
        self._log = log
        self._reaction = reaction
        self._writer = writer
        self._state: ReactionState = "starting"
        self._handling: int | None = None
        self._handled = self._failed = self._skipped = 0
        self._last_failure: ReactionFailed | None = None

    @property
    def position(self) -> int:
        """The last event that the reaction is done with; 0 before it has begun."""
        return self.cell.address.position or 0

    async def wait_for(self, position: int) -> None:
        """Wait until the reaction is done with everything up to a position.

        Raises:
            Closed: it ended first.
        """
        await self.cell.address.wait_for(position)

    def statistics(self, head: int, lag_s: Callable[[int], float | None]) -> ReactionStatistics:
        """How the reaction is doing.

        Args:
            head: where the log ends.
            lag_s: how long the event after a position has been in the log, in seconds.
        """
        position = self.cell.address.position
        return ReactionStatistics(
            name=self.reaction,
            state=self._state,
            position=position,
            handling=self._handling,
            handled=self._handled,
            failed=self._failed,
            skipped=self._skipped,
            lag_events=None if position is None else max(0, head - position),
            lag_s=None if position is None else lag_s(position),
            last_failure=self._last_failure,
        )

    # -- the actor

    async def started(self) -> None:
        self._last_failure = last_failure(self._log, self.reaction)
        position = await self._begin()
        self.subscribe(*(self._reaction.reactors or (NOTHING,)), after=position)
        self._state = "following"

    async def handle(self, batch: Sequence[Recorded[Any]]) -> None:
        for event in batch:
            if self.is_stopping:
                return  # it is not marked, and handled when the log is next opened
            try:
                await self._react(event)
            except Closed:
                _logger.warning("the %s ended: the log takes no more", self.name)
                self.stop()
            else:
                self.passed(event.position)

    async def ended(self) -> None:
        self._state = "ended"
        self._handling = None

    async def _begin(self) -> int:
        """The position of the last mark; the first time, make one, so that what comes from now on is not missed."""
        marks = self._log.read(Query.of(["reaction.marked"], [self.name]), backward=True, limit=1)
        if marks:
            return int(marks[0].raw["position"])
        since = self._reaction.since
        start = self._writer.acknowledged if since is None else since
        await self._record([ReactionMarked(self.reaction, start)])
        return start

    async def _react(self, event: Recorded[Any]) -> None:
        if event.is_erased:
            self._skipped += 1
            return
        self._handling = position = event.position
        self._state = "handling"
        await self._act(event, position)
        self._handling = None
        self._state = "following"

    async def _act(self, event: Recorded[Any], position: int) -> None:
        await self._record([ReactionMarked(self.reaction, position)], cause=position)
        try:
            returned = await self._reaction.reactors[event.type](self._reaction, event)
            events = [] if returned is None else list(returned)
            if events:  # encoded here, so that an event that can't be taken is the handler's failure
                self._log.encode(events, cause=position)
        except Exception as error:
            _logger.exception("the %s failed on event %d", self.name, position)
            self._last_failure = ReactionFailed.of(self.reaction, position, error)
            events = [self._last_failure]
            self._failed += 1
        else:
            self._handled += 1
        if events:
            await self._record(events, cause=position, key=f"{self.name}:{position}")

    async def _record(self, events: Sequence[object], *, cause: int | None = None, key: str | None = None) -> None:
        """Make events durable, however often the disk has to be asked: recording twice is harmless, or has a key."""
        while True:
            try:
                await self._writer.append(self._log.encode(events, by=self.name, cause=cause, key=key))
                await self._writer.flush()
            except (StorageFailed, OutcomeUnknown) as error:
                _logger.warning("the %s waits for the disk: %s", self.name, error)
                before, self._state = self._state, "waiting"
                await trio.sleep(PAUSE_S)
                self._state = before
            else:
                return
