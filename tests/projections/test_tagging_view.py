"""The view of tags: rows, traces and counts are the fold of a memory's events, and forgetting leaves no trace."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import attrs
from hypothesis import given
from hypothesis import strategies as st

from remanence.core.recorded import Recorded
from remanence.projections.memories.events import (
    MEMORY_EVENTS,
    MemoryForgotten,
    MemoryReinforced,
    MemoryRemembered,
    MemoryRevised,
)
from remanence.projections.tagging.events import TAGGING_EVENTS, MemoryTagged
from remanence.projections.tagging.view import ALL_TEXTS, CONFIRMATIONS, MemoryTags, TagRow
from remanence.projections.tagging.words import term_of, words_of
from remanence.testkit import check_replay, project

from ..effort import short
from .ledger import folded, seconds_apart

MAIN = ("main",)
ids = st.sampled_from(["m1", "m2", "m3"])
said = st.sampled_from(["green tea in the morning", "black coffee at night", "tea, again", ""])
remembered = st.builds(MemoryRemembered, ids, st.just(MAIN), st.just("fact"), said)
turns = st.builds(attrs.evolve, remembered, session=st.just("s"), place=st.integers(1, 3))
revised = st.builds(MemoryRevised, ids, st.just(MAIN), st.just("fact"), st.none() | said, st.none() | st.just(0.5))
reinforced = st.builds(MemoryReinforced, ids, st.just(MAIN))
forgotten = st.builds(MemoryForgotten, ids, st.just(MAIN))
tagged = st.builds(
    MemoryTagged,
    ids,
    st.just(MAIN),
    st.integers(1, 12),
    st.sampled_from(["words", "model"]),
    st.integers(1, 2),
    st.sampled_from([(), ("tea",), ("green tea", "morning")]),
    st.sampled_from([None, "control", "data"]),
    quality=st.sampled_from(["good", "duplicate"]),
    duplicate_of=st.none() | ids,
)
REGISTERED = (*MEMORY_EVENTS, *TAGGING_EVENTS)
histories = st.lists(st.one_of(remembered, turns, revised, reinforced, forgotten, tagged, tagged), max_size=16)


def by_the_book(log: Sequence[Recorded[Any]]) -> tuple[dict[str, TagRow], dict[str, str]]:
    """The rows, and the texts that are counted, as plain dicts of plain rules."""
    rows: dict[str, TagRow] = {}
    texts: dict[str, str] = {}

    def blank(row: TagRow, of: int, due: int) -> TagRow:
        return TagRow(row.id, row.scope, row.kind, row.time_ns, of, due, confirmed_ns=row.confirmed_ns)

    def release(key: str, at: int) -> None:
        for other in [row for row in rows.values() if row.duplicate_of == key]:
            rows[other.id] = blank(other, other.of, at)

    for each in log:
        event, at = each.data, each.position
        match event:
            case MemoryRemembered():
                rows[event.id] = TagRow(event.id, event.scope, event.kind, each.time_ns, at, at)
                texts[event.id] = event.text
            case MemoryRevised(text=str()) if event.id in rows:
                rows[event.id] = blank(rows[event.id], at, at)
                texts[event.id] = event.text or ""
                release(event.id, at)
            case MemoryReinforced() if event.id in rows:
                row = rows[event.id]
                rows[event.id] = attrs.evolve(row, confirmed_ns=(*row.confirmed_ns, each.time_ns)[-CONFIRMATIONS:])
            case MemoryForgotten():
                rows.pop(event.id, None)
                texts.pop(event.id, None)
                release(event.id, at)
            case MemoryTagged() if event.id in rows and rows[event.id].of == event.of:
                told = attrs.asdict(event, filter=lambda field, _: field.name not in {"id", "scope", "of"})
                rows[event.id] = attrs.evolve(rows[event.id], **told, tagged=at)
            case _:
                pass
    return rows, texts


@given(histories, st.integers(1, 5))
@short(40)
def test_the_view_is_the_fold_of_its_events(events: list[object], size: int) -> None:
    """Rows, counts and every index are those of plain dicts; the size of the batches doesn't show."""
    log = seconds_apart(events, REGISTERED)
    expected, texts = by_the_book(log)
    counts = Counter(
        term
        for text in texts.values()
        for term in {term_of(word.normal) for word in words_of(text) if not word.is_stop}
    )
    with TemporaryDirectory() as folder:
        view = folded(Path(folder) / "one", MemoryTags, log, size)
        at_once = folded(Path(folder) / "two", MemoryTags, log, 100)
        tags = view.rows
        assert {row.id: row for row in tags.rows.select()} == expected
        found = {row.term: row.texts for row in tags.terms.select()}
        assert found.pop(ALL_TEXTS, 0) == len(texts)
        assert found == counts
        assert {row.id for row in tags.traces.select()} == set(texts)
        for row in expected.values():
            assert row in tags.rows.select("by_tagger", row.tagger, row.version)
            assert row in tags.rows.select("by_quality", row.scope, row.quality)
            assert row in tags.rows.select("by_class", row.scope, row.cxd)
            assert all(row in tags.rows.select("by_keyword", row.scope, label) for label in row.labels)
        assert view.digest() == at_once.digest()
        view.close()
        at_once.close()


