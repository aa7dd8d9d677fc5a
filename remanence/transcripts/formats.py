"""Which format a transcript is in, told from its bytes: the way in to all the others.

What is one JSON value is a document, and its shape tells which. Anything else is JSON lines if its first line is a
message, or half of its lines are: one damaged line doesn't make a file something else.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ..core.errors import InvalidInput
from . import jsonl, lists, locomo
from .labels import label_fault
from .model import BadLine, Fault, Format, Turn
from .strict_json import Json, decode

__all__ = ["parse"]

_BOM: Final = b"\xef\xbb\xbf"
_UTF16_BOMS: Final = (b"\xff\xfe", b"\xfe\xff")
_KNOWN: Final = "JSON lines of messages (jsonl), a JSON list of messages (messages), LoCoMo samples (locomo)"


def parse(data: bytes, *, name: str = "transcript", format: Format | None = None) -> Iterator[Turn | BadLine]:  # noqa: A002 - the word that callers look for
    """Read a transcript turn by turn, in the order of the file.

    Args:
        data: the whole file, UTF-8 with or without a byte order mark.
        name: what the file is called; the session of messages that name none.
        format: its format; told from the bytes unless given.

    Raises:
        InvalidInput: at once, before the first turn: the file is not in the given format, or in none that is known, or
            its name can't be that of a session.
    """
    if fault := label_fault(name):
        raise InvalidInput(f"the name of a transcript {fault}")
    body = data.removeprefix(_BOM)
    wanted = _format(format)
    if wanted is Format.JSONL:
        return jsonl.read(body, name)
    try:
        document = _document(body)
    except Fault as fault:
        if wanted is None and jsonl.looks_like_lines(body):
            return jsonl.read(body, name)
        what = "it is UTF-16; save it as UTF-8" if data.startswith(_UTF16_BOMS) else str(fault)
        raise InvalidInput(f"{name} can't be read as a transcript ({what}); known are {_KNOWN}") from None
    match wanted or _shape(document):
        case Format.LOCOMO if locomo.looks_like_locomo(document):
            return locomo.read(document)
        case Format.MESSAGES if lists.looks_like_messages(document):
            return lists.read(document, name)
        case _:
            raise InvalidInput(f"{name} is JSON, but no transcript of a {wanted or 'known'} format; known are {_KNOWN}")


def _format(given: Format | None) -> Format | None:
    try:
        return None if given is None else Format(given)
    except ValueError:
        raise InvalidInput(f"there is no format {given!r}; known are {_KNOWN}") from None


def _document(body: bytes) -> Json:
    if not body.strip():
        raise Fault("it is empty")
    try:
        return decode(body.decode())
    except UnicodeDecodeError as error:
        raise Fault(f"byte {error.start + 1} is not UTF-8") from None


def _shape(document: Json) -> Format | None:
    if locomo.looks_like_locomo(document):
        return Format.LOCOMO
    return Format.MESSAGES if lists.looks_like_messages(document) else None
