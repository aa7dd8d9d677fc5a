"""The types that a type is made of. Pure.

A graph is followed through whatever msgspec and cattrs follow: attrs classes, dataclasses, structs, named tuples, typed
dicts, the arguments of generic types, new types, aliases and the bounds of type variables.
"""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Collection, Iterator
from typing import Any, Final, cast

import attrs
import msgspec

__all__ = ["field_names", "is_recursive", "is_untyped", "members_of", "types_of"]

_UNTYPED: Final = frozenset({Any, object})
_TEXTS: Final = (str, bytes, bytearray, memoryview)
"""Collections, to Python, that consist of nothing else."""


def field_names(base: type[Any]) -> tuple[str, ...]:
    """The names of a class's fields, in order; none if it isn't a class that has fields."""
    if attrs.has(base):
        return tuple(field.name for field in attrs.fields(base))
    if dataclasses.is_dataclass(base):
        return tuple(field.name for field in dataclasses.fields(base))
    if issubclass(base, msgspec.Struct):
        return base.__struct_fields__
    if typing.is_typeddict(base):
        return tuple(base.__annotations__)
    return cast("tuple[str, ...]", getattr(base, "_fields", ()))  # of a named tuple


def members_of(cls: Any) -> dict[str, Any]:
    """The fields of a class and their types; nothing for a type that has no fields.

    Annotations that are text are resolved, in an attrs class for good: cattrs fails to do that in a generic one.

    Raises:
        NameError: an annotation names something that its module doesn't have.
    """
    base = typing.get_origin(cls) or cls
    if not isinstance(base, type):
        return {}
    names = field_names(base)
    if not names:
        return {}
    if attrs.has(base):
        attrs.resolve_types(base)
    hints = typing.get_type_hints(base, include_extras=True)
    return {name: hints.get(name, Any) for name in names}


def types_of(*roots: Any) -> Iterator[Any]:
    """Every type in the type graphs of `roots`, themselves first, each once."""
    seen: set[Any] = set()
    waiting = [*reversed(roots)]
    while waiting:
        part = waiting.pop()
        if not _is_type(part) or part in seen:
            continue
        seen.add(part)
        yield part
        waiting += reversed([*_arguments_of(part), *members_of(part).values()])


def is_recursive(cls: Any) -> bool:
    """Whether values of `cls` can contain values of `cls`."""
    return cls in types_of(*members_of(cls).values())


def is_untyped(part: Any) -> bool:
    """Whether a type leaves open what its values are or consist of: `Any`, a type variable, a bare collection."""
    if part in _UNTYPED or isinstance(part, typing.TypeVar):
        return True
    base = typing.get_origin(part) or part
    if not isinstance(base, type) or not issubclass(base, Collection) or issubclass(base, _TEXTS):
        return False
    return not typing.get_args(part) and not members_of(part)


def _arguments_of(part: Any) -> tuple[Any, ...]:
    if isinstance(part, typing.NewType):
        return (part.__supertype__,)
    if isinstance(part, typing.TypeVar):
        return (*part.__constraints__, part.__bound__)
    if typing.get_origin(part) is typing.Annotated:
        return typing.get_args(part)[:1]  # the rest are remarks, whatever they are
    if hasattr(part, "__value__"):  # an alias made by the `type` statement of Python 3.12
        return (part.__value__,)
    return typing.get_args(part)


def _is_type(part: Any) -> bool:
    return (
        isinstance(part, type | typing.TypeVar | typing.NewType)
        or typing.get_origin(part) is not None
        or hasattr(part, "__value__")
    )
