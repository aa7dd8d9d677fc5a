"""Embedding behind the writing: what a model makes is recorded, embedders change under recall, and never mix."""

from __future__ import annotations

import threading
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import remanence
from remanence import InvalidInput, Memory, NewMemory
from remanence.core.embedder import Embedder, EmbedderIdentity
from remanence.projections.clusters.events import MemoryEmbedded
from remanence.projections.semantic.events import EmbedderBegun, EmbedderChosen
from remanence.projections.semantic.index import SemanticIndex
from remanence.projections.semantic.static import StaticEmbedder
from remanence.projections.semantic.vectors import Vectors

STATIC = StaticEmbedder()


class Model:
    """A model that thinks as the static embedder does, turned by its name; it fails as often as it is told to."""

    def __init__(self, name: str, dimension: int = 64) -> None:
        self.identity = EmbedderIdentity(name, dimension, "00")
        self.asked: list[str] = []
        self.failures = 0
        self._turn = np.random.default_rng(len(name)).normal(size=(256, dimension))

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """A row for each text."""
        if self.failures:
            self.failures -= 1
            message = "the model is out"
            raise ValueError(message)
        self.asked += texts
        return STATIC.embed(texts) @ self._turn


@asynccontextmanager
async def opened(path: Path, *models: Embedder) -> AsyncGenerator[Memory]:
    """A memory whose vectors are recorded: the first model makes them, if there is one."""
    options: dict[str, Any] = {"embedder": models} if models else {"async_projections": [Vectors]}
    async with remanence.open(path, **options) as memory:
        yield memory


async def settle(memory: Memory) -> int:
    """Have everything embedded that has no vector."""
    return int(await memory.engine.actor("embedding").ask("all", timeout_s=30))


def nearest(index: SemanticIndex, text: str, limit: int = 3) -> list[str]:
    """Ids of the memories nearest to a text."""
    space = index.space()
    return [found for found, _ in space.block(("main",)).nearest(space.query(text), limit)]


async def test_every_text_is_embedded_once_and_its_vector_recorded(tmp_path: Path) -> None:
    """However often the log is opened, the model is asked about each text once; a replay never asks it."""
    model = Model("one")
    async with opened(tmp_path, model) as memory:
        ids = await memory.remember_many([NewMemory(f"The dog number {number}") for number in range(100)])
        await settle(memory)
        assert sorted(model.asked) == sorted(row.text for row in memory.find(limit=None))
    again = Model("one")
    async with opened(tmp_path, again) as memory:
        assert await settle(memory) == 0
        await memory.engine.rebuild(Vectors)
        index = SemanticIndex(memory.engine, again, STATIC)
        assert index.space().embedder is again
        assert set(nearest(index, "a dog", 100)) == set(ids)
        assert again.asked == ["a dog"]
        assert [len(each.data.vector) for each in memory.engine.read(types=[MemoryEmbedded])] == [64] * 100
        assert all(each.is_sound for each in await memory.audit())


async def test_a_model_is_told_who_speaks(tmp_path: Path) -> None:
    """It reads "I" in context, so a turn comes with its speaker, also when it is revised."""
    model = Model("one")
    async with opened(tmp_path, model) as memory:
        turn = await memory.remember("I have a dog", session="s", speaker="Ada")
        await settle(memory)
        await memory.revise(turn, "I have two dogs")
        await settle(memory)
        assert model.asked == ['Ada said, "I have a dog"', 'Ada said, "I have two dogs"']


async def test_until_a_model_is_done_another_embedder_stands_in(tmp_path: Path) -> None:
    """A pure one at first; later the one before. Each answers by vectors of its own, and the old are let go."""
    async with opened(tmp_path) as memory:
        dog = await memory.remember("The dog sleeps in the kitchen")
        rain = await memory.remember("It rains on Sunday")
        first = Model("first")
        assert SemanticIndex(memory.engine, first, STATIC).space().embedder is STATIC
    async with opened(tmp_path, first) as memory:
        await settle(memory)
        index = SemanticIndex(memory.engine, first, STATIC)
        assert index.space().embedder is first
        assert nearest(index, "puppy", 1) == [dog]
    second = Model("second", 32)
    second.failures = 1
    async with opened(tmp_path, second) as memory:
        index = SemanticIndex(memory.engine, second, first, STATIC)
        assert index.space().embedder is first
        assert nearest(index, "the weather", 1) == [rain]
        while index.space().embedder is first:
            try:
                await settle(memory)
            except ValueError:
                continue
        assert nearest(index, "the weather", 1) == [rain]
        assert {row.embedder for row in memory.engine.view(Vectors).vectors.select()} == {str(second.identity)}
        begun = [each.data.embedder for each in memory.engine.read(types=[EmbedderBegun])]
        chosen = [each.data.embedder for each in memory.engine.read(types=[EmbedderChosen])]
        assert begun == chosen == [str(first.identity), str(second.identity)]


