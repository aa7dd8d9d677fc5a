"""Entries: from rows to their keys in a table's indexes, many rows at once. Pure.

A packed tuple is its packed values end to end. So a field of many rows is packed as one column, once, however many
indexes sort by it, and an index's keys are columns joined. A field that only a partial index has is looked at only in
the rows that it holds.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain, compress
from operator import attrgetter
from typing import Any, Final, cast

import attrs

from ..codecs import keys
from ..core.errors import InvalidInput
from .conditions import Where
from .plain import PLAIN, plain

__all__ = ["MAX_KEY_BYTES", "Entry", "EntryMaker", "Index", "checked_key"]

MAX_KEY_BYTES: Final = 511
"""LMDB's limit."""
Entry = tuple[bytes, bytes]
"""What an index stores for a row: a key that ends with the row's own, and how long that is."""
_LENGTHS: Final = tuple(length.to_bytes(2, "big") for length in range(MAX_KEY_BYTES + 1))
_MANY: Final = 8
"""From so many values on it is worth looking for those that come up again."""
_TEXT: Final[frozenset[object]] = frozenset({str})


@attrs.frozen
class Index:
    """An index of a table.

    Attributes:
        fields: the row's fields (or properties) that it sorts by.
        each: one of them that holds several values; a row has an entry for each.
        where: which rows have entries at all; all by default. As a condition, it lets every query that contains it use
            the index. As code, it serves those that name the index; changing it asks for a new version.
    """

    fields: tuple[str, ...]
    each: str | None = None
    where: Where | Callable[[Any], bool] | None = None


class EntryMaker:
    """What makes the entries of a table's rows."""

    def __init__(
        self, indexes: Mapping[str, Index], keeps: Mapping[str, Callable[[Any], bool]], floats: Collection[str]
    ) -> None:
        """Prepare for a table.

        Args:
            indexes: its indexes.
            keeps: for each partial index, what tells whether it holds a row.
            floats: the fields that hold floats, also where a row was made with an int.
        """
        self._indexes = indexes
        self._keeps = keeps
        self._floats = floats

    def entries(self, rows: Sequence[Any], primaries: Sequence[bytes]) -> Iterator[list[Entry]]:
        """For each index, in order, the entries of rows that have these packed keys.

        Raises:
            InvalidInput: a value can't be part of a key, or a key is too long.
        """
        whole = _Columns(rows, primaries, {}, self._floats)
        for name, index in self._indexes.items():
            keep = self._keeps.get(name)
            columns = whole if keep is None else whole.only(list(map(keep, rows)))
            found = columns.single(index.fields) if index.each is None else columns.several(name, index)
            for key, _ in found:
                if len(key) > MAX_KEY_BYTES:
                    checked_key(key, name)
            yield found


class _Columns:
    """Rows with their packed keys, and what has been packed of their fields."""

    def __init__(
        self,
        rows: Sequence[Any],
        primaries: Sequence[bytes],
        packed: dict[str, list[bytes]],
        floats: Collection[str],
    ) -> None:
        self._rows = rows
        self._primaries = primaries
        self._packed = packed
        self._floats = floats

    def only(self, kept: Sequence[object]) -> _Columns:
        """Those of the rows for which `kept` has something true."""
        if all(kept) or not self._rows:
            return self
        rows, primaries = list(compress(self._rows, kept)), list(compress(self._primaries, kept))
        packed = {field: list(compress(column, kept)) for field, column in self._packed.items()}
        return _Columns(rows, primaries, packed, self._floats)

    def single(self, fields: Sequence[str]) -> list[Entry]:
        """An entry of each row."""
        return list(zip(self._joined(fields, self._primaries), self._lengths(), strict=True)) if self._rows else []

    def several(self, name: str, index: Index) -> list[Entry]:
        """For each row, an entry for each of its values in the field that has several."""
        assert index.each is not None  # noqa: S101 - or there would be one entry a row
        values = [_tuple_in(name, index.each, row) for row in self._rows]
        if not any(values):
            return []
        at = index.fields.index(index.each)
        begins = self._joined(index.fields[:at])
        ends = self._joined(index.fields[at + 1 :], self._primaries)
        return [
            (begin + one + end, length)
            for some, begin, end, length in zip(values, begins, ends, self._lengths(), strict=True)
            for one in _pack_column(some)
        ]

    def _joined(self, fields: Sequence[str], *last: Sequence[bytes]) -> Iterable[bytes]:
        """These fields of each row, packed, and what comes last."""
        columns = [*map(self._column, fields), *last]
        return map(b"".join, zip(*columns, strict=True)) if columns else [b""] * len(self._rows)

    def _lengths(self) -> Iterable[bytes]:
        return map(_LENGTHS.__getitem__, map(len, self._primaries))

    def _column(self, field: str) -> list[bytes]:
        packed = self._packed.get(field)
        if packed is None:
            values: list[Any] = list(map(attrgetter(field), self._rows))
            if field in self._floats:  # an int is what it will be once it has been stored and read again
                values = [float(value) if type(value) is int else value for value in values]
            packed = self._packed[field] = _pack_column(values)
        return packed


def _tuple_in(name: str, field: str, row: object) -> tuple[Any, ...]:
    found: Any = plain(getattr(row, field))
    if not isinstance(found, tuple):
        message = f"index {name}: the field {field} holds {type(found).__name__}, not several values"
        raise InvalidInput(message)
    return cast("tuple[Any, ...]", found)


def _pack_column(values: Sequence[Any]) -> list[bytes]:
    """Pack each value; what comes up again and again, as scopes and kinds do, only once."""
    if not PLAIN.issuperset(map(type, values)):
        values = list(map(plain, values))
    if len(values) >= _MANY and _are_alike(values):
        distinct = list(set(values))
        if 2 * len(distinct) <= len(values):
            packed = dict(zip(distinct, keys.pack_each(distinct), strict=True))
            return list(map(packed.__getitem__, values))
    return keys.pack_each(values)


def _are_alike(values: Sequence[Any]) -> bool:
    """Whether all are of one type, so that those that are equal have equal bytes (1 and True are equal, too)."""
    kinds = set(map(type, values))
    if kinds == {tuple}:
        return _TEXT.issuperset(map(type, chain.from_iterable(values)))
    return len(kinds) == 1 and kinds <= PLAIN


def checked_key(key: bytes, what: str) -> bytes:
    """A key that is not too long.

    Raises:
        InvalidInput: it is.
    """
    if len(key) > MAX_KEY_BYTES:
        message = f"{what}: the values take {len(key)} bytes, over the limit of {MAX_KEY_BYTES}; index a shorter field"
        raise InvalidInput(message)
    return key
