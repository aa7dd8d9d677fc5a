"""Names in a transcript: who speaks, in which session, of which conversation. What can't be a name is refused here."""

from __future__ import annotations

from .model import LABEL_CHARACTERS_MAX, Fault
from .strict_json import Flaw, Json, has_lone_surrogate, kind

__all__ = ["label", "label_fault", "scope_part"]


def label(holder: dict[str, Json], *keys: str) -> str | None:
    """The first of these keys that is there and not null, as a name.

    Raises:
        Fault: it is not a text that can be a name.
    """
    for key in keys:
        value = holder.get(key)
        if value is None:
            continue
        if isinstance(value, Flaw):
            raise Fault(value.reason)
        if not isinstance(value, str):
            raise Fault(f'"{key}" is {kind(value)}, not text')
        if fault := label_fault(value):
            raise Fault(f'"{key}" {fault}')
        return value
    return None


def scope_part(holder: dict[str, Json], key: str) -> str | None:
    """The name of a conversation, which becomes one part of a scope.

    Raises:
        Fault: it is not a text that can be a name, or holds a slash.
    """
    name = label(holder, key)
    if name is not None and "/" in name:
        raise Fault(f'"{key}" holds a slash, which would part the scope')
    return name


def label_fault(name: str) -> str | None:
    """Why this can't be a name, as the end of a sentence; None if it can."""
    if not name.strip():
        return "is empty"
    if "\0" in name:
        return "holds a NUL character"
    if len(name) > LABEL_CHARACTERS_MAX:
        return f"has {len(name)} characters; a name has at most {LABEL_CHARACTERS_MAX}"
    return "holds half of a surrogate pair, which is no character" if has_lone_surrogate(name) else None
