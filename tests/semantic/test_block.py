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


@given(changes, changes, st.integers(0, 2**16))
@short(100)
def test_a_stored_block_goes_on_as_it_was(
    steps: list[tuple[str, Turn, int, bool]], more: list[tuple[str, Turn, int, bool]], seed: int
) -> None:
    """Restored from its arrays, a block gives the same cosines to the last bit, and takes the same changes."""
    block, _ = filled(steps)
    restored = VectorBlock.restored(DIMENSION, *block.stored())
    assert restored.stored()[0] == block.stored()[0]
    for name, turn, number, is_gone in [*more, ("m0", None, 1, False)]:
        for each in (block, restored):
            if is_gone:
                each.remove(name)
            elif turn is None:
                each.put([name], vector(number)[None], [turn])
        assert restored.rows == block.rows
        assert np.array_equal(restored.living, block.living)
    query = vector(seed)
    assert np.array_equal(restored.similarities(query, RADII), block.similarities(query, RADII))
    assert [restored.turn_of(name) for name in block.rows] == [block.turn_of(name) for name in block.rows]


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


def many(count: int = 3000) -> tuple[VectorBlock, np.ndarray]:
    """A block of more rows than are passed whole, and their vectors: some point the same way, as texts do."""
    random = np.random.default_rng(5)
    vectors = random.normal(size=(count, 256)) + 2 * random.normal(size=(40, 256))[random.integers(40, size=count)]
    block = VectorBlock(256)
    block.put([str(number) for number in range(count)], vectors, [None] * count)
    assert not block.is_whole
    return block, vectors


def test_of_many_rows_the_nearest_are_guessed_and_then_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Above `WHOLE_MAX` a few bits tell which rows are worth a look; nearly all of the nearest are among them."""
    monkeypatch.setattr(blocks, "WHOLE_MAX", 256)
    block, vectors = many()
    for row in range(0, 3000, 300):
        exact = vectors @ vectors[row] / np.linalg.norm(vectors, axis=1)
        found = [int(name) for name, _ in block.nearest(vectors[row], 10)]
        assert len(set(found) & set(np.argsort(-exact)[:10].tolist())) >= 9
    block.remove("7")
    assert "7" not in [name for name, _ in block.nearest(vectors[7], 3000)]


def test_of_many_rows_cosines_are_exact_and_a_guess_keeps_to_what_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cosines of all rows are those of each by itself; no row is guessed that is gone or not wanted."""
    monkeypatch.setattr(blocks, "WHOLE_MAX", 256)
    block, vectors = many()
    block.remove("300")
    every = np.arange(block.size)
    assert block.similarities(vectors[3], RADII) == pytest.approx(block.exactly(vectors[3], every, RADII), abs=1e-5)
    allowed = np.random.default_rng(1).random(block.size) < 0.5
    assert 300 not in block.likely(vectors[300], 50)
    for count in (50, 5000):
        rows = block.likely(vectors[300], count, allowed)
        assert allowed[rows].all()
        assert 300 not in rows
    assert len(rows) == np.count_nonzero(allowed & block.living)


def test_equal_vectors_have_equal_signs_however_they_came(monkeypatch: pytest.MonkeyPatch) -> None:
    """One at a time, together, or before the block had signs at all: the bits are the same."""
    monkeypatch.setattr(blocks, "WHOLE_MAX", 256)
    block, vectors = many(600)
    single = VectorBlock(256)
    for number, vector_ in enumerate(vectors):
        single.put([str(number)], vector_[None], [None])
    rows = block.likely(vectors[5], 20)
    assert rows.tolist() == single.likely(vectors[5], 20).tolist()


def test_what_is_similar_to_nothing_is_no_answer() -> None:
    """Neither a query of zeros finds something, nor is a vector of zeros found."""
    block = VectorBlock(DIMENSION)
    block.put(["a", "b"], np.array([np.zeros(DIMENSION), np.ones(DIMENSION)]), [None, None])
    assert block.nearest(np.zeros(DIMENSION), 5) == []
    assert [name for name, _ in block.nearest(np.ones(DIMENSION), 5)] == ["b"]
    assert VectorBlock(DIMENSION).nearest(np.ones(DIMENSION), 5) == []
