"""A day: an engine with every actor that there is, and work for all of them. No expectation lives here.

A round of the day remembers, revises, forgets, confirms, changes a setting, and asks actors; then a minute passes, in
which crashes are forgiven and everything is caught up with. What should be so then, `findings` tells where it isn't.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, ClassVar, Final

import attrs
import numpy as np
import pytest
import trio

import remanence
from remanence import CacheSettings, Clusters, ClusterSettings, Memory, Settings
from remanence.actors import cacher, indexer, keeper, retrainer
from remanence.actors.actor import Actor
from remanence.actors.clustering import clusterer
from remanence.actors.embedding import embedding
from remanence.actors.reaction import Reaction
from remanence.actors.restarts import Restart
from remanence.actors.tagger import Tagger, Tags, ToTag
from remanence.core.embedder import EmbedderIdentity
from remanence.core.events import event
from remanence.core.recorded import Recorded
from remanence.projections.projection import Projection, on
from remanence.projections.semantic.static import StaticEmbedder
from remanence.projections.semantic.vectors import Vectors
from remanence.projections.tables import Table
from remanence.projections.tagging.view import MemoryTags

__all__ = ["CAUGHT_UP_S", "Day", "day"]

CAUGHT_UP_S: Final = 20.0
"""More than anything waits that has not failed."""
ROUNDS_MAX: Final = 100
"""So often it is waited for again, because what fails again and again waits longer every time."""
SCOPES: Final = ("ada", "juno")
WORDS: Final = ("kettle", "harbour", "deploy", "violin", "garden", "invoice")
STATIC: Final = StaticEmbedder()


@event("bell.rung")
@attrs.frozen
class Rung:
    """Somebody rang the bell."""

    number: int


@attrs.frozen
class Ring:
    """It was heard."""

    number: int


@event("bell.answered")
@attrs.frozen
class Answered:
    """Somebody went to the door."""

    number: int


class Bell(Reaction):
    """Goes to the door, and notes each time."""

    name = "bell"

    def __init__(self) -> None:
        self.went: list[int] = []

    @on(Rung)
    async def rung(self, event: Recorded[Rung]) -> list[object]:
        """Go."""
        self.went.append(event.data.number)
        await trio.sleep(0.01)
        return [Answered(event.data.number)]


class Steady(Projection):
    """Counts rings; raises over the first of each day's round before it takes it, as a disk does that is full."""

    rings = Table(Ring, key="number")
    stumbled: ClassVar[set[int]] = set()

    @on(Rung)
    def rung(self, event: Recorded[Rung]) -> None:
        """Once more."""
        if event.data.number not in self.stumbled:
            self.stumbled.add(event.data.number)
            raise ArithmeticError("not now")
        self.rings.put(Ring(event.data.number))


class Model:
    """An embedder that isn't pure, so that its vectors are recorded."""

    identity = EmbedderIdentity("day", 256, "00")

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """A row for each text."""
        return np.asarray(STATIC.embed(texts))


class Librarian:
    """A tagger that has a name of its own."""

    name = "librarian"
    version = 1

    async def tag(self, texts: Sequence[ToTag]) -> Sequence[Tags | None]:
        """The first word, after a while."""
        await trio.sleep(0.01)
        return [Tags([text.text.split()[0]], "data", 0.9) for text in texts]


