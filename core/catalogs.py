"""The port to the catalog, the view that the log itself needs: types, tags and keys → positions.

The catalog is derived from the frames and can be rebuilt at any time; its checkpoint says how far it goes. The
implementation on disk is a view like the others (`projections.catalog`); the one here is the plain-object reference.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

import attrs

from .queries import Query, Term, select

__all__ = ["Catalog", "Entry", "KeyUse", "MemoryCatalog"]


@attrs.frozen
class KeyUse:
    """The first use of a dedup key.

    Attributes:
        first: position of its first event.
        count: number of its events.
        content: digest of what they say, 16 bytes.
    """

    first: int
    count: int
    content: bytes


@attrs.frozen
class Entry:
    """What the catalog keeps of one event.

    Attributes:
        position: the event.
        type: name of its type.
        tags: its tags.
        key: digest and use of the dedup key it is the first event of, if it is.
    """

    position: int
    type: str
    tags: tuple[str, ...]
    key: tuple[bytes, KeyUse] | None = None


class Catalog(Protocol):
    """Types, tags and keys → positions."""

    @property
    def checkpoint(self) -> int:
        """Position of the last event it has."""
        ...

    def apply(self, entries: Sequence[Entry], proof: bytes) -> None:
        """Take up the next events and move the checkpoint, at once or not at all.

        Args:
            entries: of the positions from the checkpoint on, without a gap.
            proof: leaf of the last event, to recognise the log by.
        """
        ...

    def find_key(self, digest: bytes) -> KeyUse | None:
        """The first use of a dedup key."""
        ...

    def select(self, query: Query, after: int, before: int, limit: int | None, *, backward: bool) -> Sequence[int]:
        """Up to `limit` positions strictly between `after` and `before` that match, in order."""
        ...

    def types(self) -> Mapping[str, int]:
        """How many events of each type there are."""
        ...

    def close(self) -> None:
        """Let go."""
        ...


class MemoryCatalog:
    """A catalog in plain dicts and lists."""

    def __init__(self) -> None:
        self.checkpoint = 0
        self._postings: dict[Term, list[int]] = {}
        self._keys: dict[bytes, KeyUse] = {}

    def apply(self, entries: Sequence[Entry], proof: bytes) -> None:  # noqa: ARG002 - nothing outlives this object
        for entry in entries:
            for term in (("type", entry.type), *(("tag", tag) for tag in entry.tags)):
                self._postings.setdefault(term, []).append(entry.position)
            if entry.key is not None:
                self._keys.setdefault(*entry.key)
            self.checkpoint = entry.position

    def find_key(self, digest: bytes) -> KeyUse | None:
        return self._keys.get(digest)

    def select(self, query: Query, after: int, before: int, limit: int | None, *, backward: bool) -> Sequence[int]:
        before = min(before, self.checkpoint + 1)
        found = select(self, query, after, before, backward=backward)
        return [position for position, _ in zip(found, range(limit), strict=False)] if limit is not None else list(found)

    def types(self) -> Mapping[str, int]:
        return {name: len(found) for (kind, name), found in sorted(self._postings.items()) if kind == "type"}

    def close(self) -> None:
        """There is nothing to let go of."""

    def count(self, term: Term) -> int:
        return len(self._postings.get(term, ()))

    def ascending(self, term: Term, after: int) -> Iterator[int]:
        found = self._postings.get(term, [])
        return iter(found[bisect_right(found, after) :])

    def descending(self, term: Term, before: int) -> Iterator[int]:
        found = self._postings.get(term, [])
        return reversed(found[: bisect_left(found, before)])

    def contains(self, term: Term, position: int) -> bool:
        found = self._postings.get(term, [])
        index = bisect_left(found, position)
        return index < len(found) and found[index] == position
