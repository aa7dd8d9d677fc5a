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

from collections.abc import Sequence
from typing import Final

import attrs
import numpy as np

from ...codecs.vectors import unpack_directions
from .exact import Floats, cosines, products
from .known import Known, Memory

__all__ = ["JOIN", "Step", "assign"]

JOIN: Final = 0.28
"""How near is near enough, with the hashing embedder: about what texts have that share a third of what they say."""
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


class _Batch:
    """The products of one batch, and how far they have moved.

    Its vectors are those that the steps bring, a row for each step, followed by those that its memories had before.
    """

    def __init__(self, known: Known, steps: Sequence[Step]) -> None:
        self._known = known
        before = dict.fromkeys(step.id for step in steps if step.id in known.memories)
        packed = [bytes(known.dimension) if step.now is None else step.now.vector for step in steps]
        packed += [known.memories[memory_id].vector for memory_id in before]
        self._vectors: Floats = unpack_directions(packed, known.dimension).astype(np.float64)
        self._among = products(self._vectors, self._vectors)
        self._row_of = {memory_id: len(steps) + index for index, memory_id in enumerate(before)}
        met = self._met(steps, before)
        room = len(met) + len(steps)
        self._inner: Floats = np.zeros((len(packed), room))
        self._sizes: Floats = np.zeros(room)
        self._masses: Floats = np.zeros(room)
        self._moved: Floats = np.zeros((room, len(packed)))
        self._column = {cluster_id: index for index, cluster_id in enumerate(met)}
        if met:
            totals = np.stack([known.clusters[cluster_id].total for cluster_id in met])
            self._inner[:, : len(met)] = products(self._vectors, totals)
            self._sizes[: len(met)] = [len(known.clusters[cluster_id].members) for cluster_id in met]
            self._masses[: len(met)] = [known.clusters[cluster_id].mass for cluster_id in met]

    def _met(self, steps: Sequence[Step], before: dict[str, None]) -> list[str]:
        """Every cluster that a step can join or leave, unless the batch founds it."""
        concepts = {concept for step in steps if step.now is not None for concept in step.now.concepts}
        met = {self._known.cluster_of[memory_id] for memory_id in before}
        return list(met.union(*(self._known.by_concept.get(concept, ()) for concept in concepts)))

    def take(self, row: int, step: Step) -> None:
        """Take in one change."""
        known = self._known
        cluster_id = known.cluster_of.get(step.id)
        if cluster_id is not None:
            known.leave(step.id)
            known.fresh.pop(step.id, None)
            self._move(self._row_of[step.id], cluster_id, -1.0)
        if step.now is not None:
            joined = self._nearest(row, step.now) or str(step.position)
            self._column.setdefault(joined, len(self._column))
            known.enter(step.now, joined)
            known.fresh[step.id] = None
            self._row_of[step.id] = row
            self._move(row, joined, 1.0)
        known.changes += 1

    def settle(self) -> None:
        """Write what has moved into the clusters, once for each."""
        moving: set[int] = set(np.flatnonzero(self._moved.any(axis=1)).tolist())
        changed = {
            cluster_id: column
            for cluster_id, column in self._column.items()
            if column in moving and cluster_id in self._known.clusters
        }
        if changed:
            moved = self._moved[list(changed.values())]
            totals, masses = moved @ self._vectors, moved @ np.diag(self._among)
            for cluster_id, total, mass in zip(changed, totals, masses, strict=True):
                self._known.add(cluster_id, total, float(mass))

    def _move(self, row: int, cluster_id: str, sign: float) -> None:
        """Add a vector to a cluster's sum, or take it away, as far as products are concerned."""
        column = self._column[cluster_id]
        self._sizes[column] += sign
        self._masses[column] += sign * self._among[row, row]
        self._inner[:, column] += sign * self._among[:, row]
        self._moved[column, row] += sign

    def _nearest(self, row: int, memory: Memory) -> str | None:
        """The nearest cluster that is near enough; of equals, the oldest."""
        known = self._known
        met = list(set[str]().union(*(known.by_concept.get(concept, ()) for concept in memory.concepts)))
        if not met:
            return None
        columns = [self._column[cluster_id] for cluster_id in met]
        sizes = self._sizes[columns]
        near = cosines(self._inner[row, columns], self._among[row, row], sizes * self._masses[columns])
        if memory.tags:
            near = (1 - TAGS_SHARE) * near + TAGS_SHARE * np.array([self._usual(each, memory) for each in met])
        near[sizes >= known.members_max] = -1.0
        best = float(near.max())
        if best < JOIN:
            return None
        return min((met[index] for index in np.flatnonzero(near == best).tolist()), key=self._age)

    def _usual(self, cluster_id: str, memory: Memory) -> float:
        """How usual a memory's labels are in a cluster: the share of members that have one, on average."""
        cluster = self._known.clusters[cluster_id]
        return sum(cluster.concepts[tag] for tag in memory.tags) / (len(cluster.members) * len(memory.tags))

    def _age(self, cluster_id: str) -> tuple[int, int]:
        return self._known.clusters[cluster_id].age
