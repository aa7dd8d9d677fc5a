"""Taking in: the changes that wait in the clusters view become decisions, and those become events.

Invariants:
- what is decided in one go is one append: decisions, and a model's vectors with them, all or nothing;
- it is appended on the condition that nobody decided anything since the view was read, and under a key that says which
  changes it takes in, so nothing is decided twice whatever crashes or is tried again;
- what is known in memory is thrown away whenever an append did not surely succeed, and read from the view again;
- vectors of two embedders are never compared. Clusters of another embedder's stay as they are, to be read, until
  every member has a vector of this one; then one event puts others in their place, and what changed meanwhile follows.

| a crash …             | leaves                                                                |
|-----------------------|-----------------------------------------------------------------------|
| before the append     | the changes waiting, as they were                                     |
| in the append         | one of the two: the log decides                                       |
| after it              | the decisions in the log; the view folds them when it goes on         |
| while vectors are made of another embedder | those that are recorded, which are not asked for again |
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Final

import trio

from ...codecs.digests import short_digest
from ...core.embedder import Embedder
from ...core.errors import Conflict, InvalidInput, KeyReused
from ...core.events import event_type_of
from ...core.queries import Condition, Query
from ...projections.clusters.events import DECISIONS, ClustersBegun
from ...projections.clusters.rows import Change, ClusterMember, ClusterScope
from ...projections.clusters.view import Clusters
from .batches import DEPTH_MAX
from .deciding import Work, anew, decide, rebuilt
from .known import Known, Memory
from .texts import BY, Recorder, Shared, TextVectors

__all__ = ["TakingIn"]

_logger = logging.getLogger(__name__)
CHANGES_MAX: Final = 512
"""Changes taken in at once: a backlog goes in appends of some hundred kilobytes."""
SCOPES_KEPT: Final = 32
"""Scopes whose clusters are kept in memory; those that were not used for longest are read again when they are."""
TRIES: Final = 20
_DECISIONS: Final = tuple(event_type_of(each).name for each in DECISIONS)


class TakingIn:
    """Takes changes in."""

    def __init__(
        self,
        recorder: Recorder,
        view: Clusters,
        embedder: Embedder,
        *,
        depth_max: int = DEPTH_MAX,
        shared: Shared | None = None,
    ) -> None:
        """Prepare.

        Args:
            recorder: whom to give the events to.
            view: the clusters view's tables.
            embedder: what makes vectors.
            depth_max: how many steps of conflict a batch reaches.
            shared: who has texts embedded for recall by the same model.
        """
        self.work = Work()
        self._recorder = recorder
        self._view = view
        self._vectors = TextVectors(recorder, view, embedder, shared)
        self._depth_max = depth_max
        self.known: dict[tuple[str, ...], Known] = {}
        """What is known of the scopes that were used last."""
        self._after: int | None = None
        self._is_settled = False

    async def all(self) -> int:
        """Take in everything that waits in the view now, after making anew the clusters of another embedder's vectors.

        Returns:
            How many changes that were.

        Raises:
            InvalidInput: the embedder breaks its word.
            RemanenceError: what recording raises; what was not recorded waits.
        """
        count = 0
        while taken := await self._some():
            count += taken
        return count

    async def _some(self) -> int:
        for _ in range(TRIES):
            try:
                await self._last_decision()
                if not self._is_settled:
                    await self._settle()
                    self._is_settled = True
                changes = self._view.changes.select(limit=CHANGES_MAX)
                return await self._take(changes) if changes else 0
            except (Conflict, KeyReused):  # somebody else decided: look again at what that left
                self._forget()
            except BaseException:
                self._forget()
                raise
        message = f"{TRIES} times somebody else decided on the same clusters; one clusterer is enough"
        raise InvalidInput(message)

    async def _take(self, changes: Sequence[Change]) -> int:
        by_scope = _by_scope(changes)
        for scope in by_scope:
            known = self.known.pop(scope, None)
            self.known[scope] = await self.read(scope) if known is None else known
        await self._vectors.prepare([change.id for change in changes if change.text is not None])
        vectors, embedded = await self._vectors.of_changes(changes)
        events = [*embedded, *await trio.to_thread.run_sync(self._decided, by_scope, vectors)]
        self.work.events += len(embedded)
        while len(self.known) > SCOPES_KEPT:
            del self.known[next(iter(self.known))]
        positions = ",".join(str(change.position) for change in changes)
        await self._record(events, key=f"{BY}:{short_digest(positions.encode()).hex()}")
        self.work.passes += 1
        return len(changes)

    def _decided(self, by_scope: Mapping[tuple[str, ...], list[Change]], vectors: Mapping[int, bytes]) -> list[object]:
        """Decisions. In a thread: many take their time, and the loop has callers to serve."""
        events: list[object] = []
        for scope, own in by_scope.items():
            events += decide(
                self.known[scope], own, vectors, self.work, depth_max=self._depth_max, embedder=self._vectors.identity
            )
        return events

    async def _record(self, events: Sequence[object], key: str | None = None) -> None:
        condition = Condition(Query.of(_DECISIONS), await self._last_decision())
        appended = await self._recorder.append(*events, by=BY, key=key, condition=condition)
        self._after = appended.position
        await self._recorder.wait_for(Clusters, appended.position)

    async def _last_decision(self) -> int:
        """Position of the last decision, which the view shows then."""
        if self._after is None:
            found = self._recorder.read(types=_DECISIONS, limit=1, backward=True)
            self._after = found[0].position if found else 0
            await self._recorder.wait_for(Clusters, self._after)
        return self._after

    def _forget(self) -> None:
        self.known.clear()
        self._after = None
        self._is_settled = False

    # -- another embedder

    async def _settle(self) -> None:
        """See to it that all clusters are made of this embedder's vectors."""
        identity = self._vectors.identity
        begun = self._view.begun_embedder()
        if begun != identity and not (begun is None and self._vectors.is_pure):
            await self._record([ClustersBegun(identity)])
        for row in self._view.scopes.select():
            if row.embedder != identity:
                await self._rebuild(row)

    async def _rebuild(self, row: ClusterScope) -> None:
        """Decide on a scope's memories anew, in the order in which they were last told."""
        name = "/".join(row.scope)
        _logger.info("clusters of scope %s are made anew, of vectors of %s", name, self._vectors.identity)
        members = await trio.to_thread.run_sync(self._members, row.scope)
        members.sort(key=attrgetter("changed"))
        vectors = await self._vectors.of_members(members)
        known = Known(row.scope, self._vectors.dimension)
        memories = [(each.changed, _memory(each, vectors)) for each in members]
        for start in range(0, len(memories), CHANGES_MAX):
            some = memories[start : start + CHANGES_MAX]
            await trio.to_thread.run_sync(anew, known, some, self._depth_max)
        await self._record([rebuilt(known, self._vectors.identity)])
        self.known[row.scope] = known
        self.work.rebuilt += 1

    # -- reading

    async def read(self, scope: tuple[str, ...]) -> Known:
        """What the view says of a scope."""
        row = self._view.scopes.get(scope) or ClusterScope(scope)
        members = await trio.to_thread.run_sync(self._members, scope)
        vectors = await self._vectors.of_members(members)
        found = [(_memory(each, vectors), each.cluster, each.changed > row.refined) for each in members]
        return Known.of(scope, self._vectors.dimension, row.changes, found)

    def _members(self, scope: tuple[str, ...]) -> list[ClusterMember]:
        return [
            member
            for cluster in self._view.clusters.select("by_scope", scope)
            for member in self._view.members.iterate("by_cluster", cluster.id)
        ]


def _memory(member: ClusterMember, vectors: dict[int, bytes]) -> Memory:
    return Memory(member.id, member.words, member.tags, vectors[member.told])


def _by_scope(changes: Iterable[Change]) -> dict[tuple[str, ...], list[Change]]:
    found: dict[tuple[str, ...], list[Change]] = {}
    for change in changes:
        found.setdefault(change.scope, []).append(change)
    return found
