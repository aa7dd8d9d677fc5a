"""The rows and index entries of memories by hand: what the view's declaration comes to, and nothing else."""

from __future__ import annotations

from struct import Struct
from typing import Final

import msgspec

from ..codecs import keys
from ..core.clock import to_ns
from ..projections.memories.events import MemoryRemembered, content_tag
from ..projections.memories.view import MemoryRow

__all__ = ["HandMade", "time_of"]

_time = Struct(">Q")
_TIME_AT: Final = 8
_LENGTH_BYTES: Final = 2
_encode: Final = msgspec.msgpack.Encoder(order="sorted").encode
_pack: Final = keys.pack
_DATABASES: Final = (
    "rows",
    "rows.by_time",
    "rows.by_kind",
    "rows.by_confidence",
    "rows.by_tag",
    "rows.by_session",
    "rows.by_content",
)


def time_of(frame: bytes) -> int:
    """When a frame's event was recorded: unix time in nanoseconds."""
    time_ns: int = _time.unpack_from(frame, _TIME_AT)[0]
    return time_ns


class HandMade:
    """What a batch of events puts into each database."""

    def __init__(self) -> None:
        self.databases: dict[str, list[tuple[bytes, bytes]]] = {name: [] for name in _DATABASES}

    def add(self, position: int, time_ns: int, told: MemoryRemembered) -> None:
        """Make a memory's row and entries."""
        if told.said_at is not None:
            time_ns = to_ns(told.said_at)
        row = MemoryRow(
            told.id,
            told.scope,
            told.kind,
            told.text,
            told.confidence,
            told.importance,
            told.tags,
            told.metadata,
            told.session,
            told.place,
            told.speaker,
            time_ns,
            position,
            position,
        )
        put = self.databases
        primary, scope, time = _pack((told.id,)), _pack((told.scope,)), _pack((time_ns,))
        length = len(primary).to_bytes(_LENGTH_BYTES, "big")
        put["rows"].append((primary, _encode(row)))
        put["rows.by_time"].append((scope + time + primary, length))
        put["rows.by_kind"].append((scope + _pack((told.kind,)) + time + primary, length))
        put["rows.by_confidence"].append((scope + _pack((told.confidence,)) + primary, length))
        for tag in told.tags:
            put["rows.by_tag"].append((scope + _pack((tag,)) + time + primary, length))
        if told.session is None:
            content = _pack((content_tag(told.scope, told.kind, told.text),))
            put["rows.by_content"].append((content + primary, length))
        else:
            place = scope + _pack((told.session, told.place))
            put["rows.by_session"].append((place + primary, length))
