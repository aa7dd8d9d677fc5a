"""Another embedder: clusters are made anew behind the reading, of its vectors alone; each text is asked about once."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest
import trio

import remanence
from remanence import ClusterSettings, Engine, Memory
from remanence.core.embedder import Embedder
from remanence.projections.clusters.content import ContentEmbedder
from remanence.projections.clusters.events import ClustersBegun, ClustersRebuilt, MemoryEmbedded
from remanence.projections.clusters.view import Clusters

from .material import EMBEDDER, SCOPE, TOPICS, Model, everything
from .stage import SETTINGS, remembered, revised, stage, taking_in, told

TEXTS = [f"{word} {topic}" for topic in TOPICS for word in topic.split()]


async def tell(engine: Engine, texts: Sequence[str], first: int = 0) -> None:
    """Remember texts, none of which is taken in yet."""
    for number, text in enumerate(texts, first):
        await engine.append(remembered(f"m{number:03}", text))
    await engine.wait_for(Clusters)


async def fresh(path: Path, texts: Sequence[str], embedder: Embedder) -> dict[str, Any]:
    """What the view says of a log that never had another embedder."""
    async with stage(path) as engine:
        await tell(engine, texts)
        await taking_in(engine, embedder).all()
        return told(engine.view(Clusters))


class Reversed(ContentEmbedder):
    """Pure, and another: texts from their end."""

    identity = remanence.EmbedderIdentity("reversed", EMBEDDER.identity.dimension, "00")

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """A row for each text."""
        return super().embed([text[::-1] for text in texts])


@pytest.mark.parametrize("new", [Reversed(), Model("new")])
@pytest.mark.parametrize("old", [EMBEDDER, Model("old")])
async def test_clusters_become_those_of_the_new_embedder(tmp_path: Path, old: Embedder, new: Embedder) -> None:
    """They are what they would be had it been there from the beginning, to the bit; what waits follows.

    What is known in memory, read from the view, and folded from the log again is the same.
    """
    async with stage(tmp_path / "one") as engine:
        await tell(engine, TEXTS[:15])
        await taking_in(engine, old).all()
        await tell(engine, TEXTS[15:], first=15)
        taking = taking_in(engine, new)
        assert await taking.all() == len(TEXTS) - 15
        assert taking.work.rebuilt == 1
        assert told(engine.view(Clusters)) == await fresh(tmp_path / "two", TEXTS, new)
        assert {row.embedder for row in engine.view(Clusters).vectors.select()} <= {str(new.identity)}
        assert everything(await taking_in(engine, new).read(SCOPE)) == everything(taking.known[SCOPE])
        assert (await engine.audit())[0].is_sound
        assert await taking_in(engine, new).all() == 0
        assert len(engine.read(types=[ClustersRebuilt])) == 1


async def test_there_and_back_again(tmp_path: Path) -> None:
    """The embedder that was there before may come back: nothing is left of the other's vectors."""
    async with stage(tmp_path / "one") as engine:
        await tell(engine, TEXTS)
        for model in (Model("a"), Model("b"), Model("a"), EMBEDDER):
            await taking_in(engine, model).all()
        assert [each.data.embedder.partition("/")[0] for each in engine.read(types=[ClustersBegun])] == [
            *("a", "b", "a"),
            "minilm-content",
        ]
        assert engine.view(Clusters).vectors.count() == 0
        assert told(engine.view(Clusters)) == await fresh(tmp_path / "two", TEXTS, EMBEDDER)


async def test_a_text_is_asked_about_once(tmp_path: Path) -> None:
    """A model that fails half-way goes on from what is recorded, in another process too; a replay asks it nothing."""
    texts = [f"{TEXTS[number % len(TEXTS)]} {number}" for number in range(150)]
    async with stage(tmp_path) as engine:
        await tell(engine, texts)
        await taking_in(engine).all()
        model = FailingAfter("new", 2)
        with pytest.raises(ConnectionError):
            await taking_in(engine, model).all()
        assert len(model.asked) == len(engine.read(types=[MemoryEmbedded])) == 128
    async with stage(tmp_path) as engine:
        model.calls = 100
        await taking_in(engine, model).all()
        await engine.rebuild(Clusters)
        await taking_in(engine, model).read(SCOPE)
        assert sorted(model.asked) == sorted(texts)
        assert engine.view(Clusters).vectors.count() == len(texts)


class FailingAfter(Model):
    """A model that is asked so often and no more."""

    def __init__(self, name: str, calls: int) -> None:
        super().__init__(name)
        self.calls = calls

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """A row for each text, as long as it is at home."""
        self.failures = int(self.calls == 0)
        self.calls -= 1
        return super().embed(texts)


