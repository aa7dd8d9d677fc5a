"""Contexts: what was put together for a goal and a tool, so that asking for it again is free. 50 of them, 2 hours.

They are what a program makes of memories, not memories: nobody else knows when they are out of date, which is why they
have an age, and why whoever changes what they are made of drops them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from .caches import Caches
from .pools import PoolStatistics, weigh

__all__ = ["ContextCache"]

ENTRIES_MAX: Final = 50
TTL_S: Final = 7200.0
LIMIT_BYTES: Final = 4 << 20
NAME: Final = "contexts"


class ContextCache:
    """Contexts by goal and tool. A context is text, or made of texts, numbers, tuples, lists and dicts."""

    def __init__(self, caches: Caches) -> None:
        self._pool = caches.pool(NAME, limit_bytes=LIMIT_BYTES, entries_max=ENTRIES_MAX, ttl_s=TTL_S)

    def get(self, goal: str, tool: str) -> Any:
        """The context, or None if there is none or it is too old."""
        return self._pool.fresh((goal, tool))

    def put(self, goal: str, tool: str, context: Any) -> bool:
        """Keep a context; returns whether it is kept: one that takes a tenth of all room or more isn't."""
        return self._pool.put((goal, tool), context, weigh(context) + weigh((goal, tool)))

    def get_or_make(self, goal: str, tool: str, make: Callable[[], Any]) -> Any:
        """The context, made now if there is none."""
        found = self.get(goal, tool)
        if found is None:
            found = make()
            self.put(goal, tool, found)
        return found

    def drop(self, goal: str | None = None, tool: str | None = None) -> None:
        """Forget the contexts of a goal, or of a tool, or of both together; without either, all of them."""
        keys: list[Any] = list(self._pool)
        for key in keys:
            if goal in (None, key[0]) and tool in (None, key[1]):
                self._pool.drop(key)

    def statistics(self) -> PoolStatistics:
        """How they are doing."""
        return self._pool.statistics()
