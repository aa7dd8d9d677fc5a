"""The index: its scores are those of the formula computed the long way, whatever came, changed and went before."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remanence import MemoryRow
from remanence.projections.recall import lexical
from remanence.projections.recall.columns import REACH
from remanence.projections.recall.compaction import compacted
from remanence.projections.recall.files import IndexFiles
from remanence.projections.recall.lexical import Scratch, touched
from remanence.projections.recall.scope_index import ScopeIndex
from remanence.projections.recall.words import words_of

from ..effort import short
from . import model

said = st.lists(st.sampled_from(["tea", "boat", "boats", "berth", "the", "of", "café"]), min_size=1, max_size=5)
rows = st.builds(
    model.row,
    st.sampled_from([f"m{number}" for number in range(12)]),
    said.map(" ".join),
    session=st.none() | st.sampled_from(["s", "t"]),
    place=st.integers(1, 6),
    speaker=st.none() | st.sampled_from(["Ada", "Bob"]),
    tags=st.lists(st.sampled_from(["work", "home"]), unique=True),
)
changes = st.lists(st.tuples(rows, st.booleans()), max_size=40)


def play(changed: list[tuple[MemoryRow, bool]], index: ScopeIndex) -> list[MemoryRow]:
    """Bring memories in and take them out again; what is left."""
    living: dict[str, MemoryRow] = {}
    together: dict[str, MemoryRow] = {}
    for position, (row, is_dropped) in enumerate(changed, 1):
        if is_dropped or row.id in together:
            index.put(together.values())
            together.clear()
        if is_dropped:
            living.pop(row.id, None)
            index.drop(row.id)
        else:
            living[row.id] = attrs.evolve(row, changed=position, place=row.place if row.session else None)
            together[row.id] = living[row.id]
    index.put(together.values())
    index.settle()
    return list(living.values())


def scores(index: ScopeIndex, query: str) -> dict[int, dict[str, float]]:
    """The standardised scores of every living memory, by the width of the window."""
    words = Counter(words_of(query)[0])
    slots = np.flatnonzero(index.columns["alive"])
    found = touched(index, words, Scratch(), REACH, None).score(slots)
    return {
        width: {index.ids[slot]: float(value) for slot, value in zip(slots, each, strict=True)}
        for width, each in enumerate(found.windows)
    }


@given(changes, st.sampled_from(["tea", "boat berth", "boats boat cafe tea", "nothing"]))
@short(60)
def test_scores_are_those_of_the_formula(changed: list[tuple[MemoryRow, bool]], query: str) -> None:
    """BM25 over a memory and over its windows, with all its statistics, is exact after any history."""
    index = ScopeIndex()
    living = play(changed, index)
    if living:
        found = scores(index, query)
        for width in range(REACH + 1):
            expected = model.standard(model.bm25(model.windows(living, width), Counter(words_of(query)[0])))
            assert found[width] == pytest.approx(expected, abs=1e-3)


@given(changes)
@short(60)
def test_a_history_leaves_nothing_behind(changed: list[tuple[MemoryRow, bool]]) -> None:
    """An index that has seen a history scores as one made from what is left, to the last bit, and merged too."""
    index, fresh = ScopeIndex(), ScopeIndex()
    living = play(changed, index)
    for row in living:
        fresh.put([row])
    fresh.settle()
    assert scores(index, "tea boat") == scores(fresh, "tea boat")
    index.merge()
    assert scores(index, "tea boat") == scores(fresh, "tea boat")


def keep(files: IndexFiles, index: ScopeIndex) -> None:
    """Have an index in its file."""
    unplaced = files.write(files.noted(("main",), index))
    assert unplaced is not None
    unplaced.put()


@given(changes)
@short(60)
def test_compacted_an_index_answers_as_before_and_knows_nobody_who_is_gone(
    changed: list[tuple[MemoryRow, bool]],
) -> None:
    """The same scores to the last bit; no id, tag, session or speaker that no living memory has."""
    index = ScopeIndex()
    living = play(changed, index)
    before = scores(index, "tea boat")
    made = compacted(index)
    assert scores(made, "tea boat") == before
    assert (made.dead, set(made.ids[1:])) == (0, {row.id for row in living})
    assert set(made.tags) == {tag for row in living for tag in row.tags}
    assert set(made.sessions.texts[1:]) == {row.session for row in living if row.session}
    assert set(made.speakers.texts[1:]) == {row.speaker for row in living if row.speaker} == set(names_of(made))
    for tag in made.tags:
        assert {made.ids[slot] for slot in made.tagged(tag)} == {row.id for row in living if tag in row.tags}


def names_of(index: ScopeIndex) -> list[str]:
    """The speakers whom a question may name."""
    return [index.speakers.texts[number] for number, count in index.speakers_alive.items() if count]


@given(changes, rows)
@short(20)
def test_a_kept_index_goes_on_as_it_was(changed: list[tuple[MemoryRow, bool]], more: MemoryRow) -> None:
    """Saved and loaded, an index gives the same scores, and takes the same changes."""
    index = ScopeIndex()
    play(changed, index)
    with TemporaryDirectory() as folder:
        files = IndexFiles(Path(folder), b"log", lambda _: b"leaf")
        index = compacted(index)
        keep(files, index)
        loaded = files.load(("main",), 10)
        assert loaded is not None
    assert scores(loaded, "tea boat") == scores(index, "tea boat")
    assert (loaded.speakers_alive, list(loaded.tags)) == (+index.speakers_alive, list(index.tags))
    for each in (index, loaded):
        each.put([attrs.evolve(more, changed=1000, place=more.place if more.session else None)])
        each.settle()
    assert scores(loaded, "tea boat") == scores(index, "tea boat")


def test_a_file_of_another_history_is_not_taken(tmp_path: Path) -> None:
    """A file of another log, of another past, from beyond the head, or cut short is as if it weren't there."""
    index = ScopeIndex()
    index.put([model.row("a", "tea")])
    index.position = 5
    keep(IndexFiles(tmp_path, b"log", lambda _: b"leaf"), compacted(index))
    files = IndexFiles(tmp_path, b"log", lambda _: b"leaf")
    assert files.load(("main",), 5) is not None
    assert files.load(("main",), 4) is None
    assert files.load(("other",), 5) is None
    assert IndexFiles(tmp_path, b"another", lambda _: b"leaf").load(("main",), 5) is None
    assert IndexFiles(tmp_path, b"log", lambda _: b"other").load(("main",), 5) is None
    assert IndexFiles(tmp_path, b"log", lambda _: None).load(("main",), 5) is None
    path = files.path(("main",))
    whole = path.read_bytes()
    for size in (0, 10, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:size])
        assert files.load(("main",), 5) is None


