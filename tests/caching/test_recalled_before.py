"""Recall with its answers kept is recall: the same as asked anew, whatever was asked, written and embedded before."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import outcome
import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

import remanence
from remanence import CacheSettings, Closed, Hit, InvalidInput, Memory, MemoryReader, NewMemory, NotFound, Settings
from remanence.projections.clusters.events import MemoryEmbedded
from remanence.projections.memories.view import Memories
from remanence.projections.recall.events import MemoryRecalled
from remanence.projections.recall.plugs import RecallSettings
from remanence.projections.semantic.vectors import Vectors
from remanence.reading.recalled_before import NAME, RecalledBefore, question_of

from ..effort import short
from ..semantic.test_embedding import Model, settle

LARGE = CacheSettings()
TIGHT = CacheSettings(objects_bytes=8192, rows_bytes=8192, results_bytes=40_000, policy="lru")
TRIES = 20
"""A model works in the background, so what is asked anew may already know more; what is kept too long stays so."""
texts = st.sampled_from(["tea at four", "a boat in the harbour", "the dentist", "green tea", "Ada: is there tea?"])
scopes = st.sampled_from(["ada", "bo"])
wishes = st.fixed_dictionaries(
    {"query": st.sampled_from(["tea", "harbour boat", "what did Ada say?"]), "scope": scopes},
    optional={
        "kinds": st.sampled_from(["fact", ("fact", "turn")]),
        "min_confidence": st.sampled_from([0, 0.85]),
        "limit": st.integers(1, 3),
        "preset": st.sampled_from(["fast", "balanced"]),
        "weights": st.sampled_from([None, {"meaning": 0.0}, {"recency": 1.0}]),
        "neighbours": st.integers(0, 1),
        "explain": st.booleans(),
    },
)
steps = st.one_of(
    st.tuples(st.just("recall"), wishes),
    st.tuples(st.just("recall"), wishes),
    st.tuples(st.just("similar"), st.integers(0, 9)),
    st.tuples(st.just("remember"), st.builds(NewMemory, texts, scopes, session=st.none() | st.just("s"))),
    st.tuples(st.just("revise"), st.integers(0, 9), texts),
    st.tuples(st.just("reinforce"), st.integers(0, 9)),
    st.tuples(st.just("forget"), st.integers(0, 9)),
    st.tuples(st.just("embed")),
    st.tuples(st.just("embed")),
    st.tuples(st.just("rebuild"), st.sampled_from([Memories, Vectors])),
)


@asynccontextmanager
async def opened(path: Path, cache: CacheSettings | str = LARGE, **options: Any) -> AsyncGenerator[Memory]:
    """A memory that keeps answers."""
    settings = Settings(cache=cache, retrain=False, snapshot_events=None)
    async with remanence.open(path, settings=settings, **options) as memory:
        yield memory


def counts(memory: Memory) -> tuple[int, int]:
    """How often answers were found, and how often not."""
    [pool] = [each for each in memory.engine.cache.statistics().pools if each.name == f"{NAME}/results"]
    return pool.hits, pool.misses


def anew(memory: Memory) -> MemoryReader:
    """A reader of the same memory, by the same indexes, that never keeps an answer."""
    reader = MemoryReader(memory.engine)
    reader.recaller = memory.recaller
    reader.recalled_before = RecalledBefore(memory.engine, keeps=False)
    return reader


class Life:
    """A memory at work. What was ever asked is asked again after each step: as it is, and anew."""

    def __init__(self, memory: Memory, *, has_model: bool) -> None:
        self.memory = memory
        self.has_model = has_model
        self.ids: list[str] = []
        self.asked: list[Callable[[MemoryReader], list[Hit]]] = []

    def pick(self, number: int) -> str:
        """Some memory's id, perhaps of one that is forgotten."""
        return self.ids[number % len(self.ids)] if self.ids else "none"

    async def do(self, step: tuple[Any, ...]) -> None:
        """Take a step, and ask."""
        with contextlib.suppress(NotFound, InvalidInput):  # it is forgotten, or another says that already
            await self._do(step)
        fresh = anew(self.memory)
        for question in self.asked[-4:]:
            for _ in range(TRIES):
                if self.is_same(question, fresh):
                    break
                await self.memory.engine.wait_for(Vectors)  # something came in just then
            else:
                if self.has_model:
                    await settle(self.memory)  # now nothing comes in any more
                assert self.is_same(question, fresh)

    def is_same(self, question: Callable[[MemoryReader], list[Hit]], fresh: MemoryReader) -> bool:
        """Whether what is kept, and what is kept of asking now, is what comes out anew."""
        expected = str(outcome.capture(question, fresh))
        return all(str(outcome.capture(question, self.memory)) == expected for _ in range(2))

    async def _do(self, step: tuple[Any, ...]) -> None:
        memory, what = self.memory, step[0]
        if what == "recall":
            self.asked.append(partial(MemoryReader.recall, **step[1]))
        elif what == "similar":
            self.asked.append(partial(MemoryReader.similar, memory_id=self.pick(step[1])))
        elif what == "remember":
            self.ids += await memory.remember_many([step[1]])
        elif what == "revise":
            await memory.revise(self.pick(step[1]), step[2])
        elif what == "embed":
            await settle(memory)
        elif what == "rebuild":
            await memory.engine.rebuild(step[1])
        else:
            await getattr(memory, what)(self.pick(step[1]))


