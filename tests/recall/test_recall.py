"""Recall: what is there is found at once and what isn't never is, through every filter, whatever is asked."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

import remanence
from remanence import InvalidInput, Memory, MemoryReader, MemoryRow, NewMemory, NotFound
from remanence.actors.indexer import ENOUGH
from remanence.projections.recall.files import FOLDER

from ..effort import short

START = datetime(2024, 5, 8, 12, tzinfo=UTC)
moments = st.integers(-3, 3).map(lambda day: START + timedelta(days=day))
told = st.builds(
    NewMemory,
    text=st.lists(st.sampled_from(["tea", "boat", "berth", "harbour", "the", "dentist"]), min_size=1).map(" ".join),
    scope=st.sampled_from(["main", "ada", "ada/x"]),
    kind=st.sampled_from(["fact", "event"]),
    tags=st.lists(st.sampled_from(["work", "home", "a/b"]), max_size=2, unique=True),
    confidence=st.sampled_from([0.0, 0.3, 0.30000000000000004, 1.0]),
    session=st.none() | st.sampled_from(["s", "s/t"]),
    speaker=st.none() | st.sampled_from(["Ada", "Bob"]),
    said_at=moments,
)
wishes = st.fixed_dictionaries(
    {"scope": st.sampled_from(["main", "ada", "ada/x"])},
    optional={
        "kinds": st.sampled_from(["fact", ("event",), ("fact", "event"), "other"]),
        "tags": st.lists(st.sampled_from(["work", "home"]), max_size=2, unique=True),
        "sessions": st.sampled_from(["s", ("s", "s/t"), "u"]),
        "since": moments,
        "until": moments,
        "min_confidence": st.sampled_from([0.0, 0.3, 0.30000000000000004, 1.0]),
        "limit": st.integers(1, 4),
        "preset": st.sampled_from(["fast", "balanced", "accurate"]),
        "fusion": st.sampled_from(["weighted", "max", "harmonic", "geometric", "reciprocal"]),
    },
)


@asynccontextmanager
async def opened(**options: Any) -> AsyncGenerator[Memory]:
    """A memory in a folder that goes afterwards."""
    with TemporaryDirectory() as folder:
        async with remanence.open(Path(folder) / "memory", **options) as memory:
            yield memory


def texts(memory: MemoryReader, query: str, **options: Any) -> list[str]:
    """What is recalled by its words: by its meaning, something always is."""
    found = MemoryReader.recall(memory, query, weights={"meaning": 0.0}, **options)
    return [hit.text for hit in found]


def fits(row: MemoryRow, wish: dict[str, Any]) -> bool:
    """Whether a memory passes the filters, by looking at it."""
    kinds, sessions = wish.get("kinds", ()), wish.get("sessions", ())
    return (
        row.scope == tuple(wish["scope"].split("/"))
        and (not kinds or row.kind in ((kinds,) if isinstance(kinds, str) else kinds))
        and (not sessions or row.session in ((sessions,) if isinstance(sessions, str) else sessions))
        and set(wish.get("tags", ())) <= set(row.tags)
        and ("since" not in wish or row.time >= wish["since"])
        and ("until" not in wish or row.time < wish["until"])
        and row.confidence >= wish.get("min_confidence", 0.0)
    )


@given(st.lists(told, min_size=1, max_size=12), wishes, st.data())
@short(12)
def test_filters_are_exact_and_come_first(memories: list[NewMemory], wish: dict[str, Any], data: st.DataObject) -> None:
    """With filters come the best of what fits, in the order in which they come without: nothing is cut away before."""

    async def go() -> None:
        async with opened() as memory:
            ids = await memory.remember_many(memories)
            for gone in data.draw(st.sets(st.sampled_from(ids), max_size=2)):
                await memory.forget(gone)
            how = {name: wish[name] for name in ("scope", "preset", "fusion") if name in wish}
            everything = MemoryReader.recall(memory, "tea boat", limit=100, **how)
            expected = [(hit.id, hit.score) for hit in everything if fits(hit.memory, wish)]
            found = MemoryReader.recall(memory, "tea boat", **wish)
            assert [(hit.id, hit.score) for hit in found] == expected[: wish.get("limit", 10)]

    trio.run(go)


@given(st.text(min_size=1) | st.text(alphabet="aB\"'()[]{}*?:^~+-!|&\\/ ", min_size=1))
@short(20)
def test_any_question_is_answered_or_refused(query: str) -> None:
    """Whatever is asked, there are hits or none, or a refusal that says why; never another error."""

    async def go() -> None:
        async with opened() as memory:
            await memory.remember("tea at four, said the AND of it")
            try:
                hits = memory.recall(query)
            except InvalidInput:
                assert not query.strip()
            else:
                assert len(hits) <= 1

    trio.run(go)


@pytest.mark.parametrize("query", ["", "  \n", "\ud800", 7, None, "x" * (1 << 20 | 1)])
async def test_what_is_no_question_is_refused(tmp_path: Path, query: Any) -> None:
    """An empty question, one that is no valid text or too long is the caller's mistake, and told so."""
    async with remanence.open(tmp_path / "m") as memory:
        with pytest.raises(InvalidInput, match="question"):
            memory.recall(query)


