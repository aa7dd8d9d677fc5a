"""Writing: one event as one line. Pure."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import msgspec

from ..core.errors import InvalidInput
from .attributes import write_tags, write_text, write_time
from .data import to_json
from .model import LINE_BYTES_MAX, Line

__all__ = ["write_line"]


def write_line(line: Line) -> bytes:
    """An event as a line of JSON, with the line's end.

    Raises:
        InvalidInput: the line would be longer than any that is read.
    """
    found = to_json(line.data)
    kind = "application/msgpack" if found is None else "application/json"
    names = (("by", line.by), ("cause", line.cause), ("key", line.key))
    told: dict[str, Any] = {
        "specversion": "1.0",
        "id": line.id,
        "source": line.source,
        "type": line.type,
        "time": None if line.time_ns is None else write_time(line.time_ns),
        "datacontenttype": kind,
        "schemaversion": line.version,
        "tags": write_tags(line.tags) or None,
        **{name: None if text is None else write_text(text) for name, text in names},
        "keyevents": line.key_events if line.key_events > 1 else None,
        "dedup": "content" if line.by_content else None,
    }
    if found is None:
        told["data_base64"] = b64encode(line.data).decode()
    else:
        data, times = found
        told |= {"datetimes": write_tags(times) or None, "data": data}
    told["digest"] = line.digest
    told = {name: part for name, part in told.items() if part is not None}
    written = msgspec.json.encode(told) + b"\n"
    if len(written) > LINE_BYTES_MAX:
        message = f"event {line.id} makes a line of {len(written):,} bytes; a line has at most {LINE_BYTES_MAX:,}"
        raise InvalidInput(message)
    return written
