"""Deciding: a function of the changes in their order, to the bit, however they are divided and put into batches."""

from __future__ import annotations

from random import Random

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remanence.actors.clustering import refining
from remanence.actors.clustering.assigning import Step, assign
from remanence.actors.clustering.batches import waves
from remanence.actors.clustering.deciding import Work, decide, steps_of, touched_by
from remanence.actors.clustering.exact import members_max
from remanence.actors.clustering.known import Known, Memory
from remanence.codecs.vectors import pack_directions
from remanence.projections.clusters.events import ClusterAssigned, ClusterMerged, ClusterSplit
from remanence.projections.clusters.rows import Change
from remanence.projections.clusters.view import REFINE_EVERY

from ..effort import short
from .material import DIMENSION, EMBEDDER, SCOPE, cuts, decided, everything, lives, numbered, vectors_of


def known_after(changes: list[Change], sizes: list[int], depth_max: int = 3) -> Known:
    """What is known once the changes are taken in in these parts."""
    known = Known(SCOPE, DIMENSION)
    decided(known, changes, sizes, depth_max)
    return known


@given(lives, cuts, cuts, st.integers(0, 4))
@short(40)
def test_lazy_is_what_every_write_for_itself_would_be(
    changes: list[Change], sizes: list[int], others: list[int], depth_max: int
) -> None:
    """Taking changes in one by one, in parts, or all at once leaves the same clusters and sums, bit by bit."""
    by_write = everything(known_after(changes, [1] * len(changes)))
    assert everything(known_after(changes, [len(changes)])) == by_write
    assert everything(known_after(changes, sizes)) == by_write
    assert everything(known_after(changes, others, depth_max)) == by_write


@given(lives, st.randoms(use_true_random=False))
@short(25)
def test_batches_of_a_wave_can_be_decided_in_any_order(changes: list[Change], random: Random) -> None:
    """What is put into different batches of one wave shares nothing, so whichever comes first makes no difference."""
    plain, shuffled = Known(SCOPE, DIMENSION), Known(SCOPE, DIMENSION)
    for part in (changes[:25], changes[25:50]):
        steps = steps_of(plain, part, vectors_of(part))
        assign(plain, steps)
        for wave in waves(touched_by(shuffled, steps)):
            random.shuffle(wave)
            for batch in wave:
                assign(shuffled, [steps[index] for index in batch])
    assert everything(shuffled) == everything(plain)


@given(lives, cuts)
@short(25)
def test_sums_are_those_of_the_members(changes: list[Change], sizes: list[int]) -> None:
    """However often vectors came and went, a cluster's sum and mass are exactly those of its members' vectors."""
    known = known_after(changes, sizes)
    for cluster in known.clusters.values():
        vectors = [np.frombuffer(known.memories[each].vector, dtype=np.int8).astype(float) for each in cluster.members]
        assert np.array_equal(cluster.total, sum(vectors))
        assert cluster.mass == sum(float(vector @ vector) for vector in vectors)


@given(lives)
@short(20)
def test_decisions_say_which_memories_are_where(changes: list[Change]) -> None:
    """Whoever reads the decisions alone knows every memory's cluster."""
    known = Known(SCOPE, DIMENSION)
    told: dict[str, str] = {}
    for event in decided(known, changes, [7] * 20):
        match event:
            case ClusterAssigned():
                told |= {memory: cluster for cluster, memories in event.joined.items() for memory in memories}
                for memory in event.left:
                    told.pop(memory, None)
            case ClusterMerged():
                told = {memory: event.into if each in event.merged else each for memory, each in told.items()}
            case ClusterSplit():
                told |= dict.fromkeys(event.members, event.into)
    assert told == known.cluster_of


def of_texts(*texts: str) -> list[Change]:
    """New memories that say this."""
    return numbered(
        [
            Change(0, f"m{number:03}", SCOPE, 0, "fact", text, tags=(), confidence=0.8)
            for number, text in enumerate(texts)
        ]
    )


