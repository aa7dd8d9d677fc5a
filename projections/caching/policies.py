"""Policies: which entry goes when there is no room. They know neither bytes nor time, only what was asked for.

Invariants:
- `get` takes no lock where it can do without, because that is what a cache is for; all that changes what is in it is
  called under its pool's lock;
- no operation looks at every entry: a hit and an eviction cost the same however much there is.

LRU is the standard library's `OrderedDict`, LFU the library cachetools' `LFUCache`; adaptive is S3-FIFO (Yang et al.,
"FIFO queues are all you need for cache eviction", SOSP 2023), of which no kept library counts bytes.
`docs/guide-caching.md` has what others cost.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import Any, Final, Generic, Literal, Protocol, TypeVar

from cachetools import LFUCache

from .doorkeeper import Doorkeeper

__all__ = ["POLICIES", "Adaptive", "Entry", "LeastFrequent", "LeastRecent", "Policy", "PolicyName"]

V = TypeVar("V")
PolicyName = Literal["lru", "lfu", "adaptive"]
NEVER: Final = float("inf")
SMALL_SHARE: Final = 0.1
"""What part of the bytes is there for what is new: the paper's."""
USES_MAX: Final = 3
"""How many uses count: the paper's two bits."""
GHOSTS_MIN: Final = 64
"""Keys remembered where the main queue is still short; else from half as many to as many as are in it."""


class Entry(Generic[V]):
    """A value in a cache.

    Attributes:
        key: what it is found by.
        value: what is found.
        size_bytes: what keeping it takes, all in all.
        due: when it is too old, by the pool's clock.
        uses: how often it was asked for, as far as its policy counts.
    """

    __slots__ = ("due", "key", "size_bytes", "uses", "value")

    def __init__(self, key: Hashable, value: V, size_bytes: int, due: float = NEVER) -> None:
        self.key = key
        self.value = value
        self.size_bytes = size_bytes
        self.due = due
        self.uses = 0


class Policy(Protocol[V]):
    """What decides which entry goes.

    Attributes:
        hits: how often something was found. Counted without a lock: threads that read at once may lose some.
    """

    hits: int

    def get(self, key: Hashable) -> V | None:
        """The value with this key, or None. That it was asked for counts."""
        ...

    def look(self, key: Hashable) -> Entry[V] | None:
        """The entry with this key, without having been asked for."""
        ...

    def add(self, entry: Entry[V]) -> None:
        """Take an entry whose key isn't there."""
        ...

    def remove(self, key: Hashable) -> Entry[V] | None:
        """Drop the entry with this key, and return it."""
        ...

    def evict(self) -> Entry[V]:
        """Drop the entry that is worth least, and return it. There is one."""
        ...

    def clear(self) -> None:
        """Drop everything."""
        ...

    def __iter__(self) -> Iterator[Entry[V]]: ...
    def __len__(self) -> int: ...


class LeastRecent(Generic[V]):
    """LRU: what has not been asked for the longest goes."""

    def __init__(self) -> None:
        self._entries: OrderedDict[Hashable, Entry[V]] = OrderedDict()
        self._find: Callable[[Hashable], Entry[V] | None] = self._entries.get
        self._touch = self._entries.move_to_end
        self.hits = 0

    def get(self, key: Hashable) -> V | None:
        entry = self._find(key)
        if entry is None:
            return None
        try:
            self._touch(key)
        except KeyError:  # dropped by another thread since; what was found was right when it was looked for
            return entry.value
        self.hits += 1
        return entry.value

    def look(self, key: Hashable) -> Entry[V] | None:
        return self._find(key)

    def add(self, entry: Entry[V]) -> None:
        self._entries[entry.key] = entry

    def remove(self, key: Hashable) -> Entry[V] | None:
        return self._entries.pop(key, None)

    def evict(self) -> Entry[V]:
        return self._entries.popitem(last=False)[1]

    def clear(self) -> None:
        self._entries.clear()

    def __iter__(self) -> Iterator[Entry[V]]:
        # Not by its own iterator, which asks keys for their hashes: there another thread's hit may come in between,
        # and moves entries. What is given so is in the order in which it was put in.
        entries: dict[Hashable, Entry[V]] = self._entries
        return iter(list(dict[Hashable, Entry[V]].values(entries)))

    def __len__(self) -> int:
        return len(self._entries)


