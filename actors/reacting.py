"""Reacting: the task that runs one reaction. Mark, act, record: in this order, one event at a time.

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
from .reaction import Reaction, ReactionFailed, ReactionMarked
from .reaction_statistics import ReactionState, ReactionStatistics, last_failure
from .writer import Writer

__all__ = ["Reacting"]

_logger = logging.getLogger(__name__)
BATCH: Final = 64
PAUSE_S: Final = 1.0
"""Between attempts to record something on a disk that refuses."""


class Reacting:
    """Runs a reaction."""

    def __init__(self, log: Log, reaction: Reaction, writer: Writer) -> None:
        self._log = log
        self._reaction = reaction
        self._writer = writer
        self._name = reaction.name
        self._by = f"reaction:{reaction.name}"
        self._query = Query.of(tuple(reaction.reactors))
        self._state: ReactionState = "starting"
        self._position: int | None = None
        self._handling: int | None = None
        self._handled = self._failed = self._skipped = 0
        self._last_failure: ReactionFailed | None = None
        self._news = trio.Event()
        self._moved = trio.Event()
        self._done = trio.Event()
        self._is_ending = False
        self._scope = trio.CancelScope(shield=True)  # an effect under way isn't cut off because the program's body is
        writer.on_commit(lambda _: self._wake())

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """React until `stop`."""
        try:
            with self._scope:
                self._last_failure = last_failure(self._log, self._name)
                self._move(await self._begin())
                self._state = "following"
                task_status.started()
                await self._follow()
        except Closed:
            _logger.warning("the reaction %s ended: the log takes no more", self._name)
        finally:
            self._state = "ended"
            self._handling = None
            self._done.set()
            self._moved.set()

    @property
    def name(self) -> str:
        """The reaction's name."""
        return self._name

    @property
    def position(self) -> int:
        """The last event that the reaction is done with; 0 before it has begun."""
        return self._position or 0

    async def wait_for(self, position: int) -> None:
        """Wait until the reaction is done with everything up to a position.

        Raises:
            Closed: it ended first.
        """
        await trio.lowlevel.checkpoint()
        while self.position < position:
            if self._done.is_set():
                message = f"the reaction {self._name} ended at event {self.position}, before event {position}"
                raise Closed(message)
            await self._moved.wait()

    def statistics(self, head: int, lag_s: Callable[[int], float | None]) -> ReactionStatistics:
        """How the reaction is doing.

        Args:
            head: where the log ends.
            lag_s: how long the event after a position has been in the log, in seconds.
        """
        position = self._position
        return ReactionStatistics(
            name=self._name,
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

    async def stop(self, deadline: float) -> None:
        """Let the event under way be handled, at most until `deadline` (Trio's clock), and end."""
        self._is_ending = True
        self._wake()
        with trio.move_on_at(deadline):
            await self._done.wait()
        if not self._done.is_set():
            _logger.warning("the reaction %s was still at work at the deadline and was cancelled", self._name)
            self._scope.cancel()
            with trio.CancelScope(shield=True):
                await self._done.wait()

    def _wake(self) -> None:
        self._news, news = trio.Event(), self._news
        news.set()

    async def _begin(self) -> int:
        """The position of the last mark; the first time, make one, so that what comes from now on is not missed."""
        marks = self._log.read(Query.of(["reaction.marked"], [self._by]), backward=True, limit=1)
        if marks:
            return int(marks[0].raw["position"])
        since = self._reaction.since
        start = self._writer.acknowledged if since is None else since
        await self._record([ReactionMarked(self._name, start)])
        return start

    def _move(self, position: int) -> None:
        self._position = position
        moved, self._moved = self._moved, trio.Event()
        moved.set()

    async def _follow(self) -> None:
        while not self._is_ending:
            position = self.position
            news, head = self._news, self._writer.acknowledged
            # A query of no types would match everything.
            has_any = bool(self._reaction.reactors)
            events = self._log.read(self._query, after=position, before=head + 1, limit=BATCH) if has_any else []
            for event in events:
                if self._is_ending:
                    return
                await self._react(event)
                self._move(event.position)
            if len(events) < BATCH:
                self._move(max(position, head))
                await news.wait()

    async def _react(self, event: Recorded[Any]) -> None:
        if event.is_erased:
            self._skipped += 1
            return
        self._handling = position = event.position
        self._state = "handling"
        await self._handle(event, position)
        self._handling = None
        self._state = "following"

    async def _handle(self, event: Recorded[Any], position: int) -> None:
        await self._record([ReactionMarked(self._name, position)], cause=position)
        try:
            returned = await self._reaction.reactors[event.type](self._reaction, event)
            events = [] if returned is None else list(returned)
            if events:  # encoded here, so that an event that can't be taken is the handler's failure
                self._log.encode(events, cause=position)
        except Exception as error:
            _logger.exception("the reaction %s failed on event %d", self._name, position)
            self._last_failure = ReactionFailed.of(self._name, position, error)
            events = [self._last_failure]
            self._failed += 1
        else:
            self._handled += 1
        if events:
            await self._record(events, cause=position, key=f"{self._by}:{position}")

    async def _record(self, events: Sequence[object], *, cause: int | None = None, key: str | None = None) -> None:
        """Make events durable, however often the disk has to be asked: recording twice is harmless, or has a key."""
        while True:
            try:
                await self._writer.append(self._log.encode(events, by=self._by, cause=cause, key=key))
                await self._writer.flush()
            except (StorageFailed, OutcomeUnknown) as error:
                _logger.warning("the reaction %s waits for the disk: %s", self._name, error)
                before, self._state = self._state, "waiting"
                await trio.sleep(PAUSE_S)
                self._state = before
            else:
                return
