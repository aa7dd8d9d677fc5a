"""Actors: one batch at a time, and an orderly end."""

import logging

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from remanence.actors.actor import Actor
from remanence.actors.mailbox import Mailbox
from remanence.core.errors import Closed


class Clerk(Actor[int]):
    """Writes down what it gets, as fast as it is allowed to."""

    def __init__(self, *, is_open: bool = True) -> None:
        super().__init__("clerk", Mailbox("clerk"))
        self.gate = trio.Event()
        self.batches: list[list[int]] = []
        self.did_finish = False
        if is_open:
            self.gate.set()

    async def handle(self, batch: list[int]) -> None:
        await self.gate.wait()
        if 13 in batch:
            raise ZeroDivisionError("13")
        self.batches.append(batch)

    async def stopped(self) -> None:
        self.did_finish = True


async def test_messages_are_handled_in_batches_one_at_a_time() -> None:
    """What arrives while a batch is handled is the next batch."""
    clerk = Clerk(is_open=False)
    async with trio.open_nursery() as nursery:
        await nursery.start(clerk.run)
        clerk.mailbox.put_nowait(1)
        await wait_all_tasks_blocked()
        for number in (2, 3, 4):
            clerk.mailbox.put_nowait(number)
        clerk.gate.set()
        await wait_all_tasks_blocked()
        assert clerk.batches == [[1], [2, 3, 4]]
        assert await clerk.stop(trio.current_time() + 1)


async def test_stopping_handles_what_is_in_the_mailbox(autojump_clock: MockClock) -> None:
    """Stopping takes no more, finishes the rest, then what is under way, and says that it was in time."""
    del autojump_clock
    clerk = Clerk(is_open=False)
    async with trio.open_nursery() as nursery:
        await nursery.start(clerk.run)
        for number in range(5):
            clerk.mailbox.put_nowait(number)

        async def open_gate() -> None:
            await trio.sleep(0.9)
            with pytest.raises(Closed):
                clerk.mailbox.put_nowait(9)
            clerk.gate.set()

        nursery.start_soon(open_gate)
        assert await clerk.stop(trio.current_time() + 1)
    assert [number for batch in clerk.batches for number in batch] == [0, 1, 2, 3, 4]
    assert clerk.did_finish


async def test_what_is_not_done_by_the_deadline_is_cancelled(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    """Stopping ends at its deadline whatever the actor waits for, says so and logs it."""
    del autojump_clock
    clerk = Clerk(is_open=False)
    async with trio.open_nursery() as nursery:
        await nursery.start(clerk.run)
        clerk.mailbox.put_nowait(1)
        begun = trio.current_time()
        with caplog.at_level(logging.WARNING):
            assert not await clerk.stop(begun + 30)
        assert trio.current_time() - begun == pytest.approx(30)
    assert not clerk.did_finish
    assert "the clerk did not finish by its deadline" in caplog.text


async def test_an_actor_that_raises_ends_and_takes_no_more() -> None:
    """Its error comes out of the nursery, its mailbox closes, and stopping it afterwards takes no time."""
    clerk = Clerk()
    with pytest.RaisesGroup(ZeroDivisionError):
        async with trio.open_nursery() as nursery:
            await nursery.start(clerk.run)
            clerk.mailbox.put_nowait(13)
    with pytest.raises(Closed):
        clerk.mailbox.put_nowait(1)
    assert await clerk.stop(trio.current_time())


async def test_cancelling_its_nursery_ends_an_actor() -> None:
    """Nothing is shielded here: whoever must finish first stops it first."""
    clerk = Clerk(is_open=False)
    async with trio.open_nursery() as nursery:
        await nursery.start(clerk.run)
        clerk.mailbox.put_nowait(1)
        await wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert clerk.batches == []
    assert not clerk.did_finish
    assert await clerk.stop(trio.current_time())
