"""Mailboxes: order, room and closing."""

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from remanence.actors.mailbox import Mailbox, MailboxStatistics
from remanence.core.errors import Closed


def normal(count: int) -> dict[str, int]:
    """Lanes with nothing but normal messages."""
    return {"critical": 0, "high": 0, "normal": count, "low": 0}


async def test_order_is_kept_across_batches() -> None:
    """Messages come out as they went in, however the batches fall."""
    mailbox: Mailbox[int] = Mailbox("clerk")
    for number in range(10):
        mailbox.put_nowait(number)
    assert [await mailbox.drain(3), await mailbox.drain(3), await mailbox.drain()] == [
        [0, 1, 2],
        [3, 4, 5],
        [6, 7, 8, 9],
    ]


async def test_what_was_put_before_closing_is_drained_after_it() -> None:
    """Closing takes nothing away; when all is drained, and only then, a batch is empty."""
    mailbox: Mailbox[str] = Mailbox("clerk")
    await mailbox.put("one")
    await mailbox.put("two")
    mailbox.close()
    mailbox.close()
    assert await mailbox.drain() == ["one", "two"]
    assert await mailbox.drain() == []
    assert await mailbox.drain() == []


async def test_a_closed_mailbox_takes_no_more() -> None:
    """Whoever comes too late is told, whether they would wait or not."""
    mailbox: Mailbox[str] = Mailbox("clerk")
    mailbox.close()
    with pytest.raises(Closed, match="the clerk has stopped"):
        mailbox.put_nowait("late")
    with pytest.raises(Closed, match="the clerk"):
        await mailbox.put("late")


async def test_a_full_mailbox_makes_the_sender_wait() -> None:
    """Who waits for room gets in when there is some, in the order of asking; who won't wait is told."""
    mailbox: Mailbox[int] = Mailbox("clerk", capacity=1)
    mailbox.put_nowait(0)
    with pytest.raises(trio.WouldBlock):
        mailbox.put_nowait(9)
    drained: list[int] = []
    async with trio.open_nursery() as nursery:
        for number in (1, 2):
            nursery.start_soon(mailbox.put, number)
            await wait_all_tasks_blocked()
        assert mailbox.statistics() == MailboxStatistics(1, 1, 2, 0, is_open=True, lanes=normal(3))
        while len(drained) < 3:
            drained += await mailbox.drain(1)
    assert drained == [0, 1, 2]
    assert mailbox.statistics() == MailboxStatistics(0, 1, 0, 3, is_open=True, lanes=normal(0))


async def test_closing_frees_those_who_wait_for_room() -> None:
    """They get an error, their message gets nowhere, and what was in stays."""
    mailbox: Mailbox[int] = Mailbox("clerk", capacity=1)
    mailbox.put_nowait(0)
    refused: list[int] = []

    async def put(number: int) -> None:
        with pytest.raises(Closed, match="before it took the message"):
            await mailbox.put(number)
        refused.append(number)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(put, 1)
        nursery.start_soon(put, 2)
        await wait_all_tasks_blocked()
        mailbox.close()
    assert sorted(refused) == [1, 2]
    assert await mailbox.drain() == [0]
    assert await mailbox.drain() == []


async def test_a_reader_that_waits_sees_the_end() -> None:
    """Closing an empty mailbox wakes the one who waits for messages."""
    mailbox: Mailbox[int] = Mailbox("clerk")
    ends: list[list[int]] = []

    async def read() -> None:
        ends.append(await mailbox.drain())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(read)
        await wait_all_tasks_blocked()
        mailbox.close()
    assert ends == [[]]


async def test_a_cancelled_reader_loses_no_message() -> None:
    """Whoever drains next gets everything."""
    mailbox: Mailbox[int] = Mailbox("clerk")
    with trio.CancelScope() as scope:
        scope.cancel()
        mailbox.put_nowait(1)
        await mailbox.drain()
    assert scope.cancelled_caught
    assert await mailbox.drain() == [1]


async def test_leftovers_are_everything_that_nobody_will_drain() -> None:
    """They are handed out once, and the mailbox is closed."""
    mailbox: Mailbox[int] = Mailbox("clerk")
    mailbox.put_nowait(1)
    mailbox.put_nowait(2)
    assert mailbox.leftovers() == [1, 2]
    assert mailbox.leftovers() == []
    assert mailbox.statistics() == MailboxStatistics(0, 1024, 0, 0, is_open=False, lanes=normal(0))
    with pytest.raises(Closed):
        mailbox.put_nowait(3)
