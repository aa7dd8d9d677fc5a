"""Bare LMDB: notes encoded, compressed and put by position, a durable transaction for each append. Nothing is checked.

To be asked by id or session it reads everything once more, which is no part of what is measured.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from struct import Struct

import lmdb
import msgspec
import zstandard

from ..codecs.compression import starter_dictionary
from .append_threads import Send
from .bare import MAP_BYTES, compressor, payload_decoder
from .material import NoteTaken

__all__ = ["BareLmdb", "open_lmdb"]

_position = Struct(">Q")


@contextmanager
def open_lmdb(folder: Path) -> Generator[BareLmdb]:
    """An environment in `folder`, flushed by every commit."""
    with lmdb.open(str(folder), map_size=MAP_BYTES) as env:
        yield BareLmdb(env)


class BareLmdb:
    """Notes by position."""

    def __init__(self, env: lmdb.Environment) -> None:
        self._env = env
        self._indexed = 0
        self._notes: dict[str, NoteTaken] = {}
        self._sessions: defaultdict[str, set[str]] = defaultdict(set)

    def connect(self) -> Send:
        """What appends: the bare loop itself."""
        encode, compress = msgspec.msgpack.Encoder().encode, compressor(starter_dictionary())

        def send(notes: Sequence[NoteTaken]) -> Sequence[int]:
            first = self.count() + 1
            positions = range(first, first + len(notes))
            packed = [compress(encode((note.about(), None, None, None, note))) for note in notes]
            with self._env.begin(write=True) as txn:
                txn.cursor().putmulti(list(zip(map(_position.pack, positions), packed, strict=True)), append=True)
            return positions

        return send

    def count(self) -> int:
        """How many there are."""
        return int(self._env.stat()["entries"])

    def note(self, note_id: str) -> NoteTaken | None:
        """The note of this id."""
        self._index()
        return self._notes.get(note_id)

    def session(self, session: str) -> set[str] | None:
        """The ids of a session's notes."""
        self._index()
        return self._sessions[session]

    def _index(self) -> None:
        if self._indexed == self.count():
            return
        decode = payload_decoder(NoteTaken)
        dictionary = zstandard.ZstdCompressionDict(starter_dictionary())
        unpack = zstandard.ZstdDecompressor(dict_data=dictionary, format=zstandard.FORMAT_ZSTD1_MAGICLESS).decompress
        with self._env.begin() as txn:
            for packed in txn.cursor().iternext(keys=False):
                note: NoteTaken = decode(unpack(packed))[-1]
                self._notes[note.id] = note
                self._sessions[note.session].add(note.id)
        self._indexed = self.count()