@pytest.mark.parametrize(
    "options",
    [
        {"limit": 0},
        {"limit": True},
        {"limit": 10_001},
        {"preset": "best"},
        {"fusion": "sum"},
        {"weights": {"word": 1}},
        {"weights": {"words": -1}},
        {"weights": {"reach": 4}},
        {"neighbours": -1},
        {"tags": "work"},
        {"kinds": "No Kind"},
        {"since": START.replace(tzinfo=None)},
        {"min_confidence": 2},
    ],
)
async def test_what_can_not_be_meant_is_refused(tmp_path: Path, options: dict[str, Any]) -> None:
    """An option that says nothing sensible is refused, not guessed at."""
    async with remanence.open(tmp_path / "m") as memory:
        await memory.remember("tea")
        with pytest.raises(InvalidInput):
            MemoryReader.recall(memory, "tea", **options)


async def test_questions_of_any_length_and_of_stop_words_are_answered(tmp_path: Path) -> None:
    """One letter, a hundred thousand, and nothing but stop words: each finds what says it."""
    async with remanence.open(tmp_path / "m") as memory:
        await memory.remember("to be or not to be")
        await memory.remember("vitamin c")
        assert texts(memory, "to be or not to be") == ["to be or not to be"]
        assert texts(memory, "c") == ["vitamin c"]
        long = " ".join(f"w{number}" for number in range(20_000)) + " vitamin"
        assert len(long) > 100_000
        assert texts(memory, long) == ["vitamin c"]


async def test_what_was_just_written_is_found_and_what_is_gone_is_not(tmp_path: Path) -> None:
    """Remembering, revising and forgetting show in the very next answer, whichever words are asked for."""
    async with remanence.open(tmp_path / "m") as memory:
        assert texts(memory, "tea") == []
        tea = await memory.remember("Ada drinks green tea")
        assert texts(memory, "tea") == ["Ada drinks green tea"]
        await memory.revise(tea, "Ada drinks black coffee")
        assert texts(memory, "green tea") == []
        assert texts(memory, "coffee") == ["Ada drinks black coffee"]
        await memory.revise(tea, tags=["drink"])
        assert texts(memory, "coffee", tags=["drink"]) == ["Ada drinks black coffee"]
        await memory.forget(tea)
        assert texts(memory, "coffee") == []


async def test_neighbours_make_a_turn_findable(tmp_path: Path) -> None:
    """The turn that answers need not say the words: its neighbour does; and neighbours come on request."""
    async with remanence.open(tmp_path / "m") as memory:
        for number in range(20):
            await memory.remember(f"small talk number {number} about nothing", session="s", speaker="Ada")
        await memory.remember("Where did you moor the boat?", session="t", speaker="Ada")
        await memory.remember("At the north pier, berth twelve.", session="t", speaker="Bob")
        await memory.remember("Lovely.", session="t", speaker="Ada")
        hits = memory.recall("where did Bob moor the boat", neighbours=2, explain=True)
        best = next(hit for hit in hits[:2] if hit.text == "At the north pier, berth twelve.")
        assert [row.text for row in best.before] == ["Where did you moor the boat?"]
        assert [row.text for row in best.after] == ["Lovely."]
        assert sum(best.parts.values()) == pytest.approx(best.score, abs=1e-4)
        assert best.parts["speaker"] == 1.5
        assert (best.id, best.position) == (best.memory.id, best.memory.position)


async def test_scopes_do_not_see_each_other(tmp_path: Path) -> None:
    """Neither a memory nor a count of words of one scope shows in another's answers or scores."""
    async with remanence.open(tmp_path / "m") as memory:
        await memory.remember_many([NewMemory("tea at four", "ada"), NewMemory("boat at five", "ada")])
        before = [(hit.text, hit.score) for hit in memory.recall("tea", scope="ada")]
        await memory.remember_many([NewMemory(f"tea number {number}", "bob") for number in range(20)])
        assert [(hit.text, hit.score) for hit in memory.recall("tea", scope="ada")] == before


