"""The port to the catalog, the view that the log itself needs: types, tags and keys → positions.

The catalog is derived from the frames and can be rebuilt at any time; its checkpoint says how far it goes. The
implementation on disk is a view like the others (`projections.catalog`); the one here is the plain-object reference.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

import attrs

from .queries import Query, Term, select

__all__ = ["Catalog", "CatalogTally", "Entry", "KeyUse", "MemoryCatalog", "Shelf", "describe"]


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


@attrs.frozen
class CatalogTally:
    """How much a catalog keeps, at one moment.

    Attributes:
        checkpoint: position of the last event it has.
        proof: leaf of that event.
        postings: number of pairs of a type or tag and a position.
        keys: number of dedup keys.
    """

    checkpoint: int
    proof: bytes
    postings: int
    keys: int


@attrs.frozen
class Shelf:
    """What the catalog should keep of some events, by what it keeps it under.

    Attributes:
        postings: ascending positions by type or tag.
        keys: uses by digest of the key.
    """

    postings: Mapping[Term, Sequence[int]]
    keys: Mapping[bytes, KeyUse]


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

    def tally(self) -> CatalogTally:
        """How much there is, counted at one moment and without reading any of it."""
        ...

    def terms(self) -> Iterable[tuple[Term, int]]:
        """Every type and tag with its number of postings, in order.

        Raises:
            Damaged: one is neither.
        """
        ...

    def positions(self, term: Term) -> Sequence[int]:
        """Every posting of a type or tag as it stands there, the checkpoint notwithstanding."""
        ...

    def keys(self) -> Mapping[bytes, KeyUse]:
        """Every dedup key's digest and use.

        Raises:
            Damaged: one is malformed.
        """
        ...

    def missing(self, shelf: Shelf) -> tuple[int, str] | None:
        """The first position of which something isn't there or isn't so, and what; None when all is there."""
        ...

    def close(self) -> None:
        """Let go."""
        ...


class MemoryCatalog:
    """A catalog in plain dicts and lists."""

    def __init__(self) -> None:
        self.checkpoint = 0
        self._proof = b""
        self._postings: dict[Term, list[int]] = {}
        self._keys: dict[bytes, KeyUse] = {}

    def apply(self, entries: Sequence[Entry], proof: bytes) -> None:  # noqa: ARG002 - nothing outlives this object
        for entry in entries:
            for term in (("type", entry.type), *(("tag", tag) for tag in entry.tags)):
                self._postings.setdefault(term, []).append(entry.position)
            if entry.key is not None:
                self._keys.setdefault(*entry.key)
            self.checkpoint = entry.position
            self._proof = proof

    def find_key(self, digest: bytes) -> KeyUse | None:
        return self._keys.get(digest)

    def select(self, query: Query, after: int, before: int, limit: int | None, *, backward: bool) -> Sequence[int]:
        before = min(before, self.checkpoint + 1)
        found = select(self, query, after, before, backward=backward)
        return (
            [position for position, _ in zip(found, range(limit), strict=False)] if limit is not None else list(found)
        )

    def types(self) -> Mapping[str, int]:
        return {name: len(found) for (kind, name), found in sorted(self._postings.items()) if kind == "type"}

    def tally(self) -> CatalogTally:
        return CatalogTally(self.checkpoint, self._proof, sum(map(len, self._postings.values())), len(self._keys))

    def terms(self) -> Iterable[tuple[Term, int]]:
        return [(term, len(found)) for term, found in sorted(self._postings.items())]

    def positions(self, term: Term) -> Sequence[int]:
        return tuple(self._postings.get(term, ()))

    def keys(self) -> Mapping[bytes, KeyUse]:
        return dict(self._keys)

    def missing(self, shelf: Shelf) -> tuple[int, str] | None:
        found = [
            (position, describe(term))
            for term, positions in shelf.postings.items()
            for position in positions
            if not self.contains(term, position)
        ]
        found += [(use.first, "its key") for digest, use in shelf.keys.items() if self._keys.get(digest) != use]
        return min(found, default=None)

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


def describe(term: Term) -> str:
    """A type or tag in words."""
    return f"its {term[0]} {term[1]!r}"
