"""Reading: which events, in which order, from where to where, wherever the log lives."""

from __future__ import annotations

import itertools
from collections.abc import Generator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remanence.core.errors import InvalidInput
from remanence.core.log import READ_BATCH, Log
from remanence.core.queries import ALL, Query

from .places import KINDS, Happened, Note, Place, Spent, place

TYPES = ("money.spent", "note.made", "thing.happened", "no.such")
TAGS = ("a", "b", "account:ada", "none")
queries = st.lists(
    st.builds(
        Query.of,
        types=st.lists(st.sampled_from(TYPES), max_size=2),
        tags=st.lists(st.sampled_from(TAGS), max_size=2),
    ),
    min_size=1,
    max_size=3,
)
bounds = st.none() | st.integers(-2, 24)


@pytest.fixture(scope="module", params=KINDS)
def twenty(request: pytest.FixtureRequest) -> Generator[Log]:
    """A log of twenty events that is only read."""
    with place(str(request.param)) as here:
        log = here.open()
        for index in range(5):
            log.append(
                Spent("ada", index), Note(str(index), ("a",)), Happened("h", ("a", "b")[: index % 3]), Spent("bob")
            )
        yield log


@given(items=queries, after=bounds, before=bounds, limit=st.none() | st.integers(1, 22), backward=st.booleans())
def test_reading_finds_exactly_what_matches(
    twenty: Log,
    *,
    items: list[Query],
    after: int | None,
    before: int | None,
    limit: int | None,
    backward: bool,
) -> None:
    """Any query, range, limit and direction gives what looking at every event would."""
    query = items[0]
    for item in items[1:]:
        query |= item
    wanted = [
        each.position
        for each in twenty.read()
        if query.matches(each.type, each.tags)
        and each.position > (after or 0)
        and (before is None or each.position < before)
    ]
    if backward:
        wanted.reverse()
    found = twenty.read(query, after=after or 0, before=before, limit=limit, backward=backward)
    assert [each.position for each in found] == wanted[:limit]


def test_a_range_far_outside_is_empty(twenty: Log) -> None:
    """Positions that no log will ever reach are only positions."""
    for query in (ALL, Query.of(tags=["a"])):
        assert twenty.read(query, after=1 << 80) == []
        assert twenty.read(query, before=-(1 << 80)) == []
        assert len(twenty.read(query, before=1 << 80, after=-(1 << 80))) == len(twenty.read(query))


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_is_at_least_one(twenty: Log, limit: int) -> None:
    """Asking for nothing is a mistake, and says so."""
    with pytest.raises(InvalidInput, match="limit is 1 or more"):
        twenty.read(limit=limit)


def test_one_event_by_its_position(twenty: Log) -> None:
    """`get` returns the event that stands there, and None where there is none."""
    assert [getattr(twenty.get(position), "position", None) for position in (-1, 0, 1, 20, 21)] == [
        None,
        None,
        1,
        20,
        None,
    ]


def test_a_query_with_no_item_for_a_part_matches_everything() -> None:
    """*Or everything* is everything, and more than 64 items are refused."""
    assert (Query.of(tags=["a"]) | ALL) == ALL == (ALL | Query.of(tags=["a"])) == Query.of()
    many = Query.of(tags=["0"])
    for number in range(1, 64):
        many |= Query.of(tags=[str(number)])
    assert (many | Query.of(tags=["7"])) == many
    with pytest.raises(InvalidInput, match="at most 64 items"):
        many |= Query.of(tags=["64"])


def test_a_scan_goes_through_everything_in_batches(anywhere: Place) -> None:
    """Positions are dense over batches and commits; what is appended meanwhile comes too, unless an end was given."""
    log = anywhere.open()
    log.append(*(Happened(str(number)) for number in range(READ_BATCH)))
    log.append(*(Happened(str(number)) for number in range(20)))
    bounded = [each.position for batch in log.scan(after=5, before=READ_BATCH + 10) for each in batch]
    assert bounded == list(range(6, READ_BATCH + 10))
    scan = log.scan()
    first = next(scan)
    log.append(Happened("late"))
    assert [each.position for each in itertools.chain(first, *scan)] == list(range(1, READ_BATCH + 22))
    assert list(log.scan(after=log.head)) == []


def test_types_are_counted(twenty: Log) -> None:
    """How many events of each type there are is known without reading them."""
    assert twenty.types() == {"money.spent": 10, "note.made": 5, "thing.happened": 5}
