"""Lives of memories for the tests of this folder: changes of a scope, and what is known after them.

No expectation lives here.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import accumulate, pairwise
from typing import Any

import attrs
import numpy as np
from hypothesis import strategies as st

from remanence.actors.clustering.deciding import Decision, Work, decide
from remanence.actors.clustering.known import Known
from remanence.codecs.vectors import pack_directions
from remanence.core.embedder import EmbedderIdentity
from remanence.projections.clusters.concepts import words_and_opposites
from remanence.projections.clusters.content import ContentEmbedder
from remanence.projections.clusters.rows import Change

SCOPE = ("ada",)
EMBEDDER = ContentEmbedder()
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
told = st.builds(
    Change,
    st.just(0),
    ids,
    st.just(SCOPE),
    st.just(0),
    st.just("fact"),
    sentences,
    st.just(()),
    st.just(()),
    labels,
    st.just(0.8),
)
reworded = st.builds(attrs.evolve, told, tags=st.none(), confidence=st.none())
relabelled = st.builds(attrs.evolve, told, text=st.none(), confidence=st.none())
gone = st.builds(Change, st.just(0), ids, st.just(SCOPE), st.just(0), is_gone=st.just(value=True))


def numbered(changes: Sequence[Change]) -> list[Change]:
    """The changes with positions, times and words; positions have gaps, as they have in a log."""
    return [
        attrs.evolve(change, position=3 * index, time_ns=index, words=words_and_opposites(change.text or "")[0])
        for index, change in enumerate(changes, 1)
    ]


def vectors_of(changes: Sequence[Change]) -> dict[int, bytes]:
    """The vectors of the texts that changes bring."""
    return {change.position: _packed(change.text) for change in changes if change.text is not None}


@cache
def _packed(text: str) -> bytes:
    return pack_directions(EMBEDDER.embed([text]))[0]


change = st.one_of(told, told, told, reworded, relabelled, gone)
lives = st.one_of(st.lists(change, max_size=20), st.lists(change, min_size=60, max_size=140)).map(numbered)
"""Changes of a dozen memories; often enough of them that whole clusters are looked at."""
cuts = st.lists(st.integers(1, 30), min_size=1, max_size=10)


class Model:
    """A model, so its vectors are recorded: those of the content embedder, turned by its name.

    It fails as often as it is told to, and hears of every text that it is asked about.
    """

    def __init__(self, name: str, *, columns: int = DIMENSION) -> None:
        self.identity = EmbedderIdentity(name, DIMENSION, "00")
        self.asked: list[str] = []
        self.failures = 0
        self._columns = columns

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """A row for each text."""
        if self.failures:
            self.failures -= 1
            message = "the model is not at home"
            raise ConnectionError(message)
        self.asked += texts
        turned = [" ".join(self.identity.name + word for word in text.split()) for text in texts]
        return EMBEDDER.embed(turned)[:, : self._columns]


def parts(changes: Sequence[Change], sizes: Sequence[int]) -> list[Sequence[Change]]:
    """The changes divided into parts of these sizes; what is left is the last part."""
    bounds = [0, *accumulate(sizes)]
    found = [changes[start:stop] for start, stop in pairwise(bounds)]
    return [part for part in (*found, changes[bounds[-1] :]) if part]


def decided(known: Known, changes: Sequence[Change], sizes: Sequence[int], depth_max: int = 3) -> list[Decision]:
    """What is decided when the changes are taken in in these parts."""
    return [
        each
        for part in parts(changes, sizes)
        for each in decide(known, part, vectors_of(part), Work(), depth_max=depth_max)
    ]


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
