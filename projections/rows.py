"""Rows: a table in use. Reading is snapshot by snapshot; writing gathers a batch's changes and stores them at its end.

Invariants:
- rows and index entries change together: an entry is stored exactly if its row says so;
- a handler reads what it and the handlers before it wrote, stored or not;
- a row that changes many times in a batch is stored once, and everything is stored in the order of the tree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from itertools import repeat
from operator import attrgetter
from typing import Any, Generic, Protocol, TypeVar

import lmdb

from ..codecs import keys
from ..codecs.rows import RowCodec
from ..core.environment import Environment
from ..core.errors import Closed, Damaged, InvalidInput
from .caching.levels import TableCache
from .conditions import Where
from .finding import Finder, Question
from .plain import plain
from .plans import Found, Plan
from .schema import Schema, row_key
from .slow import SlowQueries, never
from .walking import ascend, descend

__all__ = ["Gate", "ReadRows", "Rows", "WriteRows"]

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


class WriteRows(Rows[R]):
    """Rows as a projection's handlers see them, within one transaction."""

    def __init__(
        self,
        table: Schema[R],
        env: Environment,
        codec: RowCodec[R],
        txn: lmdb.Transaction[bytes],
        *,
        is_careful: bool = True,
        cache: TableCache[R] | None = None,
    ) -> None:
        """Prepare for a batch of events.

        Args:
            table: what the rows are.
            env: where they are.
            codec: what they are packed with.
            txn: the transaction to write in.
            is_careful: see at once whether a row can be kept, and not when the batch is stored, which is cheaper
                because many are packed together.
            cache: what is kept of them, to be told what changes.
        """
        super().__init__(table, env, codec)
        self._txn = txn
        self._is_careful = is_careful
        self._key_of: Callable[[R], Any] = attrgetter(*table.key)
        self._single = len(table.key) == 1
        self._cache = cache
        self._before: dict[bytes, R | None] = {}
        self._after: dict[bytes, R | None] = {}
        self._passed: list[tuple[bytes, R]] = []
        """Rows that others took the place of in this batch: never stored, but they have to be such as could be."""

    def _reading(self) -> AbstractContextManager[lmdb.Transaction[bytes]]:
        self.flush()
        return _Borrowed(self._txn)

    def get(self, *key: Any) -> R | None:
        return self._current(row_key(key))

    def put(self, row: R) -> None:
        if not isinstance(row, self._table.row):
            message = f"{self._table.name} holds {self._table.row.__name__}, not {type(row).__name__}"
            raise InvalidInput(message)
        found = self._key_of(row)
        key = row_key((found,) if self._single else found)
        if self._is_careful:
            self._current(key)
            self._packed([key], [row])
        elif (passed := self._after.get(key)) is not None:
            self._passed.append((key, passed))
        self._after[key] = row

    def delete(self, *key: Any) -> None:
        packed = row_key(key)
        passed = self._current(packed)
        if passed is not None:
            if packed in self._after:
                self._passed.append((packed, passed))
            self._after[packed] = None

    def _current(self, key: bytes) -> R | None:
        if key in self._after:
            return self._after[key]
        if key not in self._before:
            found = self._txn.get(key, db=self._db)
            self._before[key] = None if found is None else self._codec.decode(found)
        return self._before[key]

    def _packed(self, keys: Sequence[bytes], rows: Sequence[R]) -> list[list[tuple[bytes, bytes]]]:
        """What is stored for rows: in the table, and in each index."""
        encoded = list(zip(keys, map(self._codec.encode, rows), strict=True))
        return [encoded, *self._table.maker.entries(rows, keys)]

    def flush(self) -> None:
        """Store what has changed.

        Raises:
            InvalidInput: a row can't be kept, and nobody looked before; nothing has been stored.
        """
        if not self._after:
            return
        if self._passed:
            self._packed([key for key, _ in self._passed], [row for _, row in self._passed])
        self._look_up(self._after.keys() - self._before.keys())
        if self._cache is not None:
            self._cache.note((key, self._before[key], row) for key, row in self._after.items())
        after = {key: row for key, row in self._after.items() if row is not None}
        before = {key: row for key in self._after if (row := self._before[key]) is not None}
        come = self._packed(list(after), list(after.values()))
        gone: Iterable[list[tuple[bytes, bytes]]] = repeat([])
        if before:
            gone = [[(key, b"") for key in before], *self._table.maker.entries(list(before.values()), list(before))]
        for db, puts, drops in zip((self._db, *self._index_dbs.values()), come, gone, strict=False):
            _store(self._txn, db, puts, drops)
        self._before.clear()
        self._after.clear()
        self._passed.clear()

    def _look_up(self, keys: Iterable[bytes]) -> None:
        """Read rows as they were before the batch."""
        self._before.update(dict.fromkeys(keys))
        found = self._txn.cursor(self._db).getmulti(sorted(keys))
        self._before.update((key, self._codec.decode(stored)) for key, stored in found)


def _store(
    txn: lmdb.Transaction[bytes],
    db: lmdb._Database,
    puts: Sequence[tuple[bytes, bytes]],
    drops: Sequence[tuple[bytes, bytes]],
) -> None:
    """Bring entries in and take entries out, in the order of the tree, so that neighbours are written together."""
    if drops:
        gone = dict(drops).keys() - dict(puts).keys()
        puts = list(dict(puts).items() - dict(drops).items())
        for key in sorted(gone):
            txn.delete(key, db=db)
    if puts:
        txn.cursor(db).putmulti(sorted(puts))


class _Borrowed(AbstractContextManager["lmdb.Transaction[bytes]"]):
    """A transaction that somebody else ends."""

    def __init__(self, txn: lmdb.Transaction[bytes]) -> None:
        self._txn = txn

    def __enter__(self) -> lmdb.Transaction[bytes]:
        return self._txn

    def __exit__(self, *_: object) -> None:
        """It goes on."""
