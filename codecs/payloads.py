"""Payloads: an event with its envelope's open part, as msgpack. Pure.

A payload is the msgpack array `[tags, by, cause, key, data]`; `data` is the event's fields by name. What is
encoded is decoded again before it may be written (check before write), so nothing reaches the log that its own class
can't read back.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any, Final, Generic, NamedTuple, TypeVar

import msgspec

from .complaints import ENCODE_ERRORS, explain, path_to_unencodable
from .converter import EventConverter
from .digests import short_digest
from .errors import Damaged, InvalidInput
from .native import encode_value
from .typegraph import members_of
from .values import OpenFields, check_value

__all__ = ["Payload", "PayloadCodec", "RawPayload", "content_digest", "decode_any", "decode_envelope", "read_envelope"]

E = TypeVar("E")

_Map = dict[str, Any]
_Count = Annotated[int, msgspec.Meta(ge=1)]
_ENVELOPE_NAMES: Final = {"[0]": "tags", "[1]": "by", "[2]": "cause", "[3]": "key"}
_DATA: Final = "[4]"
_DECODE_ERRORS: Final = (ValueError, OverflowError, RecursionError)
"""msgspec's own errors and those of UTF-8 are ValueErrors."""
_may_be_infinite: Final = re.compile(rb"\xcb[\x7f\xff]").search
"""Finds how a float begins in msgpack when its exponent is all ones; never part of valid UTF-8, rarely of a number."""


class Payload(NamedTuple, Generic[E]):
    """What a payload says. msgspec makes these itself, and checks the fields as they are annotated.

    Attributes:
        tags: what the event is about.
        by: who caused it, or None.
        cause: position of the event that led to it, or None.
        key: the append's dedup key and its number of events, on the first event of an append that has one.
        data: the event.
    """

    tags: tuple[str, ...]
    by: str | None
    cause: _Count | None
    key: tuple[str, _Count] | None
    data: E


class RawPayload(NamedTuple):
    """A payload whose data is left as msgpack bytes."""

    tags: tuple[str, ...]
    by: str | None
    cause: int | None
    key: tuple[str, int] | None
    data: bytes


