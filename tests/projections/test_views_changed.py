"""Views whose files fit another version, declaration, log or history: they are built anew."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from remanence.core.errors import NotFound
from remanence.core.recorded import Recorded
from remanence.projections.projection import on
from remanence.projections.tables import Table
from remanence.projections.view_store import leaves_of
from remanence.projections.views import Views, view_path

from .ledger import STORY, Account, Brittle, Ledger, Moved, Opened, crash, fold, make_log, open_view, recorded, rows_of


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
