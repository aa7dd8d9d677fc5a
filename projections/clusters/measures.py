"""Measures of clusters: strength, drift, names. Folded when they are asked for, never stored. Pure.

Strength and drift are those of Aetherra's concept clusters, with the time passed in instead of the clock's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from math import log, log10
from typing import Final, Literal

import attrs

from .rows import ClusterMember, ClusterRow

__all__ = ["CONTRADICTION_CONFIDENCE", "Drift", "Trend", "drift", "names", "strength"]

Trend = Literal["increasing", "stable", "decreasing"]
CONCEPTS_ENOUGH: Final = 10
TREND_SLOPE: Final = 0.1
CONTRADICTION_CONFIDENCE: Final = 0.7
"""How sure it is that a memory which says two opposites contradicts itself, and doesn't tell of both."""
NAME_WORDS: Final = 3


@attrs.frozen
class Drift:
    """How a cluster has changed within a time.

    Attributes:
        occurrences: its memories that were told in that time.
        trend: "increasing" or "decreasing" when the confidence of the last and of the first one differ by more than a
            tenth of their number, else "stable".
        average_confidence: of those memories; None if there are none.
        kind_diversity: how many different kinds of memories they are, divided by their number; 0 if there are none.
        kinds: the kinds, the most frequent first.
    """

    occurrences: int
    trend: Trend
    average_confidence: float | None
    kind_diversity: float
    kinds: tuple[str, ...]


def strength(size: int, concepts: int) -> float:
    """How strong a cluster is, 0 to 1.

    Args:
        size: how many memories it holds; ten times as many add 1.
        concepts: how many concepts they are about; fewer than ten halve it at most.
    """
    return min(1.0, log10(size + 1) * (0.5 + 0.5 * min(1.0, concepts / CONCEPTS_ENOUGH)))


def drift(members: Iterable[ClusterMember], start_ns: int, end_ns: int) -> Drift:
    """How a cluster has changed from one time to another, both included: unix times in nanoseconds."""
    told = sorted(
        (member for member in members if start_ns <= member.time_ns <= end_ns),
        key=lambda each: (each.time_ns, each.changed),
    )
    if not told:
        return Drift(0, "stable", None, 0.0, ())
    slope = (told[-1].confidence - told[0].confidence) / len(told)
    trend: Trend = "increasing" if slope > TREND_SLOPE else "decreasing" if slope < -TREND_SLOPE else "stable"
    kinds = Counter(member.kind for member in told)
    by_count = sorted(kinds, key=lambda kind: (-kinds[kind], kind))
    average = sum(member.confidence for member in told) / len(told)
    return Drift(len(told), trend, average, len(kinds) / len(told), tuple(by_count))


def names(rows: Sequence[ClusterRow]) -> Mapping[str, str]:
    """Names for the clusters of a scope: the concepts that most of the members share and few other clusters have.

    That is the measure of term frequency and inverse document frequency, clusters being the documents: what every
    cluster has, such as the name of who is spoken to, names none of them. What a single memory says names a cluster
    only for want of what more of them do.
    """
    having = Counter(concept for row in rows for concept in row.concepts)

    def telling(row: ClusterRow) -> str:
        scores = {concept: count * log((1 + len(rows)) / having[concept]) for concept, count in row.concepts.items()}
        best = sorted(scores, key=lambda each: (row.concepts[each] == 1, -scores[each], each))[:NAME_WORDS]
        return ", ".join(best)

    return {row.id: telling(row) for row in rows}