@attrs.define(eq=False)
class Day:
    """An engine at work.

    Attributes:
        memory: its memory.
        bell: what reacts to the bell.
        rung: how often it was rung.
        alive: the memories that are there, with their texts.
        asks: what became of each ask.
        rounds: how many rounds were done.
    """

    memory: Memory
    bell: Bell
    rung: int = 0
    alive: dict[str, str] = attrs.field(factory=dict[str, str])
    asks: list[str] = attrs.field(factory=list[str])
    rounds: int = 0

    async def work(self) -> None:
        """A round's work; it returns when each write was answered. Some asks may still be under way."""
        self.rounds += 1
        for number in range(2):
            word, place = WORDS[(self.rounds + number) % len(WORDS)], WORDS[number]
            text = f"{word} {self.rounds} {number}, where the {place} stands"
            self.alive[await self.memory.remember(text, scope=SCOPES[number])] = text
        first, *others = list(self.alive)
        self.alive[first] = f"revised in round {self.rounds}: the {WORDS[self.rounds % len(WORDS)]} was moved"
        await self.memory.revise(first, self.alive[first])
        if len(others) > 6:
            await self.memory.forget(others[0])
            del self.alive[others[0]]
        self.rung += 1
        await self.memory.engine.append(Rung(self.rung))
        await self.memory.engine.cache.change("cache.objects_bytes", (1 << 20) + self.rounds, reason="a new round")
        self.memory.recall(WORDS[0], scope=SCOPES[1])
        self.memory.get(first)

    async def ask(self, name: str, timeout_s: float = 600.0) -> None:
        """Ask an actor, and note what comes of it."""
        at = len(self.asks)
        self.asks.append(f"{name} has not answered")
        try:
            await self.memory.engine.actor(name).ask("how is it going?", timeout_s=timeout_s)
        except trio.Cancelled:
            self.asks[at] = "cancelled"
            raise
        except Exception as error:  # noqa: BLE001 - to be noted
            self.asks[at] = f"{type(error).__name__}: {error}"
        else:
            self.asks[at] = "answered"

    async def round(self) -> None:
        """Work, ask, and let everybody catch up."""
        async with trio.open_nursery() as nursery:
            await self.work()
            for name in ("tagger", "clusterer", "embedding"):
                nursery.start_soon(self.ask, name)
        await self.catch_up()

    async def catch_up(self) -> None:
        """Wait until everybody has done what there was to do."""
        for _ in range(ROUNDS_MAX):
            await trio.sleep(CAUGHT_UP_S)
            if not (self.findings() or self._crashed()):
                break

    def findings(self) -> list[str]:
        """What is not as if nothing had ever crashed."""
        engine = self.memory.engine
        found = [each for each in self.asks if each.endswith("has not answered")]
        texts = {row.id: row.text for scope in self.scopes() for row in self.memory.find(scope=scope, limit=None)}
        if texts != self.alive:
            found.append(f"there are {len(texts)} memories, not {len(self.alive)}, or they say something else")
        tags = {row.id: row.tagger for row in engine.view(MemoryTags).rows.select()}
        if tags != dict.fromkeys(self.alive, Librarian.name):
            found.append(f"the tags are {tags}")
        clusters = engine.view(Clusters)
        if clusters.changes.count() or {row.id for row in clusters.members.select()} != set(self.alive):
            found.append(f"{clusters.changes.count()} changes wait for the clusterer")
        vectors = {row.id for row in engine.view(Vectors).vectors.select()}
        if vectors != set(self.alive):
            found.append(f"{len(vectors)} memories have vectors")
        if engine.view(Steady).rings.count() != self.rung or engine.views.of(Steady).failure is not None:
            found.append("a ring was not heard")
        found += [
            f"the {each.name} is at {each.position}"
            for each in engine.statistics().actors
            if each.position not in (None, engine.head)
        ]
        return found + self._of_reactions()

    def scopes(self) -> set[tuple[str, ...]]:
        """Whose memories there are."""
        return {row.scope for row in self.memory.engine.view(MemoryTags).rows.select()}

    def _crashed(self) -> bool:
        return any(each.state != "running" for each in self.memory.engine.statistics().actors)

    def _of_reactions(self) -> list[str]:
        """What the bell did wrong: at most once, whatever crashed; and what it did it noted, or marked."""
        twice = sorted({each for each in self.bell.went if self.bell.went.count(each) > 1})
        return [f"the bell was answered twice: {twice}"] if twice else []


@asynccontextmanager
async def day(
    path: Path, *, tagger: Tagger | None = None, retrain: bool = False, snapshot_events: int | None = None
) -> AsyncGenerator[Day]:
    """Open an engine with every actor; `alone` has to hold."""
    bell = Bell()
    settings = Settings(
        map_bytes=1 << 22,
        retrain=retrain,
        snapshot_events=snapshot_events,
        cache=CacheSettings(predict=True, tune_s=15.0, warm_rows=4),
    )
    options: dict[str, Any] = {
        "events": [Rung, Answered],
        "projections": [Steady],
        "reactions": [bell],
        "tagger": tagger or Librarian(),
        "clusters": ClusterSettings(Model(), changes=3),
        "embedder": (Model(), STATIC),
    }
    Steady.stumbled.clear()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Actor, "restart", Restart(limit=1000, pause_s_max=1.0))
        for module in (clusterer, embedding, keeper):
            patched.setattr(module, "PAUSE_S_MAX", 5.0)
        patched.setattr(cacher, "FORESEE_S", 15.0)
        patched.setattr(cacher, "CLEAN_S", 15.0)
        patched.setattr(indexer, "ENOUGH", 1)
        patched.setattr(indexer.Indexer, "batch_limit", 64)
        patched.setattr(retrainer, "FIRST_EVENTS", 1)
        patched.setattr(retrainer, "GROWTH", 1)
        patched.setattr(retrainer, "SAMPLE_EVENTS", 20)
        async with remanence.open(path, settings=settings, **options) as memory:
            yield Day(memory, bell)