async def test_the_past_is_recalled_as_it_was(tmp_path: Path) -> None:
    """`as_of` answers from what was known then: what was forgotten since is there, what came since is not."""
    async with remanence.open(tmp_path / "m") as memory:
        tea = await memory.remember("tea at four")
        position = memory.engine.head
        await memory.forget(tea)
        await memory.remember("tea at five")
        assert texts(memory, "tea") == ["tea at five"]
        async with memory.as_of(position) as past:
            assert texts(past, "tea") == ["tea at four"]


READER = """
import sys, trio, remanence

async def main():
    async with remanence.open(sys.argv[1], read_only=True) as memory:
        for query in sys.stdin:
            print(sorted(hit.text for hit in memory.recall(query)), flush=True)

trio.run(main)
"""


async def test_another_process_reads_what_is_written(tmp_path: Path) -> None:
    """A reader of the same folder finds what the writer acknowledged, and loses what it forgot."""
    async with remanence.open(tmp_path / "m") as memory:
        tea = await memory.remember("tea at four")
        command = [sys.executable, "-c", READER, str(tmp_path / "m")]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as reader:  # noqa: ASYNC220 - it waits for us

            def asked() -> str:
                assert reader.stdin is not None
                assert reader.stdout is not None
                reader.stdin.write("tea\n")
                reader.stdin.flush()
                return reader.stdout.readline().strip()

            assert await trio.to_thread.run_sync(asked) == "['tea at four']"
            await memory.remember("tea at five")
            assert await trio.to_thread.run_sync(asked) == "['tea at five', 'tea at four']"
            await memory.forget(tea)
            assert await trio.to_thread.run_sync(asked) == "['tea at five']"
            assert reader.stdin is not None
            reader.stdin.close()


async def test_similar_memories_are_found(tmp_path: Path) -> None:
    """What is like a memory comes, the nearest first, in its scope, and itself doesn't."""
    async with remanence.open(tmp_path / "m") as memory:
        boat = await memory.remember("the boat lies at berth twelve")
        await memory.remember("berth twelve is paid until June, and the boat is insured")
        await memory.remember("the boat is blue")
        await memory.remember("tea at four")
        found = [hit.text for hit in memory.similar(boat)]
        assert found[:2] == ["berth twelve is paid until June, and the boat is insured", "the boat is blue"]
        with pytest.raises(NotFound):
            memory.similar("nobody")


async def test_what_was_recalled_can_be_noted(tmp_path: Path) -> None:
    """`record=True` puts the question and what was given for it into the log, and changes nothing else."""
    async with remanence.open(tmp_path / "m", by="juno") as memory:
        tea = await memory.remember("tea at four")
        digest = memory.engine.digest(remanence.Memories)
        hits = await memory.recall("tea", record=True)
        [event] = memory.engine.read(types=[remanence.MemoryRecalled])
        assert (event.data.query, event.data.ids, event.by) == ("tea", (tea,), "juno")
        assert event.data.scores == tuple(hit.score for hit in hits)
        assert memory.engine.digest(remanence.Memories) == digest
        assert [each.type for each in memory.history(tea)] == ["memory.remembered"]


async def test_the_index_follows_and_its_file_holds_no_text(tmp_path: Path) -> None:
    """What many memories make is kept for the next program; no word of theirs stands in it, before or after."""
    folder = tmp_path / "m" / "views" / FOLDER
    async with remanence.open(tmp_path / "m") as memory:
        count = 2 * ENOUGH
        ids = await memory.remember_many([NewMemory(f"secretword{number} tea boat") for number in range(count)])
        await memory.engine.actor("indexer").wait_for(memory.engine.head)
        paths = list(folder.iterdir())
        assert len(paths) == 2  # words, and vectors
        for path in paths:
            assert b"secretword" not in path.read_bytes()
            assert path.stat().st_mode & 0o777 == 0o600
        await memory.forget(ids[7])
        before = [(hit.id, round(hit.score, 3)) for hit in memory.recall("secretword8 tea", limit=20)]
    async with remanence.open(tmp_path / "m", read_only=True) as reader:
        assert [(hit.id, round(hit.score, 3)) for hit in reader.recall("secretword8 tea", limit=20)] == before
        assert texts(reader, "secretword7") == []
        reader.recaller.indexes.erase(("main",))
        assert not list(folder.iterdir())
        assert [(hit.id, round(hit.score, 3)) for hit in reader.recall("secretword8 tea", limit=20)] == before
