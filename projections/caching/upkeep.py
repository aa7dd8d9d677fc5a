"""Upkeep: what is done for caches in the background: warming, foresight, cleaning, tuning. No answer changes by it.

Each part is a call that returns soon; when they are made is somebody else's affair (`actors/cacher.py`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from functools import partial
from typing import Any, Final

from ..views import Views
from .cached_rows import CachedRows
from .caches import Caches, Relief
from .changes import SettingChanged
from .levels import TableCache
from .prediction import Markov
from .tuning import Tuner

__all__ = ["Upkeep"]

READS_MAX: Final = 4096
"""Reads remembered from one look to the next; more of them are passed over, the oldest first."""


class Upkeep:
    """Looks after the caches of an engine's views."""

    def __init__(self, caches: Caches, views: Views) -> None:
        self.caches = caches
        self._views = views
        self._tuner = Tuner(caches.first)
        self._markov = Markov()
        self._reads: deque[tuple[TableCache[Any], Hashable]] = deque(maxlen=READS_MAX)
        self._is_watching = False

    def warm(self) -> int:
        """Read the rows that settings ask for, from the last key of each table down; returns how many.

        Raises:
            RemanenceError: as the disk says.
        """
        limit = self.caches.settings.warm_rows
        return sum(rows.warm(limit) for rows, _ in self._tables()) if limit else 0

    def clean(self) -> Relief:
        """Let go of what is too old, and of what is worth least if there is little room left."""
        return self.caches.relieve()

    def foresee(self) -> int:
        """Learn from the reads since the last time, and read what is likely next; returns how many rows that were.

        Raises:
            RemanenceError: as the disk says.
        """
        self._watch(is_on=self.caches.settings.predict)
        likely: tuple[TableCache[Any], Hashable] | None = None
        while self._reads:
            found: Any = self._markov.observe(self._reads.popleft())
            likely = found
        self.caches.prediction_accuracy = self._markov.accuracy
        if likely is None or likely[1] in likely[0].objects:
            return 0
        count = sum(rows.foresee(likely[1]) for rows, cache in self._tables() if cache is likely[0])
        self.caches.predicted += count
        return count

    def tune(self) -> SettingChanged | None:
        """What the tuner decides now; it takes effect when it has been recorded."""
        return self._tuner.decide(self.caches.statistics())

    def stop(self) -> None:
        """Note no more reads."""
        self._watch(is_on=False)

    def _tables(self) -> list[tuple[CachedRows[Any], TableCache[Any]]]:
        found: list[tuple[CachedRows[Any], TableCache[Any]]] = []
        for view in self._views:
            if view.failure is None and view.is_ready:
                for name, cache in view.caches.tables.items():
                    rows = view.reading[name]
                    if isinstance(rows, CachedRows):
                        found.append((rows, cache))
        return found

    def _watch(self, *, is_on: bool) -> None:
        if is_on == self._is_watching:
            return
        self._is_watching = is_on
        self._reads.clear()
        for _, cache in self.caches.tables():
            cache.objects.watch(partial(self._note, cache) if is_on else None)

    def _note(self, cache: TableCache[Any], key: Hashable) -> None:
        self._reads.append((cache, key))
