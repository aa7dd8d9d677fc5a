"""Caches never change an answer: on an engine and on views, through changes, rebuilds, failures, ends and forks."""

from __future__ import annotations

import enum
import os
import threading
import warnings
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import pytest

import remanence
from remanence import CacheSettings, Closed, MemoryRow, NewMemory, NotFound, Settings, ViewFailed
from remanence.codecs.compression import Dictionaries
from remanence.projections.caching.caches import Caches
from remanence.projections.caching.levels import TableCache
from remanence.projections.caching.view_caches import ViewCaches
from remanence.projections.memories.view import Memories
from remanence.projections.projection import Projection, on
from remanence.projections.tables import Table
from remanence.projections.views import View, Views

from ..projections.ledger import STORY, Ledger, Moved, Opened, make_log, open_view, rows_of
from .shelf import Book, Shelf

ALL = CacheSettings(rows_bytes=1 << 20)


def opened(path: Path, cache: CacheSettings | str = ALL) -> Any:
    """A memory with all levels."""
    return remanence.open(path, settings=Settings(cache=cache, retrain=False, snapshot_events=None))


async def test_what_is_read_again_is_the_same_object(tmp_path: Path) -> None:
    """From the second look on a hit is no copy, by id and by question; a list of answers is each reader's own."""
    async with opened(tmp_path) as memory:
        memory_id = await memory.remember("tea", metadata={"cups": 2})
        assert memory.get(memory_id) is not memory.get(memory_id)
        assert memory.get(memory_id) is memory.get(memory_id)
        answers = [memory.find() for _ in range(3)]
        assert answers[0] == answers[1] == answers[2]
        answers[1].clear()
        assert memory.find() == answers[0]
        with pytest.raises(TypeError, match="shared"):
            memory.get(memory_id).metadata["cups"] = 3
        assert memory.get(memory_id).metadata == {"cups": 2}


async def test_changes_are_seen_at_once(tmp_path: Path) -> None:
    """Whatever was read before, the next read tells what is so now; so do answers, scope by scope."""
    async with opened(tmp_path) as memory:
        tea = await memory.remember("tea", scope="ada")
        milk = await memory.remember("milk", scope="bo")
        for _ in range(3):
            assert [row.text for row in memory.find(scope="ada")] == [memory.get(tea).text] == ["tea"]
            assert [row.text for row in memory.find(scope="bo")] == [memory.get(milk).text] == ["milk"]
        await memory.revise(tea, "green tea")
        assert [row.text for row in memory.find(scope="ada")] == [memory.get(tea).text] == ["green tea"]
        hits = {pool.name: pool.hits for pool in memory.engine.cache.statistics().pools}
        assert [row.text for row in memory.find(scope="bo")] == ["milk"]
        after = {pool.name: pool.hits for pool in memory.engine.cache.statistics().pools}
        assert after["memories.rows/results"] == hits["memories.rows/results"] + 1  # another's change left it alone
        await memory.forget(tea)
        assert memory.find(scope="ada") == []
        with pytest.raises(NotFound, match="forgotten"):
            memory.get(tea)


async def test_a_rebuild_leaves_nothing_behind(tmp_path: Path) -> None:
    """Who reads by a memory that was there before a rebuild reads the new view: from the disk, then from the cache."""
    async with opened(tmp_path) as memory:
        memory_id = await memory.remember("tea")
        before = memory.get(memory_id)
        assert memory.find() == memory.find() == [before]
        await memory.engine.rebuild(Memories)
        after = memory.get(memory_id)
        assert after == before
        assert after is not before
        assert memory.find() == [before]


async def test_the_past_and_the_present_share_nothing(tmp_path: Path) -> None:
    """A memory as it stood answers from then, whatever was read now, and the other way round."""
    async with opened(tmp_path) as memory:
        memory_id = await memory.remember("tea")
        then = memory.engine.head
        await memory.revise(memory_id, "coffee")
        for _ in range(2):
            assert memory.get(memory_id).text == "coffee"
            async with memory.as_of(then) as past:
                for _ in range(2):
                    assert past.get(memory_id).text == "tea"
                    assert [row.text for row in past.find()] == ["tea"]
                with pytest.raises(Closed):
                    _ = past.engine.cache
            assert [row.text for row in memory.find()] == ["coffee"]


async def test_a_closed_engine_answers_nothing(tmp_path: Path) -> None:
    """What was kept is gone with the view."""
    async with opened(tmp_path) as memory:
        memory_id = await memory.remember("tea")
        rows = memory.engine.view(Memories).rows
        memory.get(memory_id)
        assert memory.get(memory_id) is rows.get(memory_id)
    with pytest.raises(Closed):
        memory.get(memory_id)
    with pytest.raises(Closed):
        rows.get(memory_id)


