"""Sealing: a row that many readers share can't be changed by any of them, and its bytes are known.

What is frozen already is shared as it is; a dict is replaced by one that refuses changes and equals it; a row with
anything else in it that could be changed (a list, an object of somebody's own) is not shared at all.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from itertools import count
from operator import attrgetter
from typing import Any, Final, NoReturn, TypeVar
from uuid import UUID

import attrs

__all__ = ["Sealed", "Sealer", "quick_sealer", "sealer_of", "size_of"]

R = TypeVar("R")
K = TypeVar("K")
V = TypeVar("V")
Sealer = Callable[[Any], int | None]
"""Makes a row fit to be shared, in place, and returns its bytes; None if it can't be shared."""
_FIXED: Final = (int, float, bytes, complex, date, datetime, time, timedelta, timezone, Decimal, UUID, range)
"""Types, beside text, whose values are frozen and hold nothing else that counts."""
SAMPLED: Final = 16
_SAFE: Final = frozenset(
    base + end for base in ("str", "int", "float", "bool", "bytes", "tuple[str, ...]") for end in ("", " | None")
)
"""Declarations whose values are frozen and hold nothing that isn't. The decoder sees to it that rows keep them."""
SMALL_MIN: Final = -5
SMALL_MAX: Final = 256
"""The interpreter has one object for each of these, whoever uses it."""
NODE_BYTES: Final = 16
"""What the allocator rounds up to."""
_MASK: Final = -NODE_BYTES
_size: Final = sys.getsizeof


def _refuse(*_: Any, **__: Any) -> NoReturn:
    message = "this comes from a cache and is shared by all who read it; change a copy: dict(…)"
    raise TypeError(message)


_REFUSED: Final[Any] = _refuse


class Sealed(dict[K, V]):
    """A dict that refuses every change. Equal to a dict of the same items; a copy of it is an ordinary dict."""

    __slots__ = ()
    __setitem__ = __delitem__ = __ior__ = clear = pop = popitem = setdefault = update = _REFUSED

    def __copy__(self) -> dict[K, V]:
        return dict(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> dict[K, V]:
        return dict(self)  # what it holds is frozen

    def __reduce__(self) -> tuple[type[dict[K, V]], tuple[dict[K, V]]]:
        return dict, (dict(self),)


class _Unsealable(Exception):
    """There is something in it that can be changed."""


def sealer_of(row: type[Any]) -> Sealer:
    """What seals rows of a class."""
    if not _is_frozen(row):
        return lambda _: None
    names = tuple(field.name for field in attrs.fields(row))
    if not names:
        return _size
    values_of: Callable[[Any], Any] = attrgetter(*names)
    is_single = len(names) == 1

    def seal(found: Any) -> int | None:
        size = _rounded(_size(found))
        values = values_of(found)
        try:
            for number, value in enumerate((values,) if is_single else values):
                sealed, more = _seal(value)
                size += more
                if sealed is not value:
                    object.__setattr__(found, names[number], sealed)  # nobody else has the row yet
        except _Unsealable:
            return None
        return size

    return seal


def quick_sealer(row: type[Any]) -> Callable[[Any, int], int | None]:
    """What seals rows that were just decoded from so many bytes, in a fraction of the time.

    Only fields that could hold something that can be changed are looked at, and one row in sixteen is measured: the
    others take as many bytes for each of their encoded ones.
    """
    whole = sealer_of(row)
    names = tuple(field.name for field in attrs.fields(row) if _text_of(field.type) not in _SAFE)
    counted, measured, encoded = count(), [0], [1]
    is_frozen = _is_frozen(row)

    def seal(found: Any, encoded_bytes: int) -> int | None:
        if not next(counted) % SAMPLED or not is_frozen:
            size = whole(found)
            if size is not None:
                measured[0] += size
                encoded[0] += encoded_bytes
            return size
        try:
            for name in names:
                value = getattr(found, name)
                sealed, _ = _seal(value)
                if sealed is not value:
                    object.__setattr__(found, name, sealed)
        except _Unsealable:
            return None
        return encoded_bytes * measured[0] // encoded[0]

    return seal


def _text_of(declared: object) -> str:
    return declared.__name__ if isinstance(declared, type) else str(declared)


def size_of(value: Any) -> int:
    """Bytes of a value that holds no others; 0 for one that the interpreter shares."""
    if value is None or value is True or value is False or (type(value) is int and SMALL_MIN <= value <= SMALL_MAX):
        return 0
    return _rounded(_size(value))


_ATOMS: Final[frozenset[type]] = frozenset((str, bool, type(None), *_FIXED))


def _rounded(size: int) -> int:
    return (size + NODE_BYTES - 1) & _MASK


def _is_frozen(cls: type[Any]) -> bool:
    return bool(attrs.has(cls) and attrs.inspect(cls).is_frozen)


def _seal(value: object) -> tuple[Any, int]:
    """What may be shared in the place of a value, and its bytes.

    Raises:
        _Unsealable: nothing may.
    """
    kind = type(value)
    if kind in _ATOMS:
        return value, size_of(value)
    if kind is tuple:
        return _seal_tuple(value)
    if kind is frozenset:
        return value, _rounded(_size(value)) + _held(value)
    if kind is dict or kind is Sealed:
        return _seal_dict(value)
    if isinstance(value, Enum):
        return value, 0
    if _is_frozen(kind):
        size = _known(kind)(value)
        if size is not None:
            return value, size
    raise _Unsealable


def _seal_tuple(value: Any) -> tuple[Any, int]:
    if not value:
        return value, 0
    size = _rounded(_size(value))
    parts: list[Any] = []
    is_same = True
    for each in value:
        if type(each) is str:
            size += size_of(each)
            parts.append(each)
        else:
            sealed, more = _seal(each)
            size += more
            is_same = is_same and sealed is each
            parts.append(sealed)
    return (value if is_same else tuple(parts)), size


def _seal_dict(value: Any) -> tuple[Any, int]:
    if not value:
        return _EMPTY, 0
    items = {key: _seal(each) for key, each in value.items()}
    sealed: Sealed[Any, Any] = Sealed({key: each for key, (each, _) in items.items()})
    inside = sum(size for _, size in items.values())
    # A text that is a key isn't counted: the decoder has one object for all rows that use it.
    inside += sum(_seal_as_is(key) for key in items if type(key) is not str)
    return sealed, _rounded(_size(sealed)) + inside


def _held(values: Any) -> int:
    return sum(_seal_as_is(each) for each in values)


def _seal_as_is(value: Any) -> int:
    """Bytes of what stands where nothing can take its place."""
    sealed, size = _seal(value)
    if sealed is not value:
        raise _Unsealable
    return size


_EMPTY: Final[Sealed[Any, Any]] = Sealed()
_known: Final[Callable[[Any], Sealer]] = lru_cache(256)(sealer_of)
