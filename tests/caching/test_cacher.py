"""The cacher and the settings that change, on an engine: it warms, cleans, foresees, tunes, and is never in the way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

import remanence
from remanence import CacheSettings, Closed, InvalidInput, Memory, NewMemory, NotFound, SettingChanged, Settings
from remanence.actors.cacher import CLEAN, FORESEE, TUNE
from remanence.projections.memories.events import MemoryReinforced


def opened(path: Path, cache: CacheSettings | str = "default") -> Any:
    """A memory."""
    return remanence.open(path, settings=Settings(cache=cache, retrain=False, snapshot_events=None))


async def filled(memory: Memory, count: int) -> list[str]:
    """Ids of so many memories, none of them read yet."""
    return await memory.remember_many([NewMemory(f"number {number}") for number in range(count)])


def level(memory: Memory, name: str) -> remanence.PoolStatistics:
    """How a level of the memories is doing."""
    [found] = [pool for pool in memory.engine.cache.statistics().pools if pool.name == f"memories.rows/{name}"]
    return found


async def do(memory: Memory, what: str) -> None:
    """Have the cacher do now what it does now and then."""
    await memory.engine.actor("cacher").tell(what)
    await wait_all_tasks_blocked(0.01)


async def test_caches_are_warm_from_the_start(tmp_path: Path) -> None:
    """The newest rows are there before anybody asked for them."""
    async with opened(tmp_path) as memory:
        ids = await filled(memory, 30)
    async with opened(tmp_path, CacheSettings(warm_rows=10)) as memory:
        with trio.fail_after(10):
            while level(memory, "objects").entries < 10:  # noqa: ASYNC110 - a thread fills it
                await trio.sleep(0.001)
        for memory_id in sorted(ids)[-10:]:
            assert memory.get(memory_id).id == memory_id
        assert (level(memory, "objects").hits, level(memory, "objects").misses) == (10, 0)


async def test_a_change_of_settings_is_an_event_and_holds(tmp_path: Path) -> None:
    """It takes effect when it has been recorded, holds when the engine is opened again, and can be undone."""
    async with opened(tmp_path) as memory:
        cache = memory.engine.cache
        await cache.change("cache.objects_bytes", 1 << 20, reason="a small machine")
        await wait_all_tasks_blocked(0.05)
        assert cache.settings.objects_bytes == 1 << 20
        [event] = memory.engine.read(types=[SettingChanged])
        assert event.data == SettingChanged("cache.objects_bytes", 1 << 20, 16 << 20, "a small machine")
    async with opened(tmp_path) as memory:
        cache = memory.engine.cache
        assert cache.settings.objects_bytes == 1 << 20
        await cache.change_back("cache.objects_bytes")
        await wait_all_tasks_blocked(0.05)
        assert cache.settings == CacheSettings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("cache.nothing", 1),
        ("objects_bytes", 1),
        ("cache.objects_bytes", -1),
        ("cache.objects_bytes", "much"),
        ("cache.policy", "best"),
        ("cache.clean_to", 0.99),
        ("cache.clean_to", "x"),
    ],
)
async def test_a_setting_that_can_not_be_taken_is_refused(tmp_path: Path, name: str, value: Any) -> None:
    """Nothing is recorded."""
    async with opened(tmp_path) as memory:
        with pytest.raises(InvalidInput):
            await memory.engine.cache.change(name, value, reason="why not")
        with pytest.raises(NotFound):
            await memory.engine.cache.change_back("cache.objects_bytes")
        assert memory.engine.head == 0


async def test_what_is_too_old_goes_by_itself(tmp_path: Path) -> None:
    """The governor looks now and then."""
    async with opened(tmp_path, CacheSettings(objects_ttl_s=1e-9)) as memory:
        [memory_id] = await filled(memory, 1)
        memory.get(memory_id)
        memory.get(memory_id)
        assert level(memory, "objects").entries == 1
        await do(memory, CLEAN)
        assert (level(memory, "objects").entries, level(memory, "objects").expired) == (0, 1)


async def test_what_is_likely_next_is_read_beforehand(tmp_path: Path) -> None:
    """After A came B three times; the fourth time B is there before it is asked for. The accuracy is what it was."""
    async with opened(tmp_path, CacheSettings(predict=True)) as memory:
        first, second, third = await filled(memory, 3)
        await do(memory, FORESEE)
        for _ in range(4):
            for memory_id in (first, second, third):
                memory.get(memory_id)
        await memory.engine.append(MemoryReinforced(second, ("main",)))
        memory.get(first)
        await do(memory, FORESEE)
        misses = level(memory, "objects").misses
        assert memory.get(second).reinforced == 1
        statistics = memory.engine.cache.statistics()
        assert level(memory, "objects").misses == misses
        assert statistics.predicted == 1
        assert statistics.prediction_accuracy == 1.0


async def test_the_tuner_records_what_it_decides(tmp_path: Path) -> None:
    """A level that lets go of much and finds little grows, with the reason; if it doesn't pay, that is taken back."""
    small = CacheSettings(objects_bytes=32 << 10, policy="lru", tune_s=1000, results_bytes=0)
    async with opened(tmp_path, small) as memory:
        ids = await filled(memory, 400)
        for _ in range(2):
            for _ in range(4):
                for memory_id in ids:
                    memory.get(memory_id)
            await do(memory, TUNE)
            await memory.engine.flush()
            await wait_all_tasks_blocked(0.05)
        decisions = [event.data for event in memory.engine.read(types=[SettingChanged])]
        assert [(each.name, each.value, each.before, each.by) for each in decisions] == [
            ("cache.objects_bytes", 40 << 10, 32 << 10, "tuner"),
            ("cache.objects_bytes", 32 << 10, 40 << 10, "tuner"),
        ]
        assert "want of room" in decisions[0].reason
        assert "did not pay" in decisions[1].reason
        assert memory.engine.cache.settings.objects_bytes == 32 << 10


async def test_contexts_are_kept_by_goal_and_tool(tmp_path: Path) -> None:
    """50 of them, and those of one goal or one tool can be dropped together."""
    async with opened(tmp_path) as memory:
        contexts = memory.engine.cache.contexts
        made: list[int] = []

        def make() -> dict[str, tuple[str, ...]]:
            made.append(1)
            return {"texts": ("a", "b")}

        for _ in range(2):
            assert contexts.get_or_make("answer", "search", make) == {"texts": ("a", "b")}
        assert made == [1]
        for number in range(60):
            contexts.put(f"goal {number}", "search", "x")
        assert contexts.statistics().entries == 50
        assert memory.engine.cache.contexts.get("goal 59", "search") == "x"
        contexts.drop(goal="goal 59")
        assert contexts.get("goal 59", "search") is None
        contexts.drop(tool="search")
        assert contexts.statistics().entries == 0
        assert contexts.statistics().ttl_s == 7200


async def test_an_engine_that_keeps_nothing_says_so(tmp_path: Path) -> None:
    """Off is off: no cache, no actor for it, and statistics that say None."""
    async with opened(tmp_path, "off") as memory:
        with pytest.raises(Closed, match="keeps nothing"):
            _ = memory.engine.cache
        assert memory.stats().cache is None
        assert "cacher" not in {actor.name for actor in memory.stats().actors}
    with pytest.raises(InvalidInput, match="no preset"):
        async with opened(tmp_path, "huge"):
            pass