TEA = MemoryRemembered("m1", MAIN, "fact", "green tea in the morning")
TAGS = MemoryTagged("m1", MAIN, 1, "words", 1, ("green tea",), "context", "~", 0.6)


def test_every_prefix_can_be_rebuilt() -> None:
    """After every event of a story the live view is the rebuilt one, and no handler asks a clock or a tagger."""
    twin = MemoryRemembered("m2", MAIN, "fact", "green tea, in the morning")
    repeats = MemoryTagged("m2", MAIN, 3, "words", 1, quality="duplicate", duplicate_of="m1", similarity=1.0)
    story = [TEA, TAGS, twin, repeats, MemoryReinforced("m1", MAIN), MemoryForgotten("m1", MAIN), repeats]
    check_replay(MemoryTags, story)


def test_what_is_said_of_an_older_text_does_not_count() -> None:
    """A revised memory waits for a tagger again, and news of its old words doesn't change that."""
    view = project([TEA, MemoryRevised("m1", MAIN, "fact", "coffee after all"), TAGS], MemoryTags)
    [row] = view.rows.select("by_tagger", "")
    assert (row.of, row.due, row.keywords, row.is_tagged) == (2, 2, (), False)


def test_revising_anything_but_the_text_keeps_the_tags() -> None:
    """Tags are about words."""
    view = project([TEA, TAGS, MemoryRevised("m1", MAIN, "fact", confidence=0.1)], MemoryTags)
    row = view.rows.get("m1")
    assert row is not None
    assert row.keywords == ("green tea",)
    assert row.labels == ("green tea", "green", "tea")


def test_what_repeated_a_forgotten_memory_is_looked_at_again() -> None:
    """It is a duplicate of nothing any more; the event that took the other away says since when."""
    twin = MemoryRemembered("m2", MAIN, "fact", "green tea, in the morning")
    repeats = MemoryTagged("m2", MAIN, 2, "words", 1, quality="duplicate", duplicate_of="m1", similarity=1.0)
    view = project([TEA, twin, repeats, MemoryForgotten("m1", MAIN)], MemoryTags)
    row = view.rows.get("m2")
    assert row is not None
    assert (row.due, row.of, row.is_tagged, row.duplicate_of) == (4, 2, False, None)


def test_forgetting_leaves_nothing() -> None:
    """Not a row, a trace or a count."""
    view = project([TEA, TAGS, MemoryForgotten("m1", MAIN)], MemoryTags)
    assert (view.rows.count(), view.traces.count(), view.terms.count()) == (0, 0, 0)


def test_no_word_of_a_memory_stands_in_traces_and_counts() -> None:
    """They are digests: what has been erased from the rows is not to be read there either."""
    view = project([TEA], MemoryTags)
    stored = b"".join(key + value for table in (view.traces, view.terms) for _, key, value in table.entries())
    assert not any(word in stored for word in (b"green", b"tea", b"morning"))


def test_only_the_last_confirmations_are_kept() -> None:
    """A row stays small however often it is confirmed."""
    view = project([TEA, *[MemoryReinforced("m1", MAIN)] * (CONFIRMATIONS + 5)], MemoryTags)
    row = view.rows.get("m1")
    assert row is not None
    assert len(row.confirmed_ns) == CONFIRMATIONS
    assert list(row.confirmed_ns) == sorted(row.confirmed_ns)
