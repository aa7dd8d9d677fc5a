"""One message of a chat to one turn, the same in every format that has messages.

    content, text                  what is said: text, or a list of parts (see `content`)
    role                           system, developer, user, assistant, tool, function; other roles name a speaker
    name, speaker                  who says it; the role if neither is there
    time, timestamp, created_at    when: ISO 8601 with an offset or Z, or unix seconds
    session, session_id            the session it belongs to; the one around it, or the file's, if neither is there
    conversation                   the conversation that the session belongs to
    metadata                       an object of text, numbers, true and false
    tool_calls, function_call, refusal, tool_call_id

Of keys on one row the first that is not null counts. Any other key is passed over: logs carry much that nobody said.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Final

from .content import text_of, tool_names
from .labels import label, label_fault, scope_part
from .model import BadLine, Fault, Origin, Places, Turn
from .strict_json import Flaw, Json, kind, refuse_flaws
from .times import said_at

__all__ = ["is_message", "read_batch", "read_message"]

_ROLES: Final = frozenset({"assistant", "developer", "function", "system", "tool", "user"})
_MARKS: Final = frozenset({"content", "messages", "role", "speaker", "text", "tool_calls"})
"""An object with none of these keys was never meant to be a message."""
_NO_TOOLS: Final[Mapping[str, str]] = {}
_TIME_KEYS: Final = ("time", "timestamp", "created_at")


def is_message(value: Json) -> bool:
    """Whether this looks like a message, or an object that holds some, however faulty."""
    return isinstance(value, dict) and not _MARKS.isdisjoint(value)


def read_message(
    message: Json,
    line: int,
    home: Origin,
    places: Places,
    *,
    tools: Mapping[str, str] = _NO_TOOLS,
    astray: Origin | None = None,
) -> Turn | BadLine:
    """Read one message.

    Args:
        message: what was decoded.
        line: where it stands.
        home: where it belongs if it doesn't say.
        places: hands it its place, good or bad.
        tools: names of the tools called in the same list of messages.
        astray: where it is counted if it can't be read at all; `home` unless given.
    """
    try:
        fields = _fields(message)
        origin = _read_origin(fields, home)
    except Fault as fault:
        places.take(astray or home)
        return BadLine(line, str(fault))
    place = places.take(origin)
    try:
        return _turn(fields, line, origin, place, tools)
    except Fault as fault:
        return BadLine(line, str(fault))


def read_batch(batch: dict[str, Json], home: Origin, places: Places, line: int | None) -> Iterator[Turn | BadLine]:
    """Read an object whose `messages` are a session.

    Args:
        batch: the object.
        home: where its messages belong if neither it nor they say.
        places: hands them their places.
        line: where the whole object stands; None if each message counts as a line.
    """
    try:
        messages, origin = _open_batch(batch, home)
    except Fault as fault:
        yield BadLine(line or 1, str(fault))
        return
    tools = tool_names(messages)
    for number, message in enumerate(messages, 1):
        read = read_message(message, line or number, origin, places, tools=tools)
        if line is not None and isinstance(read, BadLine):
            read = BadLine(line, f"message {number}: {read.reason}")
        yield read


def _open_batch(batch: dict[str, Json], home: Origin) -> tuple[list[Json], Origin]:
    messages = batch["messages"]
    if not isinstance(messages, list):
        raise Fault(f'"messages" is {kind(messages)}, not a list')
    if not messages:
        raise Fault('"messages" is empty')
    origin = _read_origin(batch, home)
    if fault := label_fault(origin.session):  # a name that fits may not once the line is added to it
        raise Fault(f"the session {fault}")
    return messages, origin


def _read_origin(holder: dict[str, Json], home: Origin) -> Origin:
    """Where a message, or a whole list of them, says that it belongs.

    Raises:
        Fault: a name that can't be one.
    """
    conversation = scope_part(holder, "conversation") or home.conversation
    return Origin(conversation, label(holder, "session", "session_id") or home.session)


def _fields(message: Json) -> dict[str, Json]:
    if isinstance(message, Flaw):
        raise Fault(message.reason)
    if not isinstance(message, dict):
        raise Fault(f"a message is an object, not {kind(message)}")
    return message


def _turn(fields: dict[str, Json], line: int, origin: Origin, place: int, tools: Mapping[str, str]) -> Turn:
    refuse_flaws(fields)
    role = label(fields, "role")
    speaker = label(fields, "name", "speaker") or role
    if speaker is None:
        raise Fault('nobody says it: there is no "role", "name" or "speaker"')
    return Turn(
        line=line,
        conversation=origin.conversation,
        session=origin.session,
        place=place,
        speaker=speaker,
        role=role if role in _ROLES else None,
        text=text_of(fields, role, tools),
        said_at=said_at(next((fields[key] for key in _TIME_KEYS if fields.get(key) is not None), None)),
        metadata=_metadata(fields),
    )


def _metadata(fields: dict[str, Json]) -> dict[str, str]:
    given = fields.get("metadata")
    if given is not None and not isinstance(given, dict):
        raise Fault(f'"metadata" is {kind(given)}, not an object')
    metadata: dict[str, str] = {}
    for key, value in (given or {}).items():
        if fault := label_fault(key):
            raise Fault(f'a key of "metadata" {fault}')
        if isinstance(value, list | dict):
            raise Fault(f'"{key:.40}" of "metadata" is {kind(value)}; metadata is text, numbers, true and false')
        if value is not None:
            metadata[key] = value if isinstance(value, str) else json.dumps(value)
    called = label(fields, "tool_call_id")
    return metadata if called is None else {"tool_call_id": called, **metadata}
