"""Commit records: the seal on the events that were made durable together. Pure; the text is `docs/format.md`.

    commit       = format count link declarations crc
    declarations = msgpack [[[type id, type name], ...], [[dictionary id, digest], ...]]

Declared is what the commit's frames are the first to use, so that the chain also covers the names and dictionaries
that give frames their meaning. The checksum is seeded with the commit's first position, as a frame's is with its own.
"""

from __future__ import annotations

import zlib
from itertools import pairwise
from struct import Struct
from typing import Annotated, Final

import attrs
import msgspec

from .digests import DIGEST_BYTES
from .errors import Damaged, InvalidInput

__all__ = ["Commit", "Declarations", "pack_commit", "read_commit"]

FORMAT: Final = 1
MAX_COUNT: Final = 0xFFFFFFFF
CRC_BYTES: Final = 4
_RESIDUE: Final = 0x2144DF1C
_MASK: Final = 0xFFFFFFFF
_fixed = Struct(f">BI{DIGEST_BYTES}s")

_Id = Annotated[int, msgspec.Meta(ge=1, le=0xFFFF)]
_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
_Digest = Annotated[bytes, msgspec.Meta(min_length=DIGEST_BYTES, max_length=DIGEST_BYTES)]


@attrs.frozen
class Declarations:
    """Types and dictionaries that a commit is the first to use.

    Attributes:
        types: ids and names of event types.
        dictionaries: ids and digests of dictionaries.
    """

    types: tuple[tuple[int, str], ...] = ()
    dictionaries: tuple[tuple[int, bytes], ...] = ()

    def pack(self) -> bytes:
        """The declarations as stored and as the chain covers them."""
        return msgspec.msgpack.encode((self.types, self.dictionaries))


_decode_declarations: Final = msgspec.msgpack.Decoder(
    tuple[tuple[tuple[_Id, _Name], ...], tuple[tuple[_Id, _Digest], ...]]
).decode
_NOTHING: Final = Declarations()
NOTHING_PACKED: Final = _NOTHING.pack()
_MALFORMED: Final = (ValueError, RecursionError)
"""msgspec's errors of decoding and those of UTF-8 are ValueErrors."""


@attrs.frozen
class Commit:
    """A commit record.

    Attributes:
        first: position of the first of its events.
        count: number of its events.
        link: the chain's digest after it.
        declarations: what it is the first to use.
    """

    first: int
    count: int
    link: bytes
    declarations: Declarations = _NOTHING

    @property
    def last(self) -> int:
        """Position of the last of its events."""
        return self.first + self.count - 1


def pack_commit(commit: Commit) -> bytes:
    """The bytes of a commit record.

    Raises:
        InvalidInput: it could not be read back: a number, name or digest out of bounds, ids that don't ascend.
    """
    if not 1 <= commit.count <= MAX_COUNT or len(commit.link) != DIGEST_BYTES:
        message = f"a commit has 1 to {MAX_COUNT} events and a link of {DIGEST_BYTES} bytes, "
        message += f"not {commit.count} and {len(commit.link)}"
        raise InvalidInput(message)
    try:
        packed = commit.declarations.pack()
        if packed != NOTHING_PACKED:
            _read_declarations(packed)
    except (*_MALFORMED, OverflowError) as error:
        message = f"the commit at position {commit.first} can't declare that: {error}"
        raise InvalidInput(message) from error
    content = _fixed.pack(FORMAT, commit.count, commit.link) + packed
    return content + zlib.crc32(content, commit.first & _MASK).to_bytes(CRC_BYTES, "little")


def read_commit(record: bytes, first: int) -> Commit:
    """Read the commit record kept under position `first`.

    Raises:
        Damaged: the bytes aren't a commit record, or not that one.
    """
    if zlib.crc32(record, first & _MASK) != _RESIDUE or len(record) <= _fixed.size + CRC_BYTES:
        message = f"the commit record at position {first} is damaged: its checksum does not match"
        raise Damaged(message, position=first)
    form, count, link = _fixed.unpack_from(record)
    packed = record[_fixed.size : -CRC_BYTES]
    if form != FORMAT or count == 0:
        message = f"the commit record at position {first} has format {form} and {count} events, unknown to this version"
        raise Damaged(message, position=first)
    if packed == NOTHING_PACKED:
        return Commit(first, count, link)
    try:
        declarations = _read_declarations(packed)
    except _MALFORMED as error:
        message = f"the declarations of the commit at position {first} are malformed: {error}"
        raise Damaged(message, position=first) from error
    return Commit(first, count, link, declarations)


def _read_declarations(packed: bytes) -> Declarations:
    """Read declarations in the one form that they have: shortest msgpack, ids ascending."""
    declarations = Declarations(*_decode_declarations(packed))
    for declared in (declarations.types, declarations.dictionaries):
        for (one, _), (other, _) in pairwise(declared):
            if one >= other:
                message = f"id {other} stands after id {one}"
                raise ValueError(message)
    if declarations.pack() != packed:
        message = "it is not in the shortest form"
        raise ValueError(message)
    return declarations
