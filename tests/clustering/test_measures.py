"""Measures: strength and drift by their formulas, names that tell clusters apart, and the view they are read from."""

from __future__ import annotations

from math import log10

import pytest

from remanence.projections.clusters.concepts import words_and_opposites
from remanence.projections.clusters.events import (
    ClusterAssigned,
    ClusterMerged,
    ClustersBegun,
    ClusterSplit,
    ClustersRebuilt,
    MemoryEmbedded,
)
from remanence.projections.clusters.measures import drift, names, strength
from remanence.projections.clusters.rows import ClusterMember, ClusterRow, ClusterScope
from remanence.projections.clusters.view import REFINE_EVERY, Clusters
from remanence.testkit import check_replay, project

from .material import EMBEDDER, SCOPE
from .stage import forgotten, remembered, revised


@pytest.mark.parametrize(
    ("size", "concepts", "expected"),
    [(1, 0, log10(2) * 0.5), (1, 5, log10(2) * 0.75), (4, 10, log10(5)), (4, 99, log10(5)), (99, 99, 1.0)],
)
def test_strength_grows_with_memories_and_concepts(size: int, concepts: int, expected: float) -> None:
    """The logarithm of the number of memories, halved at most for want of concepts, and never more than 1."""
    assert strength(size, concepts) == pytest.approx(expected)


def member(place: int, confidence: float, kind: str = "fact") -> ClusterMember:
    """A member that was told at this time."""
    return ClusterMember(f"m{place}", SCOPE, "1", kind, ("tea",), (), (), confidence, place, place, place)


@pytest.mark.parametrize(
    ("confidences", "trend"),
    [((0.2, 0.5), "increasing"), ((0.9, 0.1, 0.5), "decreasing"), ((0.5, 0.7), "stable"), ((0.5,), "stable")],
)
def test_drift_is_the_change_of_confidence_for_each_memory(confidences: tuple[float, ...], trend: str) -> None:
    """The last confidence less the first one, divided by the number: beyond a tenth it is a trend."""
    members = [member(place, confidence) for place, confidence in enumerate(confidences)]
    found = drift(reversed(members), 0, 10)
    assert (found.trend, found.occurrences) == (trend, len(confidences))
    assert found.average_confidence == pytest.approx(sum(confidences) / len(confidences))


def test_drift_looks_at_its_window_alone() -> None:
    """What was told before or after it doesn't count; nothing told is no drift."""
    members = [member(place, place / 10, kind) for place, kind in enumerate(["fact", "event", "fact"])]
    found = drift(members, 1, 2)
    assert (found.occurrences, found.kinds, found.kind_diversity) == (2, ("event", "fact"), 1.0)
    assert drift(members, 5, 9).average_confidence is None


def test_names_say_what_others_are_not_about() -> None:
    """A concept that every cluster has says less than one that only this one has; of equals, the first by spelling."""
    rows = [
        ClusterRow("1", SCOPE, 3, {"ada": 3, "tea": 3, "kettle": 1, "jasmine": 1}),
        ClusterRow("2", SCOPE, 3, {"ada": 3, "deploy": 3}),
        ClusterRow("3", SCOPE, 1, {}),
    ]
    assert names(rows) == {"1": "tea, ada, jasmine", "2": "deploy, ada", "3": ""}


def test_concepts_are_words_that_mean_something() -> None:
    """Lower case, each once, in order; no stop word, nothing shorter than three letters, no bare number."""
    assert words_and_opposites("The Tea, and the KETTLE: 2026 tea is on_it at 7 am")[0] == ("tea", "kettle", "on_it")
    assert len(words_and_opposites(" ".join(f"word{number}" for number in range(100)))[0]) == 48


def test_opposites_are_whole_words_of_one_text() -> None:
    """Both of a pair have to be said, as words: `know` doesn't say no."""
    assert words_and_opposites("Yes, I know: good, not bad")[1] == ("good/bad",)
    assert words_and_opposites("yes and no, true or false")[1] == ("yes/no", "true/false")
    assert words_and_opposites("nothing good in goodness")[1] == ()


VECTOR = bytes(EMBEDDER.identity.dimension)


def embedded(memory_id: str, told: int, embedder: str = "model") -> MemoryEmbedded:
    """The vector of a text."""
    return MemoryEmbedded(memory_id, SCOPE, told, embedder, VECTOR)


