"""Slow queries: those that took longer than they may, the newest last, a bounded number of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

import attrs

from ..core.clock import Timer, system_timer
from .plans import Plan

__all__ = ["KEPT_MAX", "SlowQueries", "SlowQuery", "never"]

KEPT_MAX: Final = 100
"""Enough to see a pattern, too few to weigh anything."""


@attrs.frozen
class SlowQuery:
    """A query that took too long.

    Attributes:
        view: the view that was asked; empty for a table outside one.
        seconds: how long the answer took.
        plan: how it was answered.
    """

    view: str
    seconds: float
    plan: Plan


class SlowQueries:
    """The record.

    Attributes:
        clock: seconds that only go forward; when they began doesn't matter.
    """

    def __init__(self, threshold_s: float, *, view: str = "", clock: Timer = system_timer) -> None:
        self.clock = clock
        self._threshold_s = threshold_s
        self._view = view
        self._kept: deque[SlowQuery] = deque(maxlen=KEPT_MAX)

    def of(self, view: str) -> SlowQueries:
        """The same record, for the queries of one view."""
        other = SlowQueries(self._threshold_s, view=view, clock=self.clock)
        other._kept = self._kept
        return other

    def note(self, seconds: float, plan: Callable[[], Plan]) -> None:
        """Keep the query if it was slow; `plan` is asked only then."""
        if seconds >= self._threshold_s:
            self._kept.append(SlowQuery(self._view, seconds, plan()))

    def kept(self) -> tuple[SlowQuery, ...]:
        """Those that are kept, the oldest first."""
        return tuple(self._kept)


never: Final = SlowQueries(float("inf"))
"""For those who keep no record."""
