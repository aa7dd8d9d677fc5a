"""Walking: entries of one LMDB database between two keys, either way."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final

import lmdb

from ..codecs.keys import after_prefix

__all__ = ["KEY_BYTES_MAX", "ascend", "count_up_to", "descend", "fitted"]

KEY_BYTES_MAX: Final = 511
"""LMDB's limit: no key is longer, and none longer may be searched for."""


def ascend(cursor: lmdb.Cursor[bytes], low: bytes, high: bytes | None) -> Iterator[tuple[bytes, bytes]]:
    """Entries from `low` on and below `high`."""
    if not (cursor.set_range(low) if low else cursor.first()):
        return
    for item in cursor:
        if high is not None and item[0] >= high:
            return
        yield item


def descend(cursor: lmdb.Cursor[bytes], low: bytes, high: bytes | None) -> Iterator[tuple[bytes, bytes]]:
    """The same from the last one down."""
    is_there = cursor.prev() if high is not None and cursor.set_range(high) else cursor.last()
    if not is_there:
        return
    for item in cursor.iterprev():
        if item[0] < low:
            return
        yield item


def count_up_to(cursor: lmdb.Cursor[bytes], low: bytes, high: bytes, limit: int) -> int:
    """How many entries there are from `low` on and below `high`; `limit` if there are more."""
    return sum(1 for _ in islice(ascend(cursor, low, high), limit))


def fitted(bound: bytes) -> bytes:
    """A bound that may be searched for and has the same keys on either side: of the longer ones there are none."""
    if len(bound) <= KEY_BYTES_MAX:
        return bound
    return after_prefix(bound[:KEY_BYTES_MAX]) or b"\xff"