class PayloadCodec(Generic[E]):
    """Payloads of one event class."""

    def __init__(self, cls: type[E], converter: EventConverter) -> None:
        """Prepare `cls`.

        Raises:
            InvalidInput: neither msgspec nor the converter can handle a type in it.
        """
        self._cls = cls
        self._converter = converter
        self._structure: Any = None
        self._unstructure: Any = None
        try:
            self._open = OpenFields(cls)
            if not converter.is_native(cls):
                self._unstructure = converter.get_unstructure_hook(cls)
                self._structure = converter.get_structure_hook(cls)
        except Exception as error:  # a user's factories of hooks may raise anything
            message = f"{cls.__name__} has a type that can't be kept; register a hook on the converter: {error}"
            raise InvalidInput(message) from error
        self.decode: Callable[[bytes], Payload[E]]
        """The payload's values. Raises ValueError, or what the class's validators raise, if it isn't of this class."""
        self.decode = _decoder(cls) if self._structure is None else self._decode_structured

    @property
    def is_native(self) -> bool:
        """Whether msgspec reads and writes the class by itself."""
        return self._structure is None

    def encode(
        self, event: E, tags: tuple[str, ...], by: str | None, cause: int | None, key: tuple[str, int] | None
    ) -> bytes:
        """The payload's bytes, unchecked: `checked` is what may be written.

        Raises:
            InvalidInput: a value that msgpack or the converter can't take, a datetime without a time zone.
        """
        data: Any = event
        if self._unstructure is None:
            self._open.check(event)
        else:
            data = self._plain(event)
        try:
            return encode_value((tags, by, cause, key, data))
        except ENCODE_ERRORS as error:
            message = f"{self._place(path_to_unencodable((tags, by, cause, key, data)))}: {error}"
            raise InvalidInput(message) from error

    def checked(self, payload: bytes) -> Payload[E]:
        """The payload as it will be read back, once it is sure that it can be.

        Raises:
            InvalidInput: a field's value isn't of its type, or a number isn't finite.
        """
        try:
            decoded = self.decode(payload)
        except Exception as error:  # a class's own validators may raise anything
            raise InvalidInput(self._complain(error)) from error
        if _may_be_infinite(payload):
            check_value(decode_any(payload).data, self._cls.__name__)
        return decoded

    def from_data(self, old: Payload[Any], data: Any) -> Payload[E]:
        """A payload with other data, given as plain dicts, lists and scalars, as upcasters make it.

        Raises:
            ValueError (or what the class's validators raise): the data isn't this class's.
        """
        return self.decode(encode_value((*old[:4], data)))

    def _decode_structured(self, payload: bytes) -> Payload[E]:
        plain = _decode_any(payload)
        return plain._replace(data=self._structure(plain.data, self._cls))

    def _plain(self, event: E) -> Any:
        """What the converter makes of an event that msgspec can't encode itself."""
        try:
            data = self._unstructure(event)
        except Exception as error:  # a user's hooks may raise anything
            message = f"{self._cls.__name__}{self._path_to_unstructurable(event)}: {str(error) or type(error).__name__}"
            raise InvalidInput(message) from error
        check_value(data, self._cls.__name__)
        return data

    def _path_to_unstructurable(self, event: E) -> str:
        for name, hint in members_of(self._cls).items():
            try:
                self._converter.unstructure(getattr(event, name), unstructure_as=hint)
            except Exception:  # noqa: BLE001 - the error is raised already; this finds the field that it is about
                return f".{name}"
        return ""

    def _complain(self, error: BaseException) -> str:
        path, text = explain(error)
        if path.startswith("."):  # what the converter says begins at the data
            path = _DATA + path
        return f"{self._place(path)}: {text}"

    def _place(self, path: str) -> str:
        """A path from the payload's array on, in the caller's words."""
        index, rest = path[: len(_DATA)], path[len(_DATA) :]
        return _ENVELOPE_NAMES.get(index, self._cls.__name__) + rest


def _decoder(data: Any) -> Callable[[bytes], Payload[Any]]:
    """A decoder of payloads whose data is of the given type."""
    wanted: Any = Payload[data]
    return msgspec.msgpack.Decoder(wanted).decode


_decode_any: Final = _decoder(_Map)
_decode_envelope: Final = _decoder(msgspec.Raw)


def decode_any(payload: bytes) -> Payload[Any]:
    """A payload whose class isn't known: data comes as plain dicts, lists and scalars.

    Raises:
        Damaged: the bytes aren't a payload.
    """
    try:
        return _decode_any(payload)
    except _DECODE_ERRORS as error:
        message = f"the payload is not one: {error}"
        raise Damaged(message) from error


def decode_envelope(payload: bytes) -> RawPayload:
    """The payload with its data left as bytes.

    Raises:
        Damaged: the bytes aren't a payload.
    """
    try:
        tags, by, cause, key, data = _decode_envelope(payload)
    except _DECODE_ERRORS as error:
        message = f"the payload is not one: {error}"
        raise Damaged(message) from error
    return RawPayload(tags, by, cause, key, bytes(data))


def read_envelope(payload: bytes) -> Payload[msgspec.Raw]:
    """`decode_envelope` for whole logs: the same checks and values, with the data as `msgspec.Raw`.

    Raises:
        Damaged: as `decode_envelope`.
    """
    try:
        return _decode_envelope(payload)
    except _DECODE_ERRORS as error:
        message = f"the payload is not one: {error}"
        raise Damaged(message) from error


def content_digest(type_name: str, version: int, payload: bytes) -> bytes:
    """What an event says, whoever caused it and whenever: digest of type, version, tags and data (16 bytes)."""
    raw = decode_envelope(payload)
    return short_digest(type_name.encode(), version.to_bytes(2, "big"), encode_value(raw.tags), raw.data)
