"""The catalog on disk: types, tags and keys → positions, as the log's port (`core.catalogs`) asks for.

Two databases: `postings`, from one byte for the kind of term and its text to the ascending positions of its events
(8 bytes each, LMDB's fixed-size duplicates: a posting costs its eight bytes, and counting them costs nothing); and
`keys`, from the digest of a dedup key to its first use.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Final

import lmdb

from ..core.catalogs import (
    TAG,
    TYPE,
    CatalogTally,
    Entry,
    KeyUse,
    check_adjoins,
    pack_position,
    read_term,
    read_use,
    term_name,
)
from ..core.environment import DEFAULT_MAP_BYTES
from ..core.queries import Query, Term, select
from .view_store import LeafAt, ViewStore

__all__ = ["VERSION", "LmdbCatalog"]

VERSION: Final = 1


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
        leaf_at: LeafAt | None = None,
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
            leaf_at=leaf_at,
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
        check_adjoins(entries, self._checkpoint)
        types: defaultdict[str, list[bytes]] = defaultdict(list)
        tags: defaultdict[str, list[bytes]] = defaultdict(list)
        for entry in entries:
            position = pack_position(entry.position)
            types[entry.type].append(position)
            for tag in entry.tags:
                tags[tag].append(position)
        # In the order of the tree, so that neighbours are written together: UTF-8 sorts as the texts do.
        postings = [(TYPE + name.encode(), position) for name in sorted(types) for position in types[name]]
        postings += [(TAG + tag.encode(), position) for tag in sorted(tags) for position in tags[tag]]
        keys = sorted((digest, use.pack()) for digest, use in filter(None, [entry.key for entry in entries]))

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
        return None if found is None else read_use(found)

    def select(self, query: Query, after: int, before: int, limit: int | None, *, backward: bool) -> Sequence[int]:
        with self.store.env.reading() as txn:
            before = min(before, (self.store.mark(txn)[0] if self._read_only else self._checkpoint) + 1)
            found = select(_Postings(txn, self._postings), query, after, before, backward=backward)
            return list(islice(found, limit))

    def types(self) -> Mapping[str, int]:
        return {name: count for (kind, name), count in self.terms() if kind == "type"}

    def tally(self) -> CatalogTally:
        with self.store.env.reading() as txn:
            checkpoint, proof = self.store.mark(txn)
            # The rows are what `posting_hash` and `key_hash` hash; summed like this they take 0.2 µs each.
            fold = sum(sum(map(hash, txn.cursor(db))) for db in (self._postings, self._keys))
        return CatalogTally(checkpoint, proof, fold)

    def terms(self) -> Iterable[tuple[Term, int]]:
        with self.store.env.reading() as txn:
            cursor = txn.cursor(self._postings)
            return [(read_term(name), cursor.count()) for name in cursor.iternext_nodup(values=False)]

    def positions(self, term: Term) -> Sequence[int]:
        with self.store.env.reading() as txn:
            cursor = txn.cursor(self._postings)
            found = cursor.iternext_dup() if cursor.set_key(term_name(term)) else ()
            return [int.from_bytes(value, "big") for value in found]

    def keys(self) -> Mapping[bytes, KeyUse]:
        with self.store.env.reading() as txn:
            return {digest: read_use(found) for digest, found in txn.cursor(self._keys)}

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
            found = self._cursors[term] = (self._txn.cursor(self._db), term_name(term))
        return found

    def count(self, term: Term) -> int:
        cursor, name = self._cursor(term)
        return cursor.count() if cursor.set_key(name) else 0

    def contains(self, term: Term, position: int) -> bool:
        cursor, name = self._cursor(term)
        return cursor.set_key_dup(name, pack_position(position))

    def ascending(self, term: Term, after: int) -> Iterator[int]:
        cursor = self._txn.cursor(self._db)
        if not cursor.set_range_dup(term_name(term), pack_position(after + 1)):
            return iter(())
        return (int.from_bytes(value, "big") for value in cursor.iternext_dup())

    def descending(self, term: Term, before: int) -> Iterator[int]:
        cursor = self._txn.cursor(self._db)
        name = term_name(term)
        if cursor.set_range_dup(name, pack_position(before)):
            if not cursor.prev_dup():
                return iter(())
        elif not (cursor.set_key(name) and cursor.last_dup()):
            return iter(())
        return (int.from_bytes(value, "big") for value in cursor.iterprev_dup())
