"""The semantic index: in step with the memories view, straight after a write and in the past."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from random import Random

import numpy as np
import pytest

import remanence
from remanence import InvalidInput, Memory, NewMemory
from remanence.core.embedder import EmbedderIdentity
from remanence.projections.semantic.index import SemanticIndex
from remanence.projections.semantic.space import SemanticSpace
from remanence.projections.semantic.static import StaticEmbedder

EMBEDDER = StaticEmbedder()
WORDS = ["tea", "coffee", "dog", "cat", "boat", "train", "piano", "violin", "doctor", "lawyer", "rain", "snow"]


def nearest(index: SemanticIndex, text: str, scope: str = "main", limit: int = 3) -> list[str]:
    """Ids of the memories nearest to a text."""
    return [found for found, _ in index.block((scope,)).nearest(index.query(text), limit)]


async def test_what_was_just_written_is_found_and_what_was_forgotten_is_not(tmp_path: Path) -> None:
    """After each acknowledged change the index answers as if it had been built anew."""
    async with remanence.open(tmp_path) as memory:
        index = SemanticIndex(memory.engine, EMBEDDER)
        assert nearest(index, "pets") == []
        dog = await memory.remember("The dog sleeps in the kitchen")
        rain = await memory.remember("It will rain on Sunday")
        assert nearest(index, "a puppy", limit=1) == [dog]
        await memory.revise(dog, "The piano stands in the kitchen")
        assert nearest(index, "what will the weather be?", limit=1) == [rain]
        assert nearest(index, "violin", limit=1) == [dog]
        await memory.forget(dog)
        assert nearest(index, "violin") == [rain]


async def test_scopes_are_apart(tmp_path: Path) -> None:
    """Nobody finds what another remembers."""
    async with remanence.open(tmp_path) as memory:
        index = SemanticIndex(memory.engine, EMBEDDER)
        mine = await memory.remember("The dog sleeps", scope="ada")
        other = await memory.remember("The dog sleeps", scope="ben")
        assert nearest(index, "dog", "ada") == [mine]
        assert nearest(index, "dog", "ben") == [other]
        assert nearest(index, "dog", "cleo") == []


async def change(memory: Memory, random: Random) -> None:
    """Something happens."""
    known = memory.find(scope="main", limit=None)
    text = " ".join(random.choices(WORDS, k=4))
    match random.randrange(6):
        case 0 if known:
            await memory.forget(random.choice(known).id)
        case 1 if known:
            await memory.revise(random.choice(known).id, f"{text} {random.random()}")
        case 2:
            await memory.remember(text)
        case _:
            await memory.remember(text, session=random.choice("st"))


async def test_following_is_the_same_as_reading_anew(tmp_path: Path) -> None:
    """Whatever happened, an index that was asked all along and one that is made now give the same cosines."""
    random = Random(11)  # noqa: S311 - a seeded choice
    query = EMBEDDER.embed(["dogs in the rain"])[0]
    async with remanence.open(tmp_path) as memory:
        index = SemanticIndex(memory.engine, EMBEDDER)
        for _ in range(60):
            await change(memory, random)
            followed, fresh = index.block(("main",)), SemanticIndex(memory.engine, EMBEDDER).block(("main",))
            assert set(followed.rows) == set(fresh.rows)
            ids = sorted(fresh.rows)
            if ids:
                mine, other = (each.exactly(query, each.places_of(ids), (0, 1, 2, 3)) for each in (followed, fresh))
                assert np.array_equal(mine, other)


async def test_the_past_is_found_as_it_stood(tmp_path: Path) -> None:
    """On an engine of the past, what was forgotten since is there and what came since is not."""
    async with remanence.open(tmp_path) as memory:
        dog = await memory.remember("The dog sleeps in the kitchen")
        then = memory.engine.head
        await memory.forget(dog)
        await memory.remember("A cat has come")
        async with memory.as_of(then) as past:
            assert nearest(SemanticIndex(past.engine, EMBEDDER), "pets") == [dog]


async def test_a_long_absence_is_made_up_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After more events than are worth following, the scope is read anew, and answers the same."""
    monkeypatch.setattr("remanence.projections.semantic.space.TAIL_MAX", 3)
    async with remanence.open(tmp_path) as memory:
        index = SemanticIndex(memory.engine, EMBEDDER)
        assert nearest(index, "dog") == []
        ids = await memory.remember_many([NewMemory(f"The dog number {number} sleeps") for number in range(8)])
        assert sorted(nearest(index, "dog", limit=9)) == sorted(ids)


class Broken:
    """An embedder that breaks its word."""

    identity = EmbedderIdentity("broken", 4, "00")
    is_pure = True

    def __init__(self, made: np.ndarray) -> None:
        self.made = made

    def embed(self, texts: Sequence[str]) -> np.ndarray:  # noqa: ARG002 - as the protocol has it
        """What it was told to give."""
        return self.made


@pytest.mark.parametrize("made", [np.zeros((1, 3)), np.zeros((2, 4)), np.full((1, 4), np.nan), np.full((1, 4), np.inf)])
async def test_an_embedder_that_breaks_its_word_is_told_so(tmp_path: Path, made: np.ndarray) -> None:
    """Vectors of another dimension, of another number, or not of numbers never get in."""
    async with remanence.open(tmp_path) as memory:
        await memory.remember("The dog sleeps")
        with pytest.raises(InvalidInput, match="broken/4/00 made"):
            SemanticSpace(memory.engine, Broken(made)).block(("main",))
