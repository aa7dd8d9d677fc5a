"""Slow queries: those over the threshold are kept with their plan, and no more than a hundred."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate, cycle

from remanence.projections.plans import Plan, Step
from remanence.projections.rows import ReadRows
from remanence.projections.slow import KEPT_MAX, SlowQueries, SlowQuery

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
    assert kept[-1] == SlowQuery("", KEPT_MAX + 4, PLAN)