def test_what_is_about_the_same_stands_together() -> None:
    """Memories that share what they are about are in one cluster, others are not; names come from the oldest."""
    changes = of_texts(
        "Ada drinks green tea every morning",
        "The deploy to staging failed without a token",
        "Green tea is what Ada drinks in the morning",
        "The staging deploy needs a fresh token",
    )
    known = known_after(changes, [4])
    assert known.cluster_of == {"m000": "3", "m002": "3", "m001": "6", "m003": "6"}


def test_labels_bring_together_what_words_alone_do_not() -> None:
    """A memory joins a cluster whose members bear its labels at a nearness that would not do without."""
    base, near = of_texts("green tea in the kettle every morning", "the repair shop mended the old kettle")
    apart = known_after([base, near], [2])
    tagged = [attrs.evolve(each, tags=("kitchen",)) for each in (base, near)]
    together = known_after(tagged, [2])
    assert (len(apart.clusters), len(together.clusters)) == (2, 1)


def test_of_equals_the_oldest_cluster_is_joined() -> None:
    """Two clusters that are equally near: the memory joins the one that was founded first."""
    [tea] = pack_directions(EMBEDDER.embed(["tea"]))
    known = Known(SCOPE, DIMENSION)
    assign(known, [Step(3, "m0", Memory("m0", ("alpha",), (), tea)), Step(6, "m1", Memory("m1", ("gamma",), (), tea))])
    assert len(known.clusters) == 2  # they share no concept, so neither knew of the other
    assign(known, [Step(9, "m2", Memory("m2", ("alpha", "gamma"), (), tea))])
    assert known.cluster_of["m2"] == "3"


def test_clusters_that_became_alike_merge_into_the_oldest() -> None:
    """Two clusters of one subject, founded apart, are one after the next look at whole clusters."""
    changes = of_texts("alpha", "beta", *(f"thing{number} other{number}" for number in range(REFINE_EVERY - 2)))
    vectors = vectors_of(changes)
    vectors[changes[1].position] = vectors[changes[0].position]
    known = Known(SCOPE, DIMENSION)
    events = decide(known, changes, vectors, Work())
    assert ClusterMerged(SCOPE, "3", ("6",)) in events
    assert known.cluster_of["m000"] == known.cluster_of["m001"] == "3"


def test_a_cluster_about_two_things_splits(monkeypatch: pytest.MonkeyPatch) -> None:
    """When two halves of a cluster have nothing in common, the smaller one leaves and founds a cluster."""
    monkeypatch.setattr("remanence.actors.clustering.assigning.JOIN", -1.0)  # so that everything joins
    texts = ["kettle jasmine tea"] * 5 + ["kettle deploy pipeline staging token release"] * 3
    known = Known(SCOPE, DIMENSION)
    changes = of_texts(*texts)
    decide(known, changes, vectors_of(changes), Work())
    assert len(known.clusters) == 1
    monkeypatch.setattr(refining, "LOOSE", 1.0)
    monkeypatch.setattr(refining, "PART", 0.5)
    [event] = refining.refine(known, 99)
    assert event == ClusterSplit(SCOPE, "3", "99.1", ("m005", "m006", "m007"))
    assert known.cluster_of["m006"] == "99.1"


def test_a_cluster_takes_no_more_members_than_arithmetic_is_exact_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A full cluster is passed over: the next memory of its kind founds another."""
    assert members_max(DIMENSION) > 40_000
    known = Known(SCOPE, DIMENSION)
    monkeypatch.setattr(known, "members_max", 2)
    decided(known, of_texts("green tea", "green tea", "green tea"), [3])
    assert sorted(len(cluster.members) for cluster in known.clusters.values()) == [1, 2]


def test_being_lazy_saves_work() -> None:
    """Ten changes of two subjects make one event that names each cluster once, not ten."""
    changes = of_texts(*["green tea in the kettle", "deploy to staging with a token"] * 5)
    lazy, eager = Work(), Work()
    decide(Known(SCOPE, DIMENSION), changes, vectors_of(changes), lazy)
    known = Known(SCOPE, DIMENSION)
    for change in changes:
        decide(known, [change], vectors_of([change]), eager)
    assert (lazy.events, lazy.clusters) == (1, 2)
    assert (eager.events, eager.clusters) == (10, 10)
