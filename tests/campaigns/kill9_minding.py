"""Kill -9, for what minds memories: a program is killed while its tagger and its clusterer are at work.

After each kill the next program finishes what that one's actors had begun. Every acknowledged change is there; every
memory has the tagger's tags and stands in a cluster; nothing was tagged twice for one text, and no change taken in
twice; the views are what their log makes; and the clusters are those that come of the same changes, taken in one by
one by a program that nobody kills.

    python -m tests.campaigns.kill9_minding --rounds 200
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import attrs
import trio

import remanence
from remanence import Memory, Recorded
from remanence.projections.clusters.view import Clusters
from remanence.projections.memories.events import MemoryForgotten, MemoryRemembered, MemoryRevised
from remanence.projections.tagging.view import MemoryTags

from . import campaign
from .minding import Slow, Told, options, read_told

__all__ = ["Campaign", "Figures"]

REPORTS_MAX: Final = 40
"""A program is killed after at most so many reports, and up to so long after the last of them:"""
DELAY_S: Final = 0.05
EARLY_EVERY: Final = 5
"""One program in so many is killed while it starts, or finishes what the one before it left, or little later."""
EARLY_S: Final = 1.2
MEMORIES_MAX: Final = 300
"""With more than these the next program begins a log of its own: clustering them all anew takes a second."""
CAUGHT_UP_S: Final = 60.0
CHANGES: Final = (MemoryRemembered, MemoryRevised, MemoryForgotten)


@attrs.define
class Figures(campaign.Figures):
    """What a campaign has seen.

    Attributes:
        told: changes that were acknowledged.
        untagged: memories without tags that were found after a kill.
        waiting: changes that were not taken into clusters yet.
    """

    told: int = 0
    untagged: int = 0
    waiting: int = 0

    def __str__(self) -> str:
        return (
            f"{self.rounds} rounds, {self.told} changes acknowledged, {self.untagged} left without tags and "
            f"{self.waiting} without a cluster by the dead, {len(self.violations)} violations"
        )


class Campaign(campaign.Campaign[Figures]):
    """Rounds of killing what tags and clusters."""

    verdict = "everything was tagged and clustered once"

    def __init__(self, path: Path, seed: int) -> None:
        super().__init__(Figures(), seed)
        self._folder = path
        self._logs = 0
        self._path = path / "0"

    def kill_and_look(self) -> None:
        number = self.figures.rounds
        early_s = None if number % EARLY_EVERY else self.random.uniform(EARLY_S / 4, EARLY_S)
        given = [str(self._path), str(number)]
        lines = self.killed("minding", given, reports_max=REPORTS_MAX, delay_s=DELAY_S, early_s=early_s)
        told = [read_told(line) for line in lines]
        self.figures.told += len(told)
        trio.run(self._look, told)

    async def _look(self, told: Sequence[Told]) -> None:
        async with remanence.open(self._path, **options()) as memory:
            engine = memory.engine
            before = engine.head
            if any(each.position > before for each in told):
                self.complain("what was acknowledged is not there")
            await engine.wait_for(MemoryTags, timeout_s=CAUGHT_UP_S)
            self.figures.untagged += len(engine.view(MemoryTags).rows.select("by_tagger", ""))
            self.figures.waiting += memory.waiting_changes()
            await memory.wait_for_tags(CAUGHT_UP_S)
            await memory.take_into_clusters()
            log = engine.read()
            self._look_at_changes(told, log)
            alive = {row.id for scope in scopes_of(log) for row in memory.find(scope=scope, limit=None)}
            self._look_at_decisions(memory, log, alive)
            for audit in await memory.audit():
                if not audit.is_sound:
                    self.complain(f"the view {audit.view} differs at {audit.position}: {audit.difference}")
            if partition(memory) != await partition_of(log):
                self.complain("the clusters are others than without a kill")
        if len(alive) > MEMORIES_MAX:
            self._logs += 1
            self._path = self._folder / str(self._logs)

    def _look_at_changes(self, told: Sequence[Told], log: Sequence[Recorded[Any]]) -> None:
        if [each.position for each in log] != list(range(1, len(log) + 1)):
            self.complain("positions are not dense")
        for each in told:
            event = log[each.position - 1]
            if (event.type, event.data.id) != (each.type, each.id) or each.text not in (
                None,
                getattr(event.data, "text", None),
            ):
                self.complain(f"an acknowledged change is not there: {each}")

    def _look_at_decisions(self, memory: Memory, log: Sequence[Recorded[Any]], alive: set[str]) -> None:
        """Everything is tagged and clustered, and nothing of it twice."""
        tags = {row.id: row.tagger for row in memory.engine.view(MemoryTags).rows.select()}
        if tags != dict.fromkeys(alive, Slow.name):
            self.complain(f"of {len(alive)} memories {len(tags)} are tagged, by {set(tags.values())}")
        if {row.id for row in memory.engine.view(Clusters).members.select()} != alive or memory.waiting_changes():
            self.complain("some memories stand in no cluster, or some that are gone do")
        tagged = Counter(
            (each.data.id, each.data.of, each.data.tagger, each.cause) for each in log if each.type == "memory.tagged"
        )
        taken = Counter(change for each in log if each.type == "cluster.assigned" for change in each.data.taken)
        for what, count in (tagged | taken).items():
            if count > 1:
                self.complain(f"{what} was decided {count} times")


def scopes_of(log: Iterable[Recorded[Any]]) -> set[tuple[str, ...]]:
    """Whose memories there were."""
    return {each.data.scope for each in log if each.type == "memory.remembered"}


def partition(memory: Memory) -> set[frozenset[str]]:
    """Which memories stand together."""
    members = memory.engine.view(Clusters).members.select()
    return {frozenset(one.id for one in members if one.cluster == each) for each in {each.cluster for each in members}}


async def partition_of(log: Iterable[Recorded[Any]]) -> set[frozenset[str]]:
    """Which memories stand together when the same changes are taken in by a program that nobody kills."""
    given: dict[str, Any] = {**options(), "tagger": False}
    with TemporaryDirectory() as folder:
        async with remanence.open(folder, **given) as memory:
            for each in log:
                if isinstance(each.data, CHANGES):
                    await memory.engine.append(each.data)
            await memory.take_into_clusters()
            return partition(memory)


if __name__ == "__main__":
    description = "Kill a program whose tagger and clusterer are at work, again and again, and look what is left."
    sys.exit(campaign.run(Campaign, description))