HISTORY = [
    remembered("m1", "green tea", "home"),
    remembered("m2", "deploy"),
    ClusterAssigned(SCOPE, (1, 2), {"1": ("m1",), "2": ("m2",)}, embedder="hashing"),
    revised("m1", tags=("work",)),
    ClusterAssigned(SCOPE, (4,), {"1": ("m1",)}, embedder="hashing"),
    ClusterMerged(SCOPE, "1", ("2",)),
    ClusterSplit(SCOPE, "1", "4.1", ("m2",)),
    forgotten("m1"),
    ClusterAssigned(SCOPE, (8,), {}, ("m1",), embedder="hashing"),
    ClusterAssigned(SCOPE, (8,), {"9": ("m1",)}, embedder="hashing"),
]
CHANGED = [
    ClustersBegun("one"),
    remembered("m1", "green tea"),
    remembered("m2", "jasmine tea"),
    embedded("m1", 2, "one"),
    embedded("m2", 3, "one"),
    embedded("m2", 3, "recall's"),
    ClusterAssigned(SCOPE, (2, 3), {"2": ("m1",), "3": ("m2",)}, embedder="one"),
    revised("m2", "black tea"),
    embedded("m2", 8, "one"),
    ClustersBegun("two"),
    embedded("m1", 2, "two"),
    embedded("m2", 3, "two"),
    ClustersBegun("three"),
    embedded("m1", 2, "three"),
    embedded("m2", 3, "three"),
    ClustersRebuilt(SCOPE, "three", {"2": ("m1", "m2")}),
    embedded("m2", 8, "three"),
    ClusterAssigned(SCOPE, (8,), {"2": ("m2",)}, embedder="three"),
]


def test_the_view_follows_each_decision() -> None:
    """Members move, clusters count them, labels change, the forgotten leave; what is decided twice counts once."""
    relabelled = project(HISTORY[:5], Clusters)
    assert dict(relabelled.clusters.select()[0].concepts) == {"green": 1, "tea": 1, "work": 1}
    merged = project(HISTORY[:6], Clusters)
    assert [(row.id, row.size) for row in merged.clusters.select()] == [("1", 2)]
    last = project(HISTORY, Clusters)
    assert [(row.id, row.size) for row in last.clusters.select()] == [("4.1", 1)]
    assert [row.id for row in last.members.select()] == ["m2"]
    assert last.changes.count() == 0
    [scope] = last.scopes.select()
    assert (scope.changes, scope.upto, scope.refined) == (4, 8, 0)


def test_the_view_can_be_rebuilt_at_every_point() -> None:
    """Whatever is folded in one go, or one by one, or anew, is the same view."""
    check_replay(Clusters, HISTORY)
    check_replay(Clusters, CHANGED)


def test_vectors_are_kept_of_the_embedder_in_use_and_of_the_next_one() -> None:
    """One for each text that matters, of the embedder that was begun last; the old ones go when clusters are rebuilt.

    Those of an embedder that was begun and given up go too, and vectors that nobody makes clusters of never come.
    """

    def kept(count: int) -> list[tuple[int, str]]:
        return [(row.told, row.embedder) for row in project(CHANGED[:count], Clusters).vectors.select()]

    assert kept(7) == [(2, "one"), (3, "one")]
    assert kept(9) == [(2, "one"), (3, "one"), (8, "one")]
    assert kept(12) == [*kept(9)[:1], (2, "two"), (3, "one"), (3, "two"), (8, "one")]
    assert kept(15) == [(2, "one"), (2, "three"), (3, "one"), (3, "three"), (8, "one")]
    assert kept(16) == [(2, "three"), (3, "three")]
    assert kept(18) == [(2, "three"), (8, "three")]
    view = project(CHANGED, Clusters)
    assert [(row.id, row.size, dict(row.concepts)) for row in view.clusters.select()] == [
        ("2", 2, {"black": 1, "green": 1, "tea": 2})
    ]
    assert view.scopes.get(SCOPE) == ClusterScope(SCOPE, 3, 8, 0, "three")


def test_the_place_of_the_last_look_at_whole_clusters_is_kept() -> None:
    """After every 64th change the scope says at which event that was, wherever the decision ended."""
    told = [remembered(f"m{number}", "tea") for number in range(REFINE_EVERY + 3)]
    positions = tuple(range(1, len(told) + 1))
    view = project([*told, ClusterAssigned(SCOPE, positions, {})], Clusters)
    [scope] = view.scopes.select()
    assert (scope.changes, scope.refined) == (REFINE_EVERY + 3, REFINE_EVERY)
