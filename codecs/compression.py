"""Compression with dictionaries: payload bytes to packed bytes and back. Pure.

A payload is compressed by zstd (RFC 8878, frame without magic number, checksum or dictionary id: the frame around it
has those) against one dictionary of a `Dictionaries` collection. Dictionary 0 is none: the payload as it is.
The declared size is checked before a byte is decompressed.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Sequence
from functools import cache
from importlib import resources
from itertools import repeat
from operator import lt
from typing import Final

import zstandard
from blake3 import blake3

from .errors import Damaged, InvalidInput

__all__ = [
    "LEVEL",
    "MAX_DICTIONARY_BYTES",
    "MAX_PAYLOAD_BYTES",
    "PLAIN",
    "Dictionaries",
    "check_size",
    "deflate",
    "dictionary_digest",
    "inflate",
    "starter_dictionary",
]

LEVEL: Final = 1
"""Measured on turns of conversations against a dictionary of their own: levels 2 and 3 save 1 % more at best, for a
sixth to a third more time."""
MAX_PAYLOAD_BYTES: Final = 8 * 1024 * 1024
"""An event is a fact, not a file; larger things are stored elsewhere and named in the event."""
MAX_DICTIONARY_BYTES: Final = 1024 * 1024
MAX_DICTIONARY_ID: Final = 0xFFFF
"""Frames hold the id in two bytes."""
PLAIN: Final = 0
"""The dictionary id of payloads that are stored as they are."""
_FORMAT: Final = zstandard.FORMAT_ZSTD1_MAGICLESS
_SMALL_CONTENT: Final = frozenset((0x20, 0x60))
"""Frame descriptors (top three bits) of one segment whose size field has 1 or 2 bytes: at most 65,791 bytes."""


class _Pair:
    """A compressor and a decompressor over one dictionary; zstd's contexts are not for two threads at once."""

    def __init__(self, data: bytes) -> None:
        dictionary = zstandard.ZstdCompressionDict(data)
        # zstandard's stubs leave a result and the keyword arguments without types, hence the two remarks.
        dictionary.precompute_compress(level=LEVEL)  # pyright: ignore[reportUnknownMemberType]
        parameters = zstandard.ZstdCompressionParameters.from_level(  # pyright: ignore[reportUnknownMemberType]
            LEVEL, format=_FORMAT, write_content_size=1, write_checksum=0, write_dict_id=0
        )
        self.compress = zstandard.ZstdCompressor(dict_data=dictionary, compression_params=parameters).compress
        self.decompress = zstandard.ZstdDecompressor(dict_data=dictionary, format=_FORMAT).decompress


class _PerThread(threading.local):
    def __init__(self) -> None:
        self.pairs: dict[int, _Pair] = {}


