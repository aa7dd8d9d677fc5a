"""Periods: which times a question names, and how near a memory is to them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import remanence
from remanence.projections.recall.periods import Period, nearness, periods

from ..effort import short

START = date(1970, 1, 1)
NOW = datetime(2024, 6, 15, 12, tzinfo=UTC)
NOW_NS = int(NOW.timestamp()) * 10**9


def named(text: str) -> list[tuple[str, str, bool]]:
    """What a text names, as days."""
    found = periods(text, NOW_NS)
    return [(str(START + timedelta(each.first)), str(START + timedelta(each.last)), each.is_yearly) for each in found]


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("What did Maria do on May 3, 2023?", "2023-05-03", "2023-05-03"),
        ("what happened on 3 June, 2023", "2023-06-03", "2023-06-03"),
        ("the 3rd of june 2023", "2023-06-03", "2023-06-03"),
        ("on 2023-06-03, please", "2023-06-03", "2023-06-03"),
        ("since Sept. 2023", "2023-09-01", "2023-09-30"),
        ("in December 2023?", "2023-12-01", "2023-12-31"),
        ("the year 2023", "2023-01-01", "2023-12-31"),
        ("yesterday", "2024-06-14", "2024-06-14"),
        ("who called today?", "2024-06-15", "2024-06-15"),
        ("two weeks ago", "2024-05-30", "2024-06-03"),
        ("last week", "2024-06-01", "2024-06-14"),
        ("this month", "2024-05-16", "2024-06-15"),
    ],
)
def test_a_time_is_found(text: str, first: str, last: str) -> None:
    """Dates as people and machines write them, and times told from now."""
    assert named(text) == [(first, last, False)]


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [("in June?", "1970-06-01", "1970-06-30"), ("on 16 August", "1970-08-16", "1970-08-16")],
)
def test_without_a_year_it_is_that_time_of_any_year(text: str, first: str, last: str) -> None:
    """A month or a day alone."""
    assert named(text) == [(first, last, True)]


@pytest.mark.parametrize(
    "text", ["may I ask", "March on", "sat on mar", "v2.2023.1", "29 February", "2023-13-01", "at 20:23", "room 12", ""]
)
def test_what_is_no_time_is_none(text: str) -> None:
    """Words that are months elsewhere, numbers that are no years, and days that there aren't."""
    assert named(text) == []


@given(
    st.text()
    | st.lists(
        st.sampled_from(
            ["may", "3", "2023", ",", "in", "last", "week", "31", "9", "ago", "-", "0", "a", "few", "days", "June"]
        ),
        max_size=9,
    )
)
@short(300)
def test_any_text_names_some_times_or_none(text: str | list[str]) -> None:
    """Whatever is asked: days in order, and values from 0 to 1."""
    found = periods(text if isinstance(text, str) else " ".join(text), NOW_NS)
    assert all(each.first <= each.last for each in found)
    near = nearness(found, np.array([0, NOW_NS, -NOW_NS, 1 << 62]))
    assert ((near >= 0) & (near <= 1)).all()


def test_nearness_is_full_within_and_halves_outside() -> None:
    """In seven days after, as people tell what they did; in one day before."""
    june = periods("in June 2023", NOW_NS)
    told = [date(2023, 5, 31), date(2023, 6, 1), date(2023, 6, 30), date(2023, 7, 7), date(2023, 7, 14)]
    days = np.array([(each - START).days for each in told]) * 86_400 * 10**9
    assert nearness(june, days).tolist() == [0.5, 1, 1, 0.5, 0.25]
    assert nearness(periods("in June", NOW_NS), days[1:]).tolist() == [1, 1, 0.5, 0.25]
    assert nearness([Period(0, 0), *june], days).tolist() == nearness(june, days).tolist()


async def test_a_question_that_names_a_time_finds_what_was_told_then(tmp_path: Path) -> None:
    """Of memories that say the same, the one of that time comes first; `explain` says why."""
    async with remanence.open(tmp_path / "m") as memory:
        for month in range(1, 13):
            said_at = datetime(2023, month, 5, tzinfo=UTC)
            await memory.remember("We went sailing", session=f"s{month}", speaker="Ada", said_at=said_at)
        [best, *_] = memory.recall("when did we go sailing in May 2023?", explain=True)
        assert best.memory.session == "s5"
        assert best.parts["dates"] == 4
        assert "dates" not in memory.recall("when did we go sailing?", explain=True)[0].parts
