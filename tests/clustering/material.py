"""Lives of memories for the tests of this folder: changes of a scope, and what is known after them.

No expectation lives here.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Any

import attrs
from hypothesis import strategies as st

from remanence.actors.clustering.deciding import Decision, Work, decide
from remanence.actors.clustering.known import Known
from remanence.codecs.vectors import pack_directions
from remanence.projections.clusters.hashing import HashingEmbedder
from remanence.projections.clusters.view import Change

SCOPE = ("ada",)
EMBEDDER = HashingEmbedder()
DIMENSION = EMBEDDER.identity.dimension
TOPICS = (
    "green tea morning kettle jasmine",
    "staging deploy token pipeline release",
    "marathon training boston running shoes",
    "billing database invoice backup migration",
)
WORDS = [word for topic in TOPICS for word in topic.split()]
sentences = st.one_of(
    st.sampled_from(TOPICS).flatmap(
        lambda topic: st.lists(st.sampled_from(topic.split()), min_size=1, max_size=5).map(" ".join)
    ),
    st.lists(st.sampled_from(WORDS), max_size=4).map(" ".join),
    st.sampled_from(["", "it is", "good and bad tea"]),
)
labels = st.lists(st.sampled_from(["home", "work", "tea"]), max_size=2, unique=True).map(tuple)
ids = st.sampled_from([f"m{number}" for number in range(12)])
told = st.builds(Change, st.just(0), ids, st.just(SCOPE), st.just(0), st.just("fact"), sentences, labels, st.just(0.8))
reworded = st.builds(attrs.evolve, told, tags=st.none(), confidence=st.none())
relabelled = st.builds(attrs.evolve, told, text=st.none(), confidence=st.none())
gone = st.builds(Change, st.just(0), ids, st.just(SCOPE), st.just(0), is_gone=st.just(value=True))


def numbered(changes: Sequence[Change]) -> list[Change]:
    """The changes with positions, times and vectors; positions have gaps, as they have in a log."""
    texts = [change.text or "" for change in changes]
    vectors = pack_directions(EMBEDDER.embed(texts)) if texts else []
    return [
        attrs.evolve(change, position=3 * index, time_ns=index, vector=None if change.text is None else vector)
        for index, (change, vector) in enumerate(zip(changes, vectors, strict=True), 1)
    ]


change = st.one_of(told, told, told, reworded, relabelled, gone)
lives = st.one_of(st.lists(change, max_size=20), st.lists(change, min_size=60, max_size=140)).map(numbered)
"""Changes of a dozen memories; often enough of them that whole clusters are looked at."""
cuts = st.lists(st.integers(1, 30), min_size=1, max_size=10)


def parts(changes: Sequence[Change], sizes: Sequence[int]) -> list[Sequence[Change]]:
    """The changes divided into parts of these sizes; what is left is the last part."""
    bounds = [0, *accumulate(sizes)]
    found = [changes[start:stop] for start, stop in pairwise(bounds)]
    return [part for part in (*found, changes[bounds[-1] :]) if part]


def decided(known: Known, changes: Sequence[Change], sizes: Sequence[int], depth_max: int = 3) -> list[Decision]:
    """What is decided when the changes are taken in in these parts."""
    return [each for part in parts(changes, sizes) for each in decide(known, part, Work(), depth_max)]


def everything(known: Known) -> dict[str, Any]:
    """All that is known, to compare."""
    return {
        "changes": known.changes,
        "cluster of": known.cluster_of,
        "memories": known.memories,
        "fresh": set(known.fresh),
        "knowing": known.by_concept,
        "clusters": {
            each.id: (set(each.members), each.concepts, each.mass, each.total.tobytes())
            for each in known.clusters.values()
        },
    }
