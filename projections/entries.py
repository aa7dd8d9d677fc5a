"""Entries: from a row to its keys in a table's indexes, by recipes made once for the table. Pure.

A packed tuple is its packed values end to end. So the fields that every row has entries under are read and packed
together, once for each row, however many indexes sort by them; a field that only partial indexes have is looked at only
in rows that they hold.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from operator import attrgetter, itemgetter
from typing import Any, Final, TypeAlias, cast

import attrs

from ..codecs import keys
from ..core.errors import InvalidInput
from .conditions import Where
from .plain import PLAIN, plain

__all__ = ["MAX_KEY_BYTES", "Entries", "Index", "checked_key", "entries_of"]

MAX_KEY_BYTES: Final = 511
"""LMDB's limit."""

Entries: TypeAlias = Sequence[Sequence[bytes]]
"""For each index of a table, in order, the keys of a row's entries."""
_Packed: TypeAlias = Callable[[Any], list[bytes]]
"""From a row to some of its values, packed."""
_Recipe: TypeAlias = Callable[[Any, list[bytes]], Sequence[bytes]]
"""From a row and packed parts of it to the keys of its entries in one index."""


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


def entries_of(
    indexes: Mapping[str, Index], keeps: Mapping[str, Callable[[Any], bool]], floats: Collection[str]
) -> Callable[[Any, bytes], Entries]:
    """Make what tells the entries of a row with its packed key.

    It raises InvalidInput for a value that can't be part of a key, and for a key that is too long.

    Args:
        indexes: the table's.
        keeps: for each partial index, what tells whether it holds a row.
        floats: the fields that hold floats, also where a row was made with an int.
    """
    shared = _distinct(index for name, index in indexes.items() if name not in keeps)
    pack_shared = _packer(shared, floats)
    recipes: list[_Recipe] = []
    for name, index in indexes.items():
        own = [field for field in _distinct([index]) if field not in shared]
        recipe = _recipe(name, index, [*shared, None, *own])
        keep = keeps.get(name)
        recipes.append(recipe if keep is None else partial(_partial, keep, _packer(own, floats), recipe))

    def entries(row: Any, primary: bytes) -> Entries:
        parts = pack_shared(row)
        parts.append(primary)
        return [recipe(row, parts) for recipe in recipes]

    return entries


def _distinct(indexes: Any) -> list[str]:
    """The fields of indexes that hold one value, each once."""
    return list(dict.fromkeys(field for index in indexes for field in index.fields if field != index.each))


def _packer(fields: Sequence[str], floats: Collection[str]) -> _Packed:
    """What packs the values of these fields, one by one."""
    if not fields:
        return lambda _: []
    get: Callable[[Any], Any] = attrgetter(*fields)
    is_single = len(fields) == 1
    float_places = [place for place, field in enumerate(fields) if field in floats]

    def pack(row: Any) -> list[bytes]:
        found = get(row)
        values = [value if type(value) in PLAIN else plain(value) for value in ((found,) if is_single else found)]
        for place in float_places:
            if type(values[place]) is int:
                values[place] = float(values[place])  # as it will be once it has been stored and read again
        return keys.pack_each(values)

    return pack


def _recipe(name: str, index: Index, parts: Sequence[str | None]) -> _Recipe:
    """The recipe of an index's entries from packed parts: those of fields, and in the place of None the row's key."""
    if index.each is None:
        return partial(_one, name, itemgetter(*map(parts.index, (*index.fields, None))))
    at = index.fields.index(index.each)
    before, after = ([parts.index(field) for field in part] for part in (index.fields[:at], index.fields[at + 1 :]))
    return partial(_several, name, index.each, before, [*after, parts.index(None)])


def _one(name: str, pick: Callable[[Sequence[bytes]], tuple[bytes, ...]], _: Any, parts: list[bytes]) -> list[bytes]:
    key = b"".join(pick(parts))
    return [key if len(key) <= MAX_KEY_BYTES else checked_key(key, name)]


def _several(  # noqa: PLR0917 - a recipe's row and parts come after what it is made of
    name: str, each: str, before: Sequence[int], after: Sequence[int], row: Any, parts: list[bytes]
) -> Sequence[bytes]:
    values: Any = plain(getattr(row, each))
    if not isinstance(values, tuple):
        message = f"index {name}: the field {each} holds {type(values).__name__}, not several values"
        raise InvalidInput(message)
    if not values:
        return ()
    begin, end = b"".join([parts[at] for at in before]), b"".join([parts[at] for at in after])
    packed = keys.pack_each([plain(value) for value in cast("tuple[Any, ...]", values)])
    return [checked_key(begin + one + end, name) for one in packed]


def _partial(
    keep: Callable[[Any], bool], pack: _Packed, recipe: _Recipe, row: Any, parts: list[bytes]
) -> Sequence[bytes]:
    return recipe(row, parts + pack(row)) if keep(row) else ()


def checked_key(key: bytes, what: str) -> bytes:
    """A key that is not too long.

    Raises:
        InvalidInput: it is.
    """
    if len(key) > MAX_KEY_BYTES:
        message = f"{what}: the values take {len(key)} bytes, over the limit of {MAX_KEY_BYTES}; index a shorter field"
        raise InvalidInput(message)
    return key