async def test_a_changed_text_has_no_vector_until_its_own_comes(tmp_path: Path) -> None:
    """Revised, a memory is found by its new text once that is embedded, never by the old; forgotten, not at all."""
    model = Model("one")
    async with opened(tmp_path, model) as memory:
        dog = await memory.remember("The dog sleeps in the kitchen")
        await settle(memory)
        index = SemanticIndex(memory.engine, model, STATIC)
        assert nearest(index, "puppy") == [dog]
        await memory.revise(dog, "It rains on Sunday")
        await settle(memory)
        fresh = SemanticIndex(memory.engine, model, STATIC)
        one, other = (each.space().block(("main",)).vector(dog) for each in (index, fresh))
        assert np.array_equal(one, other)
        assert one @ model.embed(["It rains on Sunday"])[0] > 0
        await memory.forget(dog)
        assert nearest(index, "rain") == []
        assert await settle(memory) == 0
        assert memory.engine.view(Vectors).vectors.count() == 0


async def test_a_straggler_is_ignored(tmp_path: Path) -> None:
    """A vector of a text that the memory no longer has, or of an embedder that doesn't count, stays out of the view."""
    async with opened(tmp_path) as memory:
        dog = await memory.remember("The dog sleeps")
        told = memory.engine.head
        await memory.engine.append(EmbedderBegun("one/2/00"))
        await memory.engine.append(MemoryEmbedded(dog, ("main",), told - 1, "one/2/00", b"\x7f\x00"))
        await memory.engine.append(MemoryEmbedded(dog, ("main",), told, "other/2/00", b"\x7f\x00"))
        await memory.engine.wait_for(Vectors)
        assert memory.engine.view(Vectors).vectors.count() == 0
        await memory.engine.append(MemoryEmbedded(dog, ("main",), told, "one/2/00", b"\x7f\x00"))
        await memory.engine.wait_for(Vectors)
        assert memory.engine.view(Vectors).vectors.count() == 1


@pytest.mark.parametrize("made", [np.zeros((1, 63)), np.full((1, 64), np.nan)])
async def test_a_model_that_breaks_its_word_records_nothing(tmp_path: Path, made: np.ndarray) -> None:
    """Vectors of another dimension or not of numbers are refused; the memories wait, and whoever asked is told."""
    model: Any = Model("one")
    async with opened(tmp_path, model) as memory:
        await settle(memory)

        def embed(_: Sequence[str]) -> np.ndarray:
            return made

        model.embed = embed
        await memory.remember("The dog sleeps")
        with pytest.raises(InvalidInput):
            await settle(memory)
        assert memory.engine.read(types=[MemoryEmbedded]) == []


async def test_without_a_pure_embedder_there_is_no_index(tmp_path: Path) -> None:
    """A model alone can't answer before its vectors are there: that is said when the index is made."""
    async with opened(tmp_path) as memory:
        with pytest.raises(InvalidInput, match="pure"):
            SemanticIndex(memory.engine, Model("one"))


class Watched(Model):
    """It notes where it is asked."""

    def __init__(self) -> None:
        super().__init__("watched")
        self.threads: list[bool] = []

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """A row for each text."""
        self.threads.append(threading.current_thread() is threading.main_thread())
        return super().embed(texts)


async def test_a_question_that_was_prepared_does_not_wait_for_the_model(tmp_path: Path) -> None:
    """Its vector is made in a thread, before, and once; a recall that is awaited does so by itself."""
    model = Watched()
    async with opened(tmp_path, model) as memory:
        dog = await memory.remember("The dog sleeps")
        await settle(memory)
        model.asked.clear()
        await memory.prepare_recall("where is the dog?")
        assert [hit.id for hit in memory.recall("where is the dog?")] == [dog]
        assert [hit.id for hit in await memory.recall("and the cat?", record=True)] == [dog]
        assert model.asked == ["where is the dog?", "and the cat?"]
        assert not any(model.threads)
        with pytest.raises(InvalidInput):
            await memory.prepare_recall(" ")
