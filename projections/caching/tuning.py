"""Tuning: a bounded climb. One change at a time, looked at after the next stretch, and taken back if it didn't pay.

Pure: what is decided depends on what was counted, and on the decisions before. Nothing is decided on few look-ups.
- A level that lets go of entries and finds too little grows by a quarter, up to four times what it began with.
- If that didn't raise its hit rate by a hundredth, it goes back to what it was, and is left alone for a while.
- A level of which half lies idle gives a quarter back, down to a quarter of what it began with.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import attrs

from .caches import LEVELS, CacheStatistics
from .changes import PREFIX, TUNER, SettingChanged
from .settings import CacheSettings

__all__ = ["Tuner"]

ASKED_MIN: Final = 1000
"""Look-ups below which a stretch says nothing: a hundredth of them is ten."""
GOOD: Final = 0.95
"""A hit rate that isn't worth more memory."""
GAIN_MIN: Final = 0.01
STEP: Final = 1.25
BOUND: Final = 4
PATIENCE: Final = 8
"""Stretches for which a level is left alone after a change that didn't pay."""
IDLE: Final = 0.5


@attrs.frozen
class _Counts:
    """What was counted of a level, all in all."""

    hits: int = 0
    misses: int = 0
    evictions: int = 0
    used_bytes: int = 0

    def since(self, before: _Counts) -> _Counts:
        return _Counts(
            self.hits - before.hits, self.misses - before.misses, self.evictions - before.evictions, self.used_bytes
        )

    @property
    def asked(self) -> int:
        return self.hits + self.misses

    @property
    def hit_rate(self) -> float:
        return self.hits / self.asked if self.asked else 0.0


@attrs.frozen
class _Trial:
    """A change that is to be judged."""

    level: str
    before_bytes: int
    bytes: int
    hit_rate: float


class Tuner:
    """Decides about the sizes of the levels."""

    def __init__(self, settings: CacheSettings) -> None:
        """Begin with what people have set, which bounds what may come of it."""
        self._first = {level: _limit(settings, level) for level in LEVELS}
        self._counts: dict[str, _Counts] = {}
        self._trial: _Trial | None = None
        self._left_alone: dict[str, int] = {}

    def decide(self, statistics: CacheStatistics) -> SettingChanged | None:
        """What to change, now that another stretch of time has passed; None if nothing."""
        counts = _counts(statistics)
        stretch = {level: each.since(self._counts.get(level, _Counts())) for level, each in counts.items()}
        enough = [level for level, each in stretch.items() if each.asked >= ASKED_MIN]
        if not enough:
            return None  # goes on counting, as a level does by itself that few ask
        self._counts.update((level, counts[level]) for level in enough)
        self._left_alone = {level: left - 1 for level, left in self._left_alone.items() if left > 1}
        settings = statistics.settings
        return self._judged(stretch, settings) or self._grown(stretch, settings) or self._shrunk(stretch, settings)

    def _judged(self, stretch: Mapping[str, _Counts], settings: CacheSettings) -> SettingChanged | None:
        trial = self._trial
        if trial is not None and _limit(settings, trial.level) != trial.bytes:
            self._trial = None  # somebody else has set it since, or it could not be recorded: nothing to take back
            return None
        if trial is None or stretch[trial.level].asked < ASKED_MIN:
            return None
        self._trial = None
        rate = stretch[trial.level].hit_rate
        if rate - trial.hit_rate >= GAIN_MIN:
            return None
        self._left_alone[trial.level] = PATIENCE
        why = f"the larger size found {rate:.1%} where the smaller found {trial.hit_rate:.1%}: it did not pay"
        return _change(settings, trial.level, trial.before_bytes, why)

    def _grown(self, stretch: Mapping[str, _Counts], settings: CacheSettings) -> SettingChanged | None:
        for level, each in stretch.items():
            limit = _limit(settings, level)
            size = min(int(limit * STEP), BOUND * self._first[level])
            is_short = each.asked >= ASKED_MIN and each.evictions > 0 and each.hit_rate < GOOD
            if is_short and size > limit and level not in self._left_alone and self._trial is None:
                self._trial = _Trial(level, limit, size, each.hit_rate)
                why = f"{each.evictions:,} entries went for want of room while {each.hit_rate:.1%} were found"
                return _change(settings, level, size, why)
        return None

    def _shrunk(self, stretch: Mapping[str, _Counts], settings: CacheSettings) -> SettingChanged | None:
        for level, each in stretch.items():
            limit = _limit(settings, level)
            size = max(int(limit / STEP), self._first[level] // BOUND)
            is_idle = each.asked >= ASKED_MIN and not each.evictions and each.used_bytes < IDLE * limit
            if is_idle and size < limit and level not in self._left_alone:
                why = f"{each.used_bytes:,} of {limit:,} bytes were used and nothing had to go"
                return _change(settings, level, size, why)
        return None


def _limit(settings: CacheSettings, level: str) -> int:
    return int(getattr(settings, f"{level}_bytes"))


def _change(settings: CacheSettings, level: str, size: int, why: str) -> SettingChanged:
    return SettingChanged(f"{PREFIX}{level}_bytes", size, _limit(settings, level), why, by=TUNER)


def _counts(statistics: CacheStatistics) -> dict[str, _Counts]:
    found: dict[str, _Counts] = dict.fromkeys(LEVELS, _Counts())
    for pool in statistics.pools:
        level = pool.name.rpartition("/")[2]
        if level in found and level != pool.name:
            sofar = found[level]
            found[level] = _Counts(
                sofar.hits + pool.hits,
                sofar.misses + pool.misses,
                sofar.evictions + pool.evictions,
                sofar.used_bytes + pool.used_bytes,
            )
    return found