@pytest.mark.parametrize("cache", [LARGE, TIGHT], ids=["large", "tight"])
@pytest.mark.parametrize("has_model", [False, True], ids=["table", "model"])
@given(told=st.lists(steps, min_size=6, max_size=15))
@short(6)
def test_what_is_kept_is_what_would_come_out(
    cache: CacheSettings, *, has_model: bool, told: list[tuple[Any, ...]]
) -> None:
    """Whatever is written, embedded or rebuilt between two questions, the answer is that of asking anew."""

    async def go() -> None:
        options: dict[str, Any] = {"embedder": Model("one")} if has_model else {"async_projections": [Vectors]}
        options["clock"] = lambda: 10**18  # asked about now, twice at the same time
        with TemporaryDirectory() as folder:
            async with opened(Path(folder) / "memory", cache, **options) as memory:
                life = Life(memory, has_model=has_model)
                for step in told:
                    if has_model or step[0] != "embed":
                        await life.do(step)

    trio.run(go)


async def test_only_a_write_in_its_scope_ends_an_answer(tmp_path: Path) -> None:
    """Asked again, the same hits come, to do with as one likes; a write elsewhere leaves them, one here doesn't."""
    async with opened(tmp_path) as memory:
        await memory.remember("tea at four", scope="ada", metadata={"cups": 2})
        first = memory.recall("tea", scope="ada", explain=True)
        again = memory.recall("tea", scope="ada", explain=True)
        assert counts(memory) == (1, 1)
        assert again == first
        assert isinstance(again[0].parts, dict)
        again[0].parts["words"] = 0.0
        again.clear()
        await memory.remember("tea at five", scope="bo")
        assert memory.recall("tea", scope="ada", explain=True) == first
        assert counts(memory) == (2, 1)
        await memory.remember("no tea", scope="ada")
        assert len(memory.recall("tea", scope="ada", explain=True)) == 2
        assert counts(memory) == (2, 2)


async def test_every_option_is_a_question_of_its_own(tmp_path: Path) -> None:
    """Whatever is asked differently is answered for itself; what can be asked only once, or about now, isn't kept."""
    async with opened(tmp_path) as memory:
        await memory.remember_many([NewMemory("tea", tags=["hot"], session="s"), NewMemory("cold tea")])
        options: list[dict[str, Any]] = [
            {},
            {"kinds": "fact"},
            {"kinds": ["fact", "turn"]},
            {"tags": ["hot"]},
            {"sessions": ("s",)},
            {"since": datetime(2020, 1, 1, tzinfo=UTC)},
            {"until": datetime(2020, 1, 1, tzinfo=UTC)},
            {"min_confidence": 0.5},
            {"limit": 1},
            {"preset": "fast"},
            {"fusion": "max"},
            {"weights": {"meaning": 0.5}},
            {"neighbours": 1},
            {"explain": True},
        ]
        for asked in options * 2:
            MemoryReader.recall(memory, "tea", **asked)
        assert counts(memory) == (len(options), len(options))
        for _ in range(2):
            assert memory.recall("tea", kinds=iter(["fact"])) == memory.recall("tea", kinds="fact")
            memory.recall("tea", weights={"recency": 1.0})
        with pytest.raises(InvalidInput):
            memory.recall("tea", limit=True)
        hits, misses = counts(memory)
        assert (hits, misses) == (len(options) + 2, len(options) + 3)


async def test_a_recorded_answer_is_recorded_each_time(tmp_path: Path) -> None:
    """That an answer was there already changes nothing about what went into the prompt."""
    async with opened(tmp_path) as memory:
        await memory.remember("tea")
        for _ in range(3):
            await memory.recall("tea", record=True)
        assert counts(memory) == (2, 1)
        assert len(memory.engine.read(types=[MemoryRecalled])) == 3


