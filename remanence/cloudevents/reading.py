"""Reading: one line as one event, or what is wrong with it. Pure.

Taken is what CloudEvents 1.0 allows in its JSON format, from any producer, as long as its data is a JSON object or a
msgpack map, because that is what an event's fields are. What Remanence has no place for is named, never lost silently.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from typing import Any, Final, cast

import msgspec

from ..codecs.values import MAX_DEPTH
from ..transcripts.model import Fault
from ..transcripts.strict_json import Flaw, Json, decode, kind, refuse_flaws
from .attributes import read_tags, read_text, read_time
from .data import from_json
from .model import LINE_BYTES_MAX, Line

__all__ = ["read_line"]

_TOLD: Final = frozenset(
    {
        *("specversion", "id", "source", "type", "time", "datacontenttype", "schemaversion", "tags", "by", "cause"),
        *("key", "keyevents", "dedup", "datetimes", "data", "data_base64", "digest"),
    }
)
_MSGPACK: Final = frozenset({"application/msgpack", "application/x-msgpack", "application/vnd.msgpack"})
_INTEGER_MAX: Final = (1 << 31) - 1
"""As large as a CloudEvents integer may be."""
_NO_DATA: Final = b"\x80"
_DEPTH_MAX: Final = MAX_DEPTH + 1
"""The line is one level around its data."""


def read_line(raw: bytes, number: int) -> Line:
    """Read a line.

    Raises:
        Fault: it is damaged, or no event; the text says why.
    """
    told = _object(raw)
    if told.get("specversion") != "1.0":
        raise Fault(f"its specversion is {told.get('specversion')!r:.40}; CloudEvents of version '1.0' are read")
    source, event_id, type_name = (_required(told, name) for name in ("source", "id", "type"))
    time, tags = _text(told, "time"), _text(told, "tags")
    dedup = _text(told, "dedup")
    if dedup not in (None, "content"):
        raise Fault(f"its dedup is {dedup!r:.40}; the one value it has is 'content'")
    by, cause, key = (
        None if (text := _text(told, name)) is None else read_text(text) for name in ("by", "cause", "key")
    )
    if key is not None and dedup is not None:
        raise Fault("it has a key and dedup; an event is known by one of them")
    line = Line(
        number=number,
        source=source,
        id=event_id,
        type=type_name,
        data=_data(told),
        version=_integer(told, "schemaversion"),
        time_ns=None if time is None else read_time(time),
        tags=() if tags is None else read_tags(tags),
        by=by,
        cause=cause,
        key=key,
        key_events=_integer(told, "keyevents") or 1,
        by_content=dedup is not None,
        digest=_text(told, "digest"),
        ignored=tuple(name for name in told if name not in _TOLD),
    )
    if line.digest is not None and line.digest != line.sum():
        raise Fault("its digest does not match: it was changed after it was written; bring the line from the original")
    return line


def _object(raw: bytes) -> dict[str, Json]:
    if len(raw) > LINE_BYTES_MAX:
        raise Fault(f"it has more than {LINE_BYTES_MAX:,} bytes, which no line may have")
    try:
        value = decode(raw.decode(), depth_max=_DEPTH_MAX)
    except UnicodeDecodeError as error:
        raise Fault(f"byte {error.start + 1} of it is not UTF-8") from None
    refuse_flaws(value, depth_max=_DEPTH_MAX)
    if not isinstance(value, dict):
        raise Fault(f"it is {kind(value)}, not an event: an event is an object")
    return {name: part for name, part in value.items() if part is not None}


def _required(told: dict[str, Json], name: str) -> str:
    text = _text(told, name)
    if not text:
        raise Fault(f"it has no {name}, which every CloudEvent has")
    return text


def _text(told: dict[str, Json], name: str) -> str | None:
    value = told.get(name)
    if value is None or isinstance(value, str):
        return value
    raise Fault(f"its {name} is {kind(value)}, not text")


def _integer(told: dict[str, Json], name: str) -> int | None:
    value = told.get(name)
    if value is None:
        return None
    if type(value) is not int or not 1 <= value <= _INTEGER_MAX:
        raise Fault(f"its {name} is {value!r:.40}, not a whole number from 1")
    return value


def _data(told: dict[str, Json]) -> bytes:
    """The event's fields as msgpack.

    Raises:
        Fault: they are none.
    """
    media = (_text(told, "datacontenttype") or "application/json").partition(";")[0].strip().lower()
    data, packed = told.get("data"), _text(told, "data_base64")
    times = _text(told, "datetimes")
    if packed is not None:
        if data is not None:
            raise Fault("it has both data and data_base64; an event has one of them")
        return _packed(packed, media)
    if data is None:
        return _NO_DATA
    if not media.endswith(("/json", "+json")):
        raise Fault(f"its datacontenttype is {media!r:.60}; the fields of an event are JSON or msgpack")
    if isinstance(data, Flaw) or not isinstance(data, dict):
        raise Fault(f"its data is {kind(data)}; the fields of an event are an object")
    return from_json(cast("dict[str, Any]", data), read_tags(times or ""))


def _packed(packed: str, media: str) -> bytes:
    try:
        data = b64decode(packed, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Fault(f"its data_base64 is not base64: {error}") from None
    if media not in _MSGPACK:
        raise Fault(f"its data_base64 is {media!r:.60}; the fields of an event are JSON or msgpack")
    try:
        fields = msgspec.msgpack.decode(data)
    except (ValueError, RecursionError, OverflowError) as error:
        raise Fault(f"its data_base64 is not msgpack: {error}") from None
    if not isinstance(fields, dict):
        raise Fault("its data_base64 is msgpack, but no map; the fields of an event are a map")
    return data
