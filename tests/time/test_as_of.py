"""The past: a memory as of a moment is what a store restored from a backup taken then would be."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st

import remanence
from remanence import Closed, InvalidInput, Memories, NotFound
from remanence.core.backup import restore

from .lives import Step, live, lives, opened

HALF = timedelta(seconds=0.5)


@settings(max_examples=15)
@given(steps=lives, more=lives, place=st.floats(0, 1))
def test_the_past_is_what_a_backup_of_then_holds(steps: list[Step], more: list[Step], place: float) -> None:
    """`as_of(p)` equals, by digest and event by event, a store restored from a backup taken at p, for any p."""

    async def check(folder: Path) -> None:
        cut = round(place * len(steps))
        async with opened(folder / "live") as memory:
            await live(memory, steps[:cut])
            position = memory.engine.head
            await memory.engine.backup(folder / "saved")
            await live(memory, steps[cut:])
            await live(memory, more)
            restore(folder / "saved", folder / "back")
            async with remanence.open(folder / "back") as back, memory.as_of(position) as past:
                assert past.engine.digest(Memories) == back.engine.digest(Memories)
                assert [each.frame for each in past.engine.read()] == [each.frame for each in back.engine.read()]
                assert past.stats().types == back.stats().types
                assert past.engine.head == back.engine.head == position

    with tempfile.TemporaryDirectory() as folder:
        trio.run(check, Path(folder))


async def test_every_read_answers_as_of_then(tmp_path: Path) -> None:
    """get, find, history, why, events and stats know nothing of what came later."""
    async with opened(tmp_path) as memory:
        tea = await memory.remember("tea", scope="ada")
        await memory.reinforce(tea)
        await memory.revise(tea, "coffee", cause=1)
        late = await memory.remember("late", scope="ada")
        await memory.forget(tea)
        async with memory.as_of(2) as past:
            assert (past.get(tea).text, past.get(tea).reinforced) == ("tea", 1)
            assert [row.id for row in past.find(scope="ada")] == [tea]
            assert [each.position for each in past.history(tea)] == [1, 2]
            assert [each.event.position for each in past.why(tea)] == [1, 2]
            assert [each.position async for each in past.events()] == [1, 2]
            assert past.stats().head == 2
            assert past.stats().types == {"memory.remembered": 1, "memory.reinforced": 1}
            assert past.stats().views[0].lag_events == 0
            with pytest.raises(NotFound, match="there is no memory"):
                past.get(late)
            with pytest.raises(InvalidInput, match="position from 0 to 2"):
                async with past.as_of(3):
                    pass
            async with past.as_of(1) as earlier:
                assert earlier.get(tea).reinforced == 0
        with pytest.raises(NotFound, match="has been forgotten"):
            memory.get(tea)


async def test_a_moment_is_a_position_or_a_time(tmp_path: Path) -> None:
    """A time stands for the last event recorded by then: an event's own time for that event."""
    async with opened(tmp_path) as memory:
        for text in ("one", "two", "three"):
            await memory.remember(text)
        events = memory.engine.read()
        for event in events:
            for moment, position in ((event.time, event.position), (event.time - HALF, event.position - 1)):
                async with memory.as_of(moment) as past:
                    assert past.engine.head == position
        async with memory.as_of(0) as nothing:
            assert nothing.find() == []
            assert nothing.engine.read() == []
        for wrong in (-1, 4, True, 1.0, "1", events[0].time.replace(tzinfo=None)):
            with pytest.raises(InvalidInput):
                async with memory.as_of(wrong):  # type: ignore[arg-type]  # that is the point
                    pass


async def test_the_past_takes_nothing_and_outlives_nothing(tmp_path: Path, leftovers: Callable[[], list[Path]]) -> None:
    """Writing to it is refused, it leaves no file behind, and it is closed with its block."""
    async with opened(tmp_path) as memory:
        await memory.remember("tea")
        async with memory.as_of(1) as past:
            [folder] = leftovers()
            assert folder.stat().st_mode & 0o777 == 0o700
            with pytest.raises(Closed, match="read-only"):
                await past.engine.append(past.engine.read()[0].data)
        assert leftovers() == []
        with pytest.raises(Closed):
            past.engine.read()
        with pytest.raises(Closed):
            past.find()
        assert len(memory.find()) == 1


async def test_the_past_stands_still_while_work_goes_on(tmp_path: Path) -> None:
    """What is told while a past is open is not in it; a read-only memory has a past too."""
    async with opened(tmp_path) as memory:
        await memory.remember("tea")
        async with memory.as_of(memory.engine.head) as past:
            await memory.remember("coffee")
            assert [row.text for row in past.find()] == ["tea"]
            assert [each.position async for each in past.events(live=True)] == [1]
        async with remanence.open(tmp_path / "none", create=True) as other, other.as_of(0) as past:
            assert past.stats().head == 0
    async with remanence.open(tmp_path, read_only=True) as reader, reader.as_of(1) as past:
        assert [row.text for row in past.find()] == ["tea"]
