"""Recorded: an event as it stands in the log. What is not asked for is not decoded."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final, Generic, TypeVar, cast

import attrs
import msgspec

from ..codecs.compression import Dictionaries
from ..codecs.frames import ERASED, packed_payload
from ..codecs.payloads import Payload, RawPayload, decode_any, decode_envelope
from .clock import from_ns
from .errors import Damaged, NotFound, Unreadable
from .events import Registry

__all__ = ["Reader", "Recorded", "decode_payloads"]

E = TypeVar("E")
_NOTHING: Final = RawPayload((), None, None, None, b"\xc0")


@attrs.define(eq=False)
class Reader:
    """What it takes to decode a log's payloads: its dictionaries and the program's registry."""

    dictionaries: Dictionaries
    registry: Registry


class Recorded(msgspec.Struct, Generic[E], eq=False, gc=False):
    """An event as it stands in the log.

    A msgspec struct, because millions are made: in C, and without a place in the garbage collector's lists.

    Attributes:
        position: place in the log, from 1.
        type: name of the event type.
        version: schema version it was stored with.
        time_ns: when it was recorded: unix time in nanoseconds, never less than any earlier event's.
    """

    position: int
    type: str
    version: int
    time_ns: int
    _frame: bytes
    _dictionary_id: int
    _flags: int
    _reader: Reader
    _payload: Payload[E] | None = None
    _envelope: RawPayload | Payload[E] | None = None

    @property
    def time(self) -> datetime:
        """When it was recorded, in UTC."""
        return from_ns(self.time_ns)

    @property
    def tags(self) -> tuple[str, ...]:
        """What it is about."""
        return (self._payload or self._envelope or self._open_envelope()).tags

    @property
    def by(self) -> str | None:
        """Who caused it."""
        return (self._payload or self._envelope or self._open_envelope()).by

    @property
    def cause(self) -> int | None:
        """Position of the event that led to it."""
        return (self._payload or self._envelope or self._open_envelope()).cause

    @property
    def key(self) -> tuple[str, int] | None:
        """The dedup key of its append and the append's number of events, if it is the first of one that has a key."""
        return (self._payload or self._envelope or self._open_envelope()).key

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
        return bool(self._flags & ERASED)

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
        envelope = _NOTHING if self.is_erased else decode_envelope(self._unpack())
        self._envelope = envelope
        return envelope

    def _open(self) -> Payload[E]:
        if self.is_erased:
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
        self._payload = payload
        return payload

    def _unpack(self) -> bytes:
        try:
            return self._reader.dictionaries.unpack(self._dictionary_id, packed_payload(self._frame))
        except Damaged as error:
            message = f"event {self.position}: {error}"
            raise Damaged(message, position=self.position) from error

    def _refuse_erased(self) -> None:
        if self.is_erased:
            message = f"event {self.position} has been erased; its place and digest are all that is left"
            raise NotFound(message)


def decode_payloads(
    reader: Reader,
    types: Sequence[str],
    versions: Sequence[int],
    dictionary_ids: Sequence[int],
    frames: Sequence[bytes],
) -> list[Payload[Any] | None]:
    """The payloads of frames that are checked and not erased, at two thirds of the price of each for itself.

    Where one can't be decoded stands None: its event says why when it is asked for its data.
    """
    try:
        unpacked = reader.dictionaries.unpack_all(dictionary_ids, list(map(packed_payload, frames)))
    except Damaged:
        return [None] * len(frames)
    kinds = list(zip(types, versions, strict=True))
    decoders = {kind: reader.registry.decoder(*kind) for kind in set(kinds)}
    if len(decoders) == 1:
        decode = decoders[kinds[0]]
        if decode is not None:
            with contextlib.suppress(Exception):
                return list(map(decode, unpacked))
    return [_decode_if_possible(decoders[kind], payload) for kind, payload in zip(kinds, unpacked, strict=True)]


def _decode_if_possible(decode: Callable[[bytes], Payload[Any]] | None, payload: bytes) -> Payload[Any] | None:
    if decode is not None:
        with contextlib.suppress(Exception):  # whatever validators or upcasters raise: it is told on request
            return decode(payload)
    return None
