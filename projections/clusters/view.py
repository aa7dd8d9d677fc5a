"""The clusters view: which memories stand together, what those clusters are about, and which changes wait.

It folds what happened to memories and what was decided about them, and decides nothing: a change of a memory is kept as
`Change` until a decision takes it in. So what waits is known, and what is decided twice counts once.

Invariant: once nothing waits, every row is a function of the memories' events in their order and of nothing else,
however the decisions were divided. That is why no row says when it was decided.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

import attrs

from ...core.recorded import Recorded
from ..memories.events import MemoryForgotten, MemoryRemembered, MemoryRevised
from ..projection import Projection, on
from ..schema import Index
from ..tables import Table
from .concepts import concepts_of, words_and_opposites
from .events import ClusterAssigned, ClusterMerged, ClusterSplit, MemoryEmbedded

__all__ = ["REFINE_EVERY", "Change", "ClusterMember", "ClusterRow", "ClusterScope", "Clusters", "cluster_age"]

REFINE_EVERY: Final = 64
"""Changes of a scope from one look at whole clusters to the next: often enough to mend what the order of arrival did,
rare enough that its cost, which grows with the number of clusters, is shared by many."""


@attrs.frozen
class Change:
    """A change of a memory that no decision has taken in yet.

    Attributes:
        position: the event that made it.
        id: the memory.
        scope: whose memory it is.
        time_ns: when it was recorded: unix time in nanoseconds.
        kind: what kind of memory it is; None for what was forgotten.
        text: what it says; None if that stays.
        tags: its labels; None if these stay.
        confidence: how sure it is; None if that stays.
        is_gone: whether it was forgotten.
        vector: the direction of the text's vector, once there is one.
    """

    position: int
    id: str
    scope: tuple[str, ...]
    time_ns: int
    kind: str | None = None
    text: str | None = None
    tags: tuple[str, ...] | None = None
    confidence: float | None = None
    is_gone: bool = False
    vector: bytes | None = None


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
        time_ns: when it was last told: unix time in nanoseconds.
        changed: position of the event that told it last.
        vector: the direction of its text's vector.
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
    vector: bytes

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
        embedder: which embedder made the vectors.
    """

    scope: tuple[str, ...]
    changes: int = 0
    upto: int = 0
    refined: int = 0
    embedder: str = ""


def cluster_age(cluster_id: str) -> tuple[int, int]:
    """The position at which a cluster was founded, and its number among those that left others there."""
    founded, _, number = cluster_id.partition(".")
    return int(founded), int(number or 0)


def _has_opposites(row: ClusterMember) -> bool:
    return bool(row.opposites)


class Clusters(Projection):
    """Clusters by scope, members by cluster, and the changes that wait."""

    version = 1
    changes = Table(Change, key="position")
    members = Table(
        ClusterMember,
        key="id",
        indexes={
            "by_cluster": ("cluster", "time_ns"),
            "by_opposites": Index(("scope", "time_ns"), where=_has_opposites),
        },
    )
    clusters = Table(ClusterRow, key="id", indexes={"by_scope": "scope"})
    scopes = Table(ClusterScope, key="scope")

    @on(MemoryRemembered)
    def remembered(self, event: Recorded[MemoryRemembered]) -> None:
        """Waits, with all it says."""
        told = event.data
        self.changes.put(
            Change(event.position, told.id, told.scope, event.time_ns, told.kind, told.text, told.tags, told.confidence)
        )

    @on(MemoryRevised)
    def revised(self, event: Recorded[MemoryRevised]) -> None:
        """Waits, if its words or labels are others now."""
        told = event.data
        if told.text is not None or told.tags is not None:
            self.changes.put(
                Change(
                    event.position, told.id, told.scope, event.time_ns, told.kind, told.text, told.tags, told.confidence
                )
            )

    @on(MemoryForgotten)
    def forgotten(self, event: Recorded[MemoryForgotten]) -> None:
        """Waits to leave."""
        told = event.data
        self.changes.put(Change(event.position, told.id, told.scope, event.time_ns, is_gone=True))

    @on(MemoryEmbedded)
    def embedded(self, event: Recorded[MemoryEmbedded]) -> None:
        """The change that brought the text has its vector."""
        told = event.data
        change = self.changes.get(told.told)
        if change is not None:
            self.changes.put(attrs.evolve(change, vector=told.vector))
            scope = self.scopes.get(told.scope) or ClusterScope(told.scope)
            if scope.embedder != told.embedder:
                self.scopes.put(attrs.evolve(scope, embedder=told.embedder))

    @on(ClusterAssigned)
    def assigned(self, event: Recorded[ClusterAssigned]) -> None:
        """The changes up to there are taken in."""
        told = event.data
        found = [self.changes.get(position) for position in told.taken]
        waiting = [change for change in found if change is not None]
        if not waiting:
            return
        clusters = {memory: cluster for cluster, memories in told.joined.items() for memory in memories}
        touched = _Touched(self, told.scope)
        for memory, changes in _by_memory(waiting).items():
            before = self.members.get(memory)
            after = _told(before, changes, clusters.get(memory))
            touched.moves(before, after)
            if after is not None:
                self.members.put(after)
            elif before is not None:
                self.members.delete(memory)
        touched.put()
        for change in waiting:
            self.changes.delete(change.position)
        self._count(told.scope, waiting)

    @on(ClusterMerged)
    def merged(self, event: Recorded[ClusterMerged]) -> None:
        """All members are in one."""
        told = event.data
        members = [member for cluster in told.merged for member in self.members.select("by_cluster", cluster)]
        self._move(told.scope, members, told.into)

    @on(ClusterSplit)
    def split(self, event: Recorded[ClusterSplit]) -> None:
        """Some members are in another."""
        told = event.data
        found = [self.members.get(memory) for memory in told.members]
        self._move(told.scope, [member for member in found if member is not None], told.into)

    def _move(self, scope: tuple[str, ...], members: Iterable[ClusterMember], into: str) -> None:
        touched = _Touched(self, scope)
        for member in members:
            after = attrs.evolve(member, cluster=into)
            touched.moves(member, after)
            self.members.put(after)
        touched.put()

    def _count(self, scope: tuple[str, ...], taken: list[Change]) -> None:
        row = self.scopes.get(scope) or ClusterScope(scope)
        changes = row.changes + len(taken)
        since_refined = changes % REFINE_EVERY
        refined = taken[-1 - since_refined].position if since_refined < len(taken) else row.refined
        self.scopes.put(attrs.evolve(row, changes=changes, upto=taken[-1].position, refined=refined))


