"""Schemas: what a table is. Row classes, keys and indexes; nothing here touches the disk.

A row's key is the tuple of its key fields. An index's key is the tuple of its fields followed by the row's key, so that
equal values stay apart and come in the order of the rows' keys. Keys sort as their values do (`codecs.keys`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Final, Generic, TypeVar

import attrs

from ..codecs import keys
from ..codecs.typegraph import types_of
from ..core.errors import InvalidInput
from .conditions import Where
from .criteria import Fields, Node, criteria, fields_of, fits
from .entries import MAX_KEY_BYTES, EntryMaker, Index, checked_key
from .plain import PLAIN, plain

__all__ = ["Index", "Schema", "row_key"]

R = TypeVar("R")
_DOMAINS: Final = (frozenset({"str"}), frozenset({"tuple"}))
"""Kinds of which a value has one packed form, whichever number it was written as."""


def _as_index(declared: str | tuple[str, ...] | Index) -> Index:
    if isinstance(declared, Index):
        return declared
    return Index((declared,) if isinstance(declared, str) else tuple(declared))


class Schema(Generic[R]):
    """What a table is: its rows' class, their key, and the indexes."""

    def __init__(
        self,
        row: type[R],
        *,
        key: str | tuple[str, ...],
        indexes: Mapping[str, str | tuple[str, ...] | Index] | None = None,
        domain: str | None = None,
    ) -> None:
        """Declare a table.

        Args:
            row: a frozen attrs class.
            key: the field, or fields, that tell rows apart.
            indexes: by name: a field, several fields, or an `Index`.
            domain: the field that most questions fix, a text or a tuple: what is cached of one of its values outlives
                changes to rows with others. It changes no answer and nothing that is stored.

        Raises:
            InvalidInput: the class isn't an attrs class, or a field isn't one of its.
        """
        if not attrs.has(row):
            message = f"a table's rows are of an attrs class, which {row.__name__} is not"
            raise InvalidInput(message)
        self.row = row
        self.key = (key,) if isinstance(key, str) else tuple(key)
        self.indexes = {name: _as_index(declared) for name, declared in (indexes or {}).items()}
        self.domain = domain
        self.name = ""
        self._check()

    def _check(self) -> None:
        fields = {field.name for field in attrs.fields(self.row)}
        fields |= {name for name, member in vars(self.row).items() if isinstance(member, property)}
        used = {"the key": self.key, **{f"index {name}": index.fields for name, index in self.indexes.items()}}
        for what, names in used.items():
            for name in names or ("",):
                if name not in fields:
                    message = f"{what} of a table of {self.row.__name__} names the field {name!r}, which it hasn't got"
                    raise InvalidInput(message)
        if self.domain is not None and self.fields.get(self.domain, (None, None))[0] not in _DOMAINS:
            message = f"the domain of a table of {self.row.__name__} is a field that holds a text or a tuple, "
            message += f"not {self.domain!r}"
            raise InvalidInput(message)
        for name, index in self.indexes.items():
            if index.each is not None and index.each not in index.fields:
                message = f"index {name}: each={index.each!r} is not one of its fields"
                raise InvalidInput(message)

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @property
    def databases(self) -> tuple[str, ...]:
        """Names of the databases that the table takes: one for its rows, one for each index."""
        return (self.name, *(f"{self.name}.{index}" for index in self.indexes))

    def describe(self) -> str:
        """The declaration as text: what has to stay the same for stored rows to be readable."""
        fields = [f"{field.name}: {_type_text(field.type)}" for field in attrs.fields(self.row)]
        indexes = [
            f"{name}={index.fields}/{index.each}/{self.declared.get(name) or index.where is not None}"
            for name, index in self.indexes.items()
        ]
        return f"{self.name}[{self.row.__name__}({', '.join(fields)})] key={self.key} {' '.join(indexes)}"

    @cached_property
    def fields(self) -> Fields:
        """What rows can be asked for by: fields and properties, with what they hold."""
        return fields_of(self.row)

    @cached_property
    def indexed(self) -> frozenset[str]:
        """The fields that stand in the key or in an index."""
        return frozenset(self.key).union(*(index.fields for index in self.indexes.values()))

    @cached_property
    def declared(self) -> dict[str, Node]:
        """For each partial index that is declared by a condition, that condition."""
        conditions = {name: index.where for name, index in self.indexes.items()}
        return {
            name: criteria(self.fields, [condition], f"{self.name}.{name}")
            for name, condition in conditions.items()
            if isinstance(condition, Where)
        }

    @cached_property
    def _floats(self) -> frozenset[str]:
        """The fields that hold floats, also where a row was made with an int."""
        return frozenset(
            name for name, (kinds, _) in self.fields.items() if kinds and "float" in kinds and "int" not in kinds
        )

    @cached_property
    def _keeps(self) -> dict[str, Callable[[Any], bool]]:
        """For each partial index, what tells whether a row has entries in it."""
        return {
            name: fits(self.declared[name]) if isinstance(index.where, Where) else index.where
            for name, index in self.indexes.items()
            if index.where is not None
        }

    @cached_property
    def maker(self) -> EntryMaker:
        """What makes the entries of rows in the indexes."""
        return EntryMaker(self.indexes, self._keeps, self._floats)


def _type_text(declared: object) -> str:
    named = [part.__qualname__ for part in types_of(declared) if isinstance(part, type) and attrs.has(part)]
    return f"{declared}{named or ''}"


def row_key(values: tuple[Any, ...]) -> bytes:
    """The packed key of a row.

    Raises:
        InvalidInput: a value can't be part of a key, or the key is over 511 bytes.
    """
    packed = keys.pack(values if PLAIN.issuperset(map(type, values)) else list(map(plain, values)))
    return packed if len(packed) <= MAX_KEY_BYTES else checked_key(packed, "the key")
