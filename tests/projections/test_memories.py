"""The memories view: each event of a memory folds into its row as it should, and equal histories make equal views."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remanence.core.clock import to_ns
from remanence.core.recorded import Recorded
from remanence.projections.memories.events import (
    MEMORY_EVENTS,
    MemoryForgotten,
    MemoryReinforced,
    MemoryRemembered,
    MemoryRevised,
    TranscriptImported,
    content_tag,
)
from remanence.projections.memories.view import REINFORCEMENT, Memories, MemoryRow

from ..effort import short
from .ledger import folded, seconds_apart

ADA = ("ada",)
SAID = datetime(2023, 5, 8, 13, 56, tzinfo=UTC)
ids = st.sampled_from(["m1", "m2", "m3"])
shares = st.sampled_from([0.0, 0.25, 1.0])
labels = st.lists(st.sampled_from(["work", "home"]), max_size=2, unique=True).map(tuple)
facts = st.sampled_from([{}, {"source": "chat"}, {"n": 1, "ok": True, "none": None}])
remembered = st.builds(
    MemoryRemembered,
    id=ids,
    scope=st.sampled_from([ADA, ("ada", "x")]),
    kind=st.sampled_from(["fact", "event"]),
    text=st.sampled_from(["tea", "coffee"]),
    confidence=shares,
    importance=shares,
    tags=labels,
    metadata=facts,
    session=st.none(),
    said_at=st.none() | st.just(SAID),
)
turns = st.builds(attrs.evolve, remembered, session=st.just("s"), place=st.integers(1, 3), speaker=st.just("Ada"))
reinforced = st.builds(MemoryReinforced, id=ids, scope=st.just(ADA))
revised = st.builds(
    MemoryRevised,
    id=ids,
    scope=st.just(ADA),
    kind=st.just("fact"),
    text=st.none() | st.just("cocoa"),
    confidence=st.none() | shares,
    importance=st.none() | shares,
    tags=st.none() | labels,
    metadata=st.none() | facts,
)
forgotten = st.builds(MemoryForgotten, id=ids, scope=st.just(ADA))
imported = st.builds(TranscriptImported, name=st.just("chat.json"), digest=st.just("00"), scope=st.just(ADA))
histories = st.lists(st.one_of(remembered, turns, reinforced, revised, forgotten, imported), max_size=15)


def by_the_book(log: Sequence[Recorded[Any]]) -> dict[str, MemoryRow]:
    """The view as a plain dict of plain rules."""
    rows: dict[str, MemoryRow] = {}
    for each in log:
        event, at = each.data, each.position
        if isinstance(event, MemoryRemembered):
            told = {field.name: getattr(event, field.name) for field in attrs.fields(MemoryRemembered)}
            said_at = told.pop("said_at")
            time_ns = each.time_ns if said_at is None else to_ns(said_at)
            rows[event.id] = MemoryRow(**told, time_ns=time_ns, position=at, changed=at)
        elif isinstance(event, TranscriptImported) or event.id not in rows:
            continue
        elif isinstance(event, MemoryReinforced):
            row = rows[event.id]
            surer = row.confidence + (1 - row.confidence) * REINFORCEMENT
            rows[event.id] = attrs.evolve(row, confidence=surer, reinforced=row.reinforced + 1, changed=at)
        elif isinstance(event, MemoryRevised):
            row = rows[event.id]
            given = {name: getattr(event, name) for name in ("text", "confidence", "importance", "tags", "metadata")}
            new = {name: value for name, value in given.items() if value is not None}
            rows[event.id] = attrs.evolve(row, **new, revised=row.revised + 1, changed=at)
        else:
            del rows[event.id]
    return rows


@given(histories, st.integers(1, 5))
@short(40)
def test_the_view_is_the_fold_of_its_events(events: list[object], size: int) -> None:
    """Rows, and every index over them, are those of a plain dict; the size of the batches doesn't show."""
    log = seconds_apart(events, MEMORY_EVENTS)
    expected = by_the_book(log)
    with TemporaryDirectory() as folder:
        view = folded(Path(folder) / "one", Memories, log, size)
        at_once = folded(Path(folder) / "two", Memories, log, 100)
        rows = view.rows.rows
        assert {row.id: row for row in rows.select()} == expected
        for row in expected.values():
            assert row in rows.select("by_time", row.scope, start=row.time_ns, stop=row.time_ns + 1)
            assert row in rows.select("by_kind", row.scope, row.kind)
            assert row in rows.select("by_confidence", row.scope, start=row.confidence)
            assert all(row in rows.select("by_tag", row.scope, tag) for tag in row.tags)
            if row.session is None:
                assert row in rows.select("by_content", content_tag(row.scope, row.kind, row.text))
            else:
                assert row in rows.select("by_session", row.scope, row.session, row.place)
        found = [row.id for scope in (ADA, ("ada", "x")) for row in rows.iterate("by_time", scope)]
        assert sorted(found) == sorted(expected)
        assert view.digest() == at_once.digest()
        view.close()
        at_once.close()


