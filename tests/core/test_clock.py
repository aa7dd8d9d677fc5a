"""The clock: nanoseconds and datetimes mean the same instant, and ids sort as they were made."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remanence.core.clock import from_ns, to_ns, ulid
from remanence.core.errors import InvalidInput

from .places import NOON_NS

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
zones = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(min_value=datetime(1970, 1, 2), max_value=datetime(2200, 1, 1), timezones=zones))  # noqa: DTZ001
def test_a_datetime_and_back(moment: datetime) -> None:
    """To the microsecond, in whatever zone it was told."""
    assert from_ns(to_ns(moment)) == moment
    assert from_ns(to_ns(moment)).tzinfo is UTC


@given(st.integers(0, 1 << 62))
def test_nanoseconds_and_back(time_ns: int) -> None:
    """What a datetime can't hold is cut off, never rounded up."""
    assert to_ns(from_ns(time_ns)) == time_ns // 1000 * 1000


def test_a_known_instant() -> None:
    """The count began in 1970, in UTC."""
    assert to_ns(datetime(2023, 11, 14, 23, 13, 20, tzinfo=timezone(timedelta(hours=1)))) == NOON_NS


def test_a_datetime_without_a_zone_means_nothing() -> None:
    """It would be another instant on every machine."""
    with pytest.raises(InvalidInput, match="2026-01-01T00:00:00 has no time zone"):
        to_ns(datetime(2026, 1, 1))  # noqa: DTZ001 - what must be refused


@given(st.integers(0, (1 << 48) - 1), st.binary(min_size=10, max_size=10))
def test_an_id_is_its_time_and_its_chance(milliseconds: int, chance: bytes) -> None:
    """26 characters of Crockford's alphabet that say both, as the ULID specification has it."""
    made = ulid(lambda: milliseconds * 1_000_000 + 999_999, lambda size: chance[:size])
    assert len(made) == 26
    number = 0
    for character in made:
        number = number * 32 + CROCKFORD.index(character)
    assert number == milliseconds << 80 | int.from_bytes(chance, "big")


@given(st.integers(0, 1 << 47), st.integers(1, 1 << 40))
def test_ids_sort_as_they_were_made(milliseconds: int, later: int) -> None:
    """Whatever chance adds: a later millisecond is a greater text."""
    one = ulid(lambda: milliseconds * 1_000_000, lambda size: b"\xff" * size)
    other = ulid(lambda: (milliseconds + later) * 1_000_000, bytes)
    assert one < other
