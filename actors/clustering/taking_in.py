"""Taking in: the changes that wait in the clusters view become vectors and decisions, and those become events.

Invariants:
- what is decided in one go is one append: vectors and decisions, all or nothing;
- it is appended on the condition that nobody decided anything since the view was read, and under a key that says which
  changes it takes in, so nothing is decided twice whatever crashes or is tried again;
- what is known in memory is thrown away whenever an append did not surely succeed, and read from the view again.

| a crash …             | leaves                                                                |
|-----------------------|-----------------------------------------------------------------------|
| before the append     | the changes waiting, as they were                                     |
| in the append         | one of the two: the log decides                                       |
| after it              | the decisions in the log; the view folds them when it goes on         |
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, Protocol

import trio

from ...codecs.digests import short_digest
from ...codecs.vectors import pack_directions
from ...core.appends import Appended
from ...core.embedder import Embedder
from ...core.errors import Conflict, InvalidInput, KeyReused
from ...core.events import event_type_of
from ...core.queries import Condition, Query
from ...core.recorded import Recorded
from ...projections.clusters.events import CLUSTER_EVENTS, MemoryEmbedded
from ...projections.clusters.view import Change, Clusters, ClusterScope
from ...projections.projection import Projection
from .batches import DEPTH_MAX
from .deciding import Work, decide
from .known import Known, Memory

__all__ = ["Recorder", "TakingIn"]

CHANGES_MAX: Final = 512
"""Changes taken in at once: a backlog goes in appends of some hundred kilobytes."""
SCOPES_KEPT: Final = 32
"""Scopes whose clusters are kept in memory; those that were not used for longest are read again when they are."""
TRIES: Final = 20
BY: Final = "clusterer"
_DECISIONS: Final = tuple(event_type_of(each).name for each in CLUSTER_EVENTS)


class Recorder(Protocol):
    """What is needed of an engine."""

    async def append(
        self, *events: object, by: str | None = None, key: str | None = None, condition: Condition | None = None
    ) -> Appended:
        """Record events, all or nothing."""
        ...

    async def wait_for(self, projection: type[Projection], position: int | None = None) -> None:
        """Wait until a view shows everything up to a position."""
        ...

    def read(
        self, *, types: Iterable[type | str] = (), limit: int | None = None, backward: bool = False
    ) -> list[Recorded[Any]]:
        """Events in the order of their positions."""
        ...


class TakingIn:
    """Takes changes in."""

    def __init__(self, recorder: Recorder, view: Clusters, embedder: Embedder, *, depth_max: int = DEPTH_MAX) -> None:
        """Prepare.

        Args:
            recorder: whom to give the events to.
            view: the clusters view's tables.
            embedder: what makes vectors.
            depth_max: how many steps of conflict a batch reaches.
        """
        self.work = Work()
        self._recorder = recorder
        self._view = view
        self._embedder = embedder
        self._identity = embedder.identity
        self._depth_max = depth_max
        self.known: dict[tuple[str, ...], Known] = {}
        """What is known of the scopes that were used last."""
        self._after: int | None = None

    async def all(self) -> int:
        """Take in everything that waits in the view now.

        Returns:
            How many changes that were.

        Raises:
            InvalidInput: a scope's vectors are another embedder's, or the embedder breaks its word.
            RemanenceError: what recording raises; what was not recorded waits.
        """
        count = 0
        while taken := await self._some():
            count += taken
        return count

    async def _some(self) -> int:
        for _ in range(TRIES):
            after = await self._last_decision()
            changes = self._view.changes.select(limit=CHANGES_MAX)
            if not changes:
                return 0
            try:
                return await self._take(changes, after)
            except (Conflict, KeyReused):  # somebody else decided: look again at what that left
                self._forget()
            except BaseException:
                self._forget()
                raise
        message = f"{TRIES} times somebody else decided on the same clusters; one clusterer is enough"
        raise InvalidInput(message)

    async def _take(self, changes: Sequence[Change], after: int) -> int:
        events = await trio.to_thread.run_sync(self._decided, changes)
        positions = ",".join(str(change.position) for change in changes)
        key = f"{BY}:{short_digest(positions.encode()).hex()}"
        condition = Condition(Query.of(_DECISIONS), after)
        appended = await self._recorder.append(*events, by=BY, key=key, condition=condition)
        self._after = appended.position
        await self._recorder.wait_for(Clusters, appended.position)
        self.work.passes += 1
        return len(changes)

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

    def _decided(self, changes: Sequence[Change]) -> list[object]:
        """Vectors and decisions. In a thread: a model may be slow, and the loop has callers to serve."""
        embedded = self._embedded(changes)
        vectors = {each.told: each.vector for each in embedded}
        events: list[object] = list(embedded)
        for scope, own in _by_scope(changes).items():
            events += decide(self._of(scope), own, self.work, self._depth_max, vectors)
        while len(self.known) > SCOPES_KEPT:
            del self.known[next(iter(self.known))]
        self.work.events += len(embedded)
        return events

    def _embedded(self, changes: Sequence[Change]) -> list[MemoryEmbedded]:
        """Vectors for the texts that have none, all in one call."""
        new = [(each, each.text) for each in changes if each.text is not None and each.vector is None]
        if not new:
            return []
        vectors = self._embedder.embed([text for _, text in new])
        if vectors.shape != (len(new), self._identity.dimension):
            message = f"{self._identity} made a matrix of {vectors.shape} for {len(new)} texts"
            raise InvalidInput(message)
        packed = pack_directions(vectors)
        who = str(self._identity)
        return [
            MemoryEmbedded(each.id, each.scope, each.position, who, vector)
            for (each, _), vector in zip(new, packed, strict=True)
        ]

    def _of(self, scope: tuple[str, ...]) -> Known:
        """What is known of a scope, as the one that was used last."""
        known = self.known.pop(scope, None)
        self.known[scope] = known = self.read(scope) if known is None else known
        return known

    def read(self, scope: tuple[str, ...]) -> Known:
        """What the view says of a scope."""
        row = self._view.scopes.get(scope) or ClusterScope(scope)
        if row.embedder not in ("", str(self._identity)):
            message = (
                f"the clusters of scope {'/'.join(scope)} are made of vectors of {row.embedder}, which can't be "
                f"compared with those of {self._identity}; open the memory with the embedder that it began with"
            )
            raise InvalidInput(message)
        members = (
            (Memory(each.id, each.words, each.tags, each.vector), each.cluster, each.changed > row.refined)
            for cluster in self._view.clusters.select("by_scope", scope)
            for each in self._view.members.iterate("by_cluster", cluster.id)
        )
        return Known.of(scope, self._identity.dimension, row.changes, members)


def _by_scope(changes: Iterable[Change]) -> dict[tuple[str, ...], list[Change]]:
    found: dict[tuple[str, ...], list[Change]] = {}
    for change in changes:
        found.setdefault(change.scope, []).append(change)
    return found
