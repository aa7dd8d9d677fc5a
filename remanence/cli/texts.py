"""Texts: values as people read them. Pure.

What others wrote is shown, never obeyed: control characters, which a terminal would act on, become a visible mark.
"""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Final

__all__ = ["clean", "clock", "count", "day", "moment", "one_line", "share", "shown", "size"]

_CONTROLS: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""All but tab and newline, and what turns the direction of writing."""
_KILO: Final = 1000
_UNITS: Final = ("bytes", "kB", "MB", "GB", "TB")
_SHORT: Final = 9.95
"""Below this a digit after the point tells something."""


def clean(text: str) -> str:
    """The text without anything that a terminal would obey."""
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text.replace("\r\n", "\n").expandtabs(4))


def one_line(text: str) -> str:
    """The text on one line."""
    return clean(" ".join(text.split()))


def moment(time: datetime) -> str:
    """Day and time of day, in UTC, to the second."""
    return f"{time:%Y-%m-%d %H:%M:%S}"


def day(time: datetime) -> str:
    """The day."""
    return f"{time:%Y-%m-%d}"


def clock(time: datetime) -> str:
    """The time of day, to the second."""
    return f"{time:%H:%M:%S}"


def count(number: int, singular: str, plural: str | None = None) -> str:
    """`1 event`, `1,451 events`."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def size(size_bytes: float) -> str:
    """Bytes in the greatest unit of which there is one: `999 bytes`, `1.5 kB`, `168 kB`."""
    for power, unit in enumerate(_UNITS):
        value = size_bytes / _KILO**power
        if value < _KILO - 0.5 or unit == _UNITS[-1]:
            return f"{value:.1f} {unit}" if power and value < _SHORT else f"{value:.0f} {unit}"
    raise AssertionError  # the last unit takes everything


def share(part: float) -> str:
    """A share in per cent."""
    return f"{100 * part:.0f} %"


def shown(path: Path) -> str:
    """A path that can't be taken for a word."""
    text = clean(str(path))
    return text if text.startswith(("/", ".")) else f"./{text}"
