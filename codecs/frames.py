"""Frames: one event's bytes in the log. Pure; the normative text is `docs/format.md`.

    frame  = header body crc
    header = format flags type version dictionary time      16 bytes, big-endian
    body   = salt payload                                   12 random bytes, then the packed payload
           | digest                                         of the body that was, when the frame is erased
    crc    = CRC-32 of position, header and body            4 bytes, little-endian

The checksum is seeded with the position, so a frame read at another place than its own is as damaged as a flipped bit.
Being last and little-endian, it makes the CRC of the whole frame a constant: one pass checks it, nothing is cut out.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from struct import Struct
from typing import Final, NamedTuple

from .digests import DIGEST_BYTES, body_digest
from .errors import Damaged

__all__ = [
    "ERASED",
    "FORMAT",
    "HEADER_BYTES",
    "SALT_BYTES",
    "Columns",
    "Header",
    "body_of",
    "leaf",
    "pack_frame",
    "pack_header",
    "packed_payload",
    "read_columns",
    "read_fields",
    "read_header",
    "stub",
]

FORMAT: Final = 1
ERASED: Final = 0x01
"""Flag: the body has been destroyed; its digest stands in its place."""
HEADER_BYTES: Final = 16
SALT_BYTES: Final = 12
"""96 random bits a body: without them a digest that outlives an erased body could be matched against guesses."""
CRC_BYTES: Final = 4
_RESIDUE: Final = 0x2144DF1C
"""CRC-32 of any bytes followed by their own CRC-32, whatever the seed (a property of the polynomial)."""
_MASK: Final = 0xFFFFFFFF

_header = Struct(">BBHHHQ")
_unpack_header = _header.unpack_from
_crc32 = zlib.crc32


class Header(NamedTuple):
    """A frame's header.

    Attributes:
        format: format of the frame; 1.
        flags: `ERASED` or 0.
        type_id: number of the event type in the log's table of types.
        version: schema version of the event type.
        dictionary_id: dictionary that the payload is packed with; 0 is none.
        time_ns: when it was recorded, unix time in nanoseconds.
    """

    format: int
    flags: int
    type_id: int
    version: int
    dictionary_id: int
    time_ns: int


class Columns(NamedTuple):
    """The headers of several frames that are not erased, field by field."""

    type_ids: tuple[int, ...]
    versions: tuple[int, ...]
    dictionary_ids: tuple[int, ...]
    times_ns: tuple[int, ...]


def pack_header(type_id: int, version: int, dictionary_id: int, time_ns: int) -> bytes:
    """The header of a frame that is not erased: 16 bytes."""
    return _header.pack(FORMAT, 0, type_id, version, dictionary_id, time_ns)


def pack_frame(position: int, header: bytes, body: bytes) -> bytes:
    """Put a frame together for the place it will have."""
    content = header + body
    return content + _crc32(content, position & _MASK).to_bytes(CRC_BYTES, "little")


def read_header(frame: bytes, position: int) -> Header:
    """Check a frame read at `position` and read its header.

    Raises:
        Damaged: too short, checksum wrong, a format or flag that this version does not know, no type or version.
    """
    if _crc32(frame, position & _MASK) != _RESIDUE or len(frame) < HEADER_BYTES + CRC_BYTES:
        message = f"event {position} is damaged: its checksum does not match its {len(frame)} bytes"
        raise Damaged(message, position=position)
    header = Header._make(_unpack_header(frame))
    if header.format != FORMAT or header.flags & ~ERASED:
        message = f"event {position} has frame format {header.format}, flags {header.flags}: unknown to this version"
        raise Damaged(message, position=position)
    if not header.type_id or not header.version:
        message = f"event {position} has type number {header.type_id} and version {header.version}: both begin at 1"
        raise Damaged(message, position=position)
    if len(frame) < HEADER_BYTES + SALT_BYTES + CRC_BYTES:
        message = f"event {position} has a body of {len(frame) - HEADER_BYTES - CRC_BYTES} bytes, too short for any"
        raise Damaged(message, position=position)
    if header.flags & ERASED and len(frame) != HEADER_BYTES + DIGEST_BYTES + CRC_BYTES:
        message = f"event {position} is erased, but what is left of it is not a digest"
        raise Damaged(message, position=position)
    return header


def read_fields(frame: bytes, position: int) -> tuple[int, int, int, int, int, int]:
    """`read_header` for whole logs: the same checks and the same values, as a plain tuple.

    Raises:
        Damaged: as `read_header`.
    """
    if _crc32(frame, position & _MASK) == _RESIDUE and len(frame) >= HEADER_BYTES + SALT_BYTES + CRC_BYTES:
        fields = _unpack_header(frame)
        if fields[0] == FORMAT and not fields[1] and fields[2] and fields[3]:
            return fields
    return read_header(frame, position)


def read_columns(frames: Sequence[bytes], positions: Sequence[int]) -> Columns | None:
    """The headers of several frames, checked as by `read_fields` at less than half the price.

    Args:
        frames: one or more frames.
        positions: where each of them was read.

    Returns:
        One column for each field; None if any frame is damaged or erased: then each has to be looked at.
    """
    # Seeds above 32 bits are cut by crc32 itself.
    if set(map(_crc32, frames, positions)) != {_RESIDUE}:
        return None
    if min(map(len, frames)) < HEADER_BYTES + SALT_BYTES + CRC_BYTES:
        return None
    formats, flags, type_ids, versions, dictionary_ids, times_ns = zip(*map(_unpack_header, frames), strict=True)
    if set(formats) != {FORMAT} or any(flags) or not all(type_ids) or not all(versions):
        return None
    return Columns(type_ids, versions, dictionary_ids, times_ns)


def body_of(frame: bytes) -> bytes:
    """Salt and packed payload of a frame (of an erased one: the digest)."""
    return frame[HEADER_BYTES:-CRC_BYTES]


def packed_payload(frame: bytes) -> bytes:
    """The packed payload of a frame that is not erased."""
    return frame[HEADER_BYTES + SALT_BYTES : -CRC_BYTES]


def leaf(frame: bytes) -> bytes:
    """What a frame adds to the chain, the same before and after it is erased: 48 bytes."""
    body = body_of(frame)
    if frame[1] & ERASED:
        return frame[:1] + bytes((frame[1] & ~ERASED,)) + frame[2:HEADER_BYTES] + body
    return frame[:HEADER_BYTES] + body_digest(body)


def stub(frame: bytes, position: int) -> bytes:
    """The erased form of a frame: its header and the digest of its body, nothing of the body itself.

    Raises:
        Damaged: the frame is.
    """
    header = read_header(frame, position)
    if header.flags & ERASED:
        return frame
    erased = _header.pack(*header._replace(flags=header.flags | ERASED))
    return pack_frame(position, erased, body_digest(body_of(frame)))
