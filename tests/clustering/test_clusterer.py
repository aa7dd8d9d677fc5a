"""The clusterer at work: it waits for ten changes or five seconds, survives what fails, and leaves nothing behind."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest
from trio.testing import MockClock

import remanence
from remanence import Closed, ClusterSettings, InvalidInput, Memory, NotFound
from remanence.projections.clusters.content import ContentEmbedder
from remanence.projections.clusters.events import ClusterAssigned

from .stage import SETTINGS

TEXTS = ("green tea in the kettle", "deploy to staging", "jasmine tea in the kettle", "the staging deploy")


@asynccontextmanager
async def clustered(path: Path, settings: ClusterSettings | None = None) -> AsyncGenerator[Memory]:
    """A memory with clusters."""
    async with remanence.open(path, clusters=settings or True, settings=SETTINGS) as memory:
        yield memory


async def next_decision(memory: Memory, after: int = 0) -> ClusterAssigned:
    """The next decision on clusters, as soon as there is one."""
    async with aclosing(memory.events(after=after, types=[ClusterAssigned])) as events:
        decided: ClusterAssigned = (await anext(events)).data
    return decided


async def test_ten_changes_are_enough(tmp_path: Path, mock_clock: MockClock) -> None:
    """With the tenth change all ten are taken in, though no time passes."""
    assert mock_clock.current_time() == 0
    async with clustered(tmp_path) as memory:
        for number in range(10):
            await memory.remember(f"{TEXTS[number % 4]} {number}")
        decided = await next_decision(memory)
        assert sum(map(len, decided.joined.values())) == 10


async def test_a_quiet_tail_is_taken_in_after_five_seconds(tmp_path: Path, mock_clock: MockClock) -> None:
    """Fewer changes wait, and are taken in when the first has waited long enough: by a timer, not by the next write."""
    async with clustered(tmp_path) as memory:
        await memory.take_into_clusters()
        for text in TEXTS:
            await memory.remember(text)
        mock_clock.jump(4.9)
        await memory.engine.wait_for(remanence.Clusters)
        assert memory.waiting_changes() == 4
        mock_clock.jump(0.2)
        decided = await next_decision(memory)
        assert sum(map(len, decided.joined.values())) == 4


async def test_what_an_earlier_process_left_is_taken_in(tmp_path: Path, mock_clock: MockClock) -> None:
    """Changes that waited when the engine was closed are taken in when it has been open for a while."""
    async with clustered(tmp_path) as memory:
        await memory.remember(TEXTS[0])
    async with clustered(tmp_path) as memory:
        mock_clock.jump(5.1)
        assert sum(map(len, (await next_decision(memory)).joined.values())) == 1


async def test_a_memory_that_was_kept_without_clusters_gets_them(tmp_path: Path) -> None:
    """Clusters can be turned on at any time: what was remembered before is taken in too, and off again."""
    async with remanence.open(tmp_path, settings=SETTINGS) as memory:
        for text in TEXTS:
            await memory.remember(text)
        with pytest.raises(NotFound, match="clusters=True"):
            memory.clusters()
        with pytest.raises(NotFound, match="clusters=True"):
            await memory.take_into_clusters()
    async with clustered(tmp_path) as memory:
        assert await memory.take_into_clusters() == 4
        assert [cluster.size for cluster in memory.clusters()] == [2, 2]
    async with remanence.open(tmp_path, settings=SETTINGS) as memory:
        assert memory.stats().unknown_types == ()


@attrs.define
class Moody:
    """An embedder that fails as often as it is told to."""

    failures: int
    identity = ContentEmbedder.identity

    def embed(self, texts: Sequence[str]) -> Any:
        """Vectors, or none."""
        if self.failures:
            self.failures -= 1
            raise ConnectionError("the model is not at home")
        return ContentEmbedder().embed(texts)


async def test_a_failing_model_stops_nobody_and_loses_nothing(
    tmp_path: Path, mock_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    """Remembering goes on while the embedder fails; who asks is told; what waits is taken in once it works again."""
    async with clustered(tmp_path, ClusterSettings(Moody(2), changes=2)) as memory:
        with pytest.raises(ConnectionError):
            await _remember_and_ask(memory)
        await memory.remember(TEXTS[1])
        await memory.remember(TEXTS[2])
        mock_clock.jump(6)
        mock_clock.autojump_threshold = 0.01
        decided = await next_decision(memory)
        assert sum(map(len, decided.joined.values())) == 3
        assert memory.stats().actors[-1].restarts == 0
    assert "could not be taken into clusters" in caplog.text


async def _remember_and_ask(memory: Memory) -> None:
    await memory.remember(TEXTS[0])
    await memory.take_into_clusters()


async def test_clusters_can_be_read(tmp_path: Path) -> None:
    """Names, sizes, members, a memory's cluster, strength, drift and contradictions, all for the asked scope."""
    async with clustered(tmp_path) as memory:
        ids = [
            await memory.remember(text, scope="ada", confidence=0.3 + number / 5) for number, text in enumerate(TEXTS)
        ]
        odd = await memory.remember("the release works but the release page is broken", scope="ada")
        assert await memory.take_into_clusters() == 5
        now = datetime.now(UTC)
        tea, deploy, release = memory.clusters("ada")
        assert (tea.name, tea.size, tea.concepts) == (
            "kettle, tea, green",
            2,
            {"kettle": 2, "tea": 2, "green": 1, "jasmine": 1},
        )
        assert memory.cluster_members(deploy) == [ids[1], ids[3]]
        assert memory.cluster_of(ids[2]) == tea
        assert tea.strength == pytest.approx(0.4771 * 0.7, rel=1e-3)
        assert memory.cluster_strength(tea, now) == tea.strength
        assert memory.cluster_strength(tea, now - timedelta(days=1)) == 0
        drift = memory.cluster_drift(tea, now)
        assert (drift.occurrences, drift.trend, drift.kinds) == (2, "increasing", ("fact",))
        assert drift.average_confidence == pytest.approx(0.5)
        assert memory.cluster_drift(tea, now + timedelta(days=31)).occurrences == 0
        [found] = memory.contradictions(now, scope="ada")
        assert (found.memory, found.cluster, found.opposites) == (odd, release.id, ("works/broken",))
        assert memory.contradictions(now + timedelta(days=8), scope="ada") == []
        assert [each.name for each in memory.clusters("ada", min_strength=0.25)] == [tea.name, deploy.name]
        assert memory.clusters("juno") == []


