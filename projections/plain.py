"""Plain values: what keys know of the values of fields. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import Enum
from typing import Any, Final, cast

from ..codecs import keys
from ..core.clock import to_ns

__all__ = ["PLAIN", "plain"]

PLAIN: Final = frozenset({str, int, bool, float, bytes, type(None)})
"""Types that keys take as they are."""


def _are_plain(value: object) -> bool:
    """Whether it is a tuple of plain values, as scopes are."""
    return type(value) is tuple and PLAIN.issuperset(map(type, cast("tuple[object, ...]", value)))


def plain(value: Any) -> Any:
    """A value as keys know it: datetimes as nanoseconds, enumerations as their values, lists and sets as tuples."""
    if type(value) in PLAIN or _are_plain(value):
        return value
    if isinstance(value, datetime):
        return to_ns(value)
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, (tuple, list)):
        return tuple(map(plain, cast("Iterable[Any]", value)))
    if isinstance(value, (set, frozenset)):
        return tuple(sorted(map(plain, cast("Iterable[Any]", value)), key=lambda one: keys.pack((one,))))
    return value
