"""Alone: one entity's rows, made by folding its own events and no others. Nothing touches the disk.

This is exact for a projection whose rows about an entity depend on that entity's events alone: its handlers get, put
and delete rows by their keys. Whatever asks for more than that (an index, a count) is refused, so that an answer is
never made of less than it needs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from operator import attrgetter
from typing import Any, TypeVar

import lmdb

from ..codecs.converter import EventConverter
from ..codecs.rows import RowCodec
from ..core.errors import InvalidInput
from ..core.recorded import Recorded
from .folding import failure_at
from .projection import Projection
from .rows import Rows
from .schema import Schema, row_key

__all__ = ["fold_alone"]

P = TypeVar("P", bound=Projection)
R = TypeVar("R")


class _LoneRows(Rows[R]):
    """The few rows of a table that one entity has, as they would be stored."""

    def __init__(self, table: Schema[R], codec: RowCodec[R]) -> None:  # no files, so nothing of the base's
        self._table = table
        self._codec = codec
        self._key_of = attrgetter(*table.key)
        self._stored: dict[bytes, bytes] = {}

    def get(self, *key: Any) -> R | None:
        found = self._stored.get(row_key(key))
        return None if found is None else self._codec.decode(found)

    def put(self, row: R) -> None:
        if not isinstance(row, self._table.row):
            message = f"{self._table.name} holds {self._table.row.__name__}, not {type(row).__name__}"
            raise InvalidInput(message)
        found = self._key_of(row)
        key = row_key((found,) if len(self._table.key) == 1 else found)
        list(self._table.maker.entries([row], [key]))  # a row that no index could take is refused here too
        self._stored[key] = self._codec.encode(row)

    def delete(self, *key: Any) -> None:
        self._stored.pop(row_key(key), None)

    def _reading(self) -> AbstractContextManager[lmdb.Transaction[bytes]]:
        raise self._alone()

    def iterate(self, *_: Any, **__: Any) -> Iterator[R]:
        raise self._alone()

    def _alone(self) -> InvalidInput:
        return InvalidInput(f"{self._table.name} was folded for one entity alone: rows are got by their keys here")


def fold_alone(
    projection: type[P], events: Iterable[Recorded[Any]], skips: frozenset[int], converter: EventConverter
) -> P:
    """What a projection makes of the events of one entity.

    Args:
        projection: whose handlers.
        events: the entity's, in order.
        skips: positions of those that its view passes over.
        converter: what rows are packed with.

    Returns:
        The projection with its rows, to get them by their keys.

    Raises:
        ViewFailed: a handler raised.
    """
    folded = projection(
        {name: _LoneRows(table, RowCodec(table.row, converter)) for name, table in projection.tables.items()}
    )
    for event in events:
        handler = projection.handlers.get(event.type)
        if handler is None or event.is_erased or event.position in skips:
            continue
        try:
            handler(folded, event)
        except Exception as error:
            raise failure_at(projection.name, event, error) from error
    return folded
