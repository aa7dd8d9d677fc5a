"""Clusters to read: which memories of a scope stand together, what about, how strongly, and what contradicts itself.

Everything here is asked of the clusters view, and so of the past as of the present. What depends on the time takes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import attrs

from ..core.clock import from_ns, to_ns
from ..core.errors import NotFound
from ..projections.clusters.measures import CONTRADICTION_CONFIDENCE, Drift, drift, names, strength
from ..projections.clusters.rows import ClusterMember, ClusterRow
from ..projections.clusters.view import Clusters
from ..projections.memories.events import MemoryForgotten, MemoryRemembered, MemoryRevised
from ..projections.memories.view import MemoryRow
from .identity import as_scope

if TYPE_CHECKING:
    from ..engine.engine import Engine

__all__ = ["Cluster", "ClusterReading", "ClusterTaking", "Contradiction"]

CONCEPTS_SHOWN: Final = 10
DRIFT_WINDOW: Final = timedelta(days=30)
CONTRADICTIONS_WINDOW: Final = timedelta(days=7)
_CHANGING: Final = (MemoryRemembered, MemoryRevised, MemoryForgotten)
_WITHOUT: Final = "this memory was opened without clusters; open it with clusters=True"


@attrs.frozen
class Cluster:
    """A cluster: memories of one scope that are about the same.

    Attributes:
        id: what it is called by: the position of the event that founded it.
        scope: whose memories.
        name: what most of them are about and few others are.
        size: how many memories.
        strength: how strong it is, 0 to 1: more with more memories, and with up to ten concepts.
        concepts: what its memories are about, with how many of them are; the most frequent first, ten at most.
    """

    id: str
    scope: tuple[str, ...]
    name: str
    size: int
    strength: float
    concepts: dict[str, int]


@attrs.frozen
class Contradiction:
    """A memory that says two opposites in one breath.

    Attributes:
        memory: its id.
        cluster: the cluster that it stands in.
        opposites: the pairs, as `good/bad`.
        confidence: how sure it is that this is a contradiction.
        time: when that was said, if it is known, or else when the memory was last told.
    """

    memory: str
    cluster: str
    opposites: tuple[str, ...]
    confidence: float
    time: datetime


class ClusterReading:
    """The part of a memory that tells of clusters. The memory has to be opened with `clusters=True`."""

    engine: Engine

    def get(self, memory_id: str) -> MemoryRow:
        """The memory with this id."""
        raise NotImplementedError

    def clusters(self, scope: str | Sequence[str] = "main", *, min_strength: float = 0.0) -> list[Cluster]:
        """The clusters of a scope, the largest first and of equals the oldest, as far as changes have been taken in.

        Args:
            scope: whose memories.
            min_strength: only those this strong or stronger.

        Raises:
            NotFound: the memory was opened without clusters.
        """
        rows = self._clusters_view().clusters.select("by_scope", as_scope(scope))
        called = names(rows)
        found = [_cluster(row, called[row.id]) for row in sorted(rows, key=lambda row: (-row.size, row.age))]
        return [each for each in found if each.strength >= min_strength]

    def cluster_of(self, memory_id: str) -> Cluster | None:
        """The cluster that a memory stands in; None as long as it stands in none.

        Raises:
            NotFound: there is no such memory, or the memory was opened without clusters.
        """
        member = self._clusters_view().members.get(self.get(memory_id).id)
        if member is None:
            return None
        return next((each for each in self.clusters(member.scope) if each.id == member.cluster), None)

    def cluster_members(self, cluster: Cluster) -> list[str]:
        """The ids of a cluster's memories, in the order in which they were said, or else last told."""
        return [member.id for member in self._members(cluster)]

    def cluster_drift(self, cluster: Cluster, now: datetime, *, window: timedelta = DRIFT_WINDOW) -> Drift:
        """How a cluster has changed in the time before a moment.

        Args:
            cluster: the cluster.
            now: that moment; an aware datetime.
            window: how long before it to begin.

        Raises:
            InvalidInput: the datetime has no time zone.
        """
        return drift(self._members(cluster), to_ns(now - window), to_ns(now))

    def cluster_strength(self, cluster: Cluster, at: datetime) -> float:
        """How strong a cluster was when only those of its memories were told that had been by then.

        Raises:
            InvalidInput: the datetime has no time zone.
        """
        end = to_ns(at)
        told = [member for member in self._members(cluster) if member.time_ns <= end]
        return strength(len(told), len({concept for member in told for concept in member.concepts}))

    def contradictions(
        self,
        now: datetime,
        *,
        scope: str | Sequence[str] = "main",
        window: timedelta = CONTRADICTIONS_WINDOW,
    ) -> list[Contradiction]:
        """Memories that say two opposites in one breath, told in the time before a moment; the newest first.

        Args:
            now: that moment; an aware datetime.
            scope: whose memories.
            window: how long before it to begin.

        Raises:
            InvalidInput: the datetime has no time zone.
            NotFound: the memory was opened without clusters.
        """
        rows = self._clusters_view().members.select(
            "by_opposites", as_scope(scope), start=to_ns(now - window), stop=to_ns(now) + 1, backward=True
        )
        return [
            Contradiction(row.id, row.cluster, row.opposites, CONTRADICTION_CONFIDENCE, from_ns(row.time_ns))
            for row in rows
        ]

    def waiting_changes(self) -> int:
        """How many changes of memories are not taken into clusters yet.

        Raises:
            NotFound: the memory was opened without clusters.
        """
        known = self._clusters_view().changes.count()
        unseen = self.engine.read(types=_CHANGING, after=self.engine.checkpoint(Clusters))
        return known + sum(_tells(each.data) for each in unseen)

    def _members(self, cluster: Cluster) -> list[ClusterMember]:
        return self._clusters_view().members.select("by_cluster", cluster.id)

    def _clusters_view(self) -> Clusters:
        try:
            return self.engine.view(Clusters)
        except NotFound as error:
            raise NotFound(_WITHOUT) from error


class ClusterTaking:
    """The part of a memory that has changes taken into clusters."""

    engine: Engine

    async def take_into_clusters(self) -> int:
        """Take in at once all changes that wait, and wait for that.

        Returns:
            How many changes were taken in.

        Raises:
            NotFound: the memory was opened without clusters.
            Closed: it was opened read-only.
            Exception: whatever the embedder raises; the changes wait.
        """
        try:
            clusterer = self.engine.actor("clusterer")
        except NotFound as error:
            raise NotFound(_WITHOUT) from error
        return int(await clusterer.ask("take in", timeout_s=None))


def _cluster(row: ClusterRow, name: str) -> Cluster:
    shown = sorted(row.concepts.items(), key=lambda each: (-each[1], each[0]))[:CONCEPTS_SHOWN]
    return Cluster(row.id, row.scope, name, row.size, strength(row.size, len(row.concepts)), dict(shown))


def _tells(event: object) -> bool:
    """Whether an event changes what clusters see of a memory."""
    return not isinstance(event, MemoryRevised) or event.text is not None or event.tags is not None