async def test_time_is_when_something_was_said(tmp_path: Path) -> None:
    """Turns of an old conversation are old, whenever they were imported; what is revised is told anew."""
    then = datetime(2023, 5, 8, tzinfo=UTC)
    async with clustered(tmp_path) as memory:
        old = await memory.remember("the kettle works but the old kettle is broken", said_at=then)
        await memory.take_into_clusters()
        [cluster] = memory.clusters()
        now = datetime.now(UTC)
        assert memory.cluster_strength(cluster, then - timedelta(seconds=1)) == 0
        assert memory.cluster_drift(cluster, then + timedelta(days=1)).occurrences == 1
        assert memory.cluster_drift(cluster, now).occurrences == 0
        assert [found.time for found in memory.contradictions(then)] == [then]
        await memory.revise(old, "a kettle works, another is broken")
        await memory.take_into_clusters()
        assert memory.contradictions(then) == []
        assert [found.memory for found in memory.contradictions(datetime.now(UTC))] == [old]


async def test_the_past_has_its_clusters(tmp_path: Path) -> None:
    """As of an earlier moment the clusters are those of then; a forgotten memory leaves today's."""
    async with clustered(tmp_path) as memory:
        first = await memory.remember(TEXTS[0])
        await memory.remember(TEXTS[2])
        await memory.take_into_clusters()
        then = memory.engine.head
        await memory.forget(first)
        assert await memory.take_into_clusters() == 1
        assert [cluster.size for cluster in memory.clusters()] == [1]
        async with memory.as_of(then) as past:
            assert [cluster.size for cluster in past.clusters()] == [2]
    async with remanence.open(tmp_path, clusters=True, read_only=True) as reader:
        assert [cluster.size for cluster in reader.clusters()] == [1]
        with pytest.raises(Closed):
            await reader.take_into_clusters()


async def test_a_memory_without_a_cluster_yet_has_none(tmp_path: Path, mock_clock: MockClock) -> None:
    """As long as its change waits, a memory stands in no cluster; one that isn't there can't."""
    assert mock_clock.current_time() == 0
    async with clustered(tmp_path) as memory:
        assert memory.cluster_of(await memory.remember(TEXTS[0])) is None
        with pytest.raises(NotFound):
            memory.cluster_of("nobody")


@pytest.mark.parametrize("wrong", [{"changes": 0}, {"quiet_s": -1.0}, {"quiet_s": float("nan")}, {"depth": -1}])
def test_settings_that_mean_nothing_are_refused(wrong: dict[str, Any]) -> None:
    """At least one change, and no negative time or depth."""
    with pytest.raises(InvalidInput):
        ClusterSettings(**wrong)


def test_importing_stays_light() -> None:
    """Neither `import remanence` nor its command line loads numpy."""
    code = "import sys, remanence, remanence.cli; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
