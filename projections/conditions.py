"""Conditions: the words in which rows are asked for. They are data: nothing here knows a table.

    find(owner="ada", amount=ge(5) & lt(10), labels=has_all("red", "round"))
    find(where(owner="ada") | where(amount=between(1, 5)), ~where(labels=has_any("old")))

A plain value stands for equality. Values compare as keys do (`codecs.keys`): within one type as in Python, so a range
holds values of the type of its bounds only, and None is never below 5.
"""

from __future__ import annotations

from typing import Any

import attrs

from ..core.errors import InvalidInput

__all__ = [
    "Test",
    "Where",
    "between",
    "ge",
    "gt",
    "has_all",
    "has_any",
    "le",
    "lt",
    "ne",
    "one_of",
    "prefix",
    "where",
]


@attrs.frozen
class Test:
    """What is asked of one field. Made by the functions of this file; join them by `&` and `|`, turn them by `~`.

    Attributes:
        name: which question.
        operands: its values; for `and`, `or` and `not`, other tests.
    """

    __test__ = False  # or pytest would take it for one of its own

    name: str
    operands: tuple[Any, ...]

    def __and__(self, other: Test) -> Test:
        return Test("and", (self, other))

    def __or__(self, other: Test) -> Test:
        return Test("or", (self, other))

    def __invert__(self) -> Test:
        return Test("not", (self,))


@attrs.frozen
class Where:
    """What is asked of rows. Made by `where`; join them by `&` and `|`, turn them by `~`.

    Attributes:
        name: `fields`, `and`, `or` or `not`.
        fields: for `fields`, what is asked of each, all of it.
        parts: for the others, what they join.
    """

    name: str
    fields: tuple[tuple[str, Any], ...] = ()
    parts: tuple[Where, ...] = ()

    def __and__(self, other: Where) -> Where:
        return Where("and", parts=(self, other))

    def __or__(self, other: Where) -> Where:
        return Where("or", parts=(self, other))

    def __invert__(self) -> Where:
        return Where("not", parts=(self,))


def where(**fields: Any) -> Where:
    """Rows that fit every condition: by field, a value that it equals or a test."""
    return Where("fields", tuple(fields.items()))


def ne(value: Any) -> Test:
    """Anything but this value."""
    return ~one_of(value)


def lt(value: Any) -> Test:
    """Less than this."""
    return Test("lt", (value,))


def le(value: Any) -> Test:
    """This or less."""
    return Test("le", (value,))


def gt(value: Any) -> Test:
    """More than this."""
    return Test("gt", (value,))


def ge(value: Any) -> Test:
    """This or more."""
    return Test("ge", (value,))


def between(low: Any, high: Any) -> Test:
    """From `low` to `high`, both included, as SQL has it. For a range without its end, write `ge(low) & lt(high)`."""
    return ge(low) & le(high)


def one_of(*values: Any) -> Test:
    """Any of these values; none, if there are none."""
    return Test("one_of", values)


def prefix(beginning: str | bytes | tuple[Any, ...]) -> Test:
    """A text that begins with this; a path (a tuple) that begins with these parts.

    Raises:
        InvalidInput: it is neither text, nor bytes, nor a tuple.
    """
    if not isinstance(beginning, (str, bytes, tuple)):
        message = f"prefix() takes the beginning of a text, of bytes or of a tuple, not {type(beginning).__name__}"
        raise InvalidInput(message)
    return Test("prefix", (beginning,))


def has_all(*values: Any) -> Test:
    """A field of several values that holds all of these; each is a value, or a test that one of its values fits."""
    return Test("has_all", values)


def has_any(*values: Any) -> Test:
    """A field of several values that holds any of these; each is a value, or a test that one of its values fits."""
    return Test("has_any", values)
