"""Cells: what an actor lives in, one life after the other. Mailbox, feed and counts outlast the lives.

A life begins with a new actor, and ends in one of three ways: in order, once the mailbox is closed and empty; by a
crash; or cancelled, by the supervisor or with everything around. What becomes of messages in hand:

| a life ends …        | asks in hand   | messages in hand                                    | in the mailbox |
|----------------------|----------------|-----------------------------------------------------|----------------|
| in order             | answered       | handled                                             | none are left  |
| by a crash           | `Unanswered`   | again, one by one; the second time, dead letters    | wait           |
| halted by a sibling's| `Unanswered`   | again, one by one                                   | wait           |
| cancelled for good   | `Unanswered`   | dead letters                                        | dead letters   |

Asks in the mailbox of an actor that has stopped for good get `Closed`.
So a message crashes its actor twice at most, and no ask is left without an answer. What crashes beside the handling,
in what the actor spawned, is not put down to a message. For recorded events the same holds; `feeding.py` sees to that.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Coroutine, Hashable, Iterable, Sequence
from typing import Any, Final, cast

import outcome
import trio

from ..core.errors import Closed, InvalidInput, Unanswered
from ..core.queries import Query
from .actor import Actor
from .actor_statistics import ActorState, ActorStatistics
from .address import HERE, Address
from .asks import Ask
from .crashes import is_crash, joined, told
from .feeding import Feed
from .hooks import end, have_stop, key_of
from .letters import Reason
from .mailbox import Mailbox
from .surroundings import Surroundings
from .tracing import is_tracing, span

__all__ = ["Cell"]

_logger = logging.getLogger(__name__)
_KNOCKED: Final = cast("type[Actor[Any]]", Actor).knocked
"""What an actor does about knocks that says nothing of its own: not worth a call."""
_PRUNE: Final = 1024
"""Open asks beyond which those that were answered out of turn are looked for."""


class Cell:
    """One actor, over all its lives."""

    def __init__(self, make: Callable[[], Actor[Any]], around: Surroundings) -> None:
        """Make the first actor; what its constructor raises comes out here, with nothing begun."""
        self._make = make
        self._next: Actor[Any] | None = make()
        actor = self._next
        if actor.capacity < 1 or actor.batch_limit < 1:
            message = f"the actor {actor.name} has room for no message: capacity and batch_limit are 1 or more"
            raise InvalidInput(message)
        self.name = actor.name
        self.needs = tuple(actor.needs)
        self.restart = actor.restart
        self.host = around.host
        self.mailbox: Mailbox[Any] = Mailbox(self.name, actor.capacity, when_full=actor.when_full, key=self._key_of)
        self._is_traced = is_tracing()
        self.address = Address(self.name, self.mailbox, around.letters, is_traced=self._is_traced)
        self.lives = 0
        self.over = trio.Event()
        self.state = ActorState.NEW
        self.last_error: str | None = None
        self._keyed = actor
        self._letters = around.letters
        self._changed = around.changed
        self._feed = None if around.source is None else Feed(around.source)
        self._actor: Actor[Any] | None = None
        self._scope = trio.CancelScope()
        self._nursery: trio.Nursery | None = None
        self._down = trio.Event()
        self._is_cancelled = False
        self.is_halted = False
        self._in_hand: Sequence[Any] = ()
        self._again: deque[tuple[Any, bool]] = deque()  # with whether it has crashed its actor before
        self._is_suspect = False
        self._is_beside = False
        self._open: deque[Ask[Any, Any]] = deque()
        self._is_feeding = False
        self._handled = self._dropped = self._restarts = 0
        actor.cell = self
        if around.source is not None:
            around.source.on_news(self._news)

    # -- what the actor calls

    def subscribe(self, types: tuple[str, ...], tags: tuple[str, ...], after: int) -> None:
        """As `Actor.subscribe`."""
        if self._feed is None:
            message = f"the actor {self.name} has no log to subscribe to"
            raise InvalidInput(message)
        self._feed.query, self._feed.position = Query.of(types, tags), after
        self.address.move(after)
        self.mailbox.knock()

    def passed(self, position: int) -> None:
        """As `Actor.passed`."""
        if self._feed is not None and self._is_feeding:
            self._in_hand = [each for each in self._in_hand if each.position > position]
            self._move(self._feed, position)

    def later(self, message: object, after_s: float) -> None:
        """As `Actor.later`."""

        async def wait() -> None:
            await trio.sleep(after_s)
            await self.address.tell(message)

        self.spawn(wait)

    def spawn(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """As `Actor.spawn`."""
        if self._nursery is None:
            message = f"the actor {self.name} is not alive"
            raise InvalidInput(message)
        self._nursery.start_soon(work)

    def went_wrong(self, error: Exception) -> None:
        """As `Actor.went_wrong`."""
        self.last_error = told(error)
        self._changed()

    def crash(self, error: Exception) -> None:
        """End this life with an error that came up beside it; if it has ended, say so in the log at least."""
        if self._nursery is None:
            _logger.error("after the %s had ended: %s", self.name, error, exc_info=error)
            return

        async def fail() -> None:
            raise error

        self._nursery.start_soon(fail)

    def unanswered(self) -> list[Ask[Any, Any]]:
        """The asks that this life has taken up and not answered."""
        return [each for each in (*self._open, *_asks(self._in_hand)) if not each.is_answered]

    def knock(self) -> None:
        """Have the actor's `knocked` called as soon as it is free."""
        self.mailbox.knock()

    def close(self) -> None:
        """Take no more messages, and stop once those in the mailbox are handled."""
        if self.mailbox.is_open:
            self.mailbox.close()
            if self._actor is not None:
                have_stop(self._actor)

    # -- what the supervisor calls

    @trio.lowlevel.enable_ki_protection  # the interrupt key must not strike between a message's taking and its handling
    async def live(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> Exception | None:
        """Live one life. Returns what it crashed with."""
        self.lives += 1
        self.is_halted = False
        self._down = trio.Event()
        self._scope = trio.CancelScope()
        if self._is_cancelled:
            self._scope.cancel()
        token = HERE.set(self.address)
        self.address.task = trio.lowlevel.current_task()
        crash: Exception | None = None
        try:
            with self._scope:
                await self._live(task_status)
        except Exception as error:  # noqa: BLE001 - whatever it is, the supervisor decides
            crash = error
        finally:
            self.address.task = None
            HERE.reset(token)
            self._settle(crash)
            self._actor = None
            self._down.set()
        return crash

    async def halt(self) -> None:
        """End this life for a new one; what is in the mailbox waits."""
        self.is_halted = True
        self._scope.cancel()
        await self._down.wait()

    async def stop(self, deadline: float) -> bool:
        """Stop once what is in the mailbox is handled, at most until `deadline` (Trio's clock).

        Returns:
            Whether everything was handled in time.
        """
        self.close()
        with trio.move_on_at(deadline):
            await self.over.wait()
        if self.over.is_set():
            return True
        _logger.warning("the %s did not finish by its deadline and was cancelled", self.name)
        self._is_cancelled = True
        self._scope.cancel()
        with trio.CancelScope(shield=True):
            await self.over.wait()
        return False

    def finish(self, *, has_failed: bool = False) -> None:
        """There is no further life: whoever still waits is told."""
        if self.over.is_set():
            return
        self.mailbox.close()
        self.state = ActorState.FAILED if has_failed else ActorState.STOPPED
        for message in (*(message for message, _ in self._again), *self.mailbox.leftovers()):
            if isinstance(message, Ask):
                message.fail(Closed(f"the {self.name} stopped before it took this up; nothing was done"))
            else:
                self._letters.add(self.name, message, Reason.STOPPED)
        self._again.clear()
        self.address.end()
        self.over.set()

    def restarted(self) -> None:
        """A further life is about to begin."""
        self._restarts += 1

    def statistics(self) -> ActorStatistics:
        """How the actor is doing."""
        mailbox = self.mailbox.statistics()
        return ActorStatistics(
            name=self.name,
            state=self.state,
            waiting=mailbox.lanes,
            blocked_senders=mailbox.blocked_senders,
            handled=self._handled,
            dropped=self._dropped,
            coalesced=mailbox.coalesced,
            restarts=self._restarts,
            last_error=self.last_error,
            dead_letters=self._letters.count(self.name),
            position=self.address.position,
        )

    def _key_of(self, message: object) -> Hashable | None:
        return key_of(self._keyed, message)

    # -- a life

    async def _live(self, task_status: trio.TaskStatus[None]) -> None:
        actor, self._next = self._next or self._make(), None
        actor.cell = self
        self._actor = self._keyed = actor
        self.state = ActorState.STARTING
        result: outcome.Outcome[None] = outcome.Value(None)
        try:
            async with trio.open_nursery() as nursery:
                self._nursery = nursery
                result = await outcome.acapture(self._serve, actor, task_status)
                self._nursery = None  # before it closes: from here on nothing begins
                nursery.cancel_scope.cancel()
        except* Exception as group:  # noqa: BLE001 - what it spawned has crashed
            self._is_beside = not is_crash(result)
            result = outcome.Error(joined(result, group))
        finally:
            await end(actor)
        result.unwrap()

    async def _serve(self, actor: Actor[Any], task_status: trio.TaskStatus[None]) -> None:
        self.address.is_starting = True
        try:
            await actor.started()
        finally:
            self.address.is_starting = False
        self.state = ActorState.RUNNING
        self._changed()
        task_status.started()
        if not self.mailbox.is_open:
            have_stop(actor)
        mailbox, limit = self.mailbox, actor.batch_limit
        takes_asks = actor.takes_asks and not self._is_traced
        has_knocked = type(actor).knocked is not _KNOCKED
        while self._again or mailbox.is_open or not mailbox.is_over:
            if self._again:
                message, self._is_suspect = self._again.popleft()
                batch = [message]
            else:
                self._is_suspect = False
                batch = await mailbox.drain(limit)
            if batch and takes_asks:
                self._in_hand = batch
                await actor.handle(batch)
                self._note_handled(len(batch))
            elif batch:
                await self._handle(actor, batch)
            if mailbox.is_open:
                if has_knocked:
                    await actor.knocked()
                if self._feed is not None and self._feed.query is not None:
                    await self._feed_on(actor, self._feed)
        await actor.stopped()

    async def _handle(self, actor: Actor[Any], batch: list[Any]) -> None:
        asks = [] if actor.takes_asks else _asks(batch)
        if asks:
            taken = [each for each in asks if each.take()]
            if len(taken) < len(asks):
                self._dropped += len(asks) - len(taken)
                batch = [each for each in batch if not isinstance(each, Ask) or each.is_taken]
                if not batch:
                    return
                asks = taken
        self._in_hand = batch
        if self._is_traced:
            with span(self.name, len(batch), self.mailbox.links()):
                await actor.handle(batch)
        else:
            await actor.handle(batch)
        self._note_handled(len(batch))
        if asks:
            self._look_after(asks, keeps_asks=actor.keeps_asks)

    def _note_handled(self, count: int) -> None:
        self._in_hand = ()
        self._handled += count
        self._changed()

    def _look_after(self, asks: list[Ask[Any, Any]], *, keeps_asks: bool) -> None:
        """See that asks are answered: now, or while this life lasts."""
        if not keeps_asks:
            self._refuse(asks, f"{self.name} handled this without giving an answer", None)
            return
        self._open.extend(asks)
        while self._open and self._open[0].is_answered:
            self._open.popleft()  # they are answered in turn, as a rule
        if len(self._open) > _PRUNE:
            self._open = deque(each for each in self._open if not each.is_answered)

    async def _feed_on(self, actor: Actor[Any], feed: Feed) -> None:
        """Hand out the next batch of events, if there is one."""
        events, reached = feed.next(actor.batch_limit)
        query = feed.query
        if events:
            self._in_hand, self._is_feeding = events, True
            await actor.handle(events)
            feed.handled(events)
            self._in_hand, self._is_feeding = (), False
            self._handled += len(events)
            self._changed()
        if feed.query is query:  # it has not subscribed anew
            self._move(feed, reached)
        if feed.is_behind:
            self.mailbox.knock()

    def _move(self, feed: Feed, position: int) -> None:
        feed.position = max(feed.position, position)
        self.address.move(feed.position)

    def _news(self) -> None:
        if self._feed is not None and self._feed.query is not None:
            self.mailbox.knock()

    # -- what a life leaves

    def _settle(self, crash: Exception | None) -> None:
        """See to what was in hand, as the table above says."""
        unanswered, in_hand = self.unanswered(), self._in_hand
        self._in_hand = ()
        is_blamed = crash is not None and not self._is_beside
        self._is_beside = False
        why = "crashed over this" if crash is not None else "was stopped in the middle of this"
        self._refuse(unanswered, f"{self.name} {why}", crash)
        self._open.clear()
        is_feeding, self._is_feeding = self._is_feeding, False
        if crash is not None:
            self.state = ActorState.CRASHED
            self.went_wrong(crash)
        messages = [each for each in in_hand if not isinstance(each, Ask)]
        if not messages:
            return
        if self._feed is not None and is_feeding:
            poison = self._feed.crashed(messages) if is_blamed else None
            if poison is not None:
                self._letters.add(self.name, poison, Reason.POISON, self.last_error)
        elif is_blamed and self._is_suspect:
            self._letters.add(self.name, messages[0], Reason.POISON, self.last_error)
        else:
            has_crashed = is_blamed or self._is_suspect
            self._again.extendleft((message, has_crashed) for message in reversed(messages))

    def _refuse(self, asks: Iterable[Ask[Any, Any]], what: str, cause: Exception | None) -> None:
        for each in asks:
            if not each.is_answered:
                error = Unanswered(what, actor=self.name, is_taken=True)
                error.__cause__ = cause
                each.fail(error)


def _asks(messages: Iterable[Any]) -> list[Ask[Any, Any]]:
    return [each for each in messages if isinstance(each, Ask)]
