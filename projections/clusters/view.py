"""The clusters view: which memories stand together, what those clusters are about, and which changes wait.

It folds what happened to memories and what was decided about them, and decides nothing: a change of a memory is kept as
`Change` until a decision takes it in. So what waits is known, and what is decided twice counts once.

Invariant: once nothing waits, every row is a function of the memories' events in their order and of nothing else,
however the decisions were divided. That is why no row says when it was decided.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

import attrs

from ...core.clock import to_ns
from ...core.recorded import Recorded
from ..memories.events import MemoryForgotten, MemoryRemembered, MemoryRevised
from ..projection import Projection, on
from ..schema import Index
from ..tables import Table
from .concepts import words_and_opposites
from .events import ClusterAssigned, ClusterMerged, ClustersBegun, ClusterSplit, ClustersRebuilt, MemoryEmbedded
from .rows import Change, ClusterMember, ClusterRow, ClusterScope, ClustersEmbedder, TextVector

__all__ = ["REFINE_EVERY", "Clusters"]

BEGUN: Final = "begun"
REFINE_EVERY: Final = 64
"""Changes of a scope from one look at whole clusters to the next: often enough to mend what the order of arrival did,
rare enough that its cost, which grows with the number of clusters, is shared by many."""


def _has_opposites(row: ClusterMember) -> bool:
    return bool(row.opposites)


class Clusters(Projection):
    """Clusters by scope, members by cluster, and the changes that wait."""

    version = 2
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
    vectors = Table(TextVector, key=("told", "embedder"), indexes={"by_embedder": ("embedder", "scope")})
    embedders = Table(ClustersEmbedder, key="state")

    @on(MemoryRemembered)
    def remembered(self, event: Recorded[MemoryRemembered]) -> None:
        """Waits, with all it says."""
        self._wait(event)

    @on(MemoryRevised)
    def revised(self, event: Recorded[MemoryRevised]) -> None:
        """Waits, if its words or labels are others now."""
        if event.data.text is not None or event.data.tags is not None:
            self._wait(event)

    @on(MemoryForgotten)
    def forgotten(self, event: Recorded[MemoryForgotten]) -> None:
        """Waits to leave."""
        told = event.data
        self.changes.put(Change(event.position, told.id, told.scope, event.time_ns, is_gone=True))

    @on(ClustersBegun)
    def begun(self, event: Recorded[ClustersBegun]) -> None:
        """Its recorded vectors count from here on; those of one that was begun before go, but where they are in use."""
        before, new = self.begun_embedder(), event.data.embedder
        if before is not None and before != new:
            for row in self.vectors.select("by_embedder", before):
                scope = self.scopes.get(row.scope)
                if scope is None or scope.embedder != before:
                    self.vectors.delete(row.told, before)
        self.embedders.put(ClustersEmbedder(BEGUN, new))

    @on(MemoryEmbedded)
    def embedded(self, event: Recorded[MemoryEmbedded]) -> None:
        """Kept if clusters are made of this embedder's, whoever had it made, and if the text still matters."""
        made = event.data
        if made.embedder != self.begun_embedder():
            return
        member = self.members.get(made.id)
        if (member is not None and member.told == made.told) or self.changes.get(made.told) is not None:
            self.vectors.put(TextVector(made.told, made.embedder, made.scope, made.vector))

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
        recorded = self.begun_embedder()
        for memory, changes in _by_memory(waiting).items():
            before = self.members.get(memory)
            after = _told(before, changes, clusters.get(memory))
            touched.moves(before, after)
            if recorded is not None:
                self._drop_vectors(recorded, before, changes, after)
            if after is not None:
                self.members.put(after)
            elif before is not None:
                self.members.delete(memory)
        touched.put()
        for change in waiting:
            self.changes.delete(change.position)
        self._count(told.scope, waiting, told.embedder)

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

    @on(ClustersRebuilt)
    def rebuilt(self, event: Recorded[ClustersRebuilt]) -> None:
        """All members are in other clusters, at once."""
        told = event.data
        row = self.scopes.get(told.scope) or ClusterScope(told.scope)
        touched = _Touched(self, told.scope)
        changed: list[int] = []
        for cluster, memories in told.joined.items():
            for member in filter(None, map(self.members.get, memories)):
                after = attrs.evolve(member, cluster=cluster)
                touched.moves(member, after)
                self.members.put(after)
                changed.append(member.changed)
        touched.put()
        if row.embedder != told.embedder:
            for vector in self.vectors.select("by_embedder", row.embedder, told.scope):
                self.vectors.delete(vector.told, row.embedder)
        looks = len(changed) // REFINE_EVERY
        refined = sorted(changed)[looks * REFINE_EVERY - 1] if looks else 0
        self.scopes.put(ClusterScope(told.scope, len(changed), row.upto, refined, told.embedder))

    def _wait(self, event: Recorded[MemoryRemembered] | Recorded[MemoryRevised]) -> None:
        told = event.data
        words, opposites = ((), ()) if told.text is None else words_and_opposites(told.text)
        said_at = told.said_at if isinstance(told, MemoryRemembered) else None
        self.changes.put(
            Change(
                position=event.position,
                id=told.id,
                scope=told.scope,
                time_ns=event.time_ns if said_at is None else to_ns(said_at),
                kind=told.kind,
                text=told.text,
                words=words,
                opposites=opposites,
                tags=told.tags,
                confidence=told.confidence,
            )
        )

    def begun_embedder(self) -> str | None:
        """The embedder whose recorded vectors count; None if it was never a model's."""
        row = self.embedders.get(BEGUN)
        return None if row is None else row.embedder

    def _drop_vectors(
        self, embedder: str, before: ClusterMember | None, changes: list[Change], after: ClusterMember | None
    ) -> None:
        """A text that a memory no longer says needs no vector."""
        told = {change.position for change in changes if change.text is not None}
        if before is not None:
            told.add(before.told)
        for position in told - {None if after is None else after.told}:
            self.vectors.delete(position, embedder)

    def _move(self, scope: tuple[str, ...], members: Iterable[ClusterMember], into: str) -> None:
        touched = _Touched(self, scope)
        for member in members:
            after = attrs.evolve(member, cluster=into)
            touched.moves(member, after)
            self.members.put(after)
        touched.put()

    def _count(self, scope: tuple[str, ...], taken: list[Change], embedder: str) -> None:
        row = self.scopes.get(scope) or ClusterScope(scope)
        changes = row.changes + len(taken)
        since_refined = changes % REFINE_EVERY
        refined = taken[-1 - since_refined].position if since_refined < len(taken) else row.refined
        self.scopes.put(ClusterScope(scope, changes, taken[-1].position, refined, embedder))


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
    if change.text is not None:
        return ClusterMember(
            id=change.id,
            scope=change.scope,
            cluster=cluster,
            kind=change.kind or "",
            words=change.words,
            tags=tags or (),
            opposites=change.opposites,
            confidence=confidence or 0.0,
            time_ns=change.time_ns,
            changed=change.position,
            told=change.position,
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
