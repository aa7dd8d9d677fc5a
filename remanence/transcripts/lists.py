"""A JSON document of messages: a list of them, an object that holds the list as `messages`, or one message alone.

All messages belong to the one session of the file unless they say otherwise. An element that itself holds `messages`
is a session of its own, `<file>#<number>`. Lines are counted in messages: the file may be one line long, or thousands.
"""

from __future__ import annotations

from collections.abc import Iterator

from .content import tool_names
from .messages import is_message, read_batch, read_message
from .model import BadLine, Origin, Places, Turn
from .strict_json import Json, bare

__all__ = ["looks_like_messages", "read"]


def looks_like_messages(document: Json) -> bool:
    """Whether this is a message, or a list with at least one; an empty list is the transcript of nothing."""
    if isinstance(document, list):
        return not document or any(is_message(bare(one)) for one in document)
    return is_message(bare(document))


def read(document: Json, name: str) -> Iterator[Turn | BadLine]:
    """Read every message; `name` is the session of those that name none."""
    home, places = Origin(None, name), Places()
    if isinstance(document, dict) and "messages" in document:
        yield from read_batch(document, home, places, None)
        return
    elements = document if isinstance(document, list) else [document]
    tools = tool_names(elements)
    for number, element in enumerate(elements, 1):
        if isinstance(element, dict) and "messages" in element:
            yield from read_batch(element, Origin(None, f"{name}#{number}"), places, number)
        else:
            yield read_message(element, number, home, places, tools=tools)
