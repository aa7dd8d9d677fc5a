"""Keeping: an engine's caches as its users see them: how they are doing, pools of one's own, settings to change."""

from __future__ import annotations

from typing import Any, Protocol

from ..core.appends import Appended
from ..core.errors import Closed, NotFound
from ..core.log import Log
from ..core.queries import Query
from ..projections.caching.caches import Caches, CacheStatistics, Relief
from ..projections.caching.changes import PREFIX, SettingChanged, with_setting
from ..projections.caching.contexts import ContextCache
from ..projections.caching.policies import PolicyName
from ..projections.caching.pools import Pool
from ..projections.caching.settings import CacheSettings

__all__ = ["Cache", "cache_of"]


class _Appends(Protocol):
    """An engine, as far as it is needed here."""

    @property
    def log(self) -> Log: ...

    async def append(self, *events: object) -> Appended: ...


class Cache:
    """What an engine keeps in memory of what was read. `Engine.cache` is one.

    Attributes:
        contexts: contexts by goal and tool: 50 of them at most, each for two hours.
    """

    def __init__(self, engine: _Appends, caches: Caches) -> None:
        self._engine = engine
        self._caches = caches
        self.contexts = ContextCache(caches)

    @property
    def settings(self) -> CacheSettings:
        """What holds now."""
        return self._caches.settings

    def statistics(self) -> CacheStatistics:
        """How the caches are doing, level by level and pool by pool."""
        return self._caches.statistics()

    def relieve(self) -> Relief:
        """Clean now if it is time to: the governor does it every few seconds by itself."""
        return self._caches.relieve()

    def pool(
        self,
        name: str,
        *,
        limit_bytes: int = 1 << 20,
        entries_max: int | None = None,
        ttl_s: float | None = None,
        policy: PolicyName = "lru",
    ) -> Pool[Any]:
        """A pool of one's own: entries under a name, with a budget and an age.

        The same name is the same pool, as it was made by the first call: what is said besides is passed over then.

        Args:
            name: what statistics call it.
            limit_bytes: what its entries may take. One that would take a tenth of that or more is not kept.
            entries_max: how many there may be.
            ttl_s: how old they may become, in seconds.
            policy: "lru", "lfu" or "adaptive".

        Raises:
            InvalidInput: something can't be taken.
        """
        return self._caches.pool(name, limit_bytes=limit_bytes, entries_max=entries_max, ttl_s=ttl_s, policy=policy)

    async def change(self, name: str, value: float | str | bool | None, *, reason: str) -> Appended:  # noqa: FBT001
        """Change a setting, for good: it holds when the engine is next opened, too.

        Args:
            name: "cache." and a field of `CacheSettings`, as in "cache.objects_bytes".
            value: what it is to be.
            reason: why; recorded with it.

        Returns:
            Where the change is recorded. It takes effect a moment later.

        Raises:
            InvalidInput: there is no such setting, or it can't be that.
            Closed: the engine is read-only.
        """
        with_setting(self.settings, name, value)  # raises if it can't be taken
        last = self._last(name)  # which may not have taken effect yet
        before = getattr(self.settings, name.removeprefix(PREFIX)) if last is None else last.value
        return await self._engine.append(SettingChanged(name, value, before, reason))

    async def change_back(self, name: str, *, reason: str = "taken back") -> Appended:
        """Undo the last change of a setting, whoever made it.

        Raises:
            NotFound: it was never changed.
            Closed: the engine is read-only.
        """
        last = self._last(name)
        if last is None:
            message = f"the setting {name} was never changed"
            raise NotFound(message)
        return await self.change(name, last.before, reason=reason)

    def _last(self, name: str) -> SettingChanged | None:
        """The last decision about a setting."""
        found = self._engine.log.read(Query.of(["setting.changed"], [f"setting:{name}"]), backward=True, limit=1)
        if not found or found[0].is_erased:
            return None
        change: SettingChanged = found[0].data
        return change


def cache_of(engine: _Appends, caches: Caches | None) -> Cache:
    """An engine's cache.

    Raises:
        Closed: it keeps none.
    """
    if caches is None:
        message = "this engine keeps nothing in memory: it is read-only, of the past, or was opened with cache='off'"
        raise Closed(message)
    return Cache(engine, caches)
