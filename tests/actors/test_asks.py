"""Asks: waiting, taken, answered; what a caller that leaves has to wait for, and what it is told."""

from collections.abc import Awaitable, Callable
from functools import partial

import outcome
import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from remanence.actors.asks import Ask, ask
from remanence.actors.mailbox import Mailbox
from remanence.core.errors import Closed

Question = Ask[str, int]


class TooLate(Exception):
    """What a caller hears when its time is over."""

    def __init__(self, is_taken: bool) -> None:  # noqa: FBT001 - as `ask` calls it
        super().__init__()
        self.is_taken = is_taken


@pytest.fixture
def mailbox() -> Mailbox[Question]:
    """A mailbox with room for one, that nobody drains but the test."""
    return Mailbox("clerk", capacity=1)


def asking(mailbox: Mailbox[Question], timeout_s: float | None = None) -> Callable[[], Awaitable[int]]:
    """A call of `ask`."""
    return partial(ask, mailbox, "how many?", timeout_s=timeout_s, on_timeout=TooLate)


class Caller:
    """Somebody who asks, and what they got."""

    def __init__(self, nursery: trio.Nursery, call: Callable[[], Awaitable[int]]) -> None:
        self.scope = trio.CancelScope()
        self.result: outcome.Outcome[int] | None = None
        self._call = call
        nursery.start_soon(self._run)

    async def _run(self) -> None:
        with self.scope:
            try:
                self.result = outcome.Value(await self._call())
            except (KeyError, TooLate) as error:
                self.result = outcome.Error(error)


async def test_an_answer_reaches_its_caller(mailbox: Mailbox[Question]) -> None:
    """Value or error: it comes out of the call that asked."""
    async with trio.open_nursery() as nursery:
        for answer in (outcome.Value(3), outcome.Error(KeyError("none"))):
            caller = Caller(nursery, asking(mailbox))
            [question] = await mailbox.drain()
            assert question.request == "how many?"
            assert question.take()
            question.answer(answer)
            await wait_all_tasks_blocked()
            assert caller.result == answer


async def test_the_first_answer_counts() -> None:
    """What comes later is dropped, before the caller looks and after."""
    question: Question = Ask("how many?")
    question.answer(outcome.Value(1))
    question.answer(outcome.Value(2))
    assert await question.wait() == 1
    question.answer(outcome.Error(KeyError()))


async def test_an_answer_that_is_there_already_is_given_to_a_cancelled_caller() -> None:
    """It says what has happened: leaving would not undo it."""
    question: Question = Ask("how many?")
    assert question.take()
    question.answer(outcome.Value(1))
    with trio.CancelScope() as scope:
        scope.cancel()
        assert await question.wait() == 1
    assert not scope.cancelled_caught


async def test_a_caller_that_leaves_before_it_is_taken_up_is_passed_over(mailbox: Mailbox[Question]) -> None:
    """Its ask says so when somebody wants to act on it, and an answer to nobody harms nobody."""
    async with trio.open_nursery() as nursery:
        caller = Caller(nursery, asking(mailbox))
        await wait_all_tasks_blocked()
        caller.scope.cancel()
        await wait_all_tasks_blocked()
        assert caller.scope.cancelled_caught
        [question] = await mailbox.drain()
        assert question.is_abandoned
        assert not question.take()
        assert not question.is_taken
        question.answer(outcome.Value(1))


async def test_a_caller_that_wants_to_leave_later_gets_its_answer_first(mailbox: Mailbox[Question]) -> None:
    """What has been taken up may come to be, so the caller learns whether it did; then it is free to go."""
    async with trio.open_nursery() as nursery:
        caller = Caller(nursery, asking(mailbox))
        [question] = await mailbox.drain()
        assert question.take()
        caller.scope.cancel()
        await wait_all_tasks_blocked()
        assert caller.result is None
        question.answer(outcome.Value(7))
        await wait_all_tasks_blocked()
        assert caller.result == outcome.Value(7)


@pytest.mark.parametrize("is_taken", [False, True])
async def test_a_deadline_ends_the_waiting(
    mailbox: Mailbox[Question], mock_clock: MockClock, *, is_taken: bool
) -> None:
    """The caller is told whether its ask had been taken up, which is whether it may yet come to be."""
    async with trio.open_nursery() as nursery:
        caller = Caller(nursery, asking(mailbox, timeout_s=2.0))
        [question] = await mailbox.drain()
        if is_taken:
            assert question.take()
        await wait_all_tasks_blocked()
        mock_clock.jump(1.9)
        await wait_all_tasks_blocked()
        assert caller.result is None
        mock_clock.jump(0.1)
        await wait_all_tasks_blocked()
        assert isinstance(caller.result, outcome.Error)
        assert isinstance(caller.result.error, TooLate)
        assert caller.result.error.is_taken is is_taken
        assert question.take() is is_taken


async def test_a_deadline_also_ends_the_waiting_for_room(mailbox: Mailbox[Question], autojump_clock: MockClock) -> None:
    """A full mailbox is no excuse."""
    del autojump_clock
    mailbox.put_nowait(Ask("first"))
    with pytest.raises(TooLate) as error:
        await asking(mailbox, timeout_s=1.0)()
    assert not error.value.is_taken


async def test_the_deadline_holds_for_a_caller_that_was_cancelled(
    mailbox: Mailbox[Question], mock_clock: MockClock
) -> None:
    """Who may not leave before the answer may still leave at the deadline."""
    async with trio.open_nursery() as nursery:
        caller = Caller(nursery, asking(mailbox, timeout_s=2.0))
        [question] = await mailbox.drain()
        assert question.take()
        caller.scope.cancel()
        mock_clock.jump(1.9)
        await wait_all_tasks_blocked()
        assert caller.result is None
        assert not caller.scope.cancelled_caught
        mock_clock.jump(0.1)
        await wait_all_tasks_blocked()
        assert caller.scope.cancelled_caught
        question.answer(outcome.Value(1))


async def test_no_time_at_all_is_enough_for_nothing(mailbox: Mailbox[Question]) -> None:
    """With a deadline that has passed the ask is abandoned, not done behind the caller's back."""
    with pytest.raises(TooLate):
        await asking(mailbox, timeout_s=0.0)()
    [question] = await mailbox.drain()
    assert not question.take()


async def test_asking_who_has_stopped_is_told(mailbox: Mailbox[Question]) -> None:
    """A closed mailbox takes no asks."""
    mailbox.close()
    for timeout_s in (None, 1.0):
        with pytest.raises(Closed):
            await asking(mailbox, timeout_s)()
