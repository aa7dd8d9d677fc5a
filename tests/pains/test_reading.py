"""Pains of reading: old events are unreadable, subscriptions repeat and reorder, and nobody can tell why."""

from __future__ import annotations

from contextlib import aclosing
from pathlib import Path

import attrs
import pytest
import trio

import remanence
from remanence import InvalidInput, NotFound, event, open_engine, upcaster

from .shop import Sold, shop


@event("item.sold", version=2)
@attrs.frozen
class SoldForMoney:
    """What became of `Sold`: another name, another module, and a price."""

    item: str
    count: int
    cents: int


@upcaster("item.sold", version=1)
def with_price(data: dict[str, object]) -> dict[str, object]:
    """Nobody asked for the price then."""
    return {**data, "cents": 0}


async def test_pain_09_old_events_fail_when_they_are_read(tmp_path: Path) -> None:
    """Protean #670, #1130, #1512, Axon #4589, newton #42: a class was renamed or changed, and its history unreadable.

    The log keeps names, not classes; a version without a way to the newest is refused before anything is opened.
    """
    async with shop(tmp_path) as engine:
        await engine.append(Sold("tea", 3))
    with pytest.raises(InvalidInput, match=r"item.sold is at version 2, but nothing reads version 1"):
        async with open_engine(tmp_path, events=[SoldForMoney]):
            pass
    async with open_engine(tmp_path, events=[SoldForMoney], upcasters=[with_price]) as engine:
        assert engine.read()[0].data == SoldForMoney("tea", 3, 0)
        await engine.append(SoldForMoney("tea", 1, 250))
    async with shop(tmp_path) as old:
        newer = old.read()[1]
        assert not newer.is_known
        assert newer.raw == {"item": "tea", "count": 1, "cents": 250}


async def test_pain_09_a_type_that_nobody_knows_is_passed_over_in_silence(tmp_path: Path) -> None:
    """event_sourcery #193: events whose class was gone vanished from replays, and nobody was told.

    They are read as plain data, and the statistics name their types.
    """
    async with shop(tmp_path) as engine:
        await engine.append(Sold("tea", 3))
    async with open_engine(tmp_path, events=()) as engine:
        assert [each.raw for each in engine.read()] == [{"item": "tea", "count": 3}]
        assert engine.statistics().unknown_types == ("item.sold",)


@pytest.mark.parametrize("restart_after", [1, 2, 7])
async def test_pain_13_a_subscription_repeats_reorders_and_stops(tmp_path: Path, restart_after: int) -> None:
    """KurrentDB #1392, #3449, #3692, #3844, kurrentdbclient #8: subscriptions lost their order, and repeated.

    A reader that stops anywhere and goes on after the last position it took sees each event once, in order, while
    others write.
    """
    seen: list[int] = []
    async with shop(tmp_path) as engine, trio.open_nursery() as nursery:

        async def sell(item: str) -> None:
            for _ in range(10):
                await engine.append(Sold(item))

        async def take_some() -> None:
            async with aclosing(engine.events(after=seen[-1] if seen else 0, types=[Sold])) as events:
                taken = 0
                async for each in events:
                    seen.append(each.position)
                    taken += 1
                    if taken == restart_after or len(seen) == 30:
                        return

        for number in range(3):
            nursery.start_soon(sell, f"tea {number}")
        while len(seen) < 30:
            await take_some()
    assert seen == list(range(1, 31))


async def test_pain_17_nobody_can_tell_why_an_agent_believes_something(tmp_path: Path) -> None:
    """Openclaw #20935, muxi #63, pinchy #345 (an audit by law), engram #27: memory changed, and left no trace of how.

    Every change of a memory is an event with its author, its reason and its cause, and outlives the memory.
    """
    async with remanence.open(tmp_path, by="juno") as memory:
        told = await memory.remember("The dentist is on Tuesday.", scope="ada")
        cause = memory.history(told)[0].position
        moved = await memory.remember("The dentist called: Thursday.", scope="ada", cause=cause)
        cause = memory.history(moved)[0].position
        await memory.revise(told, "The dentist is on Thursday.", reason="they called", cause=cause)
        await memory.forget(told, reason="it is over")
        with pytest.raises(NotFound, match="forgotten"):
            memory.get(told)
        history = memory.history(told)
        assert [each.type for each in history] == ["memory.remembered", "memory.revised", "memory.forgotten"]
        assert {each.by for each in history} == {"juno"}
        assert [each.data.reason for each in history[1:]] == ["they called", "it is over"]
        assert history[0].data.text == "The dentist is on Tuesday."
        assert history[1].cause == cause
        assert memory.engine.read(after=cause - 1, limit=1)[0].cause == history[0].position


async def test_pain_17_what_was_known_then_is_lost(tmp_path: Path) -> None:
    """Goldenmatch #1078, autogen #4564: only the newest state was kept; what had a decision been made on?

    A memory as of any position or moment answers as it answered then.
    """
    async with remanence.open(tmp_path) as memory:
        known = await memory.remember("High water is at noon.")
        then = memory.history(known)[0]
        await memory.revise(known, "High water is at one.")
        await memory.forget(known)
        for moment in (then.position, then.time):
            async with memory.as_of(moment) as past:
                assert past.get(known).text == "High water is at noon."
