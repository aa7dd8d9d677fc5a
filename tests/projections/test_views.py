"""Views: each equals the fold of the log up to its checkpoint, whatever fails and however the events come in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import attrs
import lmdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remanence.core.errors import InvalidInput, NotFound, StorageFailed, ViewFailed
from remanence.core.recorded import Recorded
from remanence.projections.projection import Projection, on
from remanence.projections.tables import Table
from remanence.projections.view_store import leaves_of
from remanence.projections.views import View, Views, distinct, view_path

from ..effort import short
from .ledger import Account, Ended, Ledger, Moved, Opened, WeatherChanged, make_log, open_view, recorded

ids = st.sampled_from(["a", "b", "c"])
happenings = st.one_of(
    st.builds(Opened, id=ids, owner=st.sampled_from(["ada", "bo"]), labels=st.just(("x", "y"))),
    st.builds(Moved, id=ids, amount=st.integers(-5, 5)),
    st.builds(Ended, id=ids),
    st.builds(WeatherChanged),
)
STORY = (
    Opened("a", "ada"),
    Moved("a", 5),
    WeatherChanged(),
    Opened("b", "bo", ("x",)),
    Moved("b", -2),
    Ended("a"),
    WeatherChanged(),
)


def fold(events: Sequence[object]) -> dict[str, Account]:
    """The ledger as a plain dict: what the projection has to agree with."""
    rows: dict[str, Account] = {}
    for event in events:
        match event:
            case Opened(id=key, owner=owner, labels=labels):
                rows[key] = Account(key, owner, labels)
            case Moved(id=key, amount=amount) if key in rows:
                rows[key] = attrs.evolve(rows[key], balance=rows[key].balance + amount)
            case Ended(id=key):
                rows.pop(key, None)
            case _:
                pass
    return rows


def rows_of(view: View[Ledger]) -> dict[str, Account]:
    """What a view shows."""
    return {row.id: row for row in view.rows.accounts.select()}


def crash(view: View[Any]) -> None:
    """What is left when the process dies: nothing is flushed, no mark is set."""
    view.store.env.close()


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


class Brittle(Projection):
    """As the ledger, with a handler that can't take a payment out."""

    name = "ledger"
    accounts = Ledger.accounts

    @on(Opened)
    def opened(self, event: Recorded[Opened]) -> None:
        """A new row."""
        self.accounts.put(Account(event.data.id, event.data.owner, event.data.labels))

    @on(Moved)
    def moved(self, event: Recorded[Moved]) -> None:
        """Half the work, then an error."""
        self.accounts.delete(event.data.id)
        self.accounts.count()  # stores the half
        if event.data.amount < 0:
            raise ZeroDivisionError(event.data.id)
        row = Account(event.data.id, "ada", (), event.data.amount)
        self.accounts.put(row)


class Weather(Projection):
    """Counts changes of the weather."""

    accounts = Table(Account, key="id")

    @on(WeatherChanged)
    def changed(self, event: Recorded[WeatherChanged]) -> None:
        """One more."""
        self.accounts.put(Account(f"{event.position:03}", event.data.to, ()))


@pytest.mark.parametrize("batch", [1, 3, 7])
def test_a_projection_that_raises_stops_its_own_view_only(tmp_path: Path, batch: int) -> None:
    """Its view stays at the event before, says so to whoever reads, and leaves the others alone."""
    log = recorded(*STORY)
    views = Views([open_view(tmp_path, Brittle), open_view(tmp_path, Weather)])
    failures = [failure for i in range(0, 7, batch) for failure in views.apply(log[i : i + batch])]
    assert [(failure.view, failure.position) for failure in failures] == [("ledger", 5)]
    failed, other = views.of(Brittle), views.of(Weather)
    assert (failed.checkpoint, other.checkpoint) == (4, 7)
    assert other.rows.accounts.count() == 2
    for read in (failed.rows.accounts.select, failed.rows.accounts.count, failed.digest):
        with pytest.raises(ViewFailed, match=r"before event 5 \(money.moved\).*ZeroDivisionError: b"):
            read()
    with pytest.raises(ViewFailed):
        failed.rows.accounts.get("a")
    assert failed.statistics(head=7) == attrs.evolve(
        failed.statistics(head=7), checkpoint=4, lag_events=3, rows={}, failure=str(failures[0])
    )
    views.close()


def test_a_mended_projection_catches_up_when_next_opened(tmp_path: Path) -> None:
    """What the view shows is exactly what it was before the event that failed, and goes on from there."""
    log = make_log()
    log.append(*STORY)
    views = Views([open_view(tmp_path, Brittle)])
    views.catch_up(log)
    assert views.of(Brittle).failure is not None
    views.close()
    with pytest.raises(NotFound, match="still being built"):
        open_view(tmp_path, Ledger, read_only=True)
    mended = Views([open_view(tmp_path, Ledger)])
    assert mended.of(Ledger).checkpoint == 4
    assert rows_of(mended.of(Ledger)) == {"a": Account("a", "ada", (), 5), "b": Account("b", "bo", ("x",))}
    mended.catch_up(log)
    assert rows_of(mended.of(Ledger)) == {"b": Account("b", "bo", ("x",), -2)}
    mended.close()


