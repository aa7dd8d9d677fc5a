"""Batches: what conflicts is never decided at once, nor out of turn."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from remanence.actors.clustering.batches import waves

from ..effort import short

things = st.lists(st.sets(st.integers(0, 9), max_size=3), max_size=20)


@given(things, st.integers(0, 4))
@short(200)
def test_conflicts_are_in_one_batch_or_in_order(touched: list[set[int]], depth_max: int) -> None:
    """Every change is in exactly one batch, and batches of a wave have nothing in common.

    Of two changes that have something in common the earlier one is decided first.
    """
    found = waves(touched, depth_max)
    order = [index for wave in found for batch in wave for index in batch]
    assert sorted(order) == list(range(len(touched)))
    for wave in found:
        reach = [set[int]().union(*(touched[index] for index in batch)) for batch in wave]
        assert all(one.isdisjoint(other) for one, other in combinations(reach, 2))
    place = {index: number for number, index in enumerate(order)}
    for one, other in combinations(range(len(touched)), 2):
        if touched[one] & touched[other]:
            assert place[one] < place[other]


def test_a_flood_about_one_thing_is_one_batch() -> None:
    """Changes that share a concept are decided in one go, whatever comes in between."""
    assert waves([{"tea"}, {"deploy"}, {"tea"}, {"tea", "cup"}, {"deploy"}]) == [[[0, 2, 3], [1, 4]]]


def test_a_batch_reaches_three_steps() -> None:
    """A chain of conflicts is cut after three steps; what comes after the cut waits for the next wave."""
    chain = [{number, number + 1} for number in range(6)]
    assert waves(chain) == [[[0, 1, 2, 3]], [[4, 5]]]
    assert waves(chain, depth_max=0) == [[[number]] for number in range(6)]


def test_nobody_is_overtaken() -> None:
    """A change within reach waits nevertheless if one that it conflicts with, and that came first, is out of reach."""
    touched = [{"a"}, {"c", "d"}, {"a", "b"}, {"b", "c"}]
    assert waves(touched, depth_max=1) == [[[0, 2], [1]], [[3]]]
