"""When something was said, as chat logs write it. The answer is in UTC, or there is none; a guess is never made."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from .model import Fault
from .strict_json import Json, kind

__all__ = ["plausible", "said_at"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EARLIEST: Final = datetime(1700, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)
"""Nanoseconds since 1970 fit into 64 bits from 1678 to 2262, and no chat is older or younger than this."""


def said_at(value: Json) -> datetime | None:
    """Read ISO 8601 with an offset or Z, or unix time in seconds; null is no time.

    Raises:
        Fault: it is neither, leaves the offset open, or lies outside the years 1700 to 2199.
    """
    if value is None:
        return None
    if isinstance(value, str):
        return plausible(_from_iso(value))
    if isinstance(value, int | float) and not isinstance(value, bool):
        return plausible(_from_unix(value))
    raise Fault(f"the time is {kind(value)}; write ISO 8601 with an offset, or unix seconds")


def plausible(moment: datetime) -> datetime:
    """Return the moment, if anything can have been said then.

    Raises:
        Fault: it lies outside the years 1700 to 2199.
    """
    if not _EARLIEST <= moment < _LATEST:
        raise Fault(f"the time {moment.isoformat()} lies outside the years {_EARLIEST.year} to {_LATEST.year - 1}")
    return moment


def _from_iso(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Fault(f"the time {text!r:.40} is not ISO 8601; write it like 2023-05-08T13:56:00+02:00") from None
    if moment.tzinfo is None:
        plain = moment.isoformat()
        raise Fault(f"the time {text!r:.40} doesn't say its offset from UTC; write {plain}Z or {plain}+02:00")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise Fault(f"the time {text!r:.40} lies beyond the calendar") from None


def _from_unix(seconds: float) -> datetime:
    try:
        return _EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        raise Fault(f"the time {seconds!r:.40} is no unix time in seconds; divide milliseconds by 1000") from None
