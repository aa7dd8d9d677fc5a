"""Views: each equals the fold of the log up to its checkpoint, whatever fails and however the events come in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import lmdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remanence.core.errors import InvalidInput, NotFound, StorageFailed
from remanence.core.recorded import Recorded
from remanence.projections.projection import Projection, on
from remanence.projections.tables import Table
from remanence.projections.view_store import leaves_of
from remanence.projections.views import Views, distinct, view_path

from ..effort import short
from .ledger import (
    STORY,
    Account,
    Brittle,
    Ended,
    Ledger,
    Moved,
    Opened,
    Weather,
    WeatherChanged,
    crash,
    fold,
    make_log,
    open_view,
    recorded,
    rows_of,
)

ids = st.sampled_from(["a", "b", "c"])
happenings = st.one_of(
    st.builds(Opened, id=ids, owner=st.sampled_from(["ada", "bo"]), labels=st.just(("x", "y"))),
    st.builds(Moved, id=ids, amount=st.integers(-5, 5)),
    st.builds(Ended, id=ids),
    st.builds(WeatherChanged),
)


@given(st.lists(happenings, max_size=12), st.data())
@short(20)
def test_however_events_come_in_the_view_is_the_same(events: list[object], data: st.DataObject) -> None:
    """Any cutting into batches, any crash in between, and batches that come again make the same view, at every step."""
    log = recorded(*events)
    with TemporaryDirectory() as folder:
        view = open_view(Path(folder), Ledger)
        while view.checkpoint < len(log):
            start = data.draw(st.integers(0, view.checkpoint), label="start")
            end = data.draw(st.integers(view.checkpoint + 1, len(log)), label="end")
            view.apply(log[start:end])
            assert view.checkpoint == end
            assert rows_of(view) == fold(events[:end])
            if data.draw(st.booleans(), label="crash"):
                crash(view)
                view = open_view(Path(folder), Ledger)
                assert view.checkpoint <= end
        with TemporaryDirectory() as other:
            scratch = open_view(Path(other), Ledger)
            scratch.apply(log)
            assert scratch.digest() == view.digest()
            scratch.close()
        view.close()


def test_rows_and_checkpoint_change_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk refuses a batch, neither rows nor checkpoint have moved, in this process or the next."""
    log = recorded(*STORY)
    view = open_view(tmp_path, Ledger)
    view.apply(log[:2])
    before = view.digest()
    write = view.store.env.write

    def refuse(change: Callable[[lmdb.Transaction[bytes]], Any]) -> Any:
        def change_and_fail(txn: lmdb.Transaction[bytes]) -> None:
            change(txn)
            raise StorageFailed("no space left")

        return write(change_and_fail)

    with monkeypatch.context() as patched:
        patched.setattr(view.store.env, "write", refuse)
        with pytest.raises(StorageFailed):
            view.apply(log[2:])
    assert (view.checkpoint, view.digest()) == (2, before)
    crash(view)
    again = open_view(tmp_path, Ledger)
    assert (again.checkpoint, again.digest()) == (2, before)
    again.apply(log[2:])
    assert rows_of(again) == fold(STORY)
    again.close()


def test_a_gap_is_never_jumped(tmp_path: Path) -> None:
    """A view that is given events beyond the next one refuses them: its rows would be of no history."""
    log = recorded(*STORY)
    view = open_view(tmp_path, Ledger)
    view.apply(log[:1])
    with pytest.raises(AssertionError, match="stands at 1 and was given event 3"):
        view.apply(log[2:])
    view.apply([])
    assert view.checkpoint == 1
    view.close()


def test_events_of_no_concern_move_the_checkpoint_all_the_same(tmp_path: Path) -> None:
    """The checkpoint says how far the view has looked; what it passed over is stored when it closes, not before."""
    log = make_log()
    log.append(*STORY)
    leaf_at = leaves_of(log.store)
    view = open_view(tmp_path, Ledger, leaf_at=leaf_at)
    view.apply(log.read(before=7))
    view.apply(log.read(after=6))
    assert view.checkpoint == 7
    assert view.store.mark()[0] == 6
    view.close()
    again = open_view(tmp_path, Ledger, leaf_at=leaf_at)
    assert again.checkpoint == 7
    assert rows_of(again) == fold(STORY)
    again.close()


