"""What happens to clusters. Stored for ever: a changed class needs a new version and an upcaster.

These events are decisions: who made them had looked at vectors that a replay doesn't compute again. They name memories
by their ids and say no word of what those tell. `memory.embedded` holds a model's vector, from which much of a text can
be guessed, so it stands alone and bears a tag of its own, `vector:<memory>`, by which it is found when a memory is
erased. It does not bear the memory's: it is not part of what made the memory what it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import attrs

from ...core.events import event
from ..memories.events import scope_tag

__all__ = [
    "CLUSTER_EVENTS",
    "DECISIONS",
    "ClusterAssigned",
    "ClusterMerged",
    "ClusterSplit",
    "ClustersBegun",
    "ClustersRebuilt",
    "MemoryEmbedded",
    "vector_tag",
]


def vector_tag(memory_id: str) -> str:
    """The tag of a memory's vectors."""
    return "vector:" + memory_id


@event("memory.embedded")
@attrs.frozen
class MemoryEmbedded:
    """A memory's text got a vector.

    Attributes:
        id: the memory.
        scope: whose memory it is.
        told: position of the event that brought the text.
        embedder: which embedder made the vector: `name/dimension/digest`.
        vector: the vector's direction, a signed byte for each component.
    """

    id: str
    scope: tuple[str, ...]
    told: int
    embedder: str
    vector: bytes

    def about(self) -> Iterator[str]:
        yield vector_tag(self.id)
        yield scope_tag(self.scope)


@event("cluster.assigned")
@attrs.frozen
class ClusterAssigned:
    """Memories of a scope came into clusters, all that changed since the last time.

    Attributes:
        scope: whose memories.
        taken: positions of the events that changed them, in order: what is taken in.
        joined: for each cluster, the memories that stand in it from now on. A cluster is called by the position of the
            event that founded it.
        left: memories that were forgotten.
        embedder: whose vectors were looked at: `name/dimension/digest`.
    """

    scope: tuple[str, ...]
    taken: tuple[int, ...]
    joined: dict[str, tuple[str, ...]]
    left: tuple[str, ...] = ()
    embedder: str = ""

    def about(self) -> Iterator[str]:
        yield scope_tag(self.scope)


@event("cluster.merged")
@attrs.frozen
class ClusterMerged:
    """Clusters that had come to be about the same became one.

    Attributes:
        scope: whose memories.
        into: the cluster that stays.
        merged: those whose memories it takes over.
    """

    scope: tuple[str, ...]
    into: str
    merged: tuple[str, ...]

    def about(self) -> Iterator[str]:
        yield scope_tag(self.scope)


@event("cluster.split")
@attrs.frozen
class ClusterSplit:
    """A cluster had come to be about different things, and some of its memories left together.

    Attributes:
        scope: whose memories.
        cluster: the cluster that they left.
        into: the cluster that they founded.
        members: those memories.
    """

    scope: tuple[str, ...]
    cluster: str
    into: str
    members: tuple[str, ...]

    def about(self) -> Iterator[str]:
        yield scope_tag(self.scope)


@event("clusters.begun")
@attrs.frozen
class ClustersBegun:
    """From now on, clusters are made of vectors of this embedder; those that there are stay until they are rebuilt.

    Attributes:
        embedder: `name/dimension/digest`.
    """

    embedder: str

    def about(self) -> Iterator[str]:
        yield "embedder"


@event("clusters.rebuilt")
@attrs.frozen
class ClustersRebuilt:
    """The clusters of a scope were made anew, of vectors of another embedder: these take the place of all before.

    Attributes:
        scope: whose memories.
        embedder: whose vectors were looked at: `name/dimension/digest`.
        joined: for each cluster, the memories that stand in it.
    """

    scope: tuple[str, ...]
    embedder: str
    joined: dict[str, tuple[str, ...]]

    def about(self) -> Iterator[str]:
        yield scope_tag(self.scope)


DECISIONS: Final = (ClusterAssigned, ClusterMerged, ClusterSplit, ClustersBegun, ClustersRebuilt)
"""What is decided on the condition that nothing else was since."""
CLUSTER_EVENTS: Final = (MemoryEmbedded, *DECISIONS)
