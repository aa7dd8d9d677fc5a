"""The catalog on disk: types, tags and keys → positions, as the log's port (`core.catalogs`) asks for.

Two databases: `postings`, from one byte for the kind of term and its text to the ascending positions of its events
(8 bytes each, LMDB's fixed-size duplicates: a posting costs its eight bytes, and counting them costs nothing); and
`keys`, from the digest of a dedup key to its first use.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from struct import Struct
from typing import Final

import lmdb

from ..core.catalogs import Entry, KeyUse
from ..core.environment import DEFAULT_MAP_BYTES
from ..core.queries import Query, Term, select
from .view_store import ViewStore

__all__ = ["VERSION", "LmdbCatalog"]

VERSION: Final = 1
_KINDS: Final = {"type": b"\x01", "tag": b"\x02"}
_position = Struct(">Q")
_use = Struct(">QI16s")
_pack = _position.pack


def _name(term: Term) -> bytes:
    return _KINDS[term[0]] + term[1].encode()


class LmdbCatalog:
    """A catalog in the directory `path`."""

    def __init__(
        self,
        path: Path,
        log_id: bytes,
        *,
        read_only: bool = False,
        map_bytes: int = DEFAULT_MAP_BYTES,
        boot: str | None = None,
    ) -> None:
        """Open the catalog, empty if there is none that can be trusted.

        Raises:
            NotFound: `read_only`, and there is none.
            StorageFailed: the disk refuses.
        """
        self.store = ViewStore(
            path,
            ("postings", "keys"),
            log_id,
            duplicates=("postings",),
            read_only=read_only,
            map_bytes=map_bytes,
            boot=boot,
        )
        self._read_only = read_only
        self._postings = self.store.env.db("postings")
        self._keys = self.store.env.db("keys")
        self._checkpoint = self.store.mark()[0]

    @property
    def checkpoint(self) -> int:
        return self.store.mark()[0] if self._read_only else self._checkpoint

    def apply(self, entries: Sequence[Entry], proof: bytes) -> None:
        if not entries:
            return
        postings: list[tuple[bytes, bytes]] = []
        keys: list[tuple[bytes, bytes]] = []
        for entry in entries:
            position = _pack(entry.position)
            postings.append((b"\x01" + entry.type.encode(), position))
            postings += [(b"\x02" + tag.encode(), position) for tag in entry.tags]
            if entry.key is not None:
                digest, use = entry.key
                keys.append((digest, _use.pack(use.first, use.count, use.content)))
        postings.sort()  # neighbours in the tree are written together
        keys.sort()

        def change(txn: lmdb.Transaction[bytes]) -> None:
            txn.cursor(self._postings).putmulti(postings, dupdata=True)
            if keys:
                txn.cursor(self._keys).putmulti(keys, overwrite=False)

        last = entries[-1].position
        self.store.write(change, last, proof)
        self._checkpoint = last

    def find_key(self, digest: bytes) -> KeyUse | None:
        with self.store.env.reading() as txn:
            found = txn.get(digest, db=self._keys)
        return None if found is None else KeyUse(*_use.unpack(found))

    def select(self, query: Query, after: int, before: int, limit: int | None, *, backward: bool) -> Sequence[int]:
        with self.store.env.reading() as txn:
            before = min(before, self.checkpoint + 1)
            found = select(_Postings(txn, self._postings), query, after, before, backward=backward)
            return list(islice(found, limit))

    def types(self) -> Mapping[str, int]:
        return {name: count for (kind, name), count in self.terms() if kind == "type"}

    def terms(self) -> Iterator[tuple[Term, int]]:
        """Every term with its number of postings, in order: for `verify` and `stats`."""
        kinds = {number: kind for kind, number in _KINDS.items()}
        with self.store.env.reading() as txn:
            cursor = txn.cursor(self._postings)
            found = [
                ((kinds[key[:1]], key[1:].decode()), cursor.count()) for key in cursor.iternext_nodup(values=False)
            ]
        return iter(found)

    def close(self) -> None:
        self.store.close()


class _Postings:
    """`core.queries.Postings` over one read transaction, with a cursor for each term asked about."""

    def __init__(self, txn: lmdb.Transaction[bytes], db: lmdb._Database) -> None:
        self._txn = txn
        self._db = db
        self._cursors: dict[Term, tuple[lmdb.Cursor[bytes], bytes]] = {}

    def _cursor(self, term: Term) -> tuple[lmdb.Cursor[bytes], bytes]:
        found = self._cursors.get(term)
        if found is None:
            found = self._cursors[term] = (self._txn.cursor(self._db), _name(term))
        return found

    def count(self, term: Term) -> int:
        cursor, name = self._cursor(term)
        return cursor.count() if cursor.set_key(name) else 0

    def contains(self, term: Term, position: int) -> bool:
        cursor, name = self._cursor(term)
        return cursor.set_key_dup(name, _pack(position))

    def ascending(self, term: Term, after: int) -> Iterator[int]:
        cursor = self._txn.cursor(self._db)
        if not cursor.set_range_dup(_name(term), _pack(after + 1)):
            return iter(())
        return (int.from_bytes(value, "big") for value in cursor.iternext_dup())

    def descending(self, term: Term, before: int) -> Iterator[int]:
        cursor = self._txn.cursor(self._db)
        name = _name(term)
        if cursor.set_range_dup(name, _pack(before)):
            if not cursor.prev_dup():
                return iter(())
        elif not (cursor.set_key(name) and cursor.last_dup()):
            return iter(())
        return (int.from_bytes(value, "big") for value in cursor.iterprev_dup())
