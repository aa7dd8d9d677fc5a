"""The store on disk: one LMDB environment that holds nothing but facts (`docs/format.md`)."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from itertools import islice, pairwise
from pathlib import Path
from struct import Struct
from typing import Final

import lmdb

from ..codecs.commits import Commit, pack_commit, read_commit
from ..codecs.compression import deflate, inflate
from ..codecs.digests import genesis_link
from ..codecs.type_names import pack_type_name, read_type_name
from .clock import Entropy, system_entropy
from .environment import DATA_FILE, DEFAULT_MAP_BYTES, Environment
from .errors import Closed, Damaged, InvalidInput, NotFound, RemanenceError, StorageFailed
from .files import make_folder
from .pages import find_fault, is_short
from .stores import Head, Origin, Sealed, Tally, check_follows

__all__ = ["LmdbStore"]

_DATABASES: Final = ("frames", "commits", "types", "dictionaries", "meta")
_FORMAT_KEY: Final = b"format"
_ID_KEY: Final = b"id"
_ORIGIN_KEY: Final = b"origin"
FORMAT: Final = 1
_position = Struct(">Q")
_small = Struct(">H")
_origin = Struct(">16sQ32s")


class LmdbStore:
    """A log in the directory `path`."""

    def __init__(
        self,
        path: Path,
        *,
        read_only: bool = False,
        map_bytes: int = DEFAULT_MAP_BYTES,
        entropy: Entropy = system_entropy,
        origin: Origin | None = None,
    ) -> None:
        """Open the log, creating it unless `read_only`, and noting where it is forked from.

        Raises:
            NotFound: there is no log and it may not be created.
            Damaged: what is there isn't a log of a known format.
            StorageFailed: the disk refuses.
        """
        self._path = path
        self._read_only = read_only
        self._map_bytes = map_bytes
        self._seen = (b"", b""), Head(0, b"")
        """The last commit's key and record as they were last read, and what they say. One value: threads share it."""
        self._is_closed = False
        if read_only and not (path / DATA_FILE).exists():
            message = f"there is no log in {path}"
            raise NotFound(message)
        self._env = self._open()
        try:
            self._log_id = self._identify(entropy, origin)
        except BaseException:
            self._env.close()
            raise

    def _open(self) -> Environment:
        if is_short(self._path):  # LMDB would map it as if it were whole, and die of the first look behind its end
            fault = find_fault(self._path)
            if fault is not None:
                message = f"{self._path} was cut short: {fault}; restore a backup"
                raise Damaged(message)
        return Environment(self._path, _DATABASES, read_only=self._read_only, map_bytes=self._map_bytes)

    def _identify(self, entropy: Entropy, origin: Origin | None) -> bytes:
        meta = self._env.db("meta")
        with self._env.reading() as txn:
            form, log_id = txn.get(_FORMAT_KEY, db=meta), txn.get(_ID_KEY, db=meta)
        if form is None and log_id is None and not self._read_only:
            log_id = entropy(16)
            entries = {_FORMAT_KEY: bytes((FORMAT,)), _ID_KEY: log_id}
            if origin is not None:
                entries[_ORIGIN_KEY] = _origin.pack(origin.log_id, origin.position, origin.link)
            self._env.write(lambda txn: txn.cursor(meta).putmulti(entries.items()))
        elif form != bytes((FORMAT,)) or log_id is None:
            message = f"{self._path} holds no log of format {FORMAT} (it says {form!r}); is it a newer Remanence's?"
            raise Damaged(message)
        return log_id

    @property
    def log_id(self) -> bytes:
        return self._log_id

    @property
    def origin(self) -> Origin | None:
        """Where the log was forked from, if it was.

        Raises:
            Damaged: what is noted there is.
        """
        with self._env.reading() as txn:
            found = txn.get(_ORIGIN_KEY, db=self._env.db("meta"))
        if found is not None and len(found) != _origin.size:
            message = f"{self._path} notes an origin of {len(found)} bytes, not {_origin.size}"
            raise Damaged(message)
        return None if found is None else Origin(*_origin.unpack(found))

    def head(self) -> Head:
        with self._env.reading() as txn:
            return self._head(txn)

    def _head(self, txn: lmdb.Transaction[bytes]) -> Head:
        commits = txn.cursor(self._env.db("commits"))
        if not commits.last():
            return Head(0, genesis_link(self._log_id))
        seen, head = self._seen
        found = commits.item()
        if found != seen:
            commit = read_commit(found[1], _number(_position, found[0], "commits"))
            head = Head(commit.last, commit.link)
            self._seen = found, head
        return head

    def append(self, sealed: Sealed) -> None:
        commit = sealed.commit
        rows = list(zip(map(_position.pack, range(commit.first, commit.last + 1)), sealed.frames, strict=False))

        def change(txn: lmdb.Transaction[bytes]) -> None:
            check_follows(sealed, self._head(txn))
            for type_id, name in commit.declarations.types:
                self._put_new(txn, "types", _small.pack(type_id), pack_type_name(type_id, name))
            for dictionary_id, data in sealed.dictionaries.items():
                self._put_new(txn, "dictionaries", _small.pack(dictionary_id), deflate(data))
            # With append=True, LMDB takes a position only if it is the greatest; the others it passes over.
            _, added = txn.cursor(self._env.db("frames")).putmulti(rows, append=True)
            if added != len(rows):
                message = f"{self._path} holds frames after position {commit.first - 1}, where the log ends"
                raise Damaged(message, position=commit.first)
            self._put_new(txn, "commits", _position.pack(commit.first), pack_commit(commit))

        self._env.write(change)

    def _put_new(self, txn: lmdb.Transaction[bytes], name: str, key: bytes, value: bytes) -> None:
        if not txn.put(key, value, db=self._env.db(name), overwrite=False):
            message = f"the {name} of {self._path} have an entry {int.from_bytes(key, 'big')} that no commit made"
            raise Damaged(message)

    def read(self, first: int, last: int) -> Sequence[bytes]:
        first = max(1, first)
        count = last - first + 1
        if count < 1:
            return []
        with self._env.reading() as txn:
            cursor = txn.cursor(self._env.db("frames"))
            frames: list[bytes] = []
            if cursor.set_range(_position.pack(first)):
                frames = list(islice(cursor.iternext(keys=False), count))
            is_whole = len(frames) == count or first + len(frames) > self._head(txn).position
            # One look at the last key tells that nothing is missing before it, and nothing too many.
            if not is_whole or (frames and not _stands_at(cursor, first + len(frames) - 1)):
                raise self._missing(cursor, first)
            return frames

    def _missing(self, cursor: lmdb.Cursor[bytes], first: int) -> Damaged:
        cursor.set_range(_position.pack(first))
        position = first
        for key in cursor.iternext(values=False):
            if len(key) != _position.size:
                message = f"{self._path} holds something that is no event (under {key.hex()}) before event {position}"
                return Damaged(message, position=position)
            if key != _position.pack(position):
                break
            position += 1
        return Damaged(f"event {position} is missing from {self._path}", position=position)

    def pick(self, positions: Sequence[int]) -> Sequence[bytes]:
        frames = self._env.db("frames")
        with self._env.reading() as txn:
            found: list[bytes] = []
            for position in positions:
                frame = txn.get(_position.pack(position), db=frames)
                if frame is None:
                    message = f"event {position} is missing from {self._path}"
                    raise Damaged(message, position=position)
                found.append(frame)
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
                commit = read_commit(record, _number(_position, key, "commits"))
                if commit.last >= first:
                    found.append(commit)
                if len(found) == limit:
                    break
        for one, other in pairwise(found):
            if other.first != one.last + 1:
                message = (
                    f"the commit record at position {one.first} ends at {one.last}, the next begins at {other.first}"
                )
                raise Damaged(message, position=one.first)
        return found

    def types(self) -> Mapping[int, str]:
        return {number: read_type_name(number, entry) for number, entry in self._table("types").items()}

    def dictionaries(self) -> Mapping[int, bytes]:
        return {number: inflate(data) for number, data in self._table("dictionaries").items()}

    def _table(self, name: str) -> dict[int, bytes]:
        with self._env.reading() as txn:
            return {_number(_small, key, name): value for key, value in txn.cursor(self._env.db(name))}

    def tally(self) -> Tally:
        with self._env.reading() as txn:
            frames, commits = (txn.stat(self._env.db(name))["entries"] for name in ("frames", "commits"))
        return Tally(frames, commits)

    def used_bytes(self) -> int:
        return self._env.used_bytes()

    def backup(self, target: Path) -> None:
        """Write a compact copy of the log as of now into `target`, which must be empty or missing.

        Raises:
            InvalidInput: `target` holds something.
            StorageFailed: the disk refuses; what was written is removed again.
        """
        try:
            make_folder(target)
            is_empty = not any(target.iterdir())
        except OSError as error:
            message = f"can't write a backup to {target}: {error.strerror or error}"
            raise StorageFailed(message) from error
        if not is_empty:
            message = f"{target} is not empty; a backup goes into an empty or a new folder"
            raise InvalidInput(message)
        try:
            self._env.copy(target)
        except RemanenceError:
            (target / DATA_FILE).unlink(missing_ok=True)
            raise

    def reopen(self) -> None:
        self._env.require_own()
        if self._is_closed:
            message = f"{self._path} is closed"
            raise Closed(message)
        self._env.close()
        self._env = self._open()

    def close(self) -> None:
        self._is_closed = True
        self._env.close()

    def __repr__(self) -> str:
        return f"<LmdbStore {os.fspath(self._path)}>"


def _stands_at(cursor: lmdb.Cursor[bytes], position: int) -> bool:
    """Whether a cursor that has been read from, perhaps to the end, has last seen `position`."""
    return (cursor.key() or (cursor.last() and cursor.key())) == _position.pack(position)


def _number(layout: Struct, key: bytes, database: str) -> int:
    if len(key) != layout.size:
        message = f"the {database} have the key {key.hex()}, which is no number of {layout.size} bytes"
        raise Damaged(message)
    return int.from_bytes(key, "big")
