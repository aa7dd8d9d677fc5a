"""Bare loops' tools: LMDB, zstd and msgspec used by hand, as one would who needs no log: no checks, no chain, no index.

What they leave out is what the engine's share of the time is for. They know how a frame is laid out (`docs/format.md`),
and compress with the engine's dictionaries and level, so that both handle the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from struct import Struct
from typing import Any, Final

import lmdb
import msgspec
import zstandard

from ..codecs.compression import LEVEL, inflate
from ..codecs.frames import CRC_BYTES, HEADER_BYTES, SALT_BYTES

__all__ = ["MAP_BYTES", "Unpack", "bare_log", "compressor", "payload_decoder", "unpacker"]

MAP_BYTES: Final = 16 << 30
"""Address space, not disk."""
Unpack = Callable[[bytes], bytes]
"""From a frame to its payload."""
_FORMAT: Final = zstandard.FORMAT_ZSTD1_MAGICLESS
_BODY: Final = HEADER_BYTES + SALT_BYTES
_small = Struct(">H")
_DICTIONARY_AT: Final = 6
"""Where a frame's header has the number of its dictionary."""


@contextmanager
def bare_log(folder: Path) -> Generator[tuple[lmdb.Environment, lmdb._Database]]:
    """The environment of the log in `folder`, and the database of its frames, for reading."""
    with lmdb.open(str(folder / "log"), readonly=True, max_dbs=5, map_size=MAP_BYTES) as env:
        yield env, env.open_db(b"frames", create=False)


def unpacker(env: lmdb.Environment) -> Unpack:
    """What cuts the payload out of a log's frame and decompresses it."""
    table = env.open_db(b"dictionaries", create=False)
    with env.begin() as txn:
        found = {_small.unpack(key)[0]: inflate(value) for key, value in txn.cursor(table)}
    decompress = {number: _decompressor(data) for number, data in found.items()}

    def unpack(frame: bytes) -> bytes:
        packed = frame[_BODY:-CRC_BYTES]
        number = _small.unpack_from(frame, _DICTIONARY_AT)[0]
        return decompress[number](packed) if number else packed

    return unpack


def compressor(dictionary: bytes) -> Callable[[bytes], bytes]:
    """Compresses as the engine does."""
    data = zstandard.ZstdCompressionDict(dictionary)
    # zstandard's stubs leave a result and the keyword arguments without types, hence the two remarks.
    data.precompute_compress(level=LEVEL)  # pyright: ignore[reportUnknownMemberType]
    parameters = zstandard.ZstdCompressionParameters.from_level(  # pyright: ignore[reportUnknownMemberType]
        LEVEL, format=_FORMAT, write_content_size=1, write_checksum=0, write_dict_id=0
    )
    return zstandard.ZstdCompressor(dict_data=data, compression_params=parameters).compress


def _decompressor(dictionary: bytes) -> Unpack:
    return zstandard.ZstdDecompressor(dict_data=zstandard.ZstdCompressionDict(dictionary), format=_FORMAT).decompress


def payload_decoder(cls: Any) -> Callable[[bytes], Any]:
    """Decodes payloads to `[tags, by, cause, key, data]`, the data as an instance of `cls`."""
    wanted: Any = tuple[tuple[str, ...], str | None, int | None, tuple[str, int] | None, cls]
    return msgspec.msgpack.Decoder(wanted).decode
