"""Periods: the times that a question names, as "in June", "on 3 May 2023", "2023-05-03", "yesterday", "two weeks ago".

They are a hint and no filter: what was told then is worth more, and what was told in the days after a little more, as
people tell what they did last week. English, and ISO 8601 in any language; a month alone may be of any year, and is
taken for one only where it can't be another word ("may" is none, "in May" is). UTC: a day at its edges is a hint too.

Why no library: those that find dates in texts take some ten milliseconds a question, and read "sat" or "on" as dates.
"""

from __future__ import annotations

import re
from calendar import month_name
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any, Final, Literal

import attrs
import numpy as np
from numpy.typing import NDArray

__all__ = ["Period", "nearness", "periods"]

Unit = Literal["D", "M", "Y"]
DAY_NS: Final = 86_400 * 10**9
AFTER_DAYS: Final = 7.0
"""What was told so long after the period counts half."""
BEFORE_DAYS: Final = 1.0
"""… or so long before: in another time zone it was that day already."""
PERIODS_MAX: Final = 4
"""Of a question that names more, the first are looked at."""
SEARCHED: Final = 4000
"""Characters of a question that are looked through."""
_MONTHS: Final = {name.lower(): number for number, name in enumerate(month_name) if name}
_MONTH: Final = rf"(?P<month>{'|'.join(_MONTHS)}|(?:jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\b\.?)"
_YEAR: Final = r"(?P<year>(?:19|20)\d\d)\b(?!\.\d)"
_DAY: Final = r"(?P<day>[0-3]?\d)(?:st|nd|rd|th)?\b"
_DATES: Final = tuple(
    re.compile(rf"(?<![\w.-]){pattern}", re.IGNORECASE)
    for pattern in (
        r"(?P<year>(?:19|20)\d\d)-(?P<month>[01]\d)-(?P<day>[0-3]\d)(?!\d)",
        rf"{_DAY} (?:of )?{_MONTH}(?:,? {_YEAR})?",
        rf"{_MONTH} {_DAY}(?:,? {_YEAR})?(?![:\d])",
        rf"{_MONTH},? {_YEAR}",
        rf"(?:in|during|since|until|by|of|last|this|early|late|before|after) (?P<month>{'|'.join(_MONTHS)})\b",
        rf"{_YEAR}(?![-\w])",
    )
)
_MAYBE: Final = re.compile(rf"\d|ago\b|day\b|night\b|(?:this|last) |{'|'.join(_MONTHS)}", re.IGNORECASE)
"""A quick look: most questions name no time."""
_NUMBERS: Final = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "a few": 3}
_AGO: Final = re.compile(rf"\b({'|'.join(_NUMBERS)}|\d{{1,3}}) (day|week|month|year)s? ago\b", re.IGNORECASE)
_NEAR: Final = re.compile(
    r"\b(?:(today|tonight)|(yesterday|last night)|(this|last) (week|month|year))\b", re.IGNORECASE
)
_DAYS: Final = {"day": 1, "week": 7, "month": 30, "year": 365}


@attrs.frozen
class Period:
    """A time that was named.

    Attributes:
        first, last: its days, both included, as days since 1970; of a month without a year, those in 1970.
        is_yearly: whether it is that time of any year.
    """

    first: int
    last: int
    is_yearly: bool = False


def periods(text: str, now_ns: int) -> tuple[Period, ...]:
    """The times that a text names, without those that lie within others.

    Args:
        text: a question.
        now_ns: when it is asked; unix time in nanoseconds.
    """
    return _named(text[:SEARCHED], now_ns // DAY_NS)


@lru_cache(256)  # one question is looked through at several places
def _named(text: str, today: int) -> tuple[Period, ...]:
    if not _MAYBE.search(text):
        return ()
    return tuple(islice(_dated(text), PERIODS_MAX)) or tuple(islice(_near(text, today), PERIODS_MAX))


def nearness(named: Sequence[Period], times_ns: NDArray[np.int64]) -> NDArray[np.float64]:
    """How near times are to the nearest of some periods: 1 within it, less and less before and after."""
    days = times_ns // DAY_NS
    nearest = np.zeros(len(days))
    for period in named:
        first, last = np.full(len(days), period.first), np.full(len(days), period.last)
        if period.is_yearly:  # the last one that had begun when it was told
            years = days.astype("datetime64[D]").astype("datetime64[Y]")
            shift = years.astype("datetime64[D]").astype(np.int64)
            shift = np.where(days < period.first + shift, (years - 1).astype("datetime64[D]").astype(np.int64), shift)
            first, last = first + shift, last + shift
        away = np.maximum(0, first - days) / BEFORE_DAYS + np.maximum(0, days - last) / AFTER_DAYS
        nearest = np.maximum(nearest, np.exp2(-away))
    return nearest


def _dated(text: str) -> Iterator[Period]:
    taken: list[tuple[int, int]] = []
    for pattern in _DATES:
        for found in pattern.finditer(text):
            start, end = found.span()
            if all(end <= first or last <= start for first, last in taken):
                period = _period(**found.groupdict())
                if period is not None:
                    taken.append((start, end))
                    yield period


def _period(year: str | None = None, month: str | None = None, day: str | None = None) -> Period | None:
    """The days of a date; None if there is no such day."""
    of = "1970" if year is None else year
    if month is None:
        return _days(of, "Y")
    number = int(month) if month.isdigit() else next(_MONTHS[each] for each in _MONTHS if each[:3] == month[:3].lower())
    try:
        if day is None:
            return _days(f"{of}-{number:02}", "M", is_yearly=year is None)
        return _days(f"{of}-{number:02}-{int(day):02}", "D", is_yearly=year is None)
    except ValueError:
        return None


def _days(date: str, unit: Unit, *, is_yearly: bool = False) -> Period:
    start: np.datetime64[Any] = np.datetime64(date, unit)
    first, after = (int(each.astype("datetime64[D]").astype(np.int64)) for each in (start, start + 1))
    return Period(first, after - 1, is_yearly)


def _near(text: str, today: int) -> Iterator[Period]:
    """Times told from now."""
    for found in _AGO.finditer(text):
        size = _DAYS[found[2].lower()]
        count = _NUMBERS.get(found[1].lower()) or int(found[1])
        yield Period(today - count * size - size // 3, today - count * size + size // 3)
    for found in _NEAR.finditer(text):
        is_today, is_yesterday, which, unit = found.groups()
        if unit:
            size = _DAYS[unit.lower()]
            yield Period(today - size, today) if which.lower() == "this" else Period(today - 2 * size, today - 1)
        elif is_today:
            yield Period(today, today)
        elif is_yesterday:
            yield Period(today - 1, today - 1)
