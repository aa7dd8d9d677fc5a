"""Entries of a log's table of event types: number to name, with a checksum. Pure; the text is `docs/format.md`.

    entry = name crc        UTF-8, and CRC-32 of number and name, little-endian

The number in every frame means nothing without its name, so a name is checked whenever it is read, as frames are.
"""

from __future__ import annotations

import zlib
from typing import Final

from .errors import Damaged

__all__ = ["pack_type_name", "read_type_name"]

CRC_BYTES: Final = 4
_RESIDUE: Final = 0x2144DF1C
"""CRC-32 of any bytes followed by their own, whatever the seed (see `frames`)."""


def pack_type_name(type_id: int, name: str) -> bytes:
    """The entry of a type."""
    encoded = name.encode()
    return encoded + zlib.crc32(encoded, type_id).to_bytes(CRC_BYTES, "little")


def read_type_name(type_id: int, entry: bytes) -> str:
    """The name in the entry of a type.

    Raises:
        Damaged: the bytes aren't that entry.
    """
    if zlib.crc32(entry, type_id) != _RESIDUE or len(entry) <= CRC_BYTES:
        message = f"the name of event type {type_id} is damaged: its checksum does not match"
        raise Damaged(message)
    try:
        return entry[:-CRC_BYTES].decode()
    except UnicodeDecodeError as error:
        message = f"the name of event type {type_id} is not text: {error}"
        raise Damaged(message) from error
