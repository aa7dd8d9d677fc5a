"""Written rows: a table as a projection's handlers see it. A batch's changes are gathered, and stored at its end.

Invariants:
- rows and index entries change together: an entry is stored exactly if its row says so;
- a handler reads what it and the handlers before it wrote, stored or not;
- a row that changes many times in a batch is stored once, and everything is stored in the order of the tree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from itertools import repeat
from operator import attrgetter
from typing import Any, TypeVar

import lmdb

from ..codecs.rows import RowCodec
from ..core.environment import Environment
from ..core.errors import InvalidInput
from .caching.levels import TableCache
from .rows import Rows
from .schema import Schema, row_key

__all__ = ["WriteRows"]

R = TypeVar("R")


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
