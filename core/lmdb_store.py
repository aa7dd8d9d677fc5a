"""The store on disk: one LMDB environment that holds nothing but facts (`docs/format.md`)."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from struct import Struct
from typing import Final

import lmdb

from ..codecs.commits import Commit, pack_commit, read_commit
from ..codecs.compression import deflate, inflate
from ..codecs.digests import genesis_link
from .clock import Entropy, system_entropy
from .environment import DEFAULT_MAP_BYTES, Environment
from .errors import Damaged, InvalidInput, NotFound
from .stores import Head, Sealed, check_follows

__all__ = ["LmdbStore"]

_DATABASES: Final = ("frames", "commits", "types", "dictionaries", "meta")
_FORMAT_KEY: Final = b"format"
_ID_KEY: Final = b"id"
FORMAT: Final = 1
_position = Struct(">Q")
_small = Struct(">H")


class LmdbStore:
    """A log in the directory `path`."""

    def __init__(
        self,
        path: Path,
        *,
        read_only: bool = False,
        map_bytes: int = DEFAULT_MAP_BYTES,
        entropy: Entropy = system_entropy,
    ) -> None:
        """Open the log, creating it unless `read_only`.

        Raises:
            NotFound: there is no log and it may not be created.
            Damaged: what is there isn't a log of a known format.
            StorageFailed: the disk refuses.
        """
        self._path = path
        self._read_only = read_only
        self._map_bytes = map_bytes
        if read_only and not (path / "data.mdb").exists():
            message = f"there is no log in {path}"
            raise NotFound(message)
        self._env = self._open()
        self._log_id = self._identify(entropy)

    def _open(self) -> Environment:
        return Environment(self._path, _DATABASES, read_only=self._read_only, map_bytes=self._map_bytes)

    def _identify(self, entropy: Entropy) -> bytes:
        meta = self._env.db("meta")
        with self._env.reading() as txn:
            form, log_id = txn.get(_FORMAT_KEY, db=meta), txn.get(_ID_KEY, db=meta)
        if form is None and log_id is None and not self._read_only:
            log_id = entropy(16)
            self._env.write(
                lambda txn: (txn.put(_FORMAT_KEY, bytes((FORMAT,)), db=meta), txn.put(_ID_KEY, log_id, db=meta))
            )
        elif form != bytes((FORMAT,)) or log_id is None:
            message = f"{self._path} holds no log of format {FORMAT} (it says {form!r}); a newer Remanence may have written it"
            raise Damaged(message)
        return log_id

    @property
    def log_id(self) -> bytes:
        return self._log_id

    def head(self) -> Head:
        with self._env.reading() as txn:
            return self._head(txn)

    def _head(self, txn: lmdb.Transaction) -> Head:
        commits = txn.cursor(self._env.db("commits"))
        if not commits.last():
            return Head(0, genesis_link(self._log_id))
        commit = read_commit(commits.value(), _position.unpack(commits.key())[0])
        return Head(commit.last, commit.link)

    def append(self, sealed: Sealed) -> None:
        commit = sealed.commit
        rows = list(zip(map(_position.pack, range(commit.first, commit.last + 1)), sealed.frames, strict=False))

        def change(txn: lmdb.Transaction) -> None:
            check_follows(sealed, self._head(txn))
            for type_id, name in commit.declarations.types:
                txn.put(_small.pack(type_id), name.encode(), db=self._env.db("types"), overwrite=False)
            for dictionary_id, data in sealed.dictionaries.items():
                txn.put(_small.pack(dictionary_id), deflate(data), db=self._env.db("dictionaries"), overwrite=False)
            # append=True makes LMDB itself refuse a position that is not the greatest.
            txn.cursor(self._env.db("frames")).putmulti(rows, append=True)
            txn.put(_position.pack(commit.first), pack_commit(commit), db=self._env.db("commits"), append=True)

        self._env.write(change)

    def read(self, first: int, last: int) -> Sequence[bytes]:
        if last < first:
            return []
        with self._env.reading() as txn:
            cursor = txn.cursor(self._env.db("frames"))
            if not cursor.set_range(_position.pack(max(1, first))):
                return []
            frames: list[bytes] = []
            count = last - max(1, first) + 1
            for frame in cursor.iternext(keys=False):
                frames.append(frame)
                if len(frames) == count:
                    break
            return frames

    def pick(self, positions: Sequence[int]) -> Sequence[bytes]:
        frames = self._env.db("frames")
        with self._env.reading() as txn:
            found = [txn.get(_position.pack(position), db=frames) for position in positions]
        if None in found:
            position = positions[found.index(None)]
            message = f"event {position} is missing from {self._path}"
            raise Damaged(message, position=position)
        return found

    def commits(self, first: int, limit: int) -> Sequence[Commit]:
        with self._env.reading() as txn:
            cursor = txn.cursor(self._env.db("commits"))
            key = _position.pack(max(1, first))
            is_exact = cursor.set_range(key) and cursor.key() == key
            if not is_exact and not cursor.prev() and not cursor.first():
                return []
            found: list[Commit] = []
            for key, record in cursor:
                commit = read_commit(record, _position.unpack(key)[0])
                if commit.last >= first:
                    found.append(commit)
                if len(found) == limit:
                    break
        for one, other in pairwise(found):
            if other.first != one.last + 1:
                message = f"the commit record at position {one.first} ends at {one.last}, the next begins at {other.first}"
                raise Damaged(message, position=one.first)
        return found

    def types(self) -> Mapping[int, str]:
        with self._env.reading() as txn:
            rows = list(txn.cursor(self._env.db("types")))
        try:
            return {_small.unpack(key)[0]: name.decode() for key, name in rows}
        except (ValueError, UnicodeDecodeError) as error:
            message = f"the table of types in {self._path} is damaged: {error}"
            raise Damaged(message) from error

    def dictionaries(self) -> Mapping[int, bytes]:
        with self._env.reading() as txn:
            rows = list(txn.cursor(self._env.db("dictionaries")))
        return {_small.unpack(key)[0]: inflate(data) for key, data in rows}

    def used_bytes(self) -> int:
        return self._env.used_bytes()

    def backup(self, target: Path) -> None:
        """Write a compact copy of the log as of now into `target`, which must be empty or missing.

        Raises:
            InvalidInput: `target` holds something.
            StorageFailed: the disk refuses.
        """
        target.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(target.iterdir()):
            message = f"{target} is not empty; a backup goes into an empty or a new folder"
            raise InvalidInput(message)
        self._env.copy(target)

    def reopen(self) -> None:
        self._env.close()
        self._env = self._open()

    def close(self) -> None:
        self._env.close()

    def __repr__(self) -> str:
        return f"<LmdbStore {os.fspath(self._path)}>"
