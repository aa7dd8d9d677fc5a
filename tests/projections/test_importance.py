"""Importance: the weights are those that are written down, and time is what is passed in."""

from __future__ import annotations

from math import exp

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remanence.projections.memories.view import MemoryRow
from remanence.projections.tagging.importance import importance_of
from remanence.projections.tagging.view import TagRow

HOUR = 3_600 * 10**9
DAY = 24 * HOUR
NOW = 10**18
ROW = MemoryRow("m1", ("main",), "fact", "tea", 0.8, 0.5, (), {}, None, None, None, NOW, 1, 1)
TAGS = TagRow("m1", ("main",), "fact", NOW, 1, 1, tagger="words", version=1, cxd="context", sure=1.0, tagged=2)


def test_the_parts_and_their_weights() -> None:
    """0.40 class, 0.25 use, 0.20 recency, 0.10 confidence, 0.05 kind: a fresh and sure context memory has 0.705."""
    found = importance_of(ROW, TAGS, NOW)
    assert (found.cxd, found.use, found.recency, found.confidence, found.kind) == (1.0, 0.0, 1.0, 0.8, 0.5)
    assert found.score == pytest.approx(0.40 + 0.20 + 0.10 * 0.8 + 0.05 * 0.5)


@pytest.mark.parametrize(("cxd", "weight"), [("context", 1.0), ("control", 0.8), ("data", 0.6), (None, 0.0)])
def test_classes(cxd: str | None, weight: float) -> None:
    """Context counts most, and half of it whatever the tagger's doubt."""
    sure = importance_of(ROW, attrs.evolve(TAGS, cxd=cxd), NOW)
    unsure = importance_of(ROW, attrs.evolve(TAGS, cxd=cxd, sure=0.0), NOW)
    assert (sure.cxd, unsure.cxd) == (weight, weight / 2)


def test_recency_fades_by_the_week_and_by_the_season() -> None:
    """0.7 of it with a time constant of 168 hours, the rest with 90 days."""
    found = importance_of(ROW, TAGS, NOW + 168 * HOUR)
    assert found.recency == pytest.approx(0.7 * exp(-1) + 0.3 * exp(-7 / 90))


def test_use_is_confirmation_that_fades() -> None:
    """One confirmation just now is half of what use can give; after 30 days it counts 1/e."""
    once = attrs.evolve(TAGS, confirmed_ns=(NOW,))
    assert importance_of(ROW, once, NOW).use == pytest.approx(0.5)
    later = exp(-1)
    assert importance_of(ROW, once, NOW + 30 * DAY).use == pytest.approx(later / (1 + later))


@pytest.mark.parametrize(
    ("kind", "weight"),
    [("synthetic_wisdom", 1.0), ("milestone", 0.9), ("reflection", 0.7), ("temporary", 0.2), ("x", 0.5)],
)
def test_kinds(kind: str, weight: float) -> None:
    """Some kinds are worth more; one that nobody has heard of is worth a half."""
    assert importance_of(attrs.evolve(ROW, kind=kind), None, NOW).kind == weight


@pytest.mark.parametrize(
    ("tags", "told", "factor"),
    [((), 0.5, 1.0), (("priority_high",), 0.5, 1.2), (("priority_low", "deprecated"), 0.5, 0.4), ((), 1.0, 1.5)],
)
def test_labels_and_what_was_told(tags: tuple[str, ...], told: float, factor: float) -> None:
    """Labels and the importance that was told multiply; told 0.5, as by default, changes nothing."""
    plain = importance_of(ROW, TAGS, NOW)
    found = importance_of(attrs.evolve(ROW, tags=tags, importance=told), TAGS, NOW)
    assert found.factor == pytest.approx(factor)
    assert found.score == pytest.approx(min(1.0, plain.score * factor))


@given(
    st.floats(0, 1),
    st.floats(0, 1),
    st.sampled_from([None, "context", "control", "data"]),
    st.lists(st.integers(NOW - 1000 * DAY, NOW), max_size=16).map(tuple),
    st.integers(0, 4000),
    st.integers(0, 4000),
)
def test_it_never_grows_by_waiting(  # noqa: PLR0917 - hypothesis gives them
    told: float, sure: float, cxd: str | None, confirmed: tuple[int, ...], days: int, more: int
) -> None:
    """The score is 0 to 1, and less the later it is asked for; asking at the same time gives the same."""
    row = attrs.evolve(ROW, importance=told)
    tags = attrs.evolve(TAGS, cxd=cxd, sure=sure, confirmed_ns=confirmed)
    early, late = (importance_of(row, tags, NOW + each * DAY).score for each in (days, days + more))
    assert 0 <= late <= early <= 1
    assert early == importance_of(row, tags, NOW + days * DAY).score
