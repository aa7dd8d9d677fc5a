"""One memory of the past: folded from its own events, it is what a replay of everything makes of it."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import attrs
import pytest
import trio
from hypothesis import given, settings

from remanence import Closed, InvalidInput, Memories, NotFound, ViewFailed, replay
from remanence.core.past import PastStore
from remanence.core.stores import Store
from remanence.projections.memories.events import MemoryForgotten, MemoryRemembered
from remanence.projections.skips import ViewSkipped

from .lives import Step, live, lives, opened


class CountingStore(PastStore):
    """A store that counts how often each event is read."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, store.head().position)
        self.asked: Counter[int] = Counter()

    def read(self, first: int, last: int) -> Sequence[bytes]:
        found = super().read(first, last)
        self.asked.update(range(first, first + len(found)))
        return found

    def pick(self, positions: Sequence[int]) -> Sequence[bytes]:
        self.asked.update(positions)
        return super().pick(positions)


@settings(max_examples=25)
@given(steps=lives)
def test_one_memory_is_what_a_replay_of_everything_makes_of_it(steps: list[Step]) -> None:
    """Every memory at every position: row, history and causes, and what is said of one that isn't there."""

    async def check(folder: Path) -> None:
        async with opened(folder) as memory:
            await live(memory, steps)
            ids = {each.data.id for each in memory.engine.read(types=[MemoryRemembered])} | {"nobody"}
            for position in range(memory.engine.head + 1):
                moment = memory.as_of(position)
                assert moment.position == position
                async with memory.as_of(position) as past:
                    for memory_id in ids:
                        for ask in ("get", "history", "why"):
                            assert outcome(getattr(moment, ask), memory_id) == outcome(getattr(past, ask), memory_id)

    with tempfile.TemporaryDirectory() as folder:
        trio.run(check, Path(folder))


def outcome(ask: Callable[[str], object], memory_id: str) -> str:
    """What is answered, or said instead."""
    try:
        return repr(ask(memory_id))
    except NotFound as error:
        return str(error)


async def test_no_other_events_are_read(tmp_path: Path) -> None:
    """Of 400 events, those of the memory up to then, each once: however long the log is, and wherever they stand."""
    async with opened(tmp_path) as memory:
        tea = await memory.remember("tea")
        for number in range(4):
            await memory.remember_many([f"thought {number}.{other}" for other in range(99)])
            await memory.reinforce(tea)
        await memory.forget(tea)
        mine = [each.position for each in memory.history(tea)]
        assert len(mine) == 6
        asked = CountingStore(memory.engine.log.store)
        memory.engine.log.store = asked
        assert memory.as_of(mine[3]).get(tea).reinforced == 3
        assert asked.asked == Counter(mine[:4])
        asked.asked.clear()
        moment = memory.as_of(mine[4])
        assert len(moment.history(tea)) == 5
        assert len(moment.why(tea)) == 5
        assert asked.asked == Counter(mine[:5] * 2)
        asked.asked.clear()
        with pytest.raises(NotFound, match="has been forgotten"):
            memory.as_of(memory.engine.head).get(tea)
        assert asked.asked == Counter([*mine, mine[0]])


async def test_what_a_view_passes_over_is_passed_over(tmp_path: Path) -> None:
    """An event that was skipped is skipped here too; one that no handler can take is the view's failure."""
    async with opened(tmp_path) as memory:
        tea = await memory.remember("tea")
        await memory.revise(tea, "coffee")
        await memory.engine.append(ViewSkipped(Memories.name, Memories.version, 2))
        assert memory.get(tea).text == "coffee"
        assert memory.as_of(2).get(tea).text == "tea"
        with replay(memory.engine, Memories, until=2) as view:
            assert view.rows.rows.get(tea) == memory.as_of(2).get(tea)
        too_long = MemoryRemembered("m", ("main",), "k" * 600, "text")
        broken = await memory.engine.append(too_long)
        with pytest.raises(ViewFailed, match=f"before event {broken.position} "):
            memory.as_of(broken.position).get("m")
        assert memory.as_of(broken.position).get(tea).text == "tea"


async def test_a_moment_that_is_none_is_refused_and_a_closed_engine_tells_nothing(tmp_path: Path) -> None:
    """At once, not when the first question comes."""
    async with opened(tmp_path) as memory:
        tea = await memory.remember("tea")
        moment = memory.as_of(1)
        with pytest.raises(InvalidInput, match="position from 0 to 1"):
            memory.as_of(2)
        async with memory.as_of(1) as past:
            assert past.as_of(1).get(tea) == moment.get(tea)
            nested = past.as_of(1)
        with pytest.raises(Closed):
            nested.get(tea)
    for ask in (moment.get, moment.history, moment.why):
        with pytest.raises(Closed):
            ask(tea)
    with pytest.raises(Closed):
        memory.as_of(1)


async def test_a_memory_that_comes_again_is_as_it_came_then(tmp_path: Path) -> None:
    """The same id, forgotten and told anew: each life for itself."""
    async with opened(tmp_path) as memory:
        told = MemoryRemembered("m", ("main",), "fact", "tea", confidence=0.5)
        for event in (told, MemoryForgotten("m", ("main",)), attrs.evolve(told, text="coffee")):
            await memory.engine.append(event)
        assert [outcome(memory.as_of(each).get, "m").count("coffee") for each in (1, 2, 3)] == [0, 0, 1]
        assert memory.as_of(3).get("m").position == 3
