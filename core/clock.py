"""The clock and the ids: the only sources of time and chance, injected so that tests and replays own them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from .errors import InvalidInput

__all__ = [
    "Entropy",
    "Timer",
    "WallClock",
    "from_ns",
    "system_clock",
    "system_entropy",
    "system_timer",
    "to_ns",
    "ulid",
]

WallClock = Callable[[], int]
"""Unix time in nanoseconds; may jump. What is recorded from it never runs backward: the log sees to that."""
Entropy = Callable[[int], bytes]
"""So many random bytes."""
Timer = Callable[[], float]
"""Seconds that only go forward; when they began doesn't matter. For durations, which are never recorded."""

system_clock: Final[WallClock] = time.time_ns
system_entropy: Final[Entropy] = os.urandom
system_timer: Final[Timer] = time.perf_counter

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS: Final = [a + b for a in _CROCKFORD for b in _CROCKFORD]


def from_ns(time_ns: int) -> datetime:
    """The UTC datetime of a unix time in nanoseconds, cut to microseconds."""
    return _EPOCH + timedelta(microseconds=time_ns // 1000)


def to_ns(moment: datetime) -> int:
    """Unix time in nanoseconds of an aware datetime.

    Raises:
        InvalidInput: the datetime has no time zone.
    """
    if moment.tzinfo is None:
        message = f"the datetime {moment.isoformat()} has no time zone; say which, as in datetime.now(UTC)"
        raise InvalidInput(message)
    return (moment - _EPOCH) // _MICROSECOND * 1000


def base32(data: bytes) -> str:
    """16 bytes as 26 letters and digits of Crockford's base 32."""
    number = int.from_bytes(data, "big")
    return "".join([_PAIRS[number >> shift & 1023] for shift in range(120, -1, -10)])


def ulid(clock: WallClock, entropy: Entropy) -> str:
    """A new id: 48 bits of time in milliseconds, then 80 random bits (github.com/ulid/spec), 26 characters."""
    return base32((clock() // 1_000_000).to_bytes(6, "big") + entropy(10))
