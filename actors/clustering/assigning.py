"""Assigning: online leader clustering. Each change in its turn, and all of their products at once.

A memory joins the cluster that it is nearest to among those that know one of its concepts, if that is near enough, and
otherwise founds one (Hartigan's leader algorithm, "Clustering Algorithms", 1975, with running sums in the place of the
leader). Nearness is the mean cosine between its vector and those of the members (more exactly their inner product, over
lengths of which the members' is the root mean square); the cosine with the sum itself would draw everything commonplace
into one heap. For a memory with labels, it is partly how usual these are there.

A batch needs three products of matrices, however many changes it has: vectors with the clusters that may be met,
vectors with each other, and what moved with the vectors. A change in between moves a cluster's sum by a vector of the
batch, so the products with that cluster move by products that are known. All of it is exact (`exact`): what comes out
is, to the bit, what assigning the changes one by one gives.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import inf, sqrt
from typing import Final

import attrs
import numpy as np

from ...codecs.vectors import unpack_directions
from ...projections.clusters.rows import cluster_age
from .exact import Floats, cosines, products
from .known import Cluster, Known, Memory

__all__ = ["JOIN", "Step", "assign"]

JOIN: Final = 0.45
"""How near is near enough, with the content embedder: of seven pairs of a conversation's turns, six are less near."""
TAGS_SHARE: Final = 0.3
"""What labels weigh beside the vector, where a memory has any."""


@attrs.frozen
class Step:
    """A change of a memory.

    Attributes:
        position: the event that made it.
        id: the memory.
        now: the memory from then on; None if it was forgotten.
    """

    position: int
    id: str
    now: Memory | None


def assign(known: Known, steps: Sequence[Step]) -> None:
    """Take changes in, in their order."""
    batch = _Batch(known, steps)
    for row, step in enumerate(steps):
        batch.take(row, step)
    batch.settle()


@attrs.define(eq=False)
class _Moving:
    """A cluster that changes of the batch have moved.

    Attributes:
        inner: its sum's inner product with each vector of the batch.
        size, mass: as the cluster has them by now.
        moves: rows of the vectors that came, with 1.0, and of those that went, with -1.0.
    """

    inner: list[float]
    size: int
    mass: float
    moves: list[tuple[int, float]] = attrs.field(factory=list[tuple[int, float]])


class _Batch:
    """The products of one batch, and how far they have moved.

    Its vectors are those that the steps bring, a row for each step, followed by those that its memories had before.
    What matrices are quick at is done at once for all; the rest are a few numbers for each step, for which plain
    arithmetic is quicker, and rounds alike.
    """

    def __init__(self, known: Known, steps: Sequence[Step]) -> None:
        self._known = known
        before = dict.fromkeys(step.id for step in steps if step.id in known.memories)
        packed = [bytes(known.dimension) if step.now is None else step.now.vector for step in steps]
        packed += [known.memories[memory_id].vector for memory_id in before]
        self._vectors: Floats = unpack_directions(packed, known.dimension).astype(np.float64)
        among = products(self._vectors, self._vectors)
        self._among: list[list[float]] = among.tolist()
        self._row_of = {memory_id: len(steps) + index for index, memory_id in enumerate(before)}
        self._moving: dict[str, _Moving] = {}
        met = self._met(steps, before)
        self._column = {cluster.id: index for index, cluster in enumerate(met)}
        self._inner: Floats = np.zeros((len(packed), 0))
        self._near: list[list[float]] = []
        if met:
            self._inner = products(self._vectors, np.stack([cluster.total for cluster in met]))
            bulks = np.array([cluster.bulk for cluster in met])
            near = cosines(self._inner[: len(steps)], among.diagonal()[: len(steps), np.newaxis], bulks[np.newaxis, :])
            near[:, [len(cluster.members) >= known.members_max for cluster in met]] = -np.inf
            self._near = near.tolist()

    def _met(self, steps: Sequence[Step], before: Iterable[str]) -> list[Cluster]:
        """Every cluster that a step can join or leave, unless the batch founds it."""
        known = self._known
        concepts = {concept for step in steps if step.now is not None for concept in step.now.concepts}
        met = {known.cluster_of[memory_id] for memory_id in before}
        return [known.clusters[each] for each in met.union(*(known.by_concept.get(each, ()) for each in concepts))]

    def take(self, row: int, step: Step) -> None:
        """Take in one change."""
        known = self._known
        cluster_id = known.cluster_of.get(step.id)
        if cluster_id is not None:
            self._move(self._row_of[step.id], cluster_id, -1.0)
            known.leave(step.id)
            known.fresh.pop(step.id, None)
        if step.now is not None:
            joined = self._nearest(row, step.now) or str(step.position)
            self._move(row, joined, 1.0)
            known.enter(step.now, joined)
            known.fresh[step.id] = None
            self._row_of[step.id] = row
        known.changes += 1

    def settle(self) -> None:
        """Write what has moved into the clusters, once for each."""
        changed = {each: moving for each, moving in self._moving.items() if each in self._known.clusters}
        if not changed:
            return
        moved = np.zeros((len(changed), len(self._vectors)))
        for place, moving in enumerate(changed.values()):
            for row, sign in moving.moves:
                moved[place, row] += sign
        for cluster_id, total in zip(changed, moved @ self._vectors, strict=True):
            mass = sum(sign * self._among[row][row] for row, sign in changed[cluster_id].moves)
            self._known.add(cluster_id, total, mass)

    def _move(self, row: int, cluster_id: str, sign: float) -> None:
        """Add a vector to a cluster's sum, or take it away, as far as products are concerned."""
        moving = self._moving.get(cluster_id)
        if moving is None:
            moving = self._moving[cluster_id] = self._still(cluster_id)
        among = self._among[row]
        moving.inner = [inner + sign * product for inner, product in zip(moving.inner, among, strict=True)]
        moving.size += int(sign)
        moving.mass += sign * among[row]
        moving.moves.append((row, sign))

    def _still(self, cluster_id: str) -> _Moving:
        """A cluster before anything moves it; one that the batch founds has nothing yet."""
        column = self._column.get(cluster_id)
        if column is None:
            return _Moving([0.0] * len(self._vectors), 0, 0.0)
        cluster = self._known.clusters[cluster_id]
        return _Moving(self._inner[:, column].tolist(), len(cluster.members), cluster.mass)

    def _nearest(self, row: int, memory: Memory) -> str | None:
        """The nearest cluster that is near enough; of equals, the oldest."""
        known, tags = self._known, memory.tags
        met = [known.by_concept[concept] for concept in memory.concepts if concept in known.by_concept]
        best, found = JOIN, list[str]()
        for cluster_id in set[str]().union(*met):
            near = self._nearness(row, cluster_id)
            if tags:
                near = (1 - TAGS_SHARE) * near + TAGS_SHARE * known.clusters[cluster_id].usualness(tags)
            if near > best:
                best, found = near, [cluster_id]
            elif near == best:
                found.append(cluster_id)
        return min(found, key=cluster_age) if found else None

    def _nearness(self, row: int, cluster_id: str) -> float:
        """As `cosines`; a full cluster is endlessly far."""
        moving = self._moving.get(cluster_id)
        if moving is None:
            return self._near[row][self._column[cluster_id]]
        if moving.size >= self._known.members_max:
            return -inf
        length = sqrt(self._among[row][row]) * sqrt(moving.size * moving.mass)
        return moving.inner[row] / length if length > 0 else 0.0
