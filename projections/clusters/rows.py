"""Rows of the clusters view: changes that wait, members, clusters, scopes, and recorded vectors of texts.

Invariant: a text is called by the position of the event that brought it, so a vector is of one text for good, whatever
its memory says later; and it bears its embedder's name, so those of two embedders are never taken for each other.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from .concepts import concepts_of

__all__ = [
    "Change",
    "ClusterMember",
    "ClusterRow",
    "ClusterScope",
    "ClustersEmbedder",
    "TextVector",
    "cluster_age",
]


@attrs.frozen
class Change:
    """A change of a memory that no decision has taken in yet.

    Attributes:
        position: the event that made it.
        id: the memory.
        scope: whose memory it is.
        time_ns: when it was said or happened, or else was recorded: unix time in nanoseconds.
        kind: what kind of memory it is; None for what was forgotten.
        text: what it says; None if that stays.
        words: the words that it is about.
        opposites: pairs of opposites that it says in one breath.
        tags: its labels; None if these stay.
        confidence: how sure it is; None if that stays.
        is_gone: whether it was forgotten.
    """

    position: int
    id: str
    scope: tuple[str, ...]
    time_ns: int
    kind: str | None = None
    text: str | None = None
    words: tuple[str, ...] = ()
    opposites: tuple[str, ...] = ()
    tags: tuple[str, ...] | None = None
    confidence: float | None = None
    is_gone: bool = False


@attrs.frozen
class ClusterMember:
    """A memory in its cluster, as it was when that was decided.

    Attributes:
        id: the memory.
        scope: whose memory it is.
        cluster: the cluster.
        kind: what kind of memory it is.
        words: the words that it is about.
        tags: its labels.
        opposites: pairs of opposites that it says in one breath.
        confidence: how sure it was when it was last told.
        time_ns: when that was said or happened, or else was recorded: unix time in nanoseconds.
        changed: position of the event that told it last.
        told: position of the event that brought its text.
    """

    id: str
    scope: tuple[str, ...]
    cluster: str
    kind: str
    words: tuple[str, ...]
    tags: tuple[str, ...]
    opposites: tuple[str, ...]
    confidence: float
    time_ns: int
    changed: int
    told: int

    @property
    def concepts(self) -> tuple[str, ...]:
        """What it is about."""
        return concepts_of(self.words, self.tags)


@attrs.frozen
class ClusterRow:
    """A cluster.

    Attributes:
        id: the position of the event that founded it; with a number, if it left another cluster then.
        scope: whose memories it holds.
        size: how many.
        concepts: how many of them are about each concept.
    """

    id: str
    scope: tuple[str, ...]
    size: int
    concepts: Mapping[str, int]

    @property
    def age(self) -> tuple[int, int]:
        """Clusters in the order in which they were founded."""
        return cluster_age(self.id)


@attrs.frozen
class ClusterScope:
    """How far the clusters of a scope are.

    Attributes:
        scope: whose memories.
        changes: how many changes are taken in.
        upto: position of the last of them.
        refined: position of the last change after which whole clusters were looked at; 0 if they never were.
        embedder: of whose vectors its clusters are made: `name/dimension/digest`.
    """

    scope: tuple[str, ...]
    changes: int = 0
    upto: int = 0
    refined: int = 0
    embedder: str = ""


@attrs.frozen
class TextVector:
    """A recorded vector of a text that waits or that a member says.

    Attributes:
        told: position of the event that brought the text.
        embedder: which embedder made it.
        scope: whose memory it is of.
        vector: its direction, a signed byte for each component.
    """

    told: int
    embedder: str
    scope: tuple[str, ...]
    vector: bytes


@attrs.frozen
class ClustersEmbedder:
    """The embedder that was begun last, if one ever had to be named.

    Attributes:
        state: "begun".
        embedder: `name/dimension/digest`.
    """

    state: str
    embedder: str


def cluster_age(cluster_id: str) -> tuple[int, int]:
    """The position at which a cluster was founded, and its number among those that left others there."""
    founded, _, number = cluster_id.partition(".")
    return int(founded), int(number or 0)
