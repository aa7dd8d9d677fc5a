"""What the clusterer knows of a scope: its clusters, their members, and which clusters know a concept.

It holds what the clusters view holds, in the form that decisions need, and is read from there whenever it is lost.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from sys import intern

import attrs
import numpy as np

from ...codecs.vectors import unpack_directions
from ...projections.clusters.concepts import concepts_of
from ...projections.clusters.rows import cluster_age
from .exact import Floats, members_max

__all__ = ["Cluster", "Known", "Memory", "sums"]


@attrs.frozen
class Memory:
    """A memory as clusters see it.

    Attributes:
        id: its id.
        words: the words that it is about.
        tags: its labels.
        vector: the direction of its text's vector.
        concepts: what it is about: its labels, then its words, each once.
    """

    id: str
    words: tuple[str, ...]
    tags: tuple[str, ...]
    vector: bytes

    concepts: tuple[str, ...] = attrs.field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        # One string for each word, however many memories say it: that is most of what they would take.
        concepts = tuple(map(intern, concepts_of(self.words, self.tags)))
        object.__setattr__(self, "concepts", concepts)
        object.__setattr__(self, "words", concepts if not self.tags else tuple(map(intern, self.words)))


@attrs.define(eq=False)
class Cluster:
    """A cluster.

    Attributes:
        id: the position of the event that founded it, and a number if it left another cluster then.
        total: the sum of its members' vectors.
        mass: the sum of the squares of their lengths.
        members: its members' ids.
        concepts: how many of them are about each concept.
    """

    id: str
    total: Floats
    mass: float = 0.0
    members: dict[str, None] = attrs.field(factory=dict[str, None])
    concepts: Counter[str] = attrs.field(factory=Counter[str])

    @property
    def bulk(self) -> float:
        """What the square of its sum's length would be, were all its members alike: number of members times mass."""
        return len(self.members) * self.mass

    def usualness(self, tags: Sequence[str]) -> float:
        """How usual labels are here: the share of members that have one, on average."""
        counts = self.concepts
        having = counts[tags[0]] if len(tags) == 1 else sum([counts[tag] for tag in tags])
        return having / (len(self.members) * len(tags))

    @property
    def age(self) -> tuple[int, int]:
        """Clusters in the order in which they were founded."""
        return cluster_age(self.id)


class Known:
    """A scope's clusters."""

    def __init__(self, scope: tuple[str, ...], dimension: int, changes: int = 0) -> None:
        self.scope = scope
        self.dimension = dimension
        self.changes = changes
        self.members_max = members_max(dimension)
        self.clusters: dict[str, Cluster] = {}
        self.memories: dict[str, Memory] = {}
        self.cluster_of: dict[str, str] = {}
        self.by_concept: dict[str, set[str]] = {}
        self.fresh: dict[str, None] = {}
        """Memories that changed since whole clusters were last looked at."""

    @classmethod
    def of(
        cls,
        scope: tuple[str, ...],
        dimension: int,
        changes: int,
        members: Iterable[tuple[Memory, str, bool]],
    ) -> Known:
        """What is known from members, each with its cluster, and whether it has changed since the last look."""
        known = cls(scope, dimension, changes)
        vectors: dict[str, list[bytes]] = {}
        for memory, cluster, is_fresh in members:
            known.enter(memory, cluster)
            vectors.setdefault(cluster, []).append(memory.vector)
            if is_fresh:
                known.fresh[memory.id] = None
        for cluster, packed in vectors.items():
            known.add(cluster, *sums(packed, dimension))
        return known

    def enter(self, memory: Memory, cluster_id: str) -> None:
        """Put a memory into a cluster, which is founded if it isn't there. Its vector isn't added yet."""
        cluster = self.clusters.get(cluster_id)
        if cluster is None:
            cluster = self.clusters[cluster_id] = Cluster(cluster_id, np.zeros(self.dimension))
        self.memories[memory.id] = memory
        self.cluster_of[memory.id] = cluster_id
        cluster.members[memory.id] = None
        counts, by_concept = cluster.concepts, self.by_concept
        for concept in memory.concepts:
            count = counts.get(concept, 0)
            counts[concept] = count + 1
            if not count:
                by_concept.setdefault(concept, set()).add(cluster_id)

    def leave(self, memory_id: str) -> Memory:
        """Take a memory out of its cluster. Its vector isn't taken away yet; a cluster without members is gone."""
        memory = self.memories.pop(memory_id)
        cluster = self.clusters[self.cluster_of.pop(memory_id)]
        del cluster.members[memory_id]
        for concept in memory.concepts:
            cluster.concepts[concept] -= 1
            if not cluster.concepts[concept]:
                del cluster.concepts[concept]
                self._unlink(concept, cluster.id)
        if not cluster.members:
            del self.clusters[cluster.id]
        return memory

    def add(self, cluster_id: str, total: Floats, mass: float) -> None:
        """Add the sum of vectors, and of the squares of their lengths, to a cluster's; negative, take them away."""
        cluster = self.clusters.get(cluster_id)
        if cluster is not None:
            cluster.total = cluster.total + total
            cluster.mass += mass

    def merge(self, into: Cluster, other: Cluster) -> None:
        """Put all members of one cluster into another."""
        for memory_id in other.members:
            self.cluster_of[memory_id] = into.id
        for concept in other.concepts:
            self._unlink(concept, other.id)
            self.by_concept.setdefault(concept, set()).add(into.id)
        into.members.update(other.members)
        into.concepts.update(other.concepts)
        del self.clusters[other.id]
        self.add(into.id, other.total, other.mass)

    def split(self, cluster: Cluster, into: str, members: Iterable[str]) -> None:
        """Let some members of a cluster found another."""
        vectors: list[bytes] = []
        for memory_id in members:
            memory = self.leave(memory_id)
            vectors.append(memory.vector)
            self.enter(memory, into)
        total, mass = sums(vectors, self.dimension)
        self.add(cluster.id, -total, -mass)
        self.add(into, total, mass)

    def _unlink(self, concept: str, cluster_id: str) -> None:
        holders = self.by_concept[concept]
        holders.discard(cluster_id)
        if not holders:
            del self.by_concept[concept]


def sums(packed: Sequence[bytes], dimension: int) -> tuple[Floats, float]:
    """The sum of vectors, and the sum of the squares of their lengths."""
    vectors: Floats = unpack_directions(packed, dimension).astype(np.float64)
    return vectors.sum(axis=0), float(np.einsum("ij,ij->", vectors, vectors))