@given(st.lists(said.map(" ".join), min_size=30, max_size=60), st.permutations(["tea", "boat", "berth", "cafe"]))
@short(30)
def test_beyond_what_is_counted_exactly_the_order_of_words_tells_nothing(texts: list[str], words: list[str]) -> None:
    """Where many memories are touched, samples are taken: the same ones, however a question is put."""
    index = ScopeIndex()
    index.put([model.row(f"m{at:02}", text, session="s", place=at + 1) for at, text in enumerate(texts)])
    index.settle()
    with pytest.MonkeyPatch.context() as patched:
        for name, value in (("EXACT_MAX", 12), ("BEST", 4), ("SAMPLE", 4), ("SEEDS", 8)):
            patched.setattr(lexical, name, value)
        mine, other = (
            touched(index, {words_of(word)[0][0]: 1.0 for word in each}, Scratch(), REACH, None)
            for each in (sorted(words), words)
        )
        slots = np.flatnonzero(index.columns["alive"])
        assert mine.best.tolist() == other.best.tolist()
        assert mine.counted.tolist() == other.counted.tolist()
        assert mine.score(slots).windows == pytest.approx(other.score(slots).windows, abs=1e-3)


@given(st.integers(1, 40), st.lists(st.sampled_from(["tea", "boat", "berth"]), min_size=1, max_size=9), st.booleans())
@short(60)
def test_what_is_alike_scores_nought(count: int, words: list[str], is_backwards: bool) -> None:  # noqa: FBT001 - a case
    """Memories that say the same in sessions of their own differ by no noise, by themselves or by their sessions."""
    index = ScopeIndex()
    told = [model.row(f"m{at:02}", " ".join(words), session=f"s{at}", place=1) for at in range(count)]
    index.put(reversed(told) if is_backwards else told)
    index.settle()
    slots = np.flatnonzero(index.columns["alive"])
    found = touched(index, Counter(words_of("tea boat")[0]), Scratch(), REACH, None).score(slots)
    assert not found.windows.any()
    assert found.session is not None
    assert not found.session.any()