class LeastFrequent(Generic[V]):
    """LFU: what has been asked for least often goes."""

    def __init__(self) -> None:
        self._entries: dict[Hashable, Entry[V]] = {}
        self._counted: LFUCache[Hashable, Entry[V]] = LFUCache(NEVER)
        self._lock = threading.Lock()  # a hit moves links in Python, which no other thread may see half done
        self.hits = 0

    def get(self, key: Hashable) -> V | None:
        with self._lock:
            entry = self._counted.get(key)
            if entry is None:
                return None
            self.hits += 1
            return entry.value

    def look(self, key: Hashable) -> Entry[V] | None:
        return self._entries.get(key)

    def add(self, entry: Entry[V]) -> None:
        with self._lock:
            self._entries[entry.key] = self._counted[entry.key] = entry

    def remove(self, key: Hashable) -> Entry[V] | None:
        with self._lock:
            self._entries.pop(key, None)
            return self._counted.pop(key, None)

    def evict(self) -> Entry[V]:
        with self._lock:
            key, entry = self._counted.popitem()
            del self._entries[key]
            return entry

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()
            self._counted.clear()

    def __iter__(self) -> Iterator[Entry[V]]:
        return iter(list(self._entries.values()))

    def __len__(self) -> int:
        return len(self._entries)


class Adaptive(Generic[V]):
    """S3-FIFO: what is new passes through a small queue, and stays if it is asked for there; a scan just passes.

    What left the small queue without having been asked for is remembered for a while, by its key's hash alone, because
    whole keys would take as much room again as the entries: if it comes back, it goes to the main queue at once. There,
    what was asked for since it was put in goes round again.
    """

    def __init__(self) -> None:
        self._entries: dict[Hashable, Entry[V]] = {}
        self._find: Callable[[Hashable], Entry[V] | None] = self._entries.get
        self._small: OrderedDict[Hashable, Entry[V]] = OrderedDict()
        self._main: OrderedDict[Hashable, Entry[V]] = OrderedDict()
        self._ghosts = Doorkeeper(GHOSTS_MIN)
        self._small_bytes = 0
        self._bytes = 0
        self.hits = 0

    def get(self, key: Hashable) -> V | None:
        entry = self._find(key)
        if entry is None:
            return None
        if entry.uses < USES_MAX:
            entry.uses += 1
        self.hits += 1
        return entry.value

    def look(self, key: Hashable) -> Entry[V] | None:
        return self._find(key)

    def add(self, entry: Entry[V]) -> None:
        key = entry.key
        if key in self._ghosts:
            self._main[key] = entry
        else:
            self._small[key] = entry
            self._small_bytes += entry.size_bytes
        self._entries[key] = entry
        self._bytes += entry.size_bytes

    def remove(self, key: Hashable) -> Entry[V] | None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._bytes -= entry.size_bytes
            if self._small.pop(key, None) is not None:
                self._small_bytes -= entry.size_bytes
            else:
                del self._main[key]
        return entry

    def evict(self) -> Entry[V]:
        while True:
            if self._small and (not self._main or self._small_bytes > SMALL_SHARE * self._bytes):
                entry = self._leave_small()
            else:
                entry = self._leave_main()
            if entry is not None:
                self._bytes -= entry.size_bytes
                del self._entries[entry.key]
                return entry

    def _leave_small(self) -> Entry[V] | None:
        key, entry = self._small.popitem(last=False)
        self._small_bytes -= entry.size_bytes
        if entry.uses:
            entry.uses = 0
            self._main[key] = entry
            return None
        self._ghosts.room = max(GHOSTS_MIN, len(self._main) // 2)
        self._ghosts.note(key)
        return entry

    def _leave_main(self) -> Entry[V] | None:
        key, entry = self._main.popitem(last=False)
        if entry.uses:
            entry.uses -= 1
            self._main[key] = entry
            return None
        return entry

    def clear(self) -> None:
        for each in (self._entries, self._small, self._main):
            each.clear()
        self._ghosts.clear()
        self._small_bytes = self._bytes = 0

    def __iter__(self) -> Iterator[Entry[V]]:
        return iter(list(self._entries.values()))

    def __len__(self) -> int:
        return len(self._entries)


POLICIES: Final[Mapping[PolicyName, Callable[[], Policy[Any]]]] = {
    "lru": LeastRecent,
    "lfu": LeastFrequent,
    "adaptive": Adaptive,
}
"""By the names that settings know them under."""
