"""JSON lines: a line is a message, or an object whose `messages` are a session of their own. Blank lines don't count.

A message that names no session belongs to the one session of the file, which has the file's name; a line of `messages`
is the session `<file>#<line>`. What a line becomes never hangs on the words of another: not even the name of a tool.

A line that can't be read still takes up a place, or all turns after it would be others once it is mended. Its session
is the one whose name can still be made out in it, or else that of the turn before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import attrs

from .labels import label_fault
from .messages import is_message, read_batch, read_message
from .model import TEXT_BYTES_MAX, BadLine, Fault, Origin, Places, Turn
from .strict_json import Flaw, Json, bare, decode

__all__ = ["looks_like_lines", "read"]

_trace = re.compile(rb'"(?P<key>conversation|session|session_id)"\s*:\s*"(?P<name>[^"\\]{1,800})"')
_TRACED: Final = {b"conversation": "conversation", b"session": "session", b"session_id": "session"}


def read(data: bytes, name: str) -> Iterator[Turn | BadLine]:
    """Read every line; `name` is the session of messages that name none."""
    home = last = Origin(None, name)
    places = Places()
    for number, raw in _lines(data):
        value = _decode(raw)
        if isinstance(value, dict) and "messages" in value:
            yield from read_batch(value, Origin(None, f"{name}#{number}"), places, number)
            continue
        astray = home if isinstance(value, dict) else _origin_left_in(raw, last)
        item = read_message(value, number, home, places, astray=astray)
        if isinstance(item, Turn):
            last = Origin(item.conversation, item.session)
        yield item


def looks_like_lines(data: bytes) -> bool:
    """Whether the first line is a message, or at least half of all are: not so in a document, even a broken one."""
    messages = total = 0
    for _, raw in _lines(data):
        total += 1
        messages += is_message(bare(_decode(raw)))
        if messages == total:
            return True
    return 0 < total <= 2 * messages


def _lines(data: bytes) -> Iterator[tuple[int, bytes]]:
    start = number = 0
    while start < len(data):
        end = data.find(b"\n", start)
        if end < 0:
            end = len(data)
        number += 1
        if raw := data[start:end].strip():
            yield number, raw
        start = end + 1


def _decode(raw: bytes) -> Json:
    if len(raw) > TEXT_BYTES_MAX:
        return Flaw(f"the line has {len(raw):,} bytes; a line has at most {TEXT_BYTES_MAX:,}")
    try:
        return decode(raw.decode())
    except UnicodeDecodeError as error:
        return Flaw(f"byte {error.start + 1} of the line is not UTF-8")
    except Fault as fault:
        return Flaw(str(fault))


def _origin_left_in(raw: bytes, last: Origin) -> Origin:
    """Where a line belongs that can't be read, as far as that can still be seen."""
    origin = last
    for found in _trace.finditer(raw):
        name = found["name"].decode(errors="replace")
        if label_fault(name) is None:
            origin = attrs.evolve(origin, **{_TRACED[found["key"]]: name})
    return origin