class _Touched:
    """The clusters that one event touches: each is read and put once."""

    def __init__(self, view: Clusters, scope: tuple[str, ...]) -> None:
        self._view = view
        self._scope = scope
        self._sizes: Counter[str] = Counter()
        self._concepts: dict[str, Counter[str]] = {}

    def moves(self, before: ClusterMember | None, after: ClusterMember | None) -> None:
        """A memory is in another cluster, or says something else there."""
        if before is not None:
            self._add(before, -1)
        if after is not None:
            self._add(after, 1)

    def _add(self, member: ClusterMember, sign: int) -> None:
        self._sizes[member.cluster] += sign
        concepts = self._concepts.setdefault(member.cluster, Counter())
        for concept in member.concepts:
            concepts[concept] += sign

    def put(self) -> None:
        """Keep what has changed; a cluster without members is none."""
        for cluster, concepts in self._concepts.items():
            row = self._view.clusters.get(cluster)
            size = self._sizes[cluster] + (0 if row is None else row.size)
            if not size:
                self._view.clusters.delete(cluster)
                continue
            counts = Counter({} if row is None else row.concepts)
            counts.update(concepts)
            kept = {concept: count for concept, count in sorted(counts.items()) if count}
            self._view.clusters.put(ClusterRow(cluster, self._scope, size, kept))


def _by_memory(changes: Iterable[Change]) -> dict[str, list[Change]]:
    found: dict[str, list[Change]] = {}
    for change in changes:
        found.setdefault(change.id, []).append(change)
    return found


def _told(before: ClusterMember | None, changes: list[Change], cluster: str | None) -> ClusterMember | None:
    """A member after its changes; None when it was forgotten, or stands in no cluster."""
    member = before
    for change in changes:
        member = _changed(member, change, cluster or "")
    return None if cluster is None else member


def _changed(before: ClusterMember | None, change: Change, cluster: str) -> ClusterMember | None:
    if change.is_gone:
        return None
    tags, confidence = change.tags, change.confidence
    if before is not None:
        tags = before.tags if tags is None else tags
        confidence = before.confidence if confidence is None else confidence
    if change.text is not None and change.vector is not None:
        words, opposites = words_and_opposites(change.text)
        return ClusterMember(
            id=change.id,
            scope=change.scope,
            cluster=cluster,
            kind=change.kind or "",
            words=words,
            tags=tags or (),
            opposites=opposites,
            confidence=confidence or 0.0,
            time_ns=change.time_ns,
            changed=change.position,
            vector=change.vector,
        )
    if before is None:
        return None
    return attrs.evolve(
        before,
        cluster=cluster,
        tags=tags or (),
        confidence=confidence or 0.0,
        time_ns=change.time_ns,
        changed=change.position,
    )
