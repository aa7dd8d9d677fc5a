"""Mailboxes: order, room and closing."""

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import wait_all_tasks_blocked

from remanence.actors.lanes import AGEING, Lane, Lanes
from remanence.actors.mailbox import Mailbox, MailboxStatistics, WhenFull
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


async def test_urgent_messages_come_first() -> None:
    """A batch is sorted by lane; within a lane order is kept."""
    mailbox: Mailbox[str] = Mailbox("clerk")
    for text, lane in (("n1", Lane.NORMAL), ("l1", Lane.LOW), ("c1", Lane.CRITICAL), ("h1", Lane.HIGH)):
        mailbox.put_nowait(text, lane)
        mailbox.put_nowait(text.replace("1", "2"), lane)
    assert mailbox.statistics().lanes == {"critical": 2, "high": 2, "normal": 2, "low": 2}
    assert await mailbox.drain(3) == ["c1", "c2", "h1"]
    assert await mailbox.drain() == ["h2", "n1", "n2", "l1", "l2"]
    assert mailbox.statistics().received == 8


def test_no_lane_starves() -> None:
    """Under a flood that is never worked off a low message waits for those that came soon after it, and no longer."""
    lanes: Lanes[int] = Lanes()
    lanes.add(Lane.LOW, -1)
    taken: list[int] = []
    for turn in range(100):
        lanes.add(Lane.CRITICAL, turn)
        lanes.add(Lane.CRITICAL, turn)
        taken += lanes.take(1)
    before = taken[: taken.index(-1)]
    assert max(before) < (Lane.LOW + 1) * AGEING
    assert len(before) >= Lane.LOW * AGEING


@given(st.lists(st.tuples(st.sampled_from(Lane), st.integers(1, 5)), max_size=60), st.integers(1, 10))
def test_lanes_lose_nothing_and_keep_order(puts: list[tuple[Lane, int]], limit: int) -> None:
    """Whatever is put in comes out once, each lane in its order, whoever takes how much."""
    lanes: Lanes[tuple[Lane, int]] = Lanes()
    taken: list[tuple[Lane, int]] = []
    for number, (lane, takes) in enumerate(puts):
        lanes.add(lane, (lane, number))
        if takes == 1:
            taken += lanes.take(limit)
    while lanes:
        taken += lanes.take(limit)
    assert sorted(number for _, number in taken) == list(range(len(puts)))
    for lane in Lane:
        mine = [number for each, number in taken if each is lane]
        assert mine == sorted(mine)


def first(text: str) -> str | None:
    """A message's key: its first letter, but no dash."""
    return None if text.startswith("-") else text[0]


async def test_coalescing_takes_the_place_of_the_waiting_message() -> None:
    """The latest of a key counts, in the place and lane of the first; what has no key waits its turn."""
    mailbox: Mailbox[str] = Mailbox(
        "clerk", 2, when_full=WhenFull.COALESCE, key=lambda text: text[0] if text[0] != "-" else None
    )
    mailbox.put_nowait("a1")
    mailbox.put_nowait("b1", Lane.LOW)
    assert mailbox.coalesce("a2")
    assert mailbox.coalesce("b2")
    assert not mailbox.coalesce("c1")
    assert not mailbox.coalesce("-")
    with pytest.raises(trio.WouldBlock):
        mailbox.put_nowait("c1")
    assert await mailbox.drain() == ["a2", "b2"]
    assert mailbox.statistics().coalesced == 2
    assert not mailbox.coalesce("a3")


async def test_a_sender_that_waits_can_be_coalesced_and_cancelled() -> None:
    """Its message may be replaced while it waits for room; when it leaves, nothing of it is left."""
    mailbox: Mailbox[str] = Mailbox("clerk", 1, when_full=WhenFull.COALESCE, key=first)
    mailbox.put_nowait("a1")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(mailbox.put, "b1")
        await wait_all_tasks_blocked()
        assert mailbox.coalesce("b2")
        assert await mailbox.drain() == ["a1", "b2"]
        mailbox.put_nowait("a1")
        nursery.start_soon(mailbox.put, "c1")
        await wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert not mailbox.coalesce("c2")
    assert await mailbox.drain() == ["a1"]
    assert mailbox.statistics().lanes == normal(0)


async def test_who_refuses_does_not_wait() -> None:
    """A mailbox that refuses says that it is full; `put` with room is no checkpoint, so no deadline stops it."""
    mailbox: Mailbox[int] = Mailbox("clerk", 1, when_full=WhenFull.REFUSE)
    with trio.fail_after(0):
        await mailbox.put(1)
    with pytest.raises(trio.WouldBlock):
        await mailbox.put(2)


async def test_a_knock_wakes_the_reader_once() -> None:
    """It is no message: it isn't counted, many are one, and a closed mailbox hears none."""
    mailbox: Mailbox[int] = Mailbox("clerk", 2)
    mailbox.knock()
    mailbox.knock()
    assert mailbox.statistics().waiting == 0
    assert mailbox.statistics().lanes == normal(0)
    assert await mailbox.drain() == []
    mailbox.put_nowait(1)
    mailbox.knock()
    mailbox.close()
    mailbox.knock()
    assert not mailbox.is_over
    assert await mailbox.drain() == [1]
    assert mailbox.is_over
    assert await mailbox.drain() == []
