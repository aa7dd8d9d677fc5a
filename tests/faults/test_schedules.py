"""Tagger, clusterer, embedder, cacher and indexer under schedules that a seed decides: what comes of it is the same.

Somebody remembers, revises and forgets; others ask, tell, cancel and have no patience; models fail and hang; actors
crash; and the engine is closed in the middle of it all. A seed is a round in a scope of its own.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest
import trio
from trio._core import _run as scheduler  # pyright: ignore[reportPrivateUsage] - see `remanence.testkit.scheduling`

from remanence.actors.cacher import CLEAN, FORESEE, TUNE
from remanence.projections.clusters.view import Clusters
from remanence.projections.semantic.vectors import Vectors
from remanence.projections.tagging.view import MemoryTags
from remanence.testkit import run_scheduled
from remanence.testkit.scratch import scratch

from ..effort import IS_LONG
from .alone import alone
from .day import Day, Librarian, day
from .test_every_step import Fault, cells, seen

SEEDS: Final = 2_000 if IS_LONG else 200
TOGETHER: Final = 20
"""Seeds that share an engine: opening one costs as much as a round."""
ACTORS: Final = ("tagger", "clusterer", "embedding", "cacher", "indexer")
TEXTS: Final = (
    "kettle of green tea on the stove",
    "the kettle whistles, tea is ready",
    "deploy to staging on Friday",
    "the Friday deploy failed in staging",
    "violin lesson at four",
    "garden gate wants oil",
)
PAUSES_S: Final = (0.0, 0.0, 0.001, 0.03, 1.0)


class Moody(Librarian):
    """A tagger that fails and hangs as the dice say."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.is_calm = False

    async def tag(self, texts: Sequence[Any]) -> Sequence[Any]:
        """Tags, or none."""
        mood = 1.0 if self.is_calm else self.random.random()
        if mood < 0.05:
            await trio.sleep_forever()
        if mood < 0.2:
            raise ConnectionError("the model is not at home")
        return await super().tag(texts)


async def remember(subject: Day, random: Random, scope: str) -> None:
    """What is told, always in the same order."""
    ids: list[str] = []
    for text in TEXTS:
        await trio.sleep(random.choice(PAUSES_S))
        ids.append(await subject.memory.remember(text, scope=scope))
        subject.alive[ids[-1]] = text
    await trio.sleep(random.choice(PAUSES_S))
    subject.alive[ids[4]] = "violin lesson at five"
    await subject.memory.revise(ids[4], subject.alive[ids[4]])
    await subject.memory.forget(ids[5])
    del subject.alive[ids[5]]


async def disturb(subject: Day, random: Random, scope: str) -> None:
    """Ask, tell, read, cancel, crash."""
    for _ in range(6):
        await trio.sleep(random.choice(PAUSES_S))
        match random.randrange(5):
            case 0:
                cells(subject)[random.choice(ACTORS)].crash(Fault("by a throw of the dice"))
            case 1:
                await subject.memory.engine.actor("cacher").tell(random.choice((CLEAN, FORESEE, TUNE)))
            case 2:
                subject.memory.recall("tea", scope=scope)
            case _:
                with trio.move_on_after(random.choice((1e9, 1e9, 0, 0.01))):
                    await subject.ask(random.choice(ACTORS[:3]), timeout_s=random.choice((600.0, 600.0, 0.0, 0.02)))


def outcome(subject: Day, scope: str) -> tuple[Any, ...]:
    """What was made of a scope's memories, by what they say."""
    engine, rows = subject.memory.engine, subject.memory.find(scope=scope, limit=None)
    texts = {row.id: row.text for row in rows}
    tags = {
        texts[row.id]: (row.tagger, row.keywords) for row in engine.view(MemoryTags).rows.select() if row.id in texts
    }
    members = [each for each in engine.view(Clusters).members.select() if each.id in texts]
    clusters = {frozenset(texts[one.id] for one in members if one.cluster == each.cluster) for each in members}
    vectors = {texts[row.id]: row.vector for row in engine.view(Vectors).vectors.select() if row.id in texts}
    found = {hit.memory.text for hit in subject.memory.recall("kettle tea", scope=scope, limit=2)}
    return tags, clusters, vectors, found


async def play(subject: Day, seed: int, *, is_calm: bool = False) -> tuple[Any, ...]:
    """A round, and what comes of it once everybody is left in peace."""
    random, scope = Random(seed), f"scope {seed}"  # noqa: S311 - dice, not a secret
    subject.asks.clear()
    with trio.fail_after(100_000):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(remember, subject, random, scope)
            for _ in range(0 if is_calm else 3):
                nursery.start_soon(disturb, subject, random, scope)
        await subject.catch_up()
    assert subject.findings() == []
    return outcome(subject, scope)


@cache
def calm() -> tuple[Any, ...]:
    """What comes of it when nobody disturbs."""

    async def main(folder: Path) -> tuple[Any, ...]:
        async with day(folder) as subject:
            return await play(subject, 0, is_calm=True)

    with alone(Random(0)), scratch() as folder:  # noqa: S311 - dice, not a secret
        return run_scheduled(main, Path(folder), seed=0)


async def many(folder: Path, seeds: range, random: Random) -> None:
    """Round after round; in the last one the engine is closed, and opened again."""
    model = Moody(random)
    async with day(folder, tagger=model) as subject:
        for seed in seeds:
            scheduler._r.seed(seed)  # pyright: ignore[reportPrivateUsage]
            assert await play(subject, seed) == calm(), f"seed {seed}"
        assert sum(seen(subject, name).restarts for name in ACTORS) > len(seeds) / 2
        with trio.move_on_after(random.choice((0.0, 0.001, 0.02, 0.5))):
            await remember(subject, random, "closing")
        closing = trio.current_time()
    assert trio.current_time() - closing <= 30
    model.is_calm = True
    async with day(folder, tagger=model) as again:
        again.alive = {
            row.id: row.text for scope in again.scopes() for row in again.memory.find(scope=scope, limit=None)
        }
        await again.catch_up()
        assert again.findings() == []


@pytest.mark.parametrize("first", range(0, SEEDS, TOGETHER))
def test_no_schedule_changes_what_comes_of_it(first: int, caplog: pytest.LogCaptureFixture) -> None:
    """No deadlock, no ask without an end, every memory tagged, clustered, embedded and found, as if all were calm."""
    caplog.set_level(logging.CRITICAL)
    calm()
    random = Random(first)  # noqa: S311 - dice, not a secret
    with alone(random), scratch() as folder:
        run_scheduled(many, Path(folder), range(first + 1, first + TOGETHER + 1), random, seed=first)
