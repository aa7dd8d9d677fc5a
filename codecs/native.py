"""What msgspec does alone: which types it reads and writes as they are, and the one encoding of a value. Pure.

msgspec takes some types without complaint and fails with their values, or forgets a part of them; this is the list.
"""

from __future__ import annotations

from typing import Any, Final, get_args

import attrs
import msgspec
from msgspec import inspect as shapes

__all__ = ["encode_value", "has_text_form", "is_foreign", "is_map", "is_set"]

encode_value: Final = msgspec.msgpack.Encoder(order="sorted").encode
"""A value as msgpack, its maps sorted by key: equal values have equal bytes, whatever order they were made in."""

_ORDERED: Final = (
    shapes.StrType,
    shapes.BytesType,
    shapes.BoolType,
    shapes.IntType,
    shapes.FloatType,
    shapes.DecimalType,
    shapes.DateTimeType,
    shapes.DateType,
    shapes.TimeDeltaType,
    shapes.UUIDType,
)
"""What Python puts in one order, so that a set of it has one encoding."""
_WITH_TEXT: Final = (
    shapes.IntType,
    shapes.FloatType,
    shapes.DecimalType,
    shapes.DateTimeType,
    shapes.DateType,
    shapes.TimeType,
    shapes.TimeDeltaType,
    shapes.UUIDType,
    shapes.EnumType,
)
"""What has a text of its own that nothing else of its type has, so that a map can be keyed by it."""


def is_map(part: Any) -> bool:
    """Whether a type is a map that says of what."""
    return isinstance(_shape(part), shapes.DictType) and bool(get_args(part))


def is_set(part: Any) -> bool:
    """Whether a type is a set that says of what."""
    return isinstance(_shape(part), shapes.SetType | shapes.FrozenSetType) and bool(get_args(part))


def has_text_form(part: Any) -> bool:
    """Whether values of a type, not texts themselves, can be told from their texts alone."""
    return isinstance(_shape(part), _WITH_TEXT)


def is_foreign(part: Any) -> bool:
    """Whether msgspec can't read and write this part of a type, even if it takes the type without complaint."""
    shape = _shape(part)
    match shape:
        case None | shapes.CustomType():
            return True
        case shapes.DictType(key_type=key):
            return not _is_text(key)
        case shapes.SetType(item_type=item) | shapes.FrozenSetType(item_type=item):
            return not (isinstance(item, (*_ORDERED, shapes.AnyType)) or _is_enum_of(item, (str, int)))
        case shapes.DataclassType(cls=cls) if attrs.has(cls):
            return any(_is_left_out(field) for field in attrs.fields(cls))
        case _:
            return False


def _shape(part: Any) -> shapes.Type | None:
    try:
        return shapes.type_info(part)
    except (TypeError, NotImplementedError):  # what msgspec says of types that it doesn't know
        return None


def _is_text(key: shapes.Type) -> bool:
    if isinstance(key, shapes.LiteralType):
        return all(isinstance(value, str) for value in key.values)
    return isinstance(key, shapes.StrType | shapes.AnyType) or _is_enum_of(key, (str,))


def _is_enum_of(shape: shapes.Type, bases: tuple[type, ...]) -> bool:
    return isinstance(shape, shapes.EnumType) and issubclass(shape.cls, bases)


def _is_left_out(field: attrs.Attribute[Any]) -> bool:
    """Whether msgspec forgets an attrs field when it writes (private) or can't make it when it reads (from others)."""
    return field.name.startswith("_") or getattr(field.default, "takes_self", False)