async def test_keys_that_are_equal_in_python_stay_apart(tmp_path: Path) -> None:
    """What isn't text isn't an id, equal or not; an id of a subclass of text is the same id."""
    async with opened(tmp_path) as memory:
        memory_id = await memory.remember("tea")
        memory.get(memory_id)

        class Name(enum.StrEnum):
            TEA = memory_id

        for strange in (1, True, None, [memory_id], (memory_id,), memory_id.encode()):
            with pytest.raises(NotFound):
                memory.get(strange)
        rows = memory.engine.view(Memories).rows
        for _ in range(2):
            assert rows.get(Name.TEA) == rows.get(memory_id)
        await memory.revise(memory_id, "coffee")
        assert [rows.get(each).text for each in (Name.TEA, memory_id)] == ["coffee", "coffee"]


@attrs.frozen
class Thing:
    """A row with a key of numbers, and a list in it."""

    key: int | float | bool
    names: list[str]


class Things(Projection):
    """Things by number."""

    things = Table(Thing, key="key")

    @on(Opened)
    def opened(self, event: Any) -> None:  # noqa: ARG002 - its coming is enough
        """One of each."""
        for key in (1, 1.0, True):
            self.things.put(Thing(key, [type(key).__name__]))


def cached(path: Path, projection: type[Projection]) -> tuple[Views, View[Any], Caches]:
    """A view that keeps what is read of it."""
    caches = Caches(ALL, Dictionaries())
    view: View[Any] = open_view(path, projection, caches=caches)
    return Views([view], caches), view, caches


def test_numbers_that_are_equal_are_different_keys(tmp_path: Path) -> None:
    """1, 1.0 and True have rows of their own. A row with a list in it is given to each reader anew."""
    log = make_log()
    log.append(STORY[0])
    views, view, caches = cached(tmp_path, Things)
    views.catch_up(log)
    for _ in range(3):
        for key in (1, 1.0, True):
            row = view.rows.things.get(key)
            assert row.names == [type(key).__name__]
            row.names.append("changed by its reader")
    assert len(next(caches.tables())[1].objects) == 0
    assert len(next(caches.tables())[1].rows) == 3
    views.close()


class Refusing(Ledger):
    """A ledger that can't take more than so much."""

    name = "ledger"

    @on(Moved)
    def moved(self, event: Any) -> None:
        """Up to 1,000."""
        if event.data.amount > 1000:
            raise ValueError(event.data.amount)


def test_a_view_that_failed_shows_nothing(tmp_path: Path) -> None:
    """A hit is no way around the gate."""
    log = make_log()
    log.append(*STORY)
    views, view, _ = cached(tmp_path, Refusing)
    views.catch_up(log)
    ids = list(rows_of(view))
    for _ in range(2):
        assert view.rows.accounts.get(ids[0]).id == ids[0]
    log.append(Moved(ids[0], 5000))
    views.apply(log.read(after=view.checkpoint))
    with pytest.raises(ViewFailed):
        view.rows.accounts.get(ids[0])
    views.close()


class Watching(ViewCaches):
    """Notes what the view's checkpoint is when its caches begin to take in again."""

    def __init__(self, caches: Caches, view: View[Any], log: list[int]) -> None:
        super().__init__(caches, view.name, view.projection.tables)
        self.view = view
        self.noted = log

    @contextmanager
    def change(self) -> Generator[None]:
        """As it is, and tells what others see at its end."""
        with super().change():
            yield
            self.noted.append(self.view.checkpoint)
            assert next(iter(self.tables.values())).seen() < 0


def test_nothing_is_taken_in_until_the_checkpoint_covers_the_commit(tmp_path: Path) -> None:
    """Who answers by the events up to the checkpoint, between commit and checkpoint, isn't believed to know the new."""
    log = make_log()
    caches = Caches(ALL, Dictionaries())
    view: View[Any] = open_view(tmp_path, Ledger, caches=caches)
    noted: list[int] = []
    view.caches = Watching(caches, view, noted)
    views = Views([view], caches)
    views.catch_up(log)
    log.append(*STORY)
    views.apply(log.read())
    assert noted == [log.head]
    views.close()


async def test_a_stale_answer_is_a_miss_and_gone(tmp_path: Path) -> None:
    """What is found and isn't right any more counts as not found, and no longer takes room."""
    async with opened(tmp_path) as memory:
        tea = await memory.remember("tea")

        def results() -> tuple[int, int, int]:
            [pool] = [each for each in memory.engine.cache.statistics().pools if each.name == "memories.rows/results"]
            return pool.hits, pool.misses, pool.entries

        for _ in range(3):
            memory.find()
        assert results() == (1, 2, 1)
        await memory.forget(tea)
        assert memory.find() == []
        assert results() == (1, 3, 1)  # the new answer is there, because the question was asked before
        await memory.remember("milk")
        memory.find(kind="fact")
        assert results() == (1, 4, 1)


class Delaying(TableCache[Any]):
    """What happens to a reader who is slow to begin: something comes in between."""

    meanwhile: Callable[[], None] | None = None

    def seen(self, domain: bytes | None = None) -> int:
        """As it is; but first that happens, once."""
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            meanwhile()
        return super().seen(domain)


