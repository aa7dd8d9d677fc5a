"""The catalog on disk: types, tags and keys → positions, as the log's port (`core.catalogs`) asks for.

Two databases: `postings`, from one byte for the kind of term and its text to the ascending positions of its events
(8 bytes each, LMDB's fixed-size duplicates: a posting costs its eight bytes, and counting them costs nothing); and
`keys`, from the digest of a dedup key to its first use.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from struct import Struct
from typing import Final

import lmdb

from ..core.catalogs import CatalogTally, Entry, KeyUse, Shelf, describe
from ..core.environment import DEFAULT_MAP_BYTES
from ..core.errors import Damaged
from ..core.queries import Query, Term, select
from .view_store import LeafAt, ViewStore

__all__ = ["VERSION", "LmdbCatalog"]

VERSION: Final = 1
_KINDS: Final = {"type": b"\x01", "tag": b"\x02"}
_KIND_OF: Final = {number: kind for kind, number in _KINDS.items()}
_position = Struct(">Q")
_use = Struct(">QI16s")
_pack = _position.pack


def _name(term: Term) -> bytes:
    return _KINDS[term[0]] + term[1].encode()


def _term(name: bytes) -> Term:
    try:
        return _KIND_OF[name[:1]], name[1:].decode()
    except (KeyError, UnicodeDecodeError) as error:
        message = f"the catalog has postings under {name.hex()}, which is neither a type nor a tag; it can be rebuilt"
        raise Damaged(message) from error


def _read_use(found: bytes) -> KeyUse:
    if len(found) != _use.size:
        message = f"the catalog has a key's use of {len(found)} bytes instead of {_use.size}; it can be rebuilt"
        raise Damaged(message)
    return KeyUse(*_use.unpack(found))


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
        return None if found is None else _read_use(found)

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
            postings, keys = (txn.stat(db)["entries"] for db in (self._postings, self._keys))
        return CatalogTally(checkpoint, proof, postings, keys)

    def terms(self) -> Iterable[tuple[Term, int]]:
        with self.store.env.reading() as txn:
            cursor = txn.cursor(self._postings)
            return [(_term(name), cursor.count()) for name in cursor.iternext_nodup(values=False)]

    def positions(self, term: Term) -> Sequence[int]:
        with self.store.env.reading() as txn:
            cursor = txn.cursor(self._postings)
            return (
                [int.from_bytes(value, "big") for value in cursor.iternext_dup()] if cursor.set_key(_name(term)) else []
            )

    def keys(self) -> Mapping[bytes, KeyUse]:
        with self.store.env.reading() as txn:
            return {digest: _read_use(found) for digest, found in txn.cursor(self._keys)}

    def missing(self, shelf: Shelf) -> tuple[int, str] | None:
        with self.store.env.reading() as txn:
            cursor = txn.cursor(self._postings)
            named = [(_name(term), positions) for term, positions in shelf.postings.items()]
            named.sort()  # neighbours in the tree are looked up together
            lacking = _missing_singles(cursor, [(name, _pack(each[0])) for name, each in named if len(each) == 1])
            lacking += [fault for name, each in named if len(each) > 1 for fault in _missing_of(cursor, name, each)]
            found = [(position, describe(_term(name))) for position, name in lacking]
            for digest, use in shelf.keys.items():
                if txn.get(digest, db=self._keys) != _use.pack(use.first, use.count, use.content):
                    found.append((use.first, "its key"))
        return min(found, default=None)

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


def _missing_singles(cursor: lmdb.Cursor[bytes], wanted: list[tuple[bytes, bytes]]) -> list[tuple[int, bytes]]:
    """Postings of terms of which one is wanted. Most have no other, so one call fetches the first of each."""
    found = cursor.getmulti([name for name, _ in wanted])
    if found == wanted:
        return []
    others = set(wanted).difference(found)
    return [
        (int.from_bytes(position, "big"), name) for name, position in others if not cursor.set_key_dup(name, position)
    ]


def _missing_of(cursor: lmdb.Cursor[bytes], name: bytes, positions: Sequence[int]) -> list[tuple[int, bytes]]:
    """Postings of one term, several of which are wanted: as a rule they stand there side by side."""
    wanted = list(map(_pack, positions))
    if cursor.set_range_dup(name, wanted[0]) and list(islice(cursor.iternext_dup(), len(wanted))) == wanted:
        return []
    return [(position, name) for position in positions if not cursor.set_key_dup(name, _pack(position))]
