"""What a line means, whoever wrote it; the names of attributes, and the limits that hold for every line.

An event is known by its source and its id. Those of a Remanence log are the log's own id and the event's position.
"""

from __future__ import annotations

import re
from typing import Final

import attrs

from ..codecs.digests import short_digest
from ..codecs.native import encode_value
from ..core.appends import MAX_KEY_BYTES

__all__ = ["CLOSING_TYPE", "HOUSEKEEPING", "LINE_BYTES_MAX", "Line", "identity_of", "local_position", "log_source"]

LINE_BYTES_MAX: Final = 64 << 20
"""As much as the writer holds in memory for one commit."""
CLOSING_TYPE: Final = "remanence.log.exported"
"""The last line of an export: how many lines came before it, so that a file that was cut off is seen to be."""
HOUSEKEEPING: Final = frozenset({"view.skipped", "reaction.marked", "reaction.failed"})
"""What a log notes of its own views and reactions, by its own positions: it means nothing in another log."""
_SOURCE: Final = "urn:remanence:log:"
_local = re.compile(r"urn:remanence:log:([0-9a-f]{32})#([1-9][0-9]{0,18})")


def log_source(log_id: bytes) -> str:
    """The `source` of a log's events."""
    return _SOURCE + log_id.hex()


def local_position(identity: str) -> tuple[bytes, int] | None:
    """The log and the position that an identity names, if it is that of an event of a Remanence log."""
    found = _local.fullmatch(identity)
    return None if found is None else (bytes.fromhex(found[1]), int(found[2]))


@attrs.frozen
class Line:
    """An event as a line tells it.

    Attributes:
        number: of the line, from 1.
        source: where the event comes from.
        id: which of that source's events it is.
        type: name of its type.
        data: its fields: a msgpack map.
        version: schema version of its data; None if the line doesn't say.
        time_ns: when it was recorded; None if the line doesn't say.
        tags: what it is about.
        by: who caused it.
        cause: id of the event that led to it, of the same source.
        key: dedup key of the append that it begins.
        key_events: how many events that append has.
        by_content: whether equal content is to be recorded once only.
        digest: what the line says its digest is.
        ignored: names of its attributes that Remanence has no place for.
    """

    number: int
    source: str
    id: str
    type: str
    data: bytes
    version: int | None = None
    time_ns: int | None = None
    tags: tuple[str, ...] = ()
    by: str | None = None
    cause: str | None = None
    key: str | None = None
    key_events: int = 1
    by_content: bool = False
    digest: str | None = None
    ignored: tuple[str, ...] = ()

    @property
    def is_ours(self) -> bool:
        """Whether a Remanence log wrote it."""
        return self.source.startswith(_SOURCE)

    @property
    def is_closing(self) -> bool:
        """Whether it is no event, but the end of an export."""
        return self.type == CLOSING_TYPE

    @property
    def identity(self) -> str:
        """What it is known by, whichever log it is in: the key it had, or else its source and id."""
        return identity_of(self.source, self.id) if self.key is None else self.key

    def sum(self) -> str:
        """Digest of everything that the line says of the event: 32 hex digits, however its JSON is laid out."""
        told = (self.source, self.id, self.type, self.version, self.time_ns, self.tags, self.by, self.cause)
        return short_digest(encode_value((*told, self.key, self.key_events, self.by_content)), self.data).hex()


def identity_of(source: str, event_id: str) -> str:
    """Source and id as one text, which can be a dedup key."""
    escaped = event_id.replace("%", "%25").replace("#", "%23")
    text = f"{source}#{escaped}"
    if len(text.encode()) <= MAX_KEY_BYTES:
        return text
    return f"cloudevents:{short_digest(source.encode(), event_id.encode()).hex()}"
