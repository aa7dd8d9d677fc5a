"""The past of a log: the same log, cut after a position. Nothing is copied, and nothing can be written.

Because a position never changes what it holds, the log up to a position is a log of its own: reading it needs no more
than a head that stands still. So every read of a live log is a read of a past one, and there is no second mechanism.

What is made here borrows store and catalog: closing it closes neither. Each past log keeps its own tables and
decompressors, so that it can be read in another thread than the log it is the past of.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from ..codecs.commits import Commit
from ..codecs.digests import genesis_link
from .catalogs import Catalog, CatalogTally, Entry, KeyUse
from .clock import to_ns
from .errors import Closed, InvalidInput
from .log import Log
from .queries import Query, Term
from .stores import Head, Sealed, Store, Tally

__all__ = ["Moment", "PastCatalog", "PastStore", "past_log", "position_at"]

Moment = int | datetime
"""A position, or a time."""
_MICROSECOND_NS = 1_000


class PastStore:
    """A store that ends at a position.

    Attributes:
        end: the position.
    """

    def __init__(self, store: Store, end: int) -> None:
        self._store = store
        self.end = end

    @property
    def log_id(self) -> bytes:
        return self._store.log_id

    def head(self) -> Head:
        """The last event's position, and the link of the last commit that is whole by then."""
        found = self._store.commits(self.end, 1) if self.end else []
        if found and found[0].last == self.end:
            return Head(self.end, found[0].link)
        whole = self._store.commits(found[0].first - 1, 1) if found and found[0].first > 1 else []
        link = whole[0].link if whole else genesis_link(self.log_id)
        return Head(self.end, link)

    def append(self, sealed: Sealed) -> None:
        raise self._refusal(f"event {sealed.commit.first} can't be recorded")

    def read(self, first: int, last: int) -> Sequence[bytes]:
        return self._store.read(first, min(last, self.end))

    def pick(self, positions: Sequence[int]) -> Sequence[bytes]:
        return self._store.pick(positions)

    def commits(self, first: int, limit: int) -> Sequence[Commit]:
        return [each for each in self._store.commits(first, limit) if each.last <= self.end]

    def types(self) -> Mapping[int, str]:
        return self._store.types()

    def dictionaries(self) -> Mapping[int, bytes]:
        return self._store.dictionaries()

    def tally(self) -> Tally:
        raise self._refusal("nothing can be counted")

    def used_bytes(self) -> int:
        return self._store.used_bytes()

    def backup(self, target: Path) -> None:
        raise self._refusal(f"nothing is backed up to {target}; fork it, or back up the log itself")

    def reopen(self) -> None:
        """Nothing is cached."""

    def close(self) -> None:
        """It is borrowed."""

    def _refusal(self, what: str) -> Closed:
        return Closed(f"this is the past of a log, up to event {self.end}: {what}")


class PastCatalog:
    """A catalog that ends at a position."""

    def __init__(self, catalog: Catalog, end: int) -> None:
        self._catalog = catalog
        self._end = end

    @property
    def checkpoint(self) -> int:
        return min(self._catalog.checkpoint, self._end)

    def apply(self, entries: Sequence[Entry], proof: bytes) -> None:  # noqa: ARG002 - the port's signature
        message = f"this is the past of a catalog: it takes no {len(entries)} entries"
        raise Closed(message)

    def find_key(self, digest: bytes) -> KeyUse | None:
        found = self._catalog.find_key(digest)
        return found if found is not None and found.first <= self._end else None

    def select(self, query: Query, after: int, before: int, limit: int | None, *, backward: bool) -> Sequence[int]:
        return self._catalog.select(query, after, min(before, self._end + 1), limit, backward=backward)

    def types(self) -> Mapping[str, int]:
        types = [term for term, _ in self._catalog.terms() if term[0] == "type"]
        counts = {name: len(self.positions((kind, name))) for kind, name in types}
        return {name: count for name, count in counts.items() if count}

    def tally(self) -> CatalogTally:
        message = "the past of a catalog has no sum of its own: verify the log itself"
        raise Closed(message)

    def terms(self) -> Iterable[tuple[Term, int]]:
        counts = ((term, len(self.positions(term))) for term, _ in self._catalog.terms())
        return ((term, count) for term, count in counts if count)

    def positions(self, term: Term) -> Sequence[int]:
        found = self._catalog.positions(term)
        return found[: bisect_left(found, self._end + 1)]

    def keys(self) -> Mapping[bytes, KeyUse]:
        return {digest: use for digest, use in self._catalog.keys().items() if use.first <= self._end}

    def close(self) -> None:
        """It is borrowed."""


def past_log(log: Log, position: int) -> Log:
    """The log as it stood when the event at `position` was its last.

    Raises:
        InvalidInput: there is no such position.
    """
    position = position_at(log, position)
    return Log(PastStore(log.store, position), PastCatalog(log.catalog, position), log.registry, read_only=True)


def position_at(log: Log, moment: Moment) -> int:
    """The position that a log's past ends with: the one given, or that of the last event recorded by then.

    Args:
        log: the log.
        moment: a position, 0 for the log's beginning; or an aware datetime.

    Raises:
        InvalidInput: the position is beyond the head, or the datetime has no time zone.
    """
    head = log.head
    if isinstance(moment, datetime):
        # A datetime has microseconds, and an event's time nanoseconds: all of that microsecond is included.
        end_ns = to_ns(moment) + _MICROSECOND_NS
        return bisect_left(range(1, head + 1), end_ns, key=lambda position: _time_ns(log, position))
    if type(moment) is not int or not 0 <= moment <= head:
        message = f"a moment is an aware datetime or a position from 0 to {head}, where the log ends, not {moment!r}"
        raise InvalidInput(message)
    return moment


def _time_ns(log: Log, position: int) -> int:
    [found] = log.read(after=position - 1, before=position + 1)
    return found.time_ns
