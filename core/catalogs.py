"""The port to the catalog, the view that the log itself needs: types, tags and keys → positions.

The catalog is derived from the frames and can be rebuilt at any time; its checkpoint says how far it goes. The
implementation on disk is a view like the others (`projections.catalog`); the one here is the plain-object reference.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from struct import Struct
from typing import Final, Protocol

import attrs

from .errors import Damaged
from .queries import Query, Term, select

__all__ = [
    "TAG",
    "TYPE",
    "Catalog",
    "CatalogTally",
    "Entry",
    "KeyUse",
    "MemoryCatalog",
    "check_adjoins",
    "key_hash",
    "pack_position",
    "posting_hash",
    "read_term",
    "read_use",
    "term_name",
]

TYPE: Final = b"\x01"
TAG: Final = b"\x02"
_KINDS: Final = {"type": TYPE, "tag": TAG}
_KIND_OF: Final = {number: kind for kind, number in _KINDS.items()}
_use = Struct(">QI16s")
pack_position: Final = Struct(">Q").pack
"""A position's bytes in a catalog: 8, big-endian, so that they sort as the positions do."""


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

    @property
    def last(self) -> int:
        """Position of its last event."""
        return self.first + self.count - 1

    def pack(self) -> bytes:
        """Its bytes in a catalog: 28."""
        return _use.pack(self.first, self.count, self.content)


def read_use(packed: bytes) -> KeyUse:
    """What `KeyUse.pack` packed.

    Raises:
        Damaged: it has another size.
    """
    if len(packed) != _use.size:
        message = f"the catalog has a key with {len(packed)} bytes instead of {_use.size}; it can be rebuilt"
        raise Damaged(message)
    return KeyUse(*_use.unpack(packed))


def term_name(term: Term) -> bytes:
    """A type's or tag's bytes in a catalog: a byte for the kind, and the text."""
    return _KINDS[term[0]] + term[1].encode()


def read_term(name: bytes) -> Term:
    """What `term_name` named.

    Raises:
        Damaged: it is neither a type nor a tag.
    """
    try:
        return _KIND_OF[name[:1]], name[1:].decode()
    except (KeyError, UnicodeDecodeError) as error:
        message = f"the catalog has postings under {name.hex()}, which is neither a type nor a tag; it can be rebuilt"
        raise Damaged(message) from error


def posting_hash(name: bytes, position: int) -> int:
    """A posting in 64 bits, for sums that tell whether two sets of postings are the same. Differs between processes."""
    return hash((name, pack_position(position)))


def key_hash(digest: bytes, use: KeyUse) -> int:
    """A dedup key in 64 bits, for the same sums."""
    return hash((digest, use.pack()))


@attrs.define  # not frozen, because one is made for every event and freezing would double its price
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
    """All that a catalog keeps, at one moment, in a few numbers.

    Attributes:
        checkpoint: position of the last event it has.
        proof: leaf of that event.
        fold: sum of `posting_hash` over its postings and of `key_hash` over its keys.
    """

    checkpoint: int
    proof: bytes
    fold: int


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
        """Sum up everything, from one snapshot."""
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

    def close(self) -> None:
        """Let go."""
        ...


def check_adjoins(entries: Sequence[Entry], checkpoint: int) -> None:
    """See that entries leave no gap after the checkpoint: a catalog with a gap would go on as if it knew everything.

    Raises:
        AssertionError: they do.
    """
    if entries and entries[0].position != checkpoint + 1:
        message = f"the catalog stands at {checkpoint} and was given event {entries[0].position}"
        raise AssertionError(message)


class MemoryCatalog:
    """A catalog in plain dicts and lists."""

    def __init__(self) -> None:
        self.checkpoint = 0
        self._proof = b""
        self._postings: dict[Term, list[int]] = {}
        self._keys: dict[bytes, KeyUse] = {}

    def apply(self, entries: Sequence[Entry], proof: bytes) -> None:
        check_adjoins(entries, self.checkpoint)
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
        postings = sum(posting_hash(term_name(term), at) for term, found in self._postings.items() for at in found)
        keys = sum(key_hash(digest, use) for digest, use in self._keys.items())
        return CatalogTally(self.checkpoint, self._proof, postings + keys)

    def terms(self) -> Iterable[tuple[Term, int]]:
        return [(term, len(found)) for term, found in sorted(self._postings.items())]

    def positions(self, term: Term) -> Sequence[int]:
        return tuple(self._postings.get(term, ()))

    def keys(self) -> Mapping[bytes, KeyUse]:
        return dict(self._keys)

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
