"""What a message says, as one text: its parts, the tools it calls and what they gave back.

    [called get_weather with {"city": "Oban"}]      a tool call, or a part of type tool_use
    [result of get_weather] 12 °C, rain             what a tool answered; "a tool" where its name isn't known
    [image]                                         any part that is not text, by what it is

The same message always gives the same text: that is what a turn is recognised by when it is imported again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from .labels import label
from .model import TEXT_BYTES_MAX, Fault
from .strict_json import Json, bare, kind

__all__ = ["RESULT_ROLES", "text_of", "tool_names"]

RESULT_ROLES: Final = frozenset({"function", "tool"})
_CONTENT_KEYS: Final = ("content", "text")
_TEXT_PARTS: Final = frozenset({"input_text", "output_text", "text"})
_OTHER_PARTS: Final = {
    "document": "file",
    "image_url": "image",
    "input_audio": "audio",
    "input_file": "file",
    "input_image": "image",
    "video_url": "video",
}
_part_name = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,39}")


def text_of(message: dict[str, Json], role: str | None, tools: Mapping[str, str]) -> str:
    """All that the message says, piece by piece on lines of their own.

    Args:
        message: the message, without flaws.
        role: its role.
        tools: names of the tools called in the same list of messages, by the id of the call.

    Raises:
        Fault: it says nothing, too much, or in a form that is not known.
    """
    content = next((message[key] for key in _CONTENT_KEYS if message.get(key) is not None), None)
    pieces = [piece for piece in (*_content(content, tools), *_refusal(message), *_calls(message)) if piece.strip()]
    if not pieces:
        raise Fault(_nothing_said(message, content))
    text = "\n".join(pieces)
    if role in RESULT_ROLES:
        name = label(message, "name") or _called(message, "tool_call_id", tools)
        text = f"[result of {name}] {text}"
    if len(text.encode()) > TEXT_BYTES_MAX:
        raise Fault(f"the text has more than {TEXT_BYTES_MAX:,} bytes")
    return text


def tool_names(messages: Iterable[Json]) -> dict[str, str]:
    """The names of the tools that these messages call, by the id of the call; what is malformed is passed over."""
    names: dict[str, str] = {}
    for message in messages:
        fields = bare(message)
        calls = fields.get("tool_calls") if isinstance(fields, dict) else None
        for call in calls if isinstance(calls, list) else ():
            called = call.get("id") if isinstance(call, dict) else None
            function, _ = _function(call)
            name = function.get("name")
            if isinstance(called, str) and isinstance(name, str):
                names[called] = name
    return names


def _nothing_said(message: dict[str, Json], content: Json) -> str:
    if content is not None:
        return "the text is empty"
    if any(key in message for key in _CONTENT_KEYS):
        return '"content" is null and no tool is called'
    return 'there is no "content"'


def _content(content: Json, tools: Mapping[str, str]) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    elif isinstance(content, list):
        for part in content:
            yield _part(part, tools)
    elif content is not None:
        raise Fault(f'"content" is {kind(content)}, not text or a list of parts')


def _part(part: Json, tools: Mapping[str, str]) -> str:
    if isinstance(part, str):
        return part
    if not isinstance(part, dict):
        raise Fault(f'a part of "content" is {kind(part)}, not an object')
    what = part.get("type")
    if not isinstance(what, str) or not _part_name.fullmatch(what):
        raise Fault('a part of "content" doesn\'t say its type')
    if what in _TEXT_PARTS:
        return _required_text(part, "text")
    if what == "refusal":
        return _required_text(part, "refusal")
    if what == "tool_use":
        return _call(part.get("name"), part.get("input"))
    if what == "tool_result":
        return f"[result of {_called(part, 'tool_use_id', tools)}] " + "\n".join(_content(part.get("content"), tools))
    return f"[{_OTHER_PARTS.get(what, what)}]"


def _required_text(part: dict[str, Json], key: str) -> str:
    value = part.get(key)
    if not isinstance(value, str):
        raise Fault(f'"{key}" is {kind(value)}, not text')
    return value


def _refusal(message: dict[str, Json]) -> Iterator[str]:
    if message.get("refusal") is not None:
        yield _required_text(message, "refusal")


def _calls(message: dict[str, Json]) -> Iterator[str]:
    calls = message.get("tool_calls")
    if calls is not None and not isinstance(calls, list):
        raise Fault(f'"tool_calls" is {kind(calls)}, not a list')
    yield from map(_tool_call, calls or ())
    if (call := message.get("function_call")) is not None:
        yield _tool_call({"function": call})


def _tool_call(call: Json) -> str:
    function, arguments = _function(call)
    return _call(function.get("name"), arguments)


def _function(call: Json) -> tuple[dict[str, Json], Json]:
    """What is called, and with which arguments: a function, or a custom tool that takes any text."""
    for key, given in (("function", "arguments"), ("custom", "input")):
        function = call.get(key) if isinstance(call, dict) else None
        if isinstance(function, dict):
            return function, function.get(given)
    return {}, None


def _call(name: Json, arguments: Json) -> str:
    if not isinstance(name, str) or not name.strip():
        raise Fault("a tool call doesn't name its function")
    given = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
    return f"[called {name}]" if given.strip() in {"", "{}", "null"} else f"[called {name} with {given}]"


def _called(result: dict[str, Json], key: str, tools: Mapping[str, str]) -> str:
    called = result.get(key)
    return tools.get(called, "a tool") if isinstance(called, str) else "a tool"
