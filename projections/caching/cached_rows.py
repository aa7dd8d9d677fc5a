"""Cached rows: a view's rows as users see them, from what is kept of them where it is there, and else from the disk."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from itertools import islice
from typing import Any, Final, TypeVar

from ...codecs.rows import RowCodec
from ...core.environment import Environment
from ..finding import Question
from ..plans import Found
from ..rows import Gate, ReadRows
from ..schema import Schema, row_key
from ..slow import SlowQueries, never
from ..walking import descend
from .levels import NEVER, TableCache, name_of

__all__ = ["CachedRows"]

R = TypeVar("R")
Named = tuple[Hashable, bytes]
"""A row's name, and its key as it is stored."""
WARM_BATCH: Final = 256
"""Rows read at once while warming: a millisecond or so."""


class CachedRows(ReadRows[R]):
    """Rows of which is kept what was read."""

    def __init__(
        self,
        table: Schema[R],
        env: Environment,
        codec: RowCodec[R],
        gate: Gate,
        slow: SlowQueries = never,
        *,
        cache: TableCache[R],
    ) -> None:
        super().__init__(table, env, codec, gate, slow)
        self._cache = cache

    def retire(self) -> None:
        """Others have taken the place of these rows: what is kept is theirs. Who still reads these reads the disk."""
        self._cache = self._cache.apart()

    def get(self, *key: Any) -> R | None:
        cache = self._cache
        # One text is its own name; 1, 1.0 and True are equal to a dict and are different keys, so the rest is packed.
        name = key[0] if len(key) == 1 and type(key[0]) is str else name_of(row_key(key))
        row = cache.objects.get(name)
        return self._look_up([(name, row_key(key))])[0] if row is None else row

    def get_all(self, keys: Iterable[Any]) -> list[R | None]:
        objects = self._cache.objects
        asked = [(key if type(key) is str else name_of(row_key((key,))), key) for key in keys]
        rows = [objects.get(name) for name, _ in asked]
        missing = [at for at, row in enumerate(rows) if row is None]
        found = self._look_up([(asked[at][0], row_key((asked[at][1],))) for at in missing])
        for at, row in zip(missing, found, strict=True):
            rows[at] = row
        return rows

    def _look_up(self, several: Sequence[Named]) -> list[R | None]:
        """Rows that aren't there as objects."""
        cache = self._cache
        for _ in several:
            cache.objects.missed()
        return self._fetch(several, [cache.is_read_again(name) for name, _ in several])

    def _fetch(self, several: Sequence[Named], keeps: Iterable[bool]) -> list[R | None]:
        """Rows from what is stored of them, or else from the disk, all of one moment; and keep some."""
        cache, seen = self._begin()
        found = [cache.stored(packed) for _, packed in several]
        if None in found:
            with self._reading() as txn:
                pairs = zip(several, found, strict=True)
                found = [txn.get(packed, db=self._db) if data is None else data for (_, packed), data in pairs]
        rows: list[R | None] = []
        for (name, packed), data, is_kept in zip(several, found, keeps, strict=True):
            row = None if data is None else self._codec.decode(data)
            rows.append(row)
            if is_kept and data is not None and row is not None:
                cache.keep(seen, name, packed, data, row)
        return rows

    def _begin(self, domain: bytes | None = None) -> tuple[TableCache[R], int]:
        """The cache, and what it has seen: ask before reading. If others take our place in between, it isn't ours."""
        cache = self._cache
        seen = cache.seen(domain)
        return (cache, seen) if self._cache is cache else (self._cache, NEVER)

    def warm(self, limit: int) -> int:
        """Read rows into the cache, from the last key down; returns how many were read. In any thread.

        In batches: a change that comes meanwhile keeps what was read before it from being taken in.
        """
        count, stop = 0, None
        while count < limit:
            cache, seen = self._begin()
            with self._reading() as txn:
                batch = list(islice(descend(txn.cursor(self._db), b"", stop), min(WARM_BATCH, limit - count)))
            for key, value in batch:
                cache.keep(seen, name_of(key), key, value, self._codec.decode(value))
            if not batch:
                break
            count, stop = count + len(batch), batch[-1][0]
        return count

    def foresee(self, name: Hashable) -> bool:
        """Read the row of a name that the cache knows, uncounted; returns whether there is one."""
        return type(name) is str and self._fetch([(name, row_key((name,)))], [True]) != [None]

    def answer(self, question: Question) -> Found[R]:
        cache = self._cache
        if not question.is_nameable:
            return super().answer(question)
        found = cache.answer(question)
        if found is None:
            cache, seen = self._begin(cache.domain_of(question))
            found = super().answer(question)
            cache.keep_answer(seen, question, found)
        return found
