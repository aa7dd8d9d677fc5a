"""Lines: a file's lines by number, none longer than may be, and whether they look like CloudEvents. No line is read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO, Final

from .model import LINE_BYTES_MAX

__all__ = ["looks_like_cloudevents", "numbered"]

_BOM: Final = b"\xef\xbb\xbf"
_LOOKED_AT: Final = 1 << 16
_BLOCK: Final = 1 << 20
_marked = re.compile(rb'(?<!\\)"specversion"\s*:|"source"\s*:\s*"urn:remanence:log:')
"""What no transcript has: within its texts a quotation mark stands behind a backslash."""


def looks_like_cloudevents(head: bytes) -> bool:
    """Whether a file that begins like this is one of CloudEvents, a damaged one too."""
    return _marked.search(head[:_LOOKED_AT]) is not None


def numbered(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Every line that isn't blank with its number, from the beginning of the file.

    A line that is too long comes cut off, but longer than any may be, so that reading it refuses it.
    """
    file.seek(0)
    number = 0
    while raw := file.readline(LINE_BYTES_MAX + 1):
        number += 1
        if len(raw) > LINE_BYTES_MAX and not raw.endswith(b"\n"):
            _skip_rest(file)
        if number == 1:
            raw = raw.removeprefix(_BOM)
        if stripped := raw.strip():
            yield number, stripped


def _skip_rest(file: BinaryIO) -> None:
    while (part := file.readline(_BLOCK)) and not part.endswith(b"\n"):
        pass
