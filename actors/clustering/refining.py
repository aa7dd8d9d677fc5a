"""Refining: after every so many changes of a scope, clusters that are about the same merge, and loose ones split.

Only clusters with a memory that has changed since the last time are looked at: any two others were compared then.
What is decided depends on the clusters alone. Of equals the oldest comes first, and members are taken by their ids.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from ...codecs.vectors import unpack_directions
from ...projections.clusters.events import ClusterMerged, ClusterSplit
from .exact import Floats, cosines, products
from .known import Cluster, Known

__all__ = ["MERGE", "PART", "refine"]

MERGE: Final = 0.50
"""Clusters whose members are this near to each other's are about the same: a little nearer than joining takes."""
LOOSE: Final = 0.33
"""Clusters whose members are this near to each other, on average, are looked at no further."""
PART: Final = 0.25
"""Halves of a cluster whose members are no nearer to each other's than this are about different things: with the
content embedder, no nearer than any two turns of a conversation are.
"""
SPLIT_SIZE_MIN: Final = 6
PART_SIZE_MIN: Final = 2
ROUNDS: Final = 4
"""Times that members choose between the halves: halves that far apart have settled by then."""


def refine(known: Known, position: int) -> list[ClusterMerged | ClusterSplit]:
    """Merge and split what has to be.

    Args:
        known: the scope's clusters; they are changed.
        position: the change after which this is done.

    Returns:
        What was done, in order.
    """
    fresh = {known.cluster_of[memory_id] for memory_id in known.fresh}
    known.fresh.clear()
    done: list[ClusterMerged | ClusterSplit] = []
    while pair := _nearest_pair(known, fresh):
        into, other = sorted(pair, key=lambda each: each.age)
        known.merge(into, other)
        fresh = (fresh - {other.id}) | {into.id}
        done.append(ClusterMerged(known.scope, into.id, (other.id,)))
    for cluster_id in sorted(fresh, key=lambda each: known.clusters[each].age):
        members = _leaving(known, known.clusters[cluster_id])
        if members:
            founded = f"{position}.{len(done) + 1}"
            known.split(known.clusters[cluster_id], founded, members)
            done.append(ClusterSplit(known.scope, cluster_id, founded, members))
    return done


def _nearest_pair(known: Known, fresh: set[str]) -> tuple[Cluster, Cluster] | None:
    """The two clusters that are nearest to each other, if that is near enough; one of them is fresh."""
    ordered = sorted(known.clusters.values(), key=lambda each: each.age)
    rows = [index for index, cluster in enumerate(ordered) if cluster.id in fresh]
    if not rows:
        return None
    totals = np.stack([cluster.total for cluster in ordered])
    bulks = np.array([cluster.bulk for cluster in ordered])
    near = cosines(products(totals[rows], totals), bulks[rows][:, np.newaxis], bulks[np.newaxis, :])
    sizes = np.array([len(cluster.members) for cluster in ordered])
    near[sizes[rows][:, np.newaxis] + sizes[np.newaxis, :] > known.members_max] = -1.0
    near[np.arange(len(rows)), rows] = -1.0
    best = near.max()
    if best < MERGE:
        return None
    pairs: list[list[int]] = [sorted((rows[row], column)) for row, column in np.argwhere(near == best).tolist()]
    first, second = min(pairs)
    return ordered[first], ordered[second]


def _leaving(known: Known, cluster: Cluster) -> tuple[str, ...]:
    """The members that leave a cluster because it is about two things.

    They are the smaller half; of equal ones, the one without the member whose id comes first.
    """
    size = len(cluster.members)
    if size < SPLIT_SIZE_MIN:
        return ()
    ids = sorted(cluster.members)
    if cluster.mass == 0 or _cohesion(cluster) >= LOOSE:
        return ()
    packed = [known.memories[memory_id].vector for memory_id in ids]
    vectors: Floats = unpack_directions(packed, known.dimension).astype(np.float64)
    squares = np.einsum("ij,ij->i", vectors, vectors)
    is_second = _halves(vectors, squares, cluster)
    count = int(is_second.sum())
    if min(count, size - count) < PART_SIZE_MIN:
        return ()
    first, second = vectors[~is_second].sum(axis=0), vectors[is_second].sum(axis=0)
    bulks = (size - count) * float(squares[~is_second].sum()), count * float(squares[is_second].sum())
    if float(cosines(first @ second, *bulks)) > PART:
        return ()
    leaves = is_second if (count, bool(is_second[0])) <= (size - count, False) else ~is_second
    return tuple(memory_id for memory_id, is_leaving in zip(ids, leaves, strict=True) if is_leaving)


def _cohesion(cluster: Cluster) -> float:
    """How near its members are to each other, on average over all pairs."""
    square = float(cluster.total @ cluster.total)
    return (square - cluster.mass) / ((len(cluster.members) - 1) * cluster.mass)


def _halves(vectors: Floats, squares: Floats, cluster: Cluster) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which members belong to the second half: two means, begun with the farthest member and its opposite."""
    outmost = int(np.argmin(cosines(vectors @ cluster.total, squares, cluster.bulk)))
    opposite = int(np.argmin(cosines(vectors @ vectors[outmost], squares, squares[outmost])))
    means = vectors[[opposite, outmost]]
    is_second = np.zeros(len(vectors), dtype=np.bool_)
    for _ in range(ROUNDS):
        lengths = np.einsum("ij,ij->i", means, means)
        near = cosines(products(vectors, means), squares[:, np.newaxis], lengths[np.newaxis, :])
        is_second = near[:, 1] > near[:, 0]
        means = np.stack([vectors[~is_second].sum(axis=0), vectors[is_second].sum(axis=0)])
    return is_second