class Dictionaries:
    """The dictionaries of one log, by id, and which one new payloads are packed with. Ids start at 1."""

    def __init__(self) -> None:
        self._data: dict[int, bytes] = {}
        self._local = _PerThread()
        self.current = PLAIN
        self.known = {PLAIN}
        """Ids that `unpack` takes. A set of its own, because every frame that is read is looked up in it."""

    def add(self, dictionary_id: int, data: bytes) -> None:
        """Make a dictionary known and use it for new payloads.

        Raises:
            InvalidInput: the id is taken or out of bounds, or the dictionary is empty, over 1 MiB or malformed.
        """
        if dictionary_id in self._data or not PLAIN < dictionary_id <= MAX_DICTIONARY_ID:
            message = f"dictionary id {dictionary_id} is taken, or not between 1 and {MAX_DICTIONARY_ID}"
            raise InvalidInput(message)
        if not 0 < len(data) <= MAX_DICTIONARY_BYTES:
            message = f"a dictionary has 1 to {MAX_DICTIONARY_BYTES} bytes, this one {len(data)}"
            raise InvalidInput(message)
        try:
            self._local.pairs[dictionary_id] = _Pair(data)
        except zstandard.ZstdError as error:
            message = f"dictionary {dictionary_id} is malformed: {error}"
            raise InvalidInput(message) from error
        self._data[dictionary_id] = data
        self.known.add(dictionary_id)
        self.current = max(self.current, dictionary_id)

    @property
    def ids(self) -> list[int]:
        """The ids of the known dictionaries, in order."""
        return sorted(self._data)

    def data(self, dictionary_id: int) -> bytes:
        """The bytes of a known dictionary."""
        return self._data[dictionary_id]

    def __contains__(self, dictionary_id: int) -> bool:
        return dictionary_id == PLAIN or dictionary_id in self._data

    def pack(self, payload: bytes) -> tuple[int, bytes]:
        """Compress a payload; the dictionary id comes first. What doesn't shrink is left plain.

        Raises:
            InvalidInput: the payload is over 8 MiB.
        """
        check_size(payload)
        dictionary_id = self.current
        if dictionary_id != PLAIN:
            packed = self._pair(dictionary_id).compress(payload)
            if len(packed) < len(payload):
                return dictionary_id, packed
        return PLAIN, payload

    def pack_all(self, payloads: Sequence[bytes]) -> tuple[list[int], list[bytes]]:
        """`pack` of several payloads: dictionary ids, and what is packed.

        Raises:
            InvalidInput: as `pack`, of the first that is too large.
        """
        dictionary_id = self.current
        if dictionary_id != PLAIN and max(map(len, payloads)) <= MAX_PAYLOAD_BYTES:
            packed = list(map(self._pair(dictionary_id).compress, payloads))
            if all(map(lt, map(len, packed), map(len, payloads))):
                return [dictionary_id] * len(packed), packed
        pairs = list(map(self.pack, payloads))
        return [number for number, _ in pairs], [packed for _, packed in pairs]

    def unpack(self, dictionary_id: int, packed: bytes) -> bytes:
        """The payload of `pack`'s result.

        Raises:
            Damaged: unknown dictionary, malformed or trailing bytes, or a size of nothing or over 8 MiB.
        """
        if dictionary_id == PLAIN:
            if len(packed) > MAX_PAYLOAD_BYTES:
                message = f"the payload has {len(packed)} bytes, over the limit of {MAX_PAYLOAD_BYTES}"
                raise Damaged(message)
            return packed
        if dictionary_id not in self._data:
            message = f"the payload is compressed with dictionary {dictionary_id}, which the log does not hold"
            raise Damaged(message)
        if not packed:
            message = "the compressed payload is empty"
            raise Damaged(message)
        if packed[0] & 0xE0 not in _SMALL_CONTENT:
            _check_declared_size(packed)
        try:
            pair = self._local.pairs.get(dictionary_id) or self._pair(dictionary_id)
            payload = pair.decompress(packed, 0, False, False)  # noqa: FBT003 - no extra data; by name it takes 0.4 µs more
        except (zstandard.ZstdError, MemoryError) as error:
            message = f"the payload does not decompress: {error}"
            raise Damaged(message) from error
        if not payload:  # zstandard returns it as soon as a header declares it, whatever follows
            message = "the compressed payload declares that it is empty; no payload is"
            raise Damaged(message)
        return payload

    def unpack_all(self, dictionary_ids: Sequence[int], packed: Sequence[bytes]) -> list[bytes]:
        """`unpack` for whole logs: the payloads of one or more results, which as a rule share their dictionary.

        Raises:
            Damaged: as `unpack`, of the first that is.
        """
        first = dictionary_ids[0]
        pair = self._local.pairs.get(first)
        if (
            pair is not None
            and dictionary_ids.count(first) == len(packed)
            and _SMALL_CONTENT.issuperset({each[0] & 0xE0 if each else 0 for each in packed})
        ):
            with contextlib.suppress(zstandard.ZstdError, MemoryError):
                payloads = list(map(pair.decompress, packed, repeat(0), repeat(False), repeat(False)))  # noqa: FBT003
                if all(payloads):
                    return payloads
        return list(map(self.unpack, dictionary_ids, packed))

    def _pair(self, dictionary_id: int) -> _Pair:
        pairs = self._local.pairs
        pair = pairs.get(dictionary_id)
        if pair is None:
            pair = pairs[dictionary_id] = _Pair(self._data[dictionary_id])
        return pair


def check_size(payload: bytes) -> None:
    """Refuse a payload that is too large.

    Raises:
        InvalidInput: it is over 8 MiB.
    """
    if len(payload) > MAX_PAYLOAD_BYTES:
        message = f"the event takes {len(payload)} bytes encoded, over the limit of {MAX_PAYLOAD_BYTES}"
        raise InvalidInput(message)


def _check_declared_size(packed: bytes) -> None:
    try:
        size = zstandard.get_frame_parameters(packed, _FORMAT).content_size
    except zstandard.ZstdError as error:
        message = f"the payload has no compression header: {error}"
        raise Damaged(message) from error
    if size > MAX_PAYLOAD_BYTES:  # an undeclared size is 2**64 - 1 here
        message = f"the payload declares {size} bytes decompressed, over the limit of {MAX_PAYLOAD_BYTES}"
        raise Damaged(message)


def dictionary_digest(data: bytes) -> bytes:
    """What a commit declares a dictionary by: 32 bytes."""
    return blake3(data).digest()


def deflate(data: bytes) -> bytes:
    """Compress bytes on their own, as dictionaries are stored: an ordinary zstd frame with a checksum, at level 19."""
    return zstandard.ZstdCompressor(level=19, write_checksum=True).compress(data)


def inflate(data: bytes, limit_bytes: int = MAX_DICTIONARY_BYTES) -> bytes:
    """Undo `deflate`.

    Raises:
        Damaged: malformed or trailing bytes, no checksum, or a declared size of nothing or over the limit.
    """
    try:
        frame = zstandard.get_frame_parameters(data)
        if not 0 < frame.content_size <= limit_bytes:  # an undeclared size is 2**64 - 1 here
            message = f"the bytes declare {frame.content_size} bytes decompressed, not 1 to {limit_bytes}"
            raise Damaged(message)
        if not frame.has_checksum:
            message = "the bytes have no checksum"
            raise Damaged(message)
        return zstandard.ZstdDecompressor().decompress(data, allow_extra_data=False)
    except zstandard.ZstdError as error:
        message = f"the bytes do not decompress: {error}"
        raise Damaged(message) from error


@cache
def starter_dictionary() -> bytes:
    """The dictionary every new log begins with, trained from `perf/corpus.txt` by `perf/train_starter.py`."""
    return resources.files(__name__.rpartition(".")[0]).joinpath("starter.dict").read_bytes()
