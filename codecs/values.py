"""Values: what an event may not hold although its types allow it. Pure.

Refused wherever they stand, in open fields too: datetimes without a time zone (they mean another instant on every
machine), numbers that are not finite (nothing equals them), and nesting without end. Only what a class's types leave
open is searched, so that most events cost nothing here.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from decimal import Decimal
from operator import attrgetter
from typing import Final, NoReturn, cast

from .errors import InvalidInput
from .typegraph import field_names, is_recursive, is_untyped, members_of, types_of

__all__ = ["MAX_DEPTH", "OpenFields", "check_value", "parts_of", "step_text"]

MAX_DEPTH: Final = 100
"""How deep lists, maps and objects nest in an event: readers need a stack for them. Protobuf has the same limit."""
_PATH_CHARACTERS: Final = 80
_PLAIN: Final[frozenset[type]] = frozenset({str, int, bool, bytes, type(None)})
_HARMLESS: Final[frozenset[type]] = _PLAIN | {float}
_TEXT: Final[frozenset[type]] = frozenset({str})
_LISTS: Final[frozenset[type]] = frozenset({list, tuple})
_SEARCHED: Final = frozenset({datetime, Decimal})
"""Types with values that are refused. Float is not among them: payloads show theirs without a search."""
_COLLECTIONS: Final = (list, tuple, AbstractSet)
_CHECKED: Final = (datetime, float, Decimal)


class OpenFields:
    """The fields of a class that can hold what is refused."""

    def __init__(self, cls: type) -> None:
        """Find them.

        Raises:
            NameError, TypeError: an annotation that can't be resolved.
        """
        self._getters = [(name, attrgetter(name)) for name, hint in members_of(cls).items() if _is_open(hint)]

    def check(self, event: object) -> None:
        """Search an event, floats excepted: its payload shows those that are not finite.

        Raises:
            InvalidInput: something refused; the text begins with the class and the field.
        """
        for name, get in self._getters:
            value = get(event)
            if type(value) not in _HARMLESS and not (type(value) is datetime and value.tzinfo is UTC):
                found = _search(value, 1, _HARMLESS)
                if found is not None:
                    _refuse(f"{type(event).__name__}.{name}", found)


def check_value(value: object, name: str) -> None:
    """Search a value, floats included.

    Raises:
        InvalidInput: something refused; the text begins with `name` and where in the value it stands.
    """
    found = _search(value, 0, _PLAIN)
    if found is not None:
        _refuse(name, found)


def step_text(step: object) -> str:
    """How a step into a value is written: `.name` or `[3]`."""
    return f".{step}" if isinstance(step, str) else f"[{step!r}]"


def _refuse(name: str, found: tuple[str, str]) -> NoReturn:
    steps, complaint = found
    cut = steps if len(steps) <= _PATH_CHARACTERS else f"{steps[:_PATH_CHARACTERS]}…"
    message = f"{name}{cut}: {complaint}"
    raise InvalidInput(message)


def parts_of(value: object) -> Iterator[tuple[object, object]]:
    """What a value is made of: keys, names or places, and what stands there. A map's keys are parts of it, too."""
    kind = type(value)
    if issubclass(kind, Mapping):
        for key, part in cast("Mapping[object, object]", value).items():
            if type(key) is not str:
                yield key, key
            yield key, part
    elif issubclass(kind, _COLLECTIONS):
        yield from enumerate(cast("Collection[object]", value))
    else:
        yield from ((name, getattr(value, name)) for name in field_names(kind))


def _search(value: object, depth: int, plain: frozenset[type]) -> tuple[str, str] | None:
    """The first thing refused: the steps to it, and what is wrong with it. Values of the types `plain` are let pass."""
    if isinstance(value, _CHECKED):
        complaint = _complaint(value)
        return None if complaint is None else ("", complaint)
    if depth > MAX_DEPTH:
        return "", f"nested more than {MAX_DEPTH} deep, or part of itself"
    if _is_flat(value, plain):
        return None
    for step, part in parts_of(value):
        if type(part) not in plain:
            found = _search(part, depth + 1, plain)
            if found is not None:
                return step_text(step) + found[0], found[1]
    return None


def _is_flat(value: object, plain: frozenset[type]) -> bool:
    """Whether a value is a dict or a list of plain values: most are, and this looks at all of them at once."""
    if type(value) is dict:
        items = cast("dict[object, object]", value)
        return plain.issuperset(map(type, items.values())) and _TEXT.issuperset(map(type, items))
    return type(value) in _LISTS and plain.issuperset(map(type, cast("list[object]", value)))


def _complaint(value: datetime | float | Decimal) -> str | None:
    if isinstance(value, datetime):
        is_aware = value.tzinfo is not None and value.utcoffset() is not None
        return None if is_aware else "the datetime has no time zone; say which, as in datetime.now(UTC)"
    is_finite = value.is_finite() if isinstance(value, Decimal) else math.isfinite(value)
    return None if is_finite else "the number is not finite; use None for what is unknown"


def _is_open(hint: object) -> bool:
    return any(part in _SEARCHED or is_untyped(part) or is_recursive(part) for part in types_of(hint))
