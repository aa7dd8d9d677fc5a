"""Slow queries: those over the threshold are kept with their plan, and no more than a hundred."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import accumulate, cycle
from pathlib import Path

import attrs
import pytest

from remanence.projections.plans import Plan, Step
from remanence.projections.rows import ReadRows
from remanence.projections.slow import KEPT_MAX, SlowQueries, SlowQuery
from remanence.projections.slow_file import BYTES_MAX, NAME, SlowFile

from .ledger import desk
from .stock import Stock, Ware

PLAN = Plan("wares", (Step(None, (), (), 1),), sorts=False, backward=False, scanned=1, rows_read=1, found=1)


def taking(*seconds: float) -> Iterator[float]:
    """A clock by which what is timed takes so long, in turn."""
    return accumulate(step for each in cycle(seconds) for step in (0.0, each))


def test_queries_over_the_threshold_are_kept() -> None:
    """By the injected clock, with how they were answered; the others aren't."""
    clock = taking(0.25, 0.5, 1.0)
    slow = SlowQueries(0.5, clock=lambda: next(clock))
    with desk(Stock) as opened:
        opened.fill(Stock.wares, [Ware("a", "ada", 1, 1.0, ())])
        read = ReadRows(Stock.wares, *opened.parts(Stock.wares), slow.of("stock"))
        read.find(owner="bo")
        read.find(owner="ada")
        read.find(amount=3, scan=True)
    [first, second] = slow.kept()
    assert (first.view, first.seconds, first.plan.index, first.plan.found) == ("stock", 0.5, "by_owner", 1)
    assert (second.seconds, second.plan.index, second.plan.steps[0].filters) == (1.0, None, ("amount",))


def test_the_record_is_bounded() -> None:
    """The oldest make room."""
    slow = SlowQueries(0)
    for number in range(KEPT_MAX + 5):
        slow.note(number, lambda: PLAN)
    kept = slow.kept()
    assert len(kept) == KEPT_MAX
    assert (kept[-1].seconds, kept[-1].plan, kept[-1].process) == (KEPT_MAX + 4, PLAN, os.getpid())


def query(number: int, plan: Plan = PLAN) -> SlowQuery:
    """The slow query of a number."""
    return SlowQuery("stock", number / 8, plan, 10**18 + number, 7)


def test_the_file_gives_back_what_was_noted(tmp_path: Path) -> None:
    """Whichever process noted it, in the order of time, with its plan; lines that are none are passed over."""
    steps = (Step("by_owner", ("owner",), ("amount",), 3), Step(None, (), (), 9))
    branches = attrs.evolve(PLAN, steps=steps, sorts=True, scanned=9)
    ours, theirs = SlowFile(tmp_path), SlowFile(tmp_path)
    assert ours.read() == []
    theirs.add(query(2, branches))
    ours.add(query(1))
    with (tmp_path / NAME).open("ab") as file:
        file.write(b'{"view":"torn\n\xff\n[]\n')
    ours.add(query(3))
    assert theirs.read() == [query(1), query(2, branches), query(3)]
    assert (tmp_path / NAME).stat().st_mode & 0o777 == 0o600


def test_the_file_is_bounded(tmp_path: Path) -> None:
    """However many are noted: the newest hundred are there, and both files together stay small."""
    file = SlowFile(tmp_path)
    for number in range(2000):
        file.add(query(number))
    assert file.read() == [query(number) for number in range(1900, 2000)]
    line = len(str(query(0))) * 2
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 2 * (BYTES_MAX + line)
    assert len(list(tmp_path.iterdir())) == 2


def test_a_folder_that_takes_no_file_is_let_be(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A reader without the right to write, or a full disk: it is said once, and queries go on."""
    file = SlowFile(tmp_path / "nowhere")
    for number in range(3):
        file.add(query(number))
    assert len(caplog.records) == 1
    assert file.read() == []