def test_a_row_that_can_not_be_kept_is_its_event_s_failure(tmp_path: Path) -> None:
    """A key over LMDB's 511 bytes fails the event that made it, with the size in the text; what came before stays."""
    views = Views([open_view(tmp_path, Ledger)])
    [failure] = views.apply(recorded(Opened("a", "ada"), Opened("b", "x" * 600), Opened("c", "ada")))
    assert failure.position == 2
    assert "over the limit of 511" in str(failure)
    assert views.of(Ledger).checkpoint == 1
    views.close()


class NewLedger(Ledger):
    """The ledger after its handlers were changed."""

    name = "ledger"
    version = 2

    @on(Moved)
    def moved(self, event: Recorded[Moved]) -> None:
        """Ten times as much."""
        row = self.accounts.get(event.data.id)
        if row is not None:
            self.accounts.put(attrs.evolve(row, balance=row.balance + 10 * event.data.amount))


class WiderLedger(Ledger):
    """The ledger after its declaration was changed, and its version forgotten."""

    name = "ledger"
    notes = Table(Account, key="id")


@pytest.mark.parametrize("changed", [NewLedger, WiderLedger])
def test_a_changed_projection_is_built_beside_the_old_view(tmp_path: Path, changed: type[Ledger]) -> None:
    """The old files stand until the new view has caught up; nobody reads it before that."""
    log = make_log()
    log.append(*STORY)
    old = Views([open_view(tmp_path, Ledger)])
    old.catch_up(log)
    old.close()
    seen: list[tuple[str, int, int]] = []
    new = Views([open_view(tmp_path, changed)])
    assert new.of(changed).checkpoint == 0

    def progress(what: str, done: int, total: int) -> None:
        seen.append((what, done, total))
        assert view_path(tmp_path, Ledger).exists()
        assert not new.of(changed).store.is_ready()

    new.catch_up(log, progress)
    assert seen == [("ledger", 7, 7)]
    assert new.of(changed).store.is_ready()
    assert [path.name for path in tmp_path.iterdir()] == [view_path(tmp_path, changed).name]
    balance = -20 if changed is NewLedger else -2
    assert rows_of(new.of(changed)) == {"b": Account("b", "bo", ("x",), balance)}
    new.close()


def test_the_old_view_outlives_a_new_one_that_fails(tmp_path: Path) -> None:
    """A new version that can't be built takes nothing away."""

    class Worse(Brittle):
        name = "ledger"
        version = 2

    log = make_log()
    log.append(*STORY)
    for projection in (Ledger, Worse):
        views = Views([open_view(tmp_path, projection)])
        views.catch_up(log)
        views.close()
    old = open_view(tmp_path, Ledger, read_only=True)
    assert rows_of(old) == fold(STORY)
    old.close()


def test_other_views_files_are_left_alone(tmp_path: Path) -> None:
    """Only older versions of the very same view are dropped, not one whose name begins alike."""

    class LedgerTwo(Ledger):
        name = "ledger_2"

    log = make_log()
    log.append(*STORY)
    for projection in (LedgerTwo, Ledger, NewLedger):
        views = Views([open_view(tmp_path, projection)])
        views.catch_up(log)
        views.close()
    assert {path.name for path in tmp_path.iterdir()} == {
        view_path(tmp_path, LedgerTwo).name,
        view_path(tmp_path, NewLedger).name,
    }


def test_a_half_built_view_is_not_read(tmp_path: Path) -> None:
    """A reader that comes while a view is being built for the first time is told to come back."""
    log = make_log()
    log.append(*STORY)
    with pytest.raises(NotFound, match="has to be built first"):
        open_view(tmp_path, Ledger, read_only=True)
    half = open_view(tmp_path, Ledger)
    half.apply(log.read(before=3))
    crash(half)
    with pytest.raises(NotFound, match="still being built"):
        open_view(tmp_path, Ledger, read_only=True)
    whole = Views([open_view(tmp_path, Ledger)])
    whole.catch_up(log)
    crash(whole.of(Ledger))
    reader = open_view(tmp_path, Ledger, read_only=True)
    assert rows_of(reader) == fold(STORY)
    reader.close()


def test_a_view_of_another_log_is_thrown_away(tmp_path: Path) -> None:
    """Files that say that they are of another log are not read, and not believed by a reader either."""
    view = open_view(tmp_path, Ledger)
    view.apply(recorded(*STORY))
    view.finish()
    view.close()
    with pytest.raises(NotFound, match="belongs to another log"):
        open_view(tmp_path, Ledger, read_only=True, log_id=bytes(16))
    other = open_view(tmp_path, Ledger, log_id=bytes(16))
    assert (other.checkpoint, rows_of(other)) == (0, {})
    other.close()


@pytest.mark.parametrize("kept", [3, 7, 9])
def test_a_view_of_another_history_is_thrown_away(tmp_path: Path, kept: int) -> None:
    """When the log was replaced by an older copy that went on differently, or is shorter, the view starts anew."""
    view = open_view(tmp_path, Ledger)
    view.apply(recorded(*STORY))
    view.finish()
    view.close()
    log = make_log()
    log.append(*(Opened(f"{number}", "eve") for number in range(kept)))
    leaf_at = leaves_of(log.store)
    with pytest.raises(NotFound, match="belongs to another log"):
        open_view(tmp_path, Ledger, read_only=True, leaf_at=leaf_at)
    views = Views([open_view(tmp_path, Ledger, leaf_at=leaf_at)])
    assert views.of(Ledger).checkpoint == 0
    views.catch_up(log)
    assert sorted(rows_of(views.of(Ledger))) == sorted(map(str, range(kept)))
    views.close()


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
