"""Attributes: tags, names and times in the forms that CloudEvents has for them. Pure.

An attribute is a text without control characters, and never a list. So `%` and what may not stand in an attribute are
written as in URLs (`%25`), and tags are joined by commas; a comma in a tag is `%2C`. A time is RFC 3339 with nine
digits of a second, because a log counts nanoseconds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import quote, unquote_to_bytes

from ..transcripts.model import Fault

__all__ = ["read_tags", "read_text", "read_time", "write_tags", "write_text", "write_time"]

_NONCHARACTERS: Final = "".join(chr(plane << 16 | low) for plane in range(17) for low in (0xFFFE, 0xFFFF))
_odd = re.compile(f"[%\x00-\x1f\x7f-\x9f\ufdd0-\ufdef{_NONCHARACTERS}]")
_odd_in_tags = re.compile(f"[%,\x00-\x1f\x7f-\x9f\ufdd0-\ufdef{_NONCHARACTERS}]")
_escape = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_time = re.compile(r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:)(\d{2})(?:\.(\d{1,9}))?\d*([Zz]|[+-]\d{2}:\d{2})", re.ASCII)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LEAP: Final = 60
_DIGITS: Final = 9
_SECOND_NS: Final = 10**_DIGITS


def write_text(text: str) -> str:
    """A text as an attribute."""
    return _odd.sub(_quoted, text)


def read_text(attribute: str) -> str:
    """The text of an attribute.

    Raises:
        Fault: an escape in it is not UTF-8.
    """
    return _escape.sub(_unquoted, attribute) if "%" in attribute else attribute


def write_tags(tags: Iterable[str]) -> str:
    """Tags as an attribute."""
    return ",".join(_odd_in_tags.sub(_quoted, tag) for tag in tags)


def read_tags(attribute: str) -> tuple[str, ...]:
    """The tags of an attribute.

    Raises:
        Fault: an escape in it is not UTF-8.
    """
    return tuple(read_text(tag) for tag in attribute.split(",")) if attribute else ()


def write_time(time_ns: int) -> str:
    """Unix time in nanoseconds as RFC 3339."""
    seconds, rest_ns = divmod(time_ns, _SECOND_NS)
    moment = (_EPOCH + timedelta(seconds=seconds)).replace(tzinfo=None)
    return f"{moment.isoformat()}.{rest_ns:09}Z"


def read_time(attribute: str) -> int:
    """RFC 3339 as unix time in nanoseconds; a leap second is the second after it.

    Raises:
        Fault: it isn't, or lies beyond the calendar.
    """
    found = _time.fullmatch(attribute)
    try:
        if found is None:
            raise ValueError(attribute)  # noqa: TRY301 - one place says what is wrong
        day, minutes, seconds, fraction, zone = found.groups()
        leap = int(seconds) == _LEAP
        text = f"{day}T{minutes}{'59' if leap else seconds}{'+00:00' if zone in 'Zz' else zone}"
        whole = (datetime.fromisoformat(text) - _EPOCH) // timedelta(seconds=1) + leap
    except (ValueError, OverflowError):
        message = f"its time {attribute!r:.60} is no RFC 3339 time like 2026-03-02T09:14:05.000000001Z"
        raise Fault(message) from None
    return whole * _SECOND_NS + int((fraction or "").ljust(_DIGITS, "0"))


def _quoted(found: re.Match[str]) -> str:
    return "%2C" if found[0] == "," else quote(found[0], safe="")


def _unquoted(found: re.Match[str]) -> str:
    try:
        return unquote_to_bytes(found[0]).decode()
    except UnicodeDecodeError:
        raise Fault(f"its escape {found[0]:.40} is not UTF-8") from None