class Slow(Model):
    """A model that waits to be let go on."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.begun, self.goes_on = trio.Event(), Event()
        self._token = trio.lowlevel.current_trio_token()

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """A row for each text, in a while."""
        self._token.run_sync_soon(self.begun.set)
        assert self.goes_on.wait(60)
        return super().embed(texts)


async def test_reads_go_on_meanwhile(tmp_path: Path) -> None:
    """While a model thinks, the clusters before are read, what changes waits; then all is new."""
    async with opened(tmp_path) as memory:
        ids = await memory.remember_many(TEXTS)
        await memory.take_into_clusters()
        before = memory.clusters()
    model = Slow("slow")
    async with opened(tmp_path, ClusterSettings(model)) as memory, trio.open_nursery() as nursery:
        nursery.start_soon(memory.take_into_clusters)
        await model.begun.wait()
        await memory.revise(ids[0], "a marathon in boston")
        assert memory.clusters() == before
        assert {row.embedder for row in memory.engine.view(Clusters).scopes.select()} == {str(EMBEDDER.identity)}
        model.goes_on.set()
    async with opened(tmp_path, ClusterSettings(model)) as memory:
        await memory.take_into_clusters()
        assert memory.waiting_changes() == 0
        assert {row.embedder for row in memory.engine.view(Clusters).scopes.select()} == {str(model.identity)}
        assert sum(cluster.size for cluster in memory.clusters()) == len(TEXTS)
        async with memory.as_of(len(TEXTS) + 1) as past:
            assert past.clusters() == before


def opened(path: Path, settings: ClusterSettings | None = None, **options: Any) -> Any:
    """A memory with clusters."""
    return remanence.open(path, clusters=settings or True, settings=SETTINGS, **options)


async def test_it_is_done_in_the_background(tmp_path: Path, mock_clock: trio.testing.MockClock) -> None:
    """Nobody has to ask: once it is opened with another embedder, the timer has the clusters made anew."""
    async with opened(tmp_path) as memory:
        await memory.remember_many(TEXTS)
        await memory.take_into_clusters()
    async with opened(tmp_path, ClusterSettings(Reversed())) as memory:
        mock_clock.jump(5.1)
        async with aclosing(memory.events(types=[ClustersRebuilt])) as events:
            assert (await anext(events)).data.embedder == str(Reversed.identity)


@pytest.mark.parametrize("is_shared", [True, False])
async def test_a_model_serves_recall_and_clusters(tmp_path: Path, *, is_shared: bool) -> None:
    """What was recorded for recall serves clusters too; of a model that only recall goes by, clusters take nothing."""
    model = Model("both")
    settings = ClusterSettings(model) if is_shared else ClusterSettings()
    async with opened(tmp_path, settings, embedder=(model, Reversed())) as memory:
        await memory.take_into_clusters()  # so that it is known whose vectors are wanted
        await memory.remember_many(TEXTS)
        await memory.take_into_clusters()
        await embed_all(memory)
        assert sorted(model.asked) == sorted(TEXTS)
        wanted = model.identity if is_shared else EMBEDDER.identity
        assert {row.embedder for row in memory.engine.view(Clusters).scopes.select()} == {str(wanted)}
        assert memory.engine.view(Clusters).vectors.count() == (len(TEXTS) if is_shared else 0)


async def test_what_was_recorded_for_recall_is_not_asked_for_again(tmp_path: Path) -> None:
    """Clusters turned on later, of the model that recall goes by, are made of the vectors that there are."""
    model = Model("both")
    async with remanence.open(tmp_path, settings=SETTINGS, embedder=(model, Reversed())) as memory:
        await memory.remember_many(TEXTS)
        await embed_all(memory)
    async with opened(tmp_path, ClusterSettings(model), embedder=(model, Reversed())) as memory:
        assert await memory.take_into_clusters() == len(TEXTS)
        assert sorted(model.asked) == sorted(TEXTS)


async def embed_all(memory: Memory) -> None:
    """Have everything embedded for recall."""
    await memory.engine.actor("embedding").ask("all", timeout_s=30)


async def test_a_revised_text_has_its_own_vector(tmp_path: Path) -> None:
    """Told and revised before anybody looked: both texts are placed in turn, and the last one's vector is kept."""
    model = Model("m")
    async with stage(tmp_path) as engine:
        await engine.append(remembered("m0", "green tea"))
        await engine.append(revised("m0", "black coffee"))
        await engine.wait_for(Clusters)
        assert await taking_in(engine, model).all() == 2
        assert sorted(model.asked) == ["black coffee", "green tea"]
        [row] = engine.view(Clusters).vectors.select()
        [member] = engine.view(Clusters).members.select()
        assert row.told == member.told == member.changed
