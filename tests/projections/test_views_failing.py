"""Views whose projections fail: each stops its own view only, says so, and catches up once it is mended."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from remanence.core.errors import NotFound, ViewFailed
from remanence.projections.views import Views

from .ledger import STORY, Account, Brittle, Ledger, Opened, Weather, make_log, open_view, recorded, rows_of


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


def test_a_wrong_row_fails_its_event_although_a_right_one_takes_its_place(tmp_path: Path) -> None:
    """Events fail alone or together: it makes no difference where batches end that a row is never stored."""
    story = (Opened("a", "x" * 600), Opened("a", "ada"))
    for size in (1, 2):
        views = Views([open_view(tmp_path / str(size), Ledger)])
        log = recorded(*story)
        failures = [failure for i in range(0, 2, size) for failure in views.apply(log[i : i + size])]
        assert [failure.position for failure in failures] == [1]
        assert views.of(Ledger).checkpoint == 0
        views.close()
