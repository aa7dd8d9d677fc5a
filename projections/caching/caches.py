"""Caches: all that an engine keeps of what was read: three levels, pools of one's own, and the pressure on them all.

Bytes are counted at every entry, so the governor compares sums and looks at nothing: at the first share it lets go of
what is too old and then of what is worth least, at the last one the same is done at once by whoever reads.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Iterator
from typing import Any, Final, Literal, TypeVar

import attrs

from ...codecs.compression import Dictionaries
from ...core.clock import Timer, system_timer
from ...core.errors import InvalidInput
from ..schema import Schema
from .answers import Answers
from .levels import TableCache
from .policies import PolicyName
from .pools import Budget, Pool, PoolStatistics
from .settings import CacheSettings, check_policy, check_time, check_whole

__all__ = ["LEVELS", "CacheStatistics", "Caches", "Relief"]

R = TypeVar("R")
V = TypeVar("V")
LEVELS: Final = ("objects", "rows", "results")
"""L1, L2 and L3."""
Pressure = Literal["none", "high", "emergency"]


@attrs.frozen
class Relief:
    """What the governor did.

    Attributes:
        pressure: "none", "high" or "emergency".
        expired: how many entries went because they were too old.
        evicted: how many went because they were worth least.
        freed_bytes: what they took.
    """

    pressure: Pressure
    expired: int = 0
    evicted: int = 0
    freed_bytes: int = 0


@attrs.frozen
class CacheStatistics:
    """How the caches are doing, in this process and since it opened the engine.

    Attributes:
        used_bytes: what they hold, measured.
        limit_bytes: what they may hold.
        pools: each level of each table, and every pool of one's own.
        promoted: how many rows went up from L2 to L1.
        cleanings: how often the governor cleaned.
        emergencies: how often it had to be done at once.
        predicted: how many rows were read beforehand.
        prediction_accuracy: what share of the predictions that came to be judged was right; None before the first.
        settings: what holds now.
    """

    used_bytes: int
    limit_bytes: int
    pools: tuple[PoolStatistics, ...]
    promoted: int
    cleanings: int
    emergencies: int
    settings: CacheSettings
    predicted: int = 0
    prediction_accuracy: float | None = None


class Caches:
    """The caches of an engine.

    Attributes:
        settings: what holds now; changed by `use`.
        first: what people have set, without what the tuner made of it: the measure of what it may.
        levels: the budget of each level, by name.
    """

    def __init__(
        self,
        settings: CacheSettings,
        dictionaries: Dictionaries,
        *,
        first: CacheSettings | None = None,
        timer: Timer = system_timer,
    ) -> None:
        """Make empty caches.

        Args:
            settings: how much they keep.
            dictionaries: what rows are compressed with.
            first: how much they kept before the tuner changed that; by default, the same.
            timer: seconds that only go forward.
        """
        self.settings = settings
        self.first = first or settings
        self._lock = threading.RLock()
        self.levels = {name: Budget(limit, self._lock) for name, limit in _limits(settings).items()}
        for budget in self.levels.values():
            budget.grown = self._rescue
        self._dictionaries = dictionaries
        self._timer = timer
        self._tables: dict[tuple[str, str], TableCache[Any]] = {}
        self._answers: dict[str, tuple[Pool[Any], Answers[Any]]] = {}
        self._own: dict[str, Pool[Any]] = {}
        self._cleanings = self._emergencies = 0
        self.predicted = 0
        self.prediction_accuracy: float | None = None
        _live.add(self)

    # -- pools

    def table(self, view: str, table: Schema[R]) -> TableCache[R]:
        """What is kept of a table of a view. It is empty, and keeps nothing before its `open`."""
        pools = [self._level_pool(f"{view}.{table.name}", level) for level in LEVELS]
        made: TableCache[R] = TableCache(table, self._dictionaries, *pools)
        self._tables[view, table.name] = made
        return made

    def answers(self, name: str, cache: TableCache[Any], kind: type[V]) -> Answers[V]:
        """Where answers about a table's domains are kept, in L3 with those of `find`; the same for the same name.

        Args:
            name: what statistics call them.
            cache: what is kept of the table.
            kind: what an answer is: a frozen attrs class.
        """
        if name not in self._answers:
            pool = self._level_pool(name, LEVELS[-1])
            self._answers[name] = pool, Answers(cache, pool, kind)
        return self._answers[name][1]

    def _level_pool(self, name: str, level: str) -> Pool[Any]:
        settings = self.settings
        ttl_s = _ttls(settings)[level]
        budget = self.levels[level]
        return Pool(f"{name}/{level}", budget, policy=settings.policy, ttl_s=ttl_s, timer=self._timer)

    def _level_pools(self) -> Iterator[tuple[str, Pool[Any]]]:
        """Every pool of a level, with the level's name."""
        for _, cache in self.tables():
            yield from zip(LEVELS, (cache.objects, cache.rows, cache.answers), strict=True)
        yield from ((LEVELS[-1], pool) for pool, _ in self._answers.values())

    def tables(self) -> Iterator[tuple[str, TableCache[Any]]]:
        """Each table's cache, with the name of its view."""
        return ((view, cache) for (view, _), cache in self._tables.items())

    def pool(
        self,
        name: str,
        *,
        limit_bytes: int = 1 << 20,
        entries_max: int | None = None,
        ttl_s: float | None = None,
        policy: PolicyName = "lru",
    ) -> Pool[Any]:
        """A pool of one's own, with its own budget; the one that there is, if there is one of this name.

        Raises:
            InvalidInput: it is called as a level of a table, or can't be such.
        """
        if not isinstance(name, str) or not name or "/" in name:
            message = f"a pool's name is a text that is not empty and has no / in it, not {name!r:.60}"
            raise InvalidInput(message)
        if name not in self._own:
            check_whole("limit_bytes", limit_bytes, least=1)
            check_whole("entries_max", 1 if entries_max is None else entries_max, least=1)
            check_time("ttl_s", ttl_s)
            check_policy(policy)
            pool: Pool[Any] = Pool(
                name,
                Budget(limit_bytes, self._lock),
                policy=policy,
                ttl_s=ttl_s,
                entries_max=entries_max,
                timer=self._timer,
                is_own=True,
            )
            self._own[name] = pool
        return self._own[name]

    def budgets(self) -> list[Budget]:
        """All budgets, those of pools of one's own too."""
        return [*self.levels.values(), *(pool.budget for pool in self._own.values())]

    # -- pressure

    @property
    def _level_bytes(self) -> int:
        return sum(budget.used_bytes for budget in self.levels.values())

    @property
    def used_bytes(self) -> int:
        """What is kept, all in all."""
        return sum(budget.used_bytes for budget in self.budgets())

    @property
    def limit_bytes(self) -> int:
        """What may be kept, all in all."""
        return sum(budget.limit_bytes for budget in self.budgets())

    @property
    def pressure(self) -> Pressure:
        """How full the levels are. Pools of one's own have budgets of their own."""
        used, limit, settings = self._level_bytes, self.settings.limit_bytes, self.settings
        if used >= settings.emergency_at * limit > 0:
            return "emergency"
        return "high" if used >= settings.clean_at * limit > 0 else "none"

    def relieve(self) -> Relief:
        """Clean if it is time: what is too old first, then what is worth least, from each budget its share."""
        pressure = self.pressure
        expired = sum(budget.expire() for budget in self.budgets())
        if pressure == "none":
            return Relief(pressure, expired)
        before = self._level_bytes
        share = min(1.0, self.settings.clean_to * self.settings.limit_bytes / max(1, before))
        evicted = sum(budget.shrink(int(budget.used_bytes * share)) for budget in self.levels.values())
        self._cleanings += pressure == "high"
        self._emergencies += pressure == "emergency"
        return Relief(pressure, expired, evicted, before - self._level_bytes)

    def _rescue(self) -> None:
        """Something has come in: if there is hardly any room left, nobody waits for the governor."""
        if self.pressure == "emergency":
            self.relieve()

    # -- settings

    def use(self, settings: CacheSettings) -> None:
        """Work by other settings from here on; what is over a new limit goes."""
        self.settings = settings
        for name, limit in _limits(settings).items():
            self.levels[name].resize(limit)
        ttls = _ttls(settings)
        for level, pool in self._level_pools():
            pool.ttl_s = ttls[level]
            pool.use_policy(settings.policy)

    def statistics(self) -> CacheStatistics:
        """How they are doing."""
        pools = [pool.statistics() for _, pool in self._level_pools()]
        pools += (pool.statistics() for pool in self._own.values())
        return CacheStatistics(
            used_bytes=self.used_bytes,
            limit_bytes=self.limit_bytes,
            pools=tuple(pools),
            promoted=sum(cache.promoted for _, cache in self.tables()),
            cleanings=self._cleanings,
            emergencies=self._emergencies,
            settings=self.settings,
            predicted=self.predicted,
            prediction_accuracy=self.prediction_accuracy,
        )

    def leave(self) -> None:
        """In a fork: forget everything. Who forked goes on changing rows, and nobody would tell."""
        self._lock = threading.RLock()
        for budget in self.budgets():
            budget.lock = self._lock
        for _, cache in self.tables():
            cache.leave(self._lock)
        for pool in self._own.values():
            pool.reset()


_live: weakref.WeakSet[Caches] = weakref.WeakSet()


def _leave_all() -> None:
    for caches in list(_live):
        caches.leave()


os.register_at_fork(after_in_child=_leave_all)


def _limits(settings: CacheSettings) -> dict[str, int]:
    return dict(zip(LEVELS, (settings.objects_bytes, settings.rows_bytes, settings.results_bytes), strict=True))


def _ttls(settings: CacheSettings) -> dict[str, float | None]:
    return dict(zip(LEVELS, (settings.objects_ttl_s, settings.rows_ttl_s, settings.results_ttl_s), strict=True))
