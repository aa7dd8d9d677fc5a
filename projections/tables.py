"""Tables: schemas as they stand in the body of a projection."""

from __future__ import annotations

from typing import Protocol, TypeVar, overload

from .rows import Rows
from .schema import Schema

__all__ = ["Table"]

R = TypeVar("R")


class HasRows(Protocol):
    """A projection at work."""

    def rows_of(self, table: Table[R]) -> Rows[R]:
        """The rows of one of its tables."""
        ...


class Table(Schema[R]):
    """A table of rows, declared in the body of a projection.

    Within the projection's handlers, and on what `Engine.view` returns, the attribute is the table's `Rows`.
    """

    @overload
    def __get__(self, instance: None, owner: type) -> Table[R]: ...
    @overload
    def __get__(self, instance: HasRows, owner: type) -> Rows[R]: ...
    def __get__(self, instance: HasRows | None, owner: type) -> Table[R] | Rows[R]:
        return self if instance is None else instance.rows_of(self)