async def test_a_vector_that_came_since_ends_an_answer(tmp_path: Path) -> None:
    """An embedding that is done in the background changes answers about its scope, and no others; so does a choice."""
    model = Model("one")
    async with opened(tmp_path, embedder=model) as memory:
        await memory.remember("the dog sleeps", scope="ada")
        await memory.remember("the cat sleeps", scope="bo")
        await settle(memory)
        before = memory.recall("puppy", scope="ada")
        asked = len(model.asked)
        assert memory.recall("puppy", scope="ada") == before
        assert len(model.asked) == asked  # the model isn't asked about a question that is answered
        [made] = [each.data for each in memory.engine.read(types=[MemoryEmbedded], tags=["scope:bo"])]
        await memory.engine.append(made)
        assert memory.recall("puppy", scope="ada") == before
        assert counts(memory) == (2, 1)
        dog = await memory.remember("a rainy day", scope="ada")
        before = memory.recall("puppy", scope="ada")
        assert [hit.id for hit in before][1:] == [dog]
        await settle(memory)
        assert memory.recall("puppy", scope="ada") == anew(memory).recall("puppy", scope="ada") != before


async def test_yesterday_is_another_day_tomorrow(tmp_path: Path) -> None:
    """A question that names a day by what it is today is answered anew when the day is over; and as it was before."""
    day = [10**18]
    async with opened(tmp_path, clock=lambda: day[0]) as memory:
        await memory.remember("tea in the harbour")
        for question in ("what was said yesterday?", "tea"):
            assert memory.recall(question) == memory.recall(question)
        assert counts(memory) == (2, 2)
        day[0] += 2 * 86_400 * 10**9
        for question in ("what was said yesterday?", "tea"):
            assert memory.recall(question) == anew(memory).recall(question)
        assert counts(memory) == (3, 3)


class Fickle:
    """A reranker that has something to say only when asked a second time."""

    asked = 0

    def rerank(self, query: str, texts: Sequence[str]) -> Sequence[float]:  # noqa: ARG002 - it has its mind made up
        """The longest first."""
        self.asked += 1
        return [] if self.asked == 1 else [float(len(text)) for text in texts]


async def test_what_a_reranker_did_not_come_to_is_not_kept(tmp_path: Path) -> None:
    """An answer without the last word is given, and asked for again; one with it is kept."""
    reranker = Fickle()
    async with opened(tmp_path, recall=RecallSettings(reranker=reranker)) as memory:
        await memory.remember_many([NewMemory("tea"), NewMemory("tea in the harbour at four")])
        answers = [MemoryReader.recall(memory, "tea", preset="accurate") for _ in range(3)]
        assert answers[-1][0].text == "tea in the harbour at four"
        assert reranker.asked == 2
        assert counts(memory) == (1, 2)


async def test_the_past_and_other_processes_keep_no_answers(tmp_path: Path) -> None:
    """They answer as they did then, or as it is now, and have no cache."""
    async with opened(tmp_path) as memory:
        tea = await memory.remember("tea")
        then = memory.engine.head
        memory.recall("tea")
        await memory.forget(tea)
        for _ in range(2):
            assert memory.recall("tea") == []
            async with memory.as_of(then) as past:
                assert [hit.id for hit in past.recall("tea")] == [tea]
    async with remanence.open(tmp_path, read_only=True) as reader:
        assert reader.recall("tea") == reader.recall("tea") == []
        with pytest.raises(Closed):
            _ = reader.engine.cache


async def test_threads_recall_what_is_there_and_never_go_back(tmp_path: Path) -> None:
    """While memories come one by one, readers in threads find more and more of them, and miss none acknowledged."""
    async with opened(tmp_path) as memory:
        found: list[list[int]] = [[], []]
        ending = threading.Event()
        acknowledged = [0]
        failed: list[str] = []

        def read(into: list[int]) -> None:
            while not ending.is_set():
                least = acknowledged[0]
                count = len(memory.recall("tea", limit=100, preset="fast"))
                if count < least:
                    failed.append(f"{count} of {least}")
                into.append(count)

        threads = [threading.Thread(target=read, args=(each,)) for each in found]
        for thread in threads:
            thread.start()
        for number in range(20):
            await memory.remember(f"tea {number}")
            acknowledged[0] = number + 1
        ending.set()
        for thread in threads:
            thread.join()
        assert failed == []
        assert all(each == sorted(each) for each in found)
        assert len(memory.recall("tea", limit=100, preset="fast")) == 20


def test_the_question_is_all_that_was_asked() -> None:
    """Equal questions of equal types are the same; what can be read only once is none."""
    values: Sequence[object] = ("a", 1, 1.0, True, None, ("a",), ["a"], [1], [True], {"a": 1}, {"a": 1.0}, ("a", "a"))
    names = [question_of(value) for value in values]
    assert len(set(names)) == len(values)
    assert names == [question_of(value) for value in values]
    assert all(question_of(each) is None for each in (iter("a"), {"a"}, object(), [[{1}]], {"a": {1}}))
