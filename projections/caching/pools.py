"""Pools: entries under a name, and budgets that pools share. Bytes are counted, at every entry that comes or goes.

Invariants:
- what all pools of a budget hold never exceeds it once a call has returned;
- an entry that would take a tenth of the budget or more is not kept: it would push out what many ask for;
- a hit changes nothing but what the policy notes of it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterator
from typing import Any, Final, Generic, TypeVar

import attrs

from ...core.clock import Timer, system_timer
from .policies import NEVER, POLICIES, Entry, Policy, PolicyName
from .sealing import size_of

__all__ = ["ENTRY_BYTES", "Budget", "Pool", "PoolStatistics", "weigh"]

V = TypeVar("V")
SHARE_MAX: Final = 0.1
ENTRY_BYTES: Final = 256
"""What an entry takes beside key and value: the object itself (88) and its places in the dicts, at their load."""


@attrs.frozen
class PoolStatistics:
    """How a pool is doing, since it was made.

    Attributes:
        name: its name.
        policy: "lru", "lfu" or "adaptive".
        entries: how many there are now.
        used_bytes: what they take, measured.
        limit_bytes: what they may take, together with other pools of the same level.
        hits: how often something was found.
        misses: how often it wasn't, or was too old.
        evictions: how many entries went because there was no room.
        expired: how many went because they were too old.
        dropped: how many went because what they showed has changed.
        ttl_s: how old an entry may become, in seconds; None for any age.
    """

    name: str
    policy: str
    entries: int
    used_bytes: int
    limit_bytes: int
    hits: int
    misses: int
    evictions: int
    expired: int
    dropped: int
    ttl_s: float | None = None

    @property
    def hit_rate(self) -> float | None:
        """The share of look-ups that found something; None before the first."""
        asked = self.hits + self.misses
        return self.hits / asked if asked else None


class Budget:
    """So many bytes for some pools.

    Attributes:
        limit_bytes: what they may hold. Changed by `resize`.
        used_bytes: what they hold.
        lock: held while an entry comes or goes; the same for all that take room from each other.
        grown: called when an entry has come in.
    """

    def __init__(self, limit_bytes: int, lock: threading.RLock | None = None) -> None:
        self.limit_bytes = limit_bytes
        self.used_bytes = 0
        self.lock = lock or threading.RLock()
        self.pools: list[Pool[Any]] = []
        self.grown: Callable[[], None] = _nothing

    def resize(self, limit_bytes: int) -> None:
        """Allow more or less; what is over the limit goes."""
        with self.lock:
            self.limit_bytes = limit_bytes
            self.shrink(limit_bytes)

    def shrink(self, target_bytes: int) -> int:
        """Evict, from whichever pool is the largest, until no more than so much is left.

        Returns:
            How many entries went.
        """
        count = 0
        with self.lock:
            while self.used_bytes > target_bytes:
                max(self.pools, key=_used).evict()
                count += 1
        return count

    def expire(self) -> int:
        """Drop what is too old; returns how many entries that were."""
        return sum(pool.expire() for pool in self.pools)


class Pool(Generic[V]):
    """Entries under a name."""

    def __init__(
        self,
        name: str,
        budget: Budget,
        *,
        policy: PolicyName = "lru",
        ttl_s: float | None = None,
        entries_max: int | None = None,
        timer: Timer = system_timer,
        is_own: bool = False,
    ) -> None:
        """Make an empty pool.

        Args:
            name: what statistics call it.
            budget: the bytes that it shares with other pools.
            policy: "lru", "lfu" or "adaptive".
            ttl_s: how old an entry may become, in seconds; None for any age.
            entries_max: how many there may be; None for as many as the budget allows.
            timer: seconds that only go forward.
            is_own: whether `get` itself counts what isn't there and finds nothing that is too old.
        """
        self.name = name
        self.budget = budget
        self.used_bytes = 0
        self.ttl_s = ttl_s
        self._is_own = is_own
        self._policy_name: PolicyName = policy
        self._policy: Policy[V] = POLICIES[policy]()
        self._entries_max = entries_max
        self._timer = timer
        self._misses = self._hits_before = 0
        self._evictions = self._expired = self._dropped = 0
        self._noted: Callable[[Hashable], object] | None = None
        self.get: Callable[[Hashable], V | None] = self._policy.get
        """The value with this key, or None. In a level it is the policy's own, so that a hit costs no call more: there,
        whoever looks in vain says so by `missed`, and an age only gives back memory."""
        self._bind()
        budget.pools.append(self)

    def watch(self, noted: Callable[[Hashable], object] | None) -> None:
        """Tell of every key that is looked for; None for none. It costs each look-up a call."""
        self._noted = noted
        self._bind()

    def _bind(self) -> None:
        get, noted = self.fresh if self._is_own else self._policy.get, self._noted
        if noted is None:
            self.get = get
            return

        def get_and_tell(key: Hashable) -> V | None:
            noted(key)
            return get(key)

        self.get = get_and_tell

    def look(self, key: Hashable) -> V | None:
        """As `get`, and neither counted nor noted: for those who see only then whether it is what they look for."""
        entry = self._policy.look(key)
        return None if entry is None else entry.value

    def missed(self) -> None:
        """Count a look-up in vain."""
        self._misses += 1

    def fresh(self, key: Hashable) -> V | None:
        """As `get`, for pools where age matters; counts what it doesn't find."""
        entry = self._policy.look(key)
        if entry is not None and entry.due <= self._timer():
            with self.budget.lock:
                if self._take_out(key):
                    self._expired += 1
            entry = None
        if entry is None:
            self._misses += 1
            return None
        return self._policy.get(key)

    def put(self, key: Hashable, value: V, size_bytes: int | None = None) -> bool:
        """Keep a value, in the place of the one with its key.

        Args:
            key: what it will be found by.
            value: what will be found; never None.
            size_bytes: what it takes, the key included; by default it is weighed, which is right for what is made of
                texts, bytes, numbers, tuples, lists, sets and dicts.

        Returns:
            Whether it is kept.
        """
        budget = self.budget
        size_bytes = ENTRY_BYTES + (weigh(key) + weigh(value) if size_bytes is None else size_bytes)
        with budget.lock:
            if self._policy.look(key) is not None:
                self._take_out(key)
            if size_bytes > SHARE_MAX * budget.limit_bytes:
                return False
            due = NEVER if self.ttl_s is None else self._timer() + self.ttl_s
            self._policy.add(Entry(key, value, size_bytes, due))
            self.used_bytes += size_bytes
            budget.used_bytes += size_bytes
            if self._entries_max is not None and len(self._policy) > self._entries_max:
                self.evict()
            if budget.used_bytes > budget.limit_bytes:
                budget.shrink(budget.limit_bytes)
            budget.grown()
        return True

    def drop(self, key: Hashable) -> None:
        """Forget a value that is no longer right."""
        if self._policy.look(key) is not None:
            with self.budget.lock:
                self._dropped += self._take_out(key)

    def evict(self) -> None:
        """Let go of the entry that is worth least; there is one."""
        with self.budget.lock:
            gone = self._policy.evict()
            self._settle(gone)
            self._evictions += 1

    def expire(self) -> int:
        """Drop what is too old; returns how many entries that were."""
        if self.ttl_s is None:
            return 0
        now = self._timer()
        with self.budget.lock:
            old = [entry.key for entry in self._policy if entry.due <= now]
            for key in old:
                self._take_out(key)
            self._expired += len(old)
        return len(old)

    def clear(self) -> None:
        """Forget everything."""
        with self.budget.lock:
            self._dropped += len(self._policy)
            self._policy.clear()
            self.budget.used_bytes -= self.used_bytes
            self.used_bytes = 0

    def reset(self) -> None:
        """Forget everything, and every lock that somebody might hold."""
        self._hits_before += self._policy.hits
        self._policy = POLICIES[self._policy_name]()
        self._bind()
        self.budget.used_bytes -= self.used_bytes
        self.used_bytes = 0

    def use_policy(self, policy: PolicyName) -> None:
        """Decide from here on by another policy. What is there stays."""
        with self.budget.lock:
            if policy == self._policy_name:
                return
            entries = list(self._policy)
            self._hits_before += self._policy.hits
            self._policy_name, self._policy = policy, POLICIES[policy]()
            for entry in entries:
                entry.uses = 0
                self._policy.add(entry)
            self._bind()

    def __len__(self) -> int:
        return len(self._policy)

    def __contains__(self, key: Hashable) -> bool:
        return self._policy.look(key) is not None

    def __iter__(self) -> Iterator[Hashable]:
        return (entry.key for entry in self._policy)

    @property
    def hits(self) -> int:
        """How often something was found."""
        return self._hits_before + self._policy.hits

    def statistics(self) -> PoolStatistics:
        """How it is doing."""
        return PoolStatistics(
            name=self.name,
            policy=self._policy_name,
            entries=len(self._policy),
            used_bytes=self.used_bytes,
            limit_bytes=self.budget.limit_bytes,
            hits=self.hits,
            misses=self._misses,
            evictions=self._evictions,
            expired=self._expired,
            dropped=self._dropped,
            ttl_s=self.ttl_s,
        )

    def _take_out(self, key: Hashable) -> bool:
        entry = self._policy.remove(key)
        if entry is None:
            return False
        self._settle(entry)
        return True

    def _settle(self, gone: Entry[V]) -> None:
        self.used_bytes -= gone.size_bytes
        self.budget.used_bytes -= gone.size_bytes


def _nothing() -> None:
    """Nobody wants to know."""


def _used(pool: Pool[Any]) -> int:
    return pool.used_bytes


def weigh(value: Any) -> int:
    """Bytes of a value made of texts, numbers, tuples, lists, sets and dicts, with all that it holds."""
    held: list[Any] = []
    if isinstance(value, type):
        return 0  # there without it
    if isinstance(value, dict):
        held += value.keys()
        held += value.values()
    elif isinstance(value, (tuple, list, set, frozenset)):
        held += value
    return size_of(value) + sum(map(weigh, held))
