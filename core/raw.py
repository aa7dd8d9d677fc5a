"""Raw appends: events that were recorded elsewhere, taken over as they are stored, whether or not their type is known.

What is stored stays as it is, byte for byte, an earlier version too, so that every digest of content stays the same.
Nothing goes in that could not have been appended here: an event of a known type must be one that its class reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import add
from typing import Any, Final

import attrs
import msgspec

from ..codecs.digests import body_digests, short_digest
from ..codecs.frames import SALT_BYTES
from ..codecs.native import encode_value
from ..codecs.payloads import Payload, content_digest, decode_any
from ..codecs.values import check_value
from .appends import MAX_BY_BYTES, MAX_EVENTS, MAX_KEY_BYTES, OWN_CONTENT, Append
from .clock import Entropy
from .errors import Damaged, InvalidInput
from .events import MAX_VERSION
from .log import Log
from .queries import MAX_POSITION, check_tags, check_types

__all__ = ["MAX_TIME_NS", "RawEvent", "encode_raw"]

MAX_TIME_NS: Final = (1 << 64) - 1
"""A frame has 64 bits for it: until the year 2554."""


@attrs.frozen
class RawEvent:
    """An event as a log stores it.

    Attributes:
        type: name of its type.
        version: schema version of its data.
        data: its fields by name: a msgpack map.
        tags: what it is about.
        by: who caused it.
        cause: position of the event that led to it.
    """

    type: str
    version: int
    data: bytes
    tags: tuple[str, ...] = ()
    by: str | None = None
    cause: int | None = None

    def packed(self, mark: tuple[str, int] | None = None) -> bytes:
        """Its payload; `mark` is the key of its append and the append's number of events, if it is the first."""
        return encode_value((self.tags, self.by, self.cause, mark, msgspec.Raw(self.data)))


class _Unread(Payload[Any]):
    """A payload that nobody here has a class for: false, so that it is read again by whoever asks for its data."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return False


@attrs.frozen
class _Stored:
    """A type and version as they are stored, which may be older than what this program knows, or unknown to it."""

    name: str
    version: int


def encode_raw(
    log: Log,
    events: Sequence[RawEvent],
    *,
    key: str | None,
    entropy: Entropy,
    by_content: bool = False,
    time_ns: int | None = None,
) -> Append:
    """Check and encode events for `Log.stage`.

    Args:
        log: where they will go.
        events: what to append, all or nothing.
        key: dedup key of the append.
        entropy: random bytes, for salts.
        by_content: without a key: equal content is recorded once only.
        time_ns: when they were recorded; the log gives a later time if it has later events.

    Raises:
        InvalidInput: one can't be taken; the text says why.
    """
    if not 1 <= len(events) <= MAX_EVENTS:
        message = f"an append has 1 to {MAX_EVENTS} events, this one {len(events)}"
        raise InvalidInput(message)
    _check_text("key", key, MAX_KEY_BYTES)
    if time_ns is not None and not 0 <= time_ns <= MAX_TIME_NS:
        message = "its time lies before 1970 or after 2554, where a log has no place for it"
        raise InvalidInput(message)
    mark = (OWN_CONTENT, 1) if by_content else None if key is None else (key, len(events))
    kinds = [_Stored(event.type, event.version) for event in events]
    payloads: list[Payload[Any]] = []
    encoded: list[bytes] = []
    for event in events:
        payload, packed = _encode(log, event, mark)
        payloads.append(payload)
        encoded.append(packed)
        mark = None
    said = [content_digest(kind.name, kind.version, packed) for kind, packed in zip(kinds, encoded, strict=True)]
    dictionary_ids, packed_bodies = log.dictionaries.pack_all(encoded)
    salts = entropy(SALT_BYTES * len(events))
    cuts = (salts[start : start + SALT_BYTES] for start in range(0, len(salts), SALT_BYTES))
    bodies = list(map(add, cuts, packed_bodies))
    return Append(
        kinds,
        payloads,
        dictionary_ids,
        bodies,
        body_digests(bodies),
        list(said) if by_content else [None] * len(events),
        key,
        short_digest(*said) if key is not None else b"",
        None,
        sum(map(len, bodies)),
        time_ns,
    )


def _encode(log: Log, event: RawEvent, mark: tuple[str, int] | None) -> tuple[Payload[Any], bytes]:
    check_types((event.type,))
    check_tags(event.tags)
    _check_text("by", event.by, MAX_BY_BYTES)
    if not 1 <= event.version <= MAX_VERSION:
        message = f"its version {event.version} is not between 1 and {MAX_VERSION}"
        raise InvalidInput(message)
    if event.cause is not None and not 1 <= event.cause <= MAX_POSITION:
        message = f"its cause {event.cause} is no position"
        raise InvalidInput(message)
    try:
        packed = event.packed(mark)
        plain = decode_any(packed)
    except (Damaged, UnicodeEncodeError) as error:
        message = f"its data can't be stored: {error}"
        raise InvalidInput(message) from error
    check_value(plain.data, event.type)
    known = log.registry.named(event.type)
    if known is None:
        return _Unread(*plain), packed
    if event.version > known.version:
        message = f"its {event.type} version {event.version} is newer than this program, which knows {known.version}"
        raise InvalidInput(message)
    try:
        payload: Payload[Any] = known.decode(event.version, packed)
        known.codec.encode(payload.data, payload.tags, payload.by, payload.cause, payload.key)
    except Exception as error:  # whatever a class's validators or a user's upcasters raise
        message = f"its data is no {event.type} version {event.version}: {error}"
        raise InvalidInput(message) from error
    return payload, packed


def _check_text(what: str, text: str | None, limit_bytes: int) -> None:
    size = 1 if text is None else len(text.encode(errors="replace"))
    if not 1 <= size <= limit_bytes:
        message = f"its {what} has {size} bytes of UTF-8; 1 to {limit_bytes} are taken"
        raise InvalidInput(message)
