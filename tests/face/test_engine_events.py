"""Subscribing: first what there is, then what comes; each event once, in order, whoever writes meanwhile."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from remanence import Closed, Engine, InvalidInput, Settings
from remanence.engine import engine as engines

from .club import Joined, Left, Members, club, names

ROOT = Path(__file__).parents[2]


class Follower:
    """Somebody who subscribes in a task of their own."""

    def __init__(self, nursery: trio.Nursery, engine: Engine, **wanted: Any) -> None:
        self.seen: list[int] = []
        self.was_closed = False
        nursery.start_soon(self._follow, engine, wanted)

    async def _follow(self, engine: Engine, wanted: dict[str, Any]) -> None:
        try:
            async for recorded in engine.events(**wanted):
                assert engine.checkpoint(Members) >= recorded.position, "told before it can be read"
                self.seen.append(recorded.position)
        except Closed:
            self.was_closed = True


async def join(engine: Engine, numbers: Sequence[int]) -> None:
    """One append for each number."""
    for number in numbers:
        await engine.append(Joined(f"{number:03}"))


@pytest.mark.parametrize("batch", [1, 2, 1024])
async def test_a_subscriber_gets_each_event_once_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    """Whether it was there before or came while others were being read, in batches of any size."""
    monkeypatch.setattr(engines, "READ_BATCH", batch)
    async with club(tmp_path) as engine:
        await join(engine, range(5))
        async with trio.open_nursery() as nursery:
            early, late = Follower(nursery, engine), Follower(nursery, engine, after=3)
            async with trio.open_nursery() as writers:
                for first in range(0, 60, 20):
                    writers.start_soon(join, engine, range(10 + first, 30 + first))
            later = Follower(nursery, engine, after=60)
            await engine.append(Left("000"))
            await wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()
        assert early.seen == list(range(1, 67))
        assert late.seen == list(range(4, 67))
        assert later.seen == list(range(61, 67))


async def test_a_subscriber_gets_what_it_asked_for(tmp_path: Path) -> None:
    """By type, by tag or by query, before and after it asked."""
    async with club(tmp_path) as engine:
        await engine.append(Joined("ada"), Joined("bo", "go"), Left("ada"))
        async with trio.open_nursery() as nursery:
            left = Follower(nursery, engine, types=[Left])
            by_name = Follower(nursery, engine, types=["member.joined"], tags=["club:go"])
            either = Follower(nursery, engine, query=engine.query(types=[Left]) | engine.query(tags=["member:bo"]))
            await wait_all_tasks_blocked()
            await engine.append(Left("bo"), Joined("cy", "go"), Joined("dee"))
            await wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()
        assert (left.seen, by_name.seen, either.seen) == ([3, 4], [2, 5], [2, 3, 4])
        with pytest.raises(InvalidInput, match="not both"):
            await anext(engine.events(types=[Left], query=engine.query()))


async def test_who_does_not_want_to_wait_gets_what_there_is(tmp_path: Path) -> None:
    """Not live, a subscription ends at the head of the moment when it began."""
    async with club(tmp_path) as engine:
        await join(engine, range(3))
        seen: list[int] = []
        async for recorded in engine.events(live=False):
            seen.append(recorded.position)
            await engine.append(Left("000"))
        assert seen == [1, 2, 3]
        assert [recorded.position async for recorded in engine.events(after=4, live=False)] == [5, 6]
        assert [recorded async for recorded in engine.events(after=99, live=False)] == []


async def test_in_buffered_mode_a_subscriber_hears_of_what_is_durable(tmp_path: Path) -> None:
    """What a crash may still take back is not told."""
    async with club(tmp_path, settings=Settings(durability="buffered")) as engine, trio.open_nursery() as nursery:
        follower = Follower(nursery, engine)
        await join(engine, range(3))
        await engine.flush()
        await wait_all_tasks_blocked()
        assert follower.seen == [1, 2, 3]
        nursery.cancel_scope.cancel()


async def test_the_end_of_the_engine_ends_a_subscription(tmp_path: Path) -> None:
    """Whoever waits for events is told that there will be none, and gets those that came last."""
    async with trio.open_nursery() as nursery, club(tmp_path) as engine:
        follower = Follower(nursery, engine)
        await wait_all_tasks_blocked()
        await join(engine, range(3))
        await wait_all_tasks_blocked()
    assert follower.seen == [1, 2, 3]
    assert follower.was_closed


async def test_another_process_reads_along(tmp_path: Path) -> None:
    """Read-only, it gets every event once and in order, what was there and what is committed meanwhile."""
    async with club(tmp_path) as engine:
        await join(engine, range(2))
        reader = await trio.lowlevel.open_process(
            [sys.executable, "-m", "tests.face.club", str(tmp_path), "12"], cwd=ROOT, stdout=subprocess.PIPE
        )
        assert reader.stdout is not None
        assert await reader.stdout.receive_some(6) == b"ready\n"
        async with trio.open_nursery() as nursery:
            for first in (2, 7):
                nursery.start_soon(join, engine, range(first, first + 5))
        said = b"".join([chunk async for chunk in reader.stdout]).decode().splitlines()
        assert await reader.wait() == 0
        assert [line.split()[0] for line in said] == [str(number) for number in range(1, 13)]
        assert sorted(line.split()[1] for line in said) == names(engine)
