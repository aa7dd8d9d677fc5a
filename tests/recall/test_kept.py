"""What recall keeps from one program to the next: it answers as if made anew, whatever happened to its files."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

import remanence
from remanence import Memory, MemoryReader, NewMemory
from remanence.core.embedder import EmbedderIdentity
from remanence.projections.recall import following
from remanence.projections.recall.files import FOLDER
from remanence.projections.semantic import block, space
from remanence.projections.semantic.static import StaticEmbedder

from ..effort import short

MAIN = ("main",)
QUESTIONS = ("where is the boat?", "tea with the dog", "What did Ada say of rain?")
WORDS = st.lists(st.sampled_from(["tea", "boat", "dog", "rain", "piano", "doctor"]), min_size=1, max_size=4)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("remember"), WORDS.map(" ".join), st.sampled_from([None, "s", "t"])),
        st.tuples(st.just("revise"), WORDS.map(" ".join), st.integers(0, 9)),
        st.tuples(st.just("forget"), st.just(""), st.integers(0, 9)),
        st.tuples(st.sampled_from(["keep", "reopen", "copy", "restore", "tear"]), st.just(""), st.none()),
    ),
    max_size=14,
)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is worth keeping, and a dozen of memories are many."""
    monkeypatch.setattr(following, "KEEP_LEAST", 1)
    monkeypatch.setattr(space, "KEEP_LEAST", 1)
    monkeypatch.setattr(block, "WHOLE_MAX", 64)


def answers(memory: MemoryReader) -> list[list[tuple[str, float]]]:
    """Ids and scores."""
    return [
        [(hit.id, round(hit.score, 4)) for hit in MemoryReader.recall(memory, each, limit=50)] for each in QUESTIONS
    ]


def check(memory: MemoryReader) -> None:
    """What is found is what is found when everything is made anew; with equal scores in order of the ids."""
    found = answers(memory)
    memory.recaller.indexes.erase(MAIN)
    assert [sorted(each) for each in answers(memory)] == [sorted(each) for each in found]


async def play(path: Path, steps: Sequence[tuple[str, str, str | int | None]]) -> None:
    """Go through a history, and look after each time that a program began."""
    kept, copy = path / "m" / "views" / FOLDER, path / "copy"
    waiting = list(steps)
    while True:
        async with remanence.open(path / "m") as memory:
            answers(memory)
            while waiting:
                step, text, what = waiting.pop(0)
                if step == "reopen":
                    break
                await _do(memory, step, text, what)
                if step == "copy":
                    shutil.copytree(kept, copy, dirs_exist_ok=True)
                elif step == "restore" and copy.exists():
                    shutil.copytree(copy, kept, dirs_exist_ok=True)
                elif step == "tear":
                    for file in kept.glob("*.npz"):
                        file.write_bytes(file.read_bytes()[:-100])
            else:
                check(memory)
                return
        async with remanence.open(path / "m", read_only=True) as reader:
            check(reader)


async def _do(memory: Memory, step: str, text: str, what: str | int | None) -> None:
    known = sorted(row.id for row in memory.find(limit=None))
    match step:
        case "remember":
            assert not isinstance(what, int)
            await memory.remember(text, session=what, speaker=what and "Ada")
        case "revise" if known:
            await memory.revise(known[int(what or 0) % len(known)], f"{text} {len(known)}")
        case "forget" if known:
            await memory.forget(known[int(what or 0) % len(known)])
        case "keep":
            answers(memory)
            memory.recaller.indexes.keep(MAIN)
        case _:
            pass


@given(STEPS)
@short(25)
def test_what_was_kept_answers_as_what_is_made_anew(steps: list[tuple[str, str, str | int | None]]) -> None:
    """After any history, with older files put back, files cut short, and programs that end anywhere."""
    with TemporaryDirectory() as folder:
        trio.run(play, Path(folder), [("remember", "the boat", None), *steps])


