"""Time and chance for tests: made up, and the same every time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

from ..core.clock import Entropy, to_ns

__all__ = ["Clock", "seeded"]

START: Final = datetime(2026, 1, 1, tzinfo=UTC)
STEP: Final = timedelta(seconds=1)
_MICROSECOND: Final = timedelta(microseconds=1)


class Clock:
    """A clock that goes on by the same step whenever it is looked at: pass it as `clock=`.

    So every event has a time of its own, and the same test has the same times.
    """

    def __init__(self, start: datetime = START, step: timedelta = STEP) -> None:
        """Set it.

        Args:
            start: what it tells first; an aware datetime.
            step: how far it goes on each time.

        Raises:
            InvalidInput: `start` has no time zone.
        """
        self._now_ns = to_ns(start)
        self._step_ns = _ns(step)

    def __call__(self) -> int:
        """Unix time in nanoseconds."""
        now = self._now_ns
        self._now_ns += self._step_ns
        return now

    def advance(self, by: timedelta) -> None:
        """Let time pass; or, by less than nothing, set the clock back, as machines' clocks do."""
        self._now_ns += _ns(by)


def seeded(seed: int = 0) -> Entropy:
    """Bytes that look random and are the same for the same seed: pass them as `entropy=`."""
    return Random(seed).randbytes  # noqa: S311 - being told beforehand is the point


def _ns(span: timedelta) -> int:
    return span // _MICROSECOND * 1000
