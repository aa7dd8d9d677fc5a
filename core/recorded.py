"""Recorded: an event as it stands in the log. What is not asked for is not decoded."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, Generic, TypeVar, cast

import attrs

from ..codecs.compression import Dictionaries
from ..codecs.frames import ERASED, packed_payload
from ..codecs.payloads import Payload, RawPayload, decode_any, decode_envelope
from .clock import from_ns
from .errors import Damaged, NotFound, Unreadable
from .events import Registry

__all__ = ["Reader", "Recorded"]

E = TypeVar("E")
_NOTHING: Final = RawPayload((), None, None, None, b"\xc0")


@attrs.define(eq=False)
class Reader:
    """What it takes to decode a log's payloads: its dictionaries and the program's registry."""

    dictionaries: Dictionaries
    registry: Registry


class Recorded(Generic[E]):
    """An event as it stands in the log.

    Attributes:
        position: place in the log, from 1.
        type: name of the event type.
        version: schema version it was stored with.
        time_ns: when it was recorded: unix time in nanoseconds, never less than any earlier event's.
    """

    __slots__ = (
        "_dictionary_id",
        "_envelope",
        "_erased",
        "_frame",
        "_payload",
        "_reader",
        "position",
        "time_ns",
        "type",
        "version",
    )

    def __init__(  # noqa: PLR0917 - made a million times a second: keywords would cost a third
        self,
        position: int,
        type: str,  # noqa: A002 - the field's name
        version: int,
        time_ns: int,
        frame: bytes,
        dictionary_id: int,
        flags: int,
        reader: Reader,
        payload: Payload[E] | None = None,
    ) -> None:
        self.position = position
        self.type = type
        self.version = version
        self.time_ns = time_ns
        self._frame = frame
        self._dictionary_id = dictionary_id
        self._erased = flags & ERASED
        self._reader = reader
        self._envelope: RawPayload | Payload[E] | None = payload
        self._payload = payload

    @property
    def time(self) -> datetime:
        """When it was recorded, in UTC."""
        return from_ns(self.time_ns)

    @property
    def tags(self) -> tuple[str, ...]:
        """What it is about."""
        return (self._envelope or self._open_envelope()).tags

    @property
    def by(self) -> str | None:
        """Who caused it."""
        return (self._envelope or self._open_envelope()).by

    @property
    def cause(self) -> int | None:
        """Position of the event that led to it."""
        return (self._envelope or self._open_envelope()).cause

    @property
    def key(self) -> tuple[str, int] | None:
        """The dedup key of its append and the append's number of events, if it is the first of one that has a key."""
        return (self._envelope or self._open_envelope()).key

    @property
    def data(self) -> E:
        """The event itself, an instance of its registered class, upcast if it was stored as an earlier version.

        Raises:
            Unreadable: its type or version is unknown to this program (see `raw`), or its class doesn't fit.
            NotFound: it has been erased.
        """
        return (self._payload or self._open()).data

    @property
    def raw(self) -> dict[str, Any]:
        """The event as stored, as plain dicts, lists and scalars: readable whether or not its type is known.

        Raises:
            NotFound: it has been erased.
        """
        self._refuse_erased()
        return cast("dict[str, Any]", decode_any(self._unpack()).data)

    @property
    def is_known(self) -> bool:
        """Whether this program has a class for its type that reads its version."""
        registered = self._reader.registry.named(self.type)
        return registered is not None and self.version <= registered.version

    @property
    def is_erased(self) -> bool:
        """Whether its content has been destroyed."""
        return bool(self._erased)

    @property
    def frame(self) -> bytes:
        """The event's bytes in the log."""
        return self._frame

    def payload(self) -> bytes:
        """The event's decompressed payload.

        Raises:
            Damaged: it does not decompress.
            NotFound: it has been erased.
        """
        self._refuse_erased()
        return self._unpack()

    def __repr__(self) -> str:
        return f"<Recorded {self.position} {self.type} v{self.version}>"

    def _open_envelope(self) -> RawPayload:
        envelope = _NOTHING if self._erased else decode_envelope(self._unpack())
        self._envelope = envelope
        return envelope

    def _open(self) -> Payload[E]:
        if self._erased:
            self._refuse_erased()
        registered = self._reader.registry.named(self.type)
        if registered is None or self.version > registered.version:
            message = f"this program doesn't know {self.type} version {self.version} (event {self.position}); use .raw"
            raise Unreadable(message, position=self.position, type=self.type, version=self.version)
        packed = self._unpack()
        try:
            payload: Payload[E] = registered.decode(self.version, packed)
        except Exception as error:  # whatever a class's validators or a user's upcasters raise
            stored = f"event {self.position}, {self.type} version {self.version},"
            message = f"{stored} doesn't fit {registered.cls.__name__}: {error}"
            raise Unreadable(message, position=self.position, type=self.type, version=self.version) from error
        self._payload = self._envelope = payload
        return payload

    def _unpack(self) -> bytes:
        try:
            return self._reader.dictionaries.unpack(self._dictionary_id, packed_payload(self._frame))
        except Damaged as error:
            message = f"event {self.position}: {error}"
            raise Damaged(message, position=self.position) from error

    def _refuse_erased(self) -> None:
        if self._erased:
            message = f"event {self.position} has been erased; its place and digest are all that is left"
            raise NotFound(message)