async def test_who_still_reads_the_old_view_keeps_nothing_of_it(tmp_path: Path) -> None:
    """A reader who began before a rebuild took its place, and reads the old rows afterwards, is not believed."""
    async with opened(tmp_path) as memory:
        memory_id = await memory.remember("tea")
        view = memory.engine.views.of(Memories)
        rows, cache = view.reading["rows"], view.caches.tables["rows"]
        cache.__class__ = Delaying
        rows.get(memory_id)
        cache.meanwhile = lambda: view.caches.rows(Memories.rows, rows._env, rows._codec, view._gate, rows._slow)
        assert rows.get(memory_id).text == "tea"
        assert cache.objects.get(memory_id) is None
        assert rows.get(memory_id).text == "tea"


async def test_nearly_full_is_relieved_at_once(tmp_path: Path) -> None:
    """Whoever reads doesn't wait for a level to be full, nor for the governor, when all together have hardly room."""
    settings = CacheSettings(objects_bytes=60_000, rows_bytes=0, results_bytes=2_000, policy="lru", emergency_at=0.9)
    async with opened(tmp_path, settings) as memory:
        ids = await memory.remember_many([NewMemory(f"number {number}") for number in range(100)])
        for memory_id in ids:
            memory.get(memory_id)
            memory.get(memory_id)
            assert memory.engine.cache.statistics().used_bytes < 0.9 * 62_000
        statistics = memory.engine.cache.statistics()
        assert statistics.emergencies > 0
        assert statistics.pools[0].evictions > 0


async def test_what_went_up_is_counted_when_it_does(tmp_path: Path) -> None:
    """A row that is found in L2 counts as promoted when L1 takes it."""
    async with opened(tmp_path) as memory:
        memory_id = await memory.remember("tea")
        cache = memory.engine.views.of(Memories).caches.tables["rows"]
        for _ in range(2):
            memory.get(memory_id)
        assert cache.promoted == 0
        cache.objects.evict()
        memory.get(memory_id)
        assert memory.engine.cache.statistics().promoted == 1
        memory.get(memory_id)
        assert memory.engine.cache.statistics().promoted == 1


async def test_warming_goes_on_while_others_write(tmp_path: Path) -> None:
    """What is read after a change is taken in, though what was read before it isn't; no row is passed over or twice."""
    async with opened(tmp_path, CacheSettings(objects_bytes=4 << 20)) as memory:
        ids = await memory.remember_many([NewMemory(f"number {number}") for number in range(600)])
        view = memory.engine.views.of(Memories)
        rows, cache = view.reading["rows"], view.caches.tables["rows"]
        assert rows.warm(550) == 550
        assert sorted(cache.objects) == sorted(ids)[-550:]
        cache.objects.clear()
        cache.__class__ = Delaying
        cache.meanwhile = lambda: cache.changing() or cache.changed()
        assert rows.warm(1000) == 600
        assert sorted(cache.objects) == sorted(ids)


async def test_threads_read_what_is_there_and_never_go_back(tmp_path: Path) -> None:
    """While one memory is confirmed again and again, readers in threads see it grow, and nothing that wasn't so."""
    async with opened(tmp_path) as memory:
        memory_id = await memory.remember("tea")
        seen: list[list[int]] = [[], []]
        ending = threading.Event()

        def read(into: list[int]) -> None:
            while not ending.is_set():
                row: MemoryRow = memory.get(memory_id)
                [found] = memory.find(limit=1)
                into += (row.reinforced, found.reinforced)

        threads = [threading.Thread(target=read, args=(each,)) for each in seen]
        for thread in threads:
            thread.start()
        for _ in range(50):
            await memory.reinforce(memory_id)
        ending.set()
        for thread in threads:
            thread.join()
        assert memory.get(memory_id).reinforced == 50
        for each in seen:
            assert each == sorted(each)


def test_a_fork_keeps_nothing() -> None:
    """Who forked goes on changing rows and nobody would tell: the child's caches are empty and stay so."""
    shelf = Shelf()
    book = Book("a", "ada", "x")
    shelf.cache.objects.put("a", book, 10)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # other tests' threads
        child = os.fork()
    if not child:
        is_empty = shelf.cache.objects.get("a") is None and shelf.cache.seen() < 0 and not shelf.caches.used_bytes
        os._exit(0 if is_empty else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert shelf.cache.objects.get("a") is book


async def test_pressure_is_relieved(tmp_path: Path) -> None:
    """At four fifths of all bytes the caches are cleaned to seven tenths; nearly full, whoever reads does it."""
    settings = CacheSettings(objects_bytes=40_000, rows_bytes=0, results_bytes=0, policy="lru")
    async with opened(tmp_path, settings) as memory:
        ids = await memory.remember_many([NewMemory(f"number {number}") for number in range(100)])
        cache = memory.engine.cache
        for memory_id in ids:
            memory.get(memory_id)
            memory.get(memory_id)
            if cache.statistics().used_bytes >= 32_000:
                break
        relief = cache.relieve()
        assert (relief.pressure, relief.evicted > 0) == ("high", True)
        assert cache.statistics().used_bytes <= 28_000
        assert relief.freed_bytes > 0
        assert cache.relieve().pressure == "none"
        for memory_id in ids * 2:
            memory.get(memory_id)
        assert cache.statistics().emergencies > 0
        assert cache.statistics().used_bytes <= 40_000
