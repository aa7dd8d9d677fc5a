"""Rows: a table in use. Here they are read, snapshot by snapshot; `written_rows` is where a projection writes them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from typing import Any, Generic, Protocol, TypeVar

import lmdb

from ..codecs import keys
from ..codecs.rows import RowCodec
from ..core.environment import Environment
from ..core.errors import Closed, Damaged, InvalidInput
from .conditions import Where
from .finding import Finder, Question
from .plain import plain
from .plans import Found, Plan
from .schema import Schema, row_key
from .slow import SlowQueries, never
from .walking import ascend, descend

__all__ = ["Gate", "ReadRows", "Rows"]

R = TypeVar("R")


class Gate(Protocol):
    """Asked before every read: raises when the view may not be read."""

    def __call__(self) -> None: ...


class Rows(Generic[R]):
    """The rows of a table."""

    def __init__(self, table: Schema[R], env: Environment, codec: RowCodec[R], slow: SlowQueries = never) -> None:
        self._table = table
        self._env = env
        self._codec = codec
        self._db = env.db(table.name)
        self._index_dbs = {name: env.db(f"{table.name}.{name}") for name in table.indexes}
        self._slow = slow

    def _reading(self) -> AbstractContextManager[lmdb.Transaction[bytes]]:
        raise NotImplementedError

    @cached_property
    def _finder(self) -> Finder[R]:
        return Finder(self._table, self._db, self._index_dbs, self._codec.decode)

    def get(self, *key: Any) -> R | None:
        """The row with this key, or None."""
        packed = row_key(key)
        with self._reading() as txn:
            found = txn.get(packed, db=self._db)
        return None if found is None else self._codec.decode(found)

    def get_all(self, keys: Iterable[Any]) -> list[R | None]:
        """The rows with these keys, of one field each; None where there is none."""
        return self.read_all(keys)

    def read_all(self, keys: Iterable[Any]) -> list[R | None]:
        """As `get_all`, from the disk, of one snapshot, for who goes through many of them once: nothing is kept."""
        packed = [row_key((key,)) for key in keys]
        with self._reading() as txn:
            found = [txn.get(each, db=self._db) for each in packed]
        return [None if each is None else self._codec.decode(each) for each in found]

    def select(
        self,
        index: str | None = None,
        *values: Any,
        start: Any = None,
        stop: Any = None,
        backward: bool = False,
        limit: int | None = None,
    ) -> list[R]:
        """Rows in the order of an index.

        Args:
            index: name of the index; None for the order of the rows' keys.
            values: what the index's first fields must equal.
            start: least value of the field after those.
            stop: value of that field that is too great.
            backward: from the greatest down.
            limit: at most so many.

        Raises:
            InvalidInput: the table has no such index, or a value can't be part of a key.
        """
        return list(self.iterate(index, *values, start=start, stop=stop, backward=backward, limit=limit))

    def iterate(
        self,
        index: str | None = None,
        *values: Any,
        start: Any = None,
        stop: Any = None,
        backward: bool = False,
        limit: int | None = None,
    ) -> Iterator[R]:
        """As `select`, one row at a time. The snapshot is held until the end: don't await in between."""
        db = self._db if index is None else self._index_db(index)
        packed = [plain(value) for value in values]
        prefix = keys.pack(packed)
        low = prefix if start is None else keys.pack([*packed, plain(start)])
        high = keys.after_prefix(prefix) if stop is None else keys.pack([*packed, plain(stop)])
        decode = self._codec.decode
        with self._reading() as txn:
            cursor = txn.cursor(db)
            found = (descend if backward else ascend)(cursor, low, high)
            for count, (key, value) in enumerate(found):
                if count == limit:
                    return
                if index is None:
                    yield decode(value)
                else:
                    yield decode(self._indexed(txn, key[-int.from_bytes(value, "big") :]))

    def _indexed(self, txn: lmdb.Transaction[bytes], primary: bytes) -> bytes:
        row = txn.get(primary, db=self._db)
        if row is None:
            message = f"{self._table.name}: an index names a row that is not there; delete the view, it will be rebuilt"
            raise Damaged(message)
        return row

    def find(
        self,
        *wheres: Where,
        order: str | Sequence[str] | None = None,
        limit: int | None = None,
        after: str | None = None,
        index: str | None = None,
        scan: bool = False,
        **conditions: Any,
    ) -> Found[R]:
        """Rows that fit all conditions, through the index that costs least.

        Args:
            wheres: conditions joined by `where`; also for fields that are called as one of the arguments here.
            order: a field or several, `-` before it for the greatest first; rows that are equal in these come by their
                key, in the direction of the last. By default, the order of the index that is taken.
            limit: at most so many.
            after: the `cursor` of the page before this one.
            index: take this index; of a partial one, only the rows that it has are asked for.
            scan: look through all rows if no index serves.
            conditions: by field, a value that it equals or a test.

        Raises:
            InvalidInput: a condition or the order is served by no index and `scan` isn't given; a field isn't there;
                the cursor is another query's.
        """
        question = Question.of(
            self._table, wheres, conditions, order=order, limit=limit, after=after, index=index, scan=scan
        )
        return self.answer(question)

    def answer(self, question: Question) -> Found[R]:
        """As `find`, for a question that is ready: `Question.of` checks one, once for as often as it is asked."""
        with self._reading() as txn:
            began = self._slow.clock()
            found, plan = self._finder.find(txn, question)
            self._slow.note(self._slow.clock() - began, plan)
            return found

    def explain(
        self,
        *wheres: Where,
        order: str | Sequence[str] | None = None,
        limit: int | None = None,
        after: str | None = None,
        index: str | None = None,
        scan: bool = False,
        **conditions: Any,
    ) -> Plan:
        """How `find` answers the same question: it is answered, and what that took is told.

        Raises:
            InvalidInput: as `find`.
        """
        question = Question.of(
            self._table, wheres, conditions, order=order, limit=limit, after=after, index=index, scan=scan
        )
        with self._reading() as txn:
            return self._finder.find(txn, question)[1]()

    def count(self) -> int:
        """How many rows there are."""
        with self._reading() as txn:
            return int(txn.stat(self._db)["entries"])

    def put(self, row: R) -> None:  # noqa: ARG002 - overridden where writing is allowed
        """Store a row in the place of the one with its key. Only a projection's handlers may."""
        raise self._refusal()

    def delete(self, *key: Any) -> None:  # noqa: ARG002 - overridden where writing is allowed
        """Drop the row with this key, if there is one. Only a projection's handlers may."""
        raise self._refusal()

    def entries(self) -> Iterator[tuple[str, bytes, bytes]]:
        """Everything stored, as (database, key, value), in order: what a view's digest is made of."""
        with self._reading() as txn:
            for name, db in {"": self._db, **self._index_dbs}.items():
                yield from ((name, key, value) for key, value in txn.cursor(db))

    def _refusal(self) -> Exception:
        return Closed(f"{self._table.name} is read-only here: only the projection's own handlers write")

    def _index_db(self, index: str) -> lmdb._Database:
        try:
            return self._index_dbs[index]
        except KeyError:
            message = (
                f"{self._table.name} has no index {index!r}; it has {', '.join(sorted(self._index_dbs)) or 'none'}"
            )
            raise InvalidInput(message) from None


class ReadRows(Rows[R]):
    """Rows as users see them: every call reads the newest snapshot."""

    def __init__(
        self, table: Schema[R], env: Environment, codec: RowCodec[R], gate: Gate, slow: SlowQueries = never
    ) -> None:
        super().__init__(table, env, codec, slow)
        self._gate = gate

    def _reading(self) -> AbstractContextManager[lmdb.Transaction[bytes]]:
        self._gate()
        return self._env.snapshot()