def row_after(tmp_path: Path, *events: object) -> MemoryRow | None:
    """What the events make of the memory m1."""
    view = folded(tmp_path, Memories, seconds_apart(events, MEMORY_EVENTS), 100)
    row = view.rows.rows.get("m1")
    view.close()
    return row


TEA = MemoryRemembered("m1", ADA, "fact", "tea", confidence=0.5, tags=("work",), metadata={"n": 1})


def test_remembered_makes_a_row(tmp_path: Path) -> None:
    """What was told is there, with the time and place of its event."""
    row = row_after(tmp_path, TEA)
    assert row is not None
    assert (row.text, row.confidence, row.tags, row.metadata) == ("tea", 0.5, ("work",), {"n": 1})
    assert (row.position, row.changed, row.reinforced, row.revised, row.time_ns) == (1, 1, 0, 0, 10**18)


def test_when_it_was_said_counts_if_it_is_known(tmp_path: Path) -> None:
    """The time of a memory is when it was said or happened, not when it was recorded."""
    row = row_after(tmp_path, attrs.evolve(TEA, said_at=SAID))
    assert row is not None
    assert row.time == SAID


def test_reinforcing_takes_away_a_part_of_the_doubt(tmp_path: Path) -> None:
    """Half sure becomes 0.55, then 0.595: ever surer and never certain."""
    row = row_after(tmp_path, TEA, MemoryReinforced("m1", ADA), MemoryReinforced("m1", ADA))
    assert row is not None
    assert row.confidence == pytest.approx(0.595)
    assert (row.reinforced, row.changed, row.position) == (2, 3, 1)


def test_revising_keeps_what_it_does_not_give(tmp_path: Path) -> None:
    """Nothing is lost by silence, and an empty list is not silence."""
    row = row_after(tmp_path, TEA, MemoryRevised("m1", ADA, "fact", text="coffee", tags=()))
    assert row is not None
    assert (row.text, row.tags, row.confidence, row.metadata, row.revised) == ("coffee", (), 0.5, {"n": 1}, 1)
    assert row.content == content_tag(ADA, "fact", "coffee")


def test_forgotten_is_gone_and_what_follows_finds_nothing(tmp_path: Path) -> None:
    """Late news of a forgotten memory doesn't bring it back; being told anew does, as it is told then."""
    late = (MemoryReinforced("m1", ADA), MemoryRevised("m1", ADA, "fact", text="coffee"), MemoryForgotten("m1", ADA))
    assert row_after(tmp_path / "one", TEA, MemoryForgotten("m1", ADA), *late) is None
    again = row_after(tmp_path / "two", TEA, MemoryReinforced("m1", ADA), MemoryForgotten("m1", ADA), TEA)
    assert again is not None
    assert (again.position, again.reinforced, again.confidence) == (4, 0, 0.5)
