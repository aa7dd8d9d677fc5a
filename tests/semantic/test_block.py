"""Vectors in blocks: they answer as a plain model does, whatever came and went, and in whichever order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remanence.projections.semantic import block as blocks
from remanence.projections.semantic.block import VectorBlock

from ..effort import short

DIMENSION = 6
RADII = (0, 1, 2, 3)
Turn = tuple[str, int] | None

memories = st.sampled_from([f"m{number}" for number in range(12)])
turns = st.none() | st.tuples(st.sampled_from("st"), st.integers(1, 9))
changes = st.lists(st.tuples(memories, turns, st.integers(0, 2**16), st.booleans()), max_size=40)


def vector(seed: int) -> np.ndarray:
    """Any vector; a few are zero."""
    return (
        np.zeros(DIMENSION) if seed % 11 == 0 else np.random.default_rng(seed).normal(size=DIMENSION) * (1 + seed % 5)
    )


def expected(told: dict[str, tuple[Turn, np.ndarray]], query: np.ndarray) -> dict[str, list[float]]:
    """For each memory, the cosines of its windows, the long way round."""
    found: dict[str, list[float]] = {}
    for name, (turn, own) in told.items():
        session = [] if turn is None else [each for each in told if (told[each][0] or "?")[0] == turn[0]]
        order = sorted(session, key=lambda each: told[each][0] or ("", 0))
        cosines: list[float] = []
        for radius in RADII:
            at = order.index(name) if order else 0
            window = [told[each][1] for each in order[max(0, at - radius) : at + radius + 1]] if order else [own]
            total = np.sum(window, axis=0)
            lengths = np.linalg.norm(total) * np.linalg.norm(query)
            cosines.append(float(total @ query / lengths) if lengths else 0.0)
        found[name] = cosines
    return found


def filled(steps: list[tuple[str, Turn, int, bool]]) -> tuple[VectorBlock, dict[str, tuple[Turn, np.ndarray]]]:
    """A block after changes, and what a plain model holds then: the vectors as the block keeps them."""
    block = VectorBlock(DIMENSION)
    told: dict[str, tuple[Turn, np.ndarray]] = {}
    taken: dict[str, Turn] = {}
    for name, turn, seed, is_gone in steps:
        if is_gone:
            block.remove(name)
            told.pop(name, None)
            taken.pop(name, None)
        elif turn is None or turn not in [each for other, each in taken.items() if other != name]:
            block.put([name], vector(seed)[None], [turn])
            told[name] = (turn, block.vector(name))
            taken[name] = turn
    return block, told


@given(changes, st.integers(0, 2**16))
@short(300)
def test_windows_are_similar_as_the_sums_of_their_vectors(steps: list[tuple[str, Turn, int, bool]], seed: int) -> None:
    """All rows at once, some of them, and exactly: the cosines of a plain model, and none for what is gone."""
    block, told = filled(steps)
    query = vector(seed)
    wanted = expected(told, query)
    every = block.similarities(query, RADII)
    rows = block.places_of(list(told))
    for found in (every[:, rows], block.similarities(query, RADII, rows), block.exactly(query, rows, RADII)):
        assert found.T.tolist() == [pytest.approx(wanted[name], abs=1e-4) for name in told]
    assert not every[:, ~block.living].any()
    assert {block.ids[row] for row in np.flatnonzero(block.living)} == set(told) == set(block.rows)


@given(changes)
@short(100)
def test_the_order_of_arrival_does_not_matter(steps: list[tuple[str, Turn, int, bool]]) -> None:
    """Filled at once with what is left, a block gives the very same numbers, to the last bit."""
    block, told = filled(steps)
    fresh = VectorBlock(DIMENSION)
    names = sorted(told)
    fresh.put(
        names, np.array([told[name][1] for name in names]).reshape(-1, DIMENSION), [told[name][0] for name in names]
    )
    query = vector(1)
    mine, other = (each.exactly(query, each.places_of(names), RADII) for each in (block, fresh))
    assert np.allclose(mine, other, atol=1e-6)


@given(st.integers(0, 2**16), st.integers(1, 12), st.booleans())
@short(50)
def test_the_nearest_are_the_nearest(seed: int, limit: int, is_filtered: bool) -> None:  # noqa: FBT001 - a case
    """Those that all cosines, sorted, begin with; only of the rows that are asked for, if some are."""
    random = np.random.default_rng(seed)
    block = VectorBlock(DIMENSION)
    names = [f"m{number:03}" for number in range(100)]
    block.put(names, random.normal(size=(100, DIMENSION)), [None] * 100)
    query = random.normal(size=DIMENSION)
    among = np.flatnonzero(random.random(100) < 0.3) if is_filtered else None
    allowed = names if among is None else [names[row] for row in among]
    cosines = {name: float(block.exactly(query, block.places_of([name]))[0, 0]) for name in allowed}
    wanted = sorted(cosines, key=lambda name: -cosines[name])[:limit]
    assert [name for name, _ in block.nearest(query, limit, among=among)] == wanted


def test_many_rows_are_estimated_and_the_nearest_of_them_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    """Above `WHOLE_MAX` a pass reads a part of each vector; what is nearest is settled by the whole of it."""
    monkeypatch.setattr(blocks, "WHOLE_MAX", 256)
    random = np.random.default_rng(5)
    spread = np.linspace(2, 0.05, 256)
    vectors = random.normal(size=(3000, 256)) * spread
    block = VectorBlock(256)
    block.put([str(number) for number in range(3000)], vectors, [None] * 3000)
    assert not block.is_whole
    for _ in range(10):
        query = random.normal(size=256) * spread
        exact = vectors @ query / np.linalg.norm(vectors, axis=1)
        found = [int(name) for name, _ in block.nearest(query, 10)]
        assert len(set(found) & set(np.argsort(-exact)[:10].tolist())) >= 9
    block.remove("7")
    assert "7" not in [name for name, _ in block.nearest(vectors[7], 3000)]


def test_what_is_similar_to_nothing_is_no_answer() -> None:
    """Neither a query of zeros finds something, nor is a vector of zeros found."""
    block = VectorBlock(DIMENSION)
    block.put(["a", "b"], np.array([np.zeros(DIMENSION), np.ones(DIMENSION)]), [None, None])
    assert block.nearest(np.zeros(DIMENSION), 5) == []
    assert [name for name, _ in block.nearest(np.ones(DIMENSION), 5)] == ["b"]
    assert VectorBlock(DIMENSION).nearest(np.ones(DIMENSION), 5) == []
