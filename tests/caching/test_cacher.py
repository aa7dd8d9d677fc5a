"""The cacher and the settings that change, on an engine: it warms, cleans, foresees, tunes, and is never in the way."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import attrs
import pytest
import trio
from trio.testing import wait_all_tasks_blocked

import remanence
from remanence import (
    CacheSettings,
    CacheStatistics,
    Closed,
    InvalidInput,
    Memory,
    NewMemory,
    NotFound,
    PoolStatistics,
    Recorded,
    SettingChanged,
    Settings,
)
from remanence.actors.cacher import CLEAN, FORESEE, TUNE, Cacher
from remanence.codecs.compression import Dictionaries
from remanence.core.catalogs import MemoryCatalog
from remanence.core.events import Registry
from remanence.core.log import Log
from remanence.core.stores import MemoryStore
from remanence.projections.caching.caches import Caches
from remanence.projections.caching.noting import NoteFile
from remanence.projections.caching.tuning import Tuner
from remanence.projections.memories.events import MemoryReinforced
from remanence.projections.views import Views


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
        ("cache.clean_to", True),
        ("cache.predict", "false"),
        ("cache.tune_s", "often"),
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


async def test_settings_that_limit_each_other_hold_when_opened_again(tmp_path: Path) -> None:
    """What could be taken one after the other can be taken together, whichever was decided about first."""
    steps = (("clean_to", 0.75), ("clean_at", 0.9), ("clean_to", 0.85))
    async with opened(tmp_path) as memory:
        for name, value in steps:
            await memory.engine.cache.change(f"cache.{name}", value, reason="trying")
            await wait_all_tasks_blocked(0.05)
        held = memory.engine.cache.settings
        assert (held.clean_to, held.clean_at) == (0.85, 0.9)
    async with opened(tmp_path) as memory:
        assert memory.engine.cache.settings == held
    async with opened(tmp_path, "small-memory") as memory:
        settings = memory.engine.cache.settings
        assert (settings.clean_to, settings.clean_at) == (0.6, 0.7)  # over 0.85 it would clean at once


class Alone(Cacher):
    """A cacher without a runtime, which notes what it would have of it."""

    head = 7

    def __init__(self, settings: CacheSettings, folder: Path) -> None:
        caches = Caches(settings, Dictionaries())
        super().__init__(caches, Views([], caches), NoteFile(folder))
        self.planned: list[str] = []
        self.after: list[int] = []

    @property
    def engine(self) -> Any:
        """It need only know where the log ends."""
        return self

    def later(self, message: Any, after_s: float) -> None:  # noqa: ARG002 - what counts is that it is planned
        """Note it."""
        self.planned.append(message)

    def subscribe(self, *types: Any, after: int = 0, **more: Any) -> None:  # noqa: ARG002 - as above
        """Note it."""
        self.after.append(after)

    def spawn(self, work: Any) -> None:
        """Don't."""


def decisions(values: Iterable[Any], name: str = "cache.predict") -> list[Recorded[SettingChanged]]:
    """Decisions as they stand in the log."""
    log = Log(MemoryStore(bytes(16)), MemoryCatalog(), Registry([SettingChanged]))
    log.append(*(SettingChanged(name, value, None, "why not") for value in values))
    return log.read()


async def test_however_often_it_is_switched_one_round_goes_on(tmp_path: Path) -> None:
    """Foresight that is switched off and on again while a round is under way isn't begun a second time."""
    cacher = Alone(CacheSettings(), tmp_path)
    await cacher.started()
    for each in decisions([True, False, True, False, True]):
        await cacher.handle([each])
    assert cacher.planned == [CLEAN, FORESEE]
    await cacher.handle([FORESEE])
    assert cacher.planned == [CLEAN, FORESEE, FORESEE]


async def test_a_cacher_begun_again_goes_on_where_it_was(tmp_path: Path) -> None:
    """What was decided while it was down is told to it; its rounds begin anew, because those of before are gone."""
    cacher = Alone(CacheSettings(predict=True), tmp_path)
    await cacher.started()
    await cacher.handle(decisions(range(9), name="cache.warm_rows"))
    cacher.head = 50
    await cacher.started()
    assert cacher.after == [7, 9]
    assert cacher.planned == [CLEAN, FORESEE] * 2


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


def counted(settings: CacheSettings, hits: int, misses: int, evictions: int) -> CacheStatistics:
    """A level of objects that was asked so often, all in all."""
    limit = settings.objects_bytes
    pool = PoolStatistics("t.rows/objects", "lru", 9, limit, limit, hits, misses, evictions, 0, 0)
    return CacheStatistics(limit, settings.limit_bytes, (pool,), 0, 0, 0, settings)


def test_the_tuner_takes_nothing_back_that_others_have_set() -> None:
    """A size that somebody chose while a trial was going on stays."""
    settings = CacheSettings(objects_bytes=1000)
    tuner = Tuner(settings)
    grown = tuner.decide(counted(settings, 500, 600, 10))
    assert grown is not None
    assert grown.value == 1250
    by_hand = CacheSettings(objects_bytes=9000)
    assert tuner.decide(counted(by_hand, 1000, 1200, 20)) is None


def test_the_tuner_waits_for_each_level_by_itself() -> None:
    """What few ask of is judged when enough have, however much the others are asked meanwhile."""
    settings = CacheSettings(objects_bytes=1000)
    tuner = Tuner(settings)
    for asked in range(400, 1000, 200):
        busy = PoolStatistics("t.rows/results", "lru", 9, 8 << 20, 8 << 20, 5000 * asked, 0, 0, 0, 0)
        slow = counted(settings, 0, asked, asked)
        assert tuner.decide(attrs.evolve(slow, pools=(*slow.pools, busy))) is None
    found = tuner.decide(counted(settings, 0, 1000, 1000))
    assert found is not None
    assert found.name == "cache.objects_bytes"


async def test_the_tuner_is_bound_by_what_people_set(tmp_path: Path) -> None:
    """Opened again and again, what it made of a size is no new measure; what somebody decided is."""
    async with opened(tmp_path) as memory:
        for value, by in ((64 << 20, "tuner"), (20 << 20, "user"), (80 << 20, "tuner")):
            await memory.engine.append(SettingChanged("cache.objects_bytes", value, None, "why not", by))
    async with opened(tmp_path) as memory:
        caches = memory.engine.views.caches
        assert caches is not None
        assert (caches.settings.objects_bytes, caches.first.objects_bytes) == (80 << 20, 20 << 20)


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
