"""Auditing: whether a view holds what its events make, entry by entry.

The view is read in one transaction, at the position that it says it stands at; the events up to there are folded anew,
from the first one and not from a snapshot. Rows and index entries are compared byte for byte: what is equal has equal
digests, and what isn't is named.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import attrs
import lmdb
from blake3 import blake3

from ..codecs import keys
from ..codecs.converter import EventConverter
from ..codecs.rows import RowCodec
from ..core.errors import Damaged
from ..core.log import Log, Progress
from .digesting import absorb
from .replaying import Replay
from .views import View

__all__ = ["Audit", "Difference", "audit"]

_Entry = tuple[str, bytes, bytes]
_Pair = tuple[_Entry | None, _Entry | None]


@attrs.frozen
class Difference:
    """The first entry that isn't as the events make it.

    Attributes:
        table: name of the table.
        index: name of the index, or None for the rows themselves.
        key: the row's key; of an index, the values that it sorts by and then the row's key.
        live: the row in the view, or None if there is none; its bytes if they can't be read. None for an index.
        rebuilt: likewise the row that the events make.
        is_missing: whether the view lacks the entry.
        is_surplus: whether the events don't make the entry.
    """

    table: str
    index: str | None
    key: tuple[Any, ...]
    live: object
    rebuilt: object
    is_missing: bool
    is_surplus: bool


@attrs.frozen
class Audit:
    """What auditing a view found.

    Attributes:
        view: its name.
        version: the projection's version.
        position: the last event that it shows.
        digest: digest of what it holds.
        rebuilt: digest of what the events make.
        difference: the first entry that differs, or None.
    """

    view: str
    version: int
    position: int
    digest: str
    rebuilt: str
    difference: Difference | None

    @property
    def is_sound(self) -> bool:
        """Whether the view holds what its events make."""
        return self.difference is None


def audit(log: Log, view: View[Any], progress: Progress | None = None) -> Audit:
    """Fold the events that a view shows anew, and compare.

    Args:
        log: the log.
        view: one of its views, which may go on meanwhile.
        progress: told how far the folding is.

    Raises:
        ViewFailed: the projection raises now where it didn't.
        Damaged, StorageFailed: as the log or the disk says.
    """
    with contextlib.closing(Replay(log, (view.projection,))) as replay:
        replay.advance(view.store.mark()[0], progress)
        with view.store.env.reading() as live:
            position = view.store.mark(live)[0]
            replay.advance(position)  # what has come while the events were folded
            [fresh] = replay.views
            with fresh.store.env.reading() as rebuilt:
                return _compare(view, live, rebuilt, fresh, log.registry.converter)


def _compare(
    view: View[Any],
    live: lmdb.Transaction[bytes],
    rebuilt: lmdb.Transaction[bytes],
    fresh: View[Any],
    converter: EventConverter,
) -> Audit:
    ours, theirs = blake3(), blake3()
    first: Difference | None = None
    for name in sorted(view.projection.tables):
        for one, other in _pairs(view, live, fresh, rebuilt, name):
            if one is not None:
                absorb(ours, name, one)
            if other is not None:
                absorb(theirs, name, other)
            if first is None and one != other:
                first = _difference(view, name, one, other, converter)
    position = view.store.mark(live)[0]
    return Audit(view.name, view.projection.version, position, ours.hexdigest(), theirs.hexdigest(), difference=first)


def _pairs(
    view: View[Any], live: lmdb.Transaction[bytes], fresh: View[Any], rebuilt: lmdb.Transaction[bytes], table: str
) -> Iterator[_Pair]:
    """The entries of a table side by side, in the order that digests are made in: rows, then index after index."""
    for database in ("", *view.projection.tables[table].indexes):
        ones, others = _entries(view, live, table, database), _entries(fresh, rebuilt, table, database)
        yield from _side_by_side(ones, others)


def _entries(view: View[Any], txn: lmdb.Transaction[bytes], table: str, database: str) -> Iterator[_Entry]:
    db = view.store.env.db(f"{table}.{database}" if database else table)
    return ((database, key, value) for key, value in txn.cursor(db))


def _side_by_side(ones: Iterator[_Entry], others: Iterator[_Entry]) -> Iterator[_Pair]:
    """Entries of two databases by their keys; with None where one of them has none."""
    one, other = next(ones, None), next(others, None)
    while one is not None or other is not None:
        if other is None or (one is not None and one[1] < other[1]):
            yield one, None
            one = next(ones, None)
        elif one is None or other[1] < one[1]:
            yield None, other
            other = next(others, None)
        else:
            yield one, other
            one, other = next(ones, None), next(others, None)


def _difference(
    view: View[Any], table: str, one: _Entry | None, other: _Entry | None, converter: EventConverter
) -> Difference:
    entry = one or other
    assert entry is not None, "one of the two is there"  # noqa: S101 - for the reader and the type checkers
    index, key = entry[0] or None, entry[1]
    is_row = index is None
    codec: RowCodec[Any] = RowCodec(view.projection.tables[table].row, converter)
    return Difference(
        table,
        index,
        _key(key),
        _row(codec, one) if is_row else None,
        _row(codec, other) if is_row else None,
        is_missing=one is None,
        is_surplus=other is None,
    )


def _key(key: bytes) -> tuple[Any, ...]:
    try:
        return keys.unpack(key)
    except Damaged:
        return (key,)


def _row(codec: RowCodec[Any], entry: _Entry | None) -> object:
    if entry is None:
        return None
    try:
        row: object = codec.decode(entry[2])
    except Damaged:
        return entry[2]
    return row
