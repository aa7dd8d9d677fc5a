"""Slow queries: those that took longer than they may, the newest last, a bounded number of them."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Final

import attrs

from ..core.clock import Timer, WallClock, from_ns, system_clock, system_timer
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
        time_ns: when that was: unix time in nanoseconds.
        process: id of the process that asked.
    """

    view: str
    seconds: float
    plan: Plan
    time_ns: int
    process: int

    @property
    def time(self) -> datetime:
        """When that was, in UTC."""
        return from_ns(self.time_ns)


class SlowQueries:
    """The record.

    Attributes:
        clock: seconds that only go forward; when they began doesn't matter.
    """

    def __init__(
        self,
        threshold_s: float,
        *,
        view: str = "",
        clock: Timer = system_timer,
        wall: WallClock = system_clock,
        also: Callable[[SlowQuery], None] | None = None,
    ) -> None:
        """Begin a record.

        Args:
            threshold_s: queries that take so long are kept.
            view: the view that is asked.
            clock: seconds that only go forward.
            wall: unix time in nanoseconds.
            also: told each of them.
        """
        self.clock = clock
        self._threshold_s = threshold_s
        self._wall = wall
        self._also = also
        self._view = view
        self._kept: deque[SlowQuery] = deque(maxlen=KEPT_MAX)

    def of(self, view: str) -> SlowQueries:
        """The same record, for the queries of one view."""
        other = SlowQueries(self._threshold_s, view=view, clock=self.clock, wall=self._wall, also=self._also)
        other._kept = self._kept
        return other

    def note(self, seconds: float, plan: Callable[[], Plan]) -> None:
        """Keep the query if it was slow; `plan` is asked only then."""
        if seconds >= self._threshold_s:
            query = SlowQuery(self._view, seconds, plan(), self._wall(), os.getpid())
            self._kept.append(query)
            if self._also is not None:
                self._also(query)

    def kept(self) -> tuple[SlowQuery, ...]:
        """Those that are kept, the oldest first."""
        return tuple(self._kept)


never: Final = SlowQueries(float("inf"))
"""For those who keep no record."""
