"""Deciding: from what is known of a scope and the changes that wait to the events that take them in. Pure.

The outcome is a function of the changes in their order, however they are divided: whole clusters are looked at after
every so many changes of the scope, wherever a batch ends, and in between each change is assigned in its turn.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from operator import attrgetter
from typing import TypeVar

import attrs

from ...projections.clusters.events import ClusterAssigned, ClusterMerged, ClusterSplit, ClustersRebuilt
from ...projections.clusters.rows import Change
from ...projections.clusters.view import REFINE_EVERY
from .assigning import Step, assign
from .batches import DEPTH_MAX, waves
from .known import Known, Memory
from .refining import refine

__all__ = ["Decision", "Work", "anew", "decide", "rebuilt", "steps_of", "touched_by"]

Decision = ClusterAssigned | ClusterMerged | ClusterSplit
T = TypeVar("T")


@attrs.define(eq=False)
class Work:
    """What was done, in numbers that show what being lazy saves.

    Attributes:
        changes: changes that were taken in.
        passes: times that waiting changes were taken up.
        batches: batches of changes that were decided in one go.
        waves: waves of batches, one after the other.
        refinements: times that whole clusters were looked at.
        clusters: clusters that were written, once for each event that touches them.
        events: events that were recorded.
        rebuilt: scopes whose clusters were made anew, because the embedder is another.
    """

    changes: int = 0
    passes: int = 0
    batches: int = 0
    waves: int = 0
    refinements: int = 0
    clusters: int = 0
    events: int = 0
    rebuilt: int = 0


def decide(
    known: Known,
    changes: Sequence[Change],
    vectors: Mapping[int, bytes],
    work: Work,
    *,
    depth_max: int = DEPTH_MAX,
    embedder: str = "",
) -> list[Decision]:
    """Take changes in, and say what came of it.

    Args:
        known: the scope's clusters; they are changed.
        changes: the scope's changes in the order of their positions.
        vectors: those of the texts that changes bring, by the changes' positions.
        work: counts what is done.
        depth_max: how many steps of conflict a batch reaches.
        embedder: whose vectors these are; noted on the decision.
    """
    decided: list[Decision] = []
    for part in _parts(changes, known):
        steps = steps_of(known, part, vectors)
        _place(known, steps, work, depth_max)
        assigned = _assigned(known, steps, embedder)
        decided += [assigned, *_refined(known, steps[-1], work)]
        work.changes += len(part)
        work.clusters += len(assigned.joined)
    work.events += len(decided)
    return decided


def anew(known: Known, memories: Sequence[tuple[int, Memory]], depth_max: int = DEPTH_MAX) -> None:
    """Take memories in as if each was told now: they come with the positions of the events that told them last."""
    for part in _parts(memories, known):
        steps = [Step(position, memory.id, memory) for position, memory in part]
        _place(known, steps, Work(), depth_max)
        _refined(known, steps[-1], Work())


def rebuilt(known: Known, embedder: str) -> ClustersRebuilt:
    """What to say of clusters that were made anew."""
    joined = {each.id: tuple(each.members) for each in sorted(known.clusters.values(), key=attrgetter("age"))}
    return ClustersRebuilt(known.scope, embedder, joined)


def _parts(changes: Sequence[T], known: Known) -> Iterator[Sequence[T]]:
    """The changes up to the next look at whole clusters, and then up to each one after it."""
    start, stop = 0, REFINE_EVERY - known.changes % REFINE_EVERY
    while start < len(changes):
        yield changes[start:stop]
        start, stop = stop, stop + REFINE_EVERY


def steps_of(known: Known, changes: Sequence[Change], vectors: Mapping[int, bytes]) -> list[Step]:
    """The changes, each with what its memory says from then on."""
    now: dict[str, Memory | None] = {}
    steps: list[Step] = []
    for change in changes:
        before = now[change.id] if change.id in now else known.memories.get(change.id)
        tags = change.tags if change.tags is not None else () if before is None else before.tags
        after: Memory | None = None
        if change.text is not None:
            after = Memory(change.id, change.words, tags, vectors[change.position])
        elif not change.is_gone and before is not None:
            after = attrs.evolve(before, tags=tags)
        now[change.id] = after
        steps.append(Step(change.position, change.id, after))
    return steps


def _place(known: Known, steps: Sequence[Step], work: Work, depth_max: int) -> None:
    """Assign each step's memory, in batches."""
    for wave in waves(touched_by(known, steps), depth_max) if len(steps) > 1 else [[[0]]]:
        for batch in wave:
            assign(known, [steps[index] for index in batch])
        work.waves += 1
        work.batches += len(wave)


def _refined(known: Known, last: Step, work: Work) -> list[ClusterMerged | ClusterSplit]:
    """Look at whole clusters, if it is time for that after this step."""
    if known.changes % REFINE_EVERY:
        return []
    refined = refine(known, last.position)
    work.refinements += 1
    work.clusters += 2 * len(refined)
    return refined


def touched_by(known: Known, steps: Sequence[Step]) -> list[set[str]]:
    """What each step could see or change: its memory, the concepts and the clusters, before and after.

    A later change of the same memory undoes what the earlier one did, so it touches all that too. A concept that is
    spelt like a cluster's or a memory's id makes two changes conflict that needn't, which does no harm.
    """
    by_memory: dict[str, set[str]] = {}
    found: list[set[str]] = []
    for step in steps:
        concepts = () if step.now is None else step.now.concepts
        things = {step.id, *concepts, *by_memory.get(step.id, ())}
        things.update(*(known.by_concept[concept] for concept in concepts if concept in known.by_concept))
        if step.id in known.cluster_of:
            things.add(known.cluster_of[step.id])
        by_memory[step.id] = things
        found.append(things)
    return found


def _assigned(known: Known, steps: Sequence[Step], embedder: str) -> ClusterAssigned:
    joined: dict[str, list[str]] = {}
    left: list[str] = []
    for memory_id in dict.fromkeys(step.id for step in steps):
        cluster_id = known.cluster_of.get(memory_id)
        if cluster_id is None:
            left.append(memory_id)
        else:
            joined.setdefault(cluster_id, []).append(memory_id)
    members = {cluster_id: tuple(memories) for cluster_id, memories in sorted(joined.items())}
    return ClusterAssigned(known.scope, tuple(step.position for step in steps), members, tuple(left), embedder)