async def test_a_program_begins_from_the_vectors_of_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing but the questions is embedded, each once, and a text that has come since; for another embedder all is."""
    async with remanence.open(tmp_path) as memory:
        await memory.remember_many([NewMemory(f"the dog number {number}") for number in range(100)])
        before = answers(memory)
    made: list[str] = []
    embed = StaticEmbedder.embed

    def noted(self: StaticEmbedder, texts: Sequence[str]) -> np.ndarray:
        made.extend(texts)
        return embed(self, texts)

    monkeypatch.setattr(StaticEmbedder, "embed", noted)
    async with remanence.open(tmp_path) as memory:
        assert answers(memory) == before
        assert made == list(QUESTIONS)
        await memory.remember("a cat has come")
        answers(memory)
        assert made.count("a cat has come") == 1
        assert len(made) == len(QUESTIONS) + 1
    monkeypatch.setattr(StaticEmbedder, "identity", EmbedderIdentity("minilm-static", 256, "another"))
    async with remanence.open(tmp_path) as memory:
        answers(memory)
        assert len([text for text in made if text.startswith("the dog")]) == 100


async def test_names_of_what_is_gone_leave_the_files(tmp_path: Path) -> None:
    """Tag, session, speaker and id of a forgotten or revised memory are in no file once they are written next."""
    async with remanence.open(tmp_path) as memory:
        gone = await memory.remember(
            "the secret of the boat", kind="confession", tags=["secrettag"], session="secretsession", speaker="Mallory"
        )
        for number in range(20):
            await memory.remember(f"tea at {number}", session="open", speaker="Ada", tags=["plain"])
        answers(memory)
        memory.recaller.indexes.keep(MAIN)
        folder = tmp_path / "views" / FOLDER
        words = [b"secrettag", b"secretsession", b"Mallory", b"confession", gone.encode()]
        assert all(any(word in file.read_bytes() for file in folder.iterdir()) for word in words)
        (folder / f".{next(folder.iterdir()).stem}-left.new").write_bytes(b"Mallory")  # by a crash
        await memory.forget(gone)
        await memory.remember_many([NewMemory(f"tea again at {number}") for number in range(5)])
        answers(memory)
        assert memory.recaller.indexes.keep(MAIN)
        assert not any(word in file.read_bytes() for file in folder.iterdir() for word in words)
        assert "Mallory" not in str(MemoryReader.recall(memory, "what did Mallory say?"))


async def test_erasing_leaves_no_file_of_a_scope(tmp_path: Path) -> None:
    """Words and vectors go, those of other scopes stay; and what is asked next is made anew."""
    async with remanence.open(tmp_path) as memory:
        for scope in ("main", "ada"):
            await memory.remember("the boat is blue", scope=scope)
            MemoryReader.recall(memory, "boat", scope=scope)
        folder = tmp_path / "views" / FOLDER
        assert len(list(folder.iterdir())) == 4
        memory.recaller.indexes.erase(MAIN)
        assert len(list(folder.iterdir())) == 2
        assert [hit.text for hit in MemoryReader.recall(memory, "boat")] == ["the boat is blue"]


async def test_what_a_first_question_had_to_take_up_is_kept(tmp_path: Path) -> None:
    """A program that ended before its index was kept leaves the work to one question of the next, and not to each."""
    folder = tmp_path / "m" / "views" / FOLDER
    async with remanence.open(tmp_path / "m") as memory:
        await memory.remember("tea with the dog", session="s")
        memory.recall("tea")
        kept = {path: path.read_bytes() for path in folder.iterdir()}
        await memory.remember_many(NewMemory(f"a boat in the rain {number}", session="s") for number in range(50))
    for path, content in kept.items():
        path.write_bytes(content)
    async with remanence.open(tmp_path / "m") as memory:
        before = answers(memory)
        assert all(len(path.read_bytes()) > len(content) for path, content in kept.items())
    async with remanence.open(tmp_path / "m", read_only=True) as reader:
        assert answers(reader) == before


async def test_words_are_taken_up_as_fast_as_vectors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one go come several batches, for each of which the lock is taken anew; then it is told whether that is all."""
    assert following.BATCHES * following.BATCH == space.BATCH
    monkeypatch.setattr(following, "BATCH", 2)
    async with remanence.open(tmp_path) as memory:
        await memory.remember("the boat is blue")
        found = answers(memory)
        await memory.remember_many([f"tea at {number}" for number in range(2 * following.BATCHES + 1)])
        indexes = memory.recaller.indexes
        assert [indexes.advance(MAIN), indexes.advance(MAIN), indexes.advance(MAIN)] == [True, False, False]
        assert answers(memory) != found
        check(memory)
