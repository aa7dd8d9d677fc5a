"""The cacher: what looks after the caches while others work. Reads never wait for it, and it changes no answer.

It warms them at the start, cleans them now and then, reads beforehand what is likely read next, lets the tuner look.
What the tuner decides is recorded first, as everybody's changes of settings are; all take effect when they are read
back from the log.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from typing import Any, Final, cast

import trio

from ..core.clock import system_clock
from ..core.errors import InvalidInput, RemanenceError
from ..core.recorded import Recorded
from ..projections.caching.caches import Caches, CacheStatistics
from ..projections.caching.changes import SettingChanged, with_setting
from ..projections.caching.noting import NoteFile
from ..projections.caching.upkeep import Upkeep
from ..projections.views import Views
from .actor import Actor

__all__ = ["CACHER", "Cacher"]

_logger = logging.getLogger(__name__)
CACHER: Final = "cacher"
"""The name of its actor."""
CLEAN: Final = "clean"
FORESEE: Final = "foresee"
TUNE: Final = "tune"
CLEAN_S: Final = 5.0
FORESEE_S: Final = 0.05
"""Soon enough for whoever thinks between two reads, and little work: what was read meanwhile is a list of keys."""


class Cacher(Actor[Any]):
    """Looks after an engine's caches."""

    needs = ("writer",)

    def __init__(self, caches: Caches, views: Views, notes: NoteFile) -> None:
        self._notes = notes
        self._noted: CacheStatistics | None = None
        self._caches = caches
        self._upkeep = Upkeep(caches, views)
        self._taken: int | None = None
        self._planned: set[str] = set()

    async def started(self) -> None:
        """Warm the caches, and begin to look now and then; begun again, with what was decided meanwhile."""
        if self._taken is None:
            self._taken = self.engine.head
        self.subscribe(SettingChanged, after=self._taken)
        self.spawn(self._warm)
        self._planned.clear()
        self._plan(CLEAN, CLEAN_S)
        self._plan_wanted()

    def _plan_wanted(self) -> None:
        settings = self._caches.settings
        if settings.predict:
            self._plan(FORESEE, FORESEE_S)
        if settings.tune_s is not None:
            self._plan(TUNE, settings.tune_s)

    def _plan(self, what: str, after_s: float) -> None:
        """Do it in a while, once: however often a setting is switched, no two rounds go on beside each other."""
        if what not in self._planned:
            self._planned.add(what)
            self.later(what, after_s)

    async def handle(self, batch: Sequence[Any]) -> None:
        """One thing after the other; what can't be done now is for the next time."""
        for message in batch:
            try:
                await self._do(message)
            except RemanenceError as error:  # the view is being mended, or the disk refuses: answers don't need us
                _logger.info("the caches were not looked after: %s", error)

    async def _do(self, message: Any) -> None:
        if isinstance(message, Recorded):
            self._take(cast("Recorded[SettingChanged]", message))
            return
        self._planned.discard(message)
        settings = self._caches.settings
        match message:
            case "clean":
                self._plan(CLEAN, CLEAN_S)
                self._upkeep.clean()
                await trio.to_thread.run_sync(self._note)
            case "foresee" if settings.predict:
                self._upkeep.foresee()
                self._plan(FORESEE, FORESEE_S)
            case "foresee":
                self._upkeep.stop()  # it was switched off
            case "tune" if settings.tune_s is not None:
                self._plan(TUNE, settings.tune_s)
                decision = self._upkeep.tune()
                if decision is not None:
                    await self.engine.append(decision, by=self.name)
            case _:
                pass  # it was switched off

    def _take(self, event: Recorded[SettingChanged]) -> None:
        """A change was recorded, by whomever."""
        self._taken = event.position
        if event.is_erased:
            return
        change, before = event.data, self._caches.settings
        try:
            settings = with_setting(before, change.name, change.value)
        except InvalidInput as error:
            _logger.warning("a change of settings can't be taken: %s", error)
            return
        self._caches.use(settings)
        _logger.info("%s is %r, not %r: %s", change.name, change.value, change.before, change.reason)
        self._plan_wanted()

    async def _warm(self) -> None:
        try:
            count = await trio.to_thread.run_sync(partial(self._upkeep.warm))
        except RemanenceError as error:
            _logger.info("the caches were not warmed: %s", error)
        else:
            _logger.debug("%d rows were read to begin with", count)

    def _note(self) -> None:
        """Leave word of how the caches are doing, for other processes to show."""
        statistics = self._caches.statistics()
        if statistics != self._noted:
            self._noted = statistics
            try:
                self._notes.write(statistics, system_clock())  # the engine's own clock is for events
            except OSError as error:
                _logger.info("how the caches are doing could not be noted: %s", error)

    async def stopped(self) -> None:
        """Leave word of how they did."""
        await trio.to_thread.run_sync(self._note)

    async def ended(self) -> None:
        """Follow no more reads."""
        self._upkeep.stop()