def test_a_reader_sees_each_commit(tmp_path: Path) -> None:
    """A read-only view writes nothing, shows the newest snapshot, and doesn't mark files that are not its own."""
    log = make_log()
    log.append(*STORY)
    views = Views([open_view(tmp_path, Ledger)])
    views.catch_up(log)
    crash(views.of(Ledger))
    mark = (view_path(tmp_path, Ledger) / "trust.json").read_bytes()
    reader = open_view(tmp_path, Ledger, read_only=True)
    Views([reader]).require_current(log)
    assert (reader.checkpoint, rows_of(reader)) == (7, fold(STORY))
    log.append(WeatherChanged())
    Views([reader]).require_current(log)
    log.append(Moved("b", 1))
    with pytest.raises(NotFound, match="is behind its log"):
        Views([reader]).require_current(log)
    reader.close()
    assert (view_path(tmp_path, Ledger) / "trust.json").read_bytes() == mark


def test_a_view_outgrows_its_map(tmp_path: Path) -> None:
    """The map is enlarged as often as it must be; the rows are those of a view that had room from the start."""
    events = [Opened(f"{number:04}", "ada", tuple(f"label {each}" * 10 for each in range(9))) for number in range(200)]
    log = recorded(*events)
    small, large = open_view(tmp_path / "small", Ledger, map_bytes=1 << 16), open_view(tmp_path / "large", Ledger)
    for view in (small, large):
        view.apply(log)
    assert small.store.env.used_bytes() > 1 << 16
    assert small.digest() == large.digest()
    assert rows_of(small) == fold(events)
    small.close()
    large.close()


def test_views_catch_up_together_from_wherever_they_stand(tmp_path: Path) -> None:
    """A view that is ahead passes over what the others still need, and the progress names those that are behind."""
    log = make_log()
    log.append(*STORY)
    views = Views([open_view(tmp_path, Ledger), open_view(tmp_path, Weather)])
    views.of(Ledger).apply(log.read())
    seen: list[str] = []
    views.catch_up(log, lambda what, _done, _total: seen.append(what))
    assert seen == ["weather"]
    assert [view.checkpoint for view in views] == [7, 7]
    assert {view.name: view.statistics(head=9).lag_events for view in views} == {"ledger": 2, "weather": 2}
    assert views.of(Ledger).statistics(head=7).rows == {"accounts": 1}
    views.close()


def test_asking_for_a_view_that_was_not_opened_is_told(tmp_path: Path) -> None:
    """The error says how to open it."""
    with pytest.raises(NotFound, match="no view of Weather; pass it in projections="):
        Views([]).of(Weather)
    assert not list(tmp_path.iterdir())


def test_two_views_of_one_name_are_refused() -> None:
    """They would be kept in one place; the same projection given twice is one view."""
    assert distinct([Ledger, Weather, Ledger]) == (Ledger, Weather)
    with pytest.raises(InvalidInput, match="both called ledger"):
        distinct([Ledger, Brittle])


def test_closing_goes_on_when_one_view_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All are closed, then the first error is raised; every file can be opened again."""
    views = Views([open_view(tmp_path, Ledger), open_view(tmp_path, Weather)])
    views.apply(recorded(*STORY))

    def refuse() -> None:
        raise StorageFailed("no")

    monkeypatch.setattr(views.of(Ledger).store.env, "sync", refuse)
    with pytest.raises(StorageFailed):
        views.close()
    again = Views([open_view(tmp_path, Ledger), open_view(tmp_path, Weather)])
    assert [view.checkpoint for view in again] == [7, 7]
    again.close()


class Curious(Projection):
    """A table called as the store's own database once was."""

    meta = Table(Account, key="id")

    @on(Opened)
    def opened(self, event: Recorded[Opened]) -> None:
        """A new row."""
        self.meta.put(Account(event.data.id, event.data.owner, ()))


def test_a_table_may_have_any_name(tmp_path: Path) -> None:
    """No table shares a database with the checkpoint."""
    view = open_view(tmp_path, Curious)
    view.apply(recorded(*STORY))
    assert [row.id for row in view.rows.meta.select()] == ["a", "b"]
    view.close()
