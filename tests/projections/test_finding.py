"""Finding: whatever index is picked, the answer is that of a look at every row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remanence.codecs import keys
from remanence.core.errors import InvalidInput
from remanence.projections.conditions import Where, between, ge, has_all, has_any, lt, one_of, prefix, where
from remanence.projections.plain import plain
from remanence.projections.projection import Projection
from remanence.projections.rows import ReadRows
from remanence.projections.schema import Index
from remanence.projections.tables import Table

from .ledger import Desk, desk
from .stock import Asked, Stock, Ware, conditions, is_even, orders, wares

several = st.lists(wares, max_size=12, unique_by=lambda row: row.id)
pairs = st.lists(wares, max_size=12, unique_by=lambda row: (row.owner, row.amount))


@pytest.fixture(scope="module")
def shared() -> Iterator[Desk]:
    """One desk for all the examples of this file: each begins by filling it anew."""
    with desk(Stock) as opened:
        yield opened


def sorted_by_the_book(table: Table[Ware], rows: list[Ware], order: list[str]) -> list[Ware]:
    """Rows in an order, by a stable sort for each field from the last to the first."""

    def value_of(field: str) -> Callable[[Ware], bytes]:
        def value(row: Ware) -> bytes:
            return keys.pack((plain(getattr(row, field)),))

        return value

    tie_down = bool(order) and order[-1].startswith("-")
    found = sorted(rows, key=lambda row: keys.pack([getattr(row, field) for field in table.key]), reverse=tie_down)
    for name in reversed(order):
        # reverse=True keeps the order of equal rows, as the sorts before have left them
        found = sorted(found, key=value_of(name.removeprefix("-")), reverse=name.startswith("-"))
    return found


@given(several, conditions(), orders(), st.none() | st.integers(1, 5), st.sampled_from([{}, {"scan": True}]))
def test_find_answers_as_a_look_at_every_row(  # noqa: PLR0917 - what hypothesis draws
    shared: Desk, rows: list[Ware], asked: Asked, order: list[str], limit: int | None, options: dict[str, Any]
) -> None:
    """For all rows, conditions, orders and limits, the rows are those of a list comprehension; or it refuses."""
    shared.fill(Stock.wares, rows)
    read = shared.rows(Stock.wares)
    condition, fits = asked
    try:
        found = read.find(condition, order=order, limit=limit, **options)
    except InvalidInput:
        if options:  # a look at every row is never refused
            raise
        return
    expected = sorted_by_the_book(Stock.wares, [row for row in rows if fits(row)], order)
    if order:
        assert found == expected[:limit]
    else:
        assert len(found) == len(expected[:limit])
        assert len(set(found)) == len(found)
        assert set(found) <= set(expected)


@given(pairs, conditions(), orders(), st.integers(1, 4))
def test_pages_make_up_the_whole(shared: Desk, rows: list[Ware], asked: Asked, order: list[str], limit: int) -> None:
    """The pages of a table with a compound key, end to end, are the answer without a limit."""
    shared.fill(Stock.pairs, rows)
    read = shared.rows(Stock.pairs)
    condition, fits = asked
    pages: list[Ware] = []
    cursor = None
    while True:
        page = read.find(condition, order=order, limit=limit, after=cursor, scan=True)
        pages += page
        cursor = page.cursor
        assert (len(page) == limit) == (cursor is not None)
        if cursor is None:
            break
    expected = sorted_by_the_book(Stock.pairs, [row for row in rows if fits(row)], order)
    if order:
        assert pages == expected
    else:
        assert len(pages) == len(expected)
        assert set(pages) == set(expected)


@given(several, several, conditions(), orders(), st.integers(1, 4))
def test_pages_stay_right_when_rows_come_and_go(  # noqa: PLR0917 - what hypothesis draws
    shared: Desk, rows: list[Ware], later: list[Ware], asked: Asked, order: list[str], limit: int
) -> None:
    """After a page, whatever came or went, the next one goes on with exactly the rows that lie behind its last."""
    order = order or ["id"]
    shared.fill(Stock.wares, rows)
    read = shared.rows(Stock.wares)
    condition, fits = asked
    page = read.find(condition, order=order, limit=limit, scan=True)
    if page.cursor is None:
        return
    last = page[-1]
    shared.fill(Stock.wares, later)
    rest = read.find(condition, order=order, after=page.cursor, scan=True)
    around = [row for row in later if fits(row) and row.id != last.id]
    expected = sorted_by_the_book(Stock.wares, [*around, last], order)
    if any(row.id == last.id for row in later):  # it may have moved; whoever moves across the place is told of again
        rest_ids = [row.id for row in rest if row.id != last.id]
        assert rest_ids == [row.id for row in expected[expected.index(last) + 1 :]]
    else:
        assert rest == expected[expected.index(last) + 1 :]


NAMED: dict[str, Callable[[Ware], bool]] = {
    "even": is_even,
    "shelved": lambda row: row.shelf is not None,
    "by_label": lambda row: bool(row.labels),
    "by_amount": lambda _: True,
}


@given(several, conditions(), st.sampled_from(sorted(NAMED)), orders(), st.none() | st.integers(1, 4))
def test_a_named_index_gives_the_rows_that_it_has(  # noqa: PLR0917 - what hypothesis draws
    shared: Desk, rows: list[Ware], asked: Asked, index: str, order: list[str], limit: int | None
) -> None:
    """With `index`, the rows are those that have entries in it and fit."""
    shared.fill(Stock.wares, rows)
    condition, fits = asked
    found = shared.rows(Stock.wares).find(condition, order=order, limit=limit, index=index, scan=True)
    expected = sorted_by_the_book(Stock.wares, [row for row in rows if fits(row) and NAMED[index](row)], order)
    if order:
        assert found == expected[:limit]
    else:
        assert len(found) == len(expected[:limit])
        assert set(found) <= set(expected)


@given(several, conditions())
def test_the_plan_tells_what_was_done(shared: Desk, rows: list[Ware], asked: Asked) -> None:
    """Few entries are counted exactly; without a limit all of them are passed, and no row is read twice."""
    shared.fill(Stock.wares, rows)
    read = shared.rows(Stock.wares)
    condition, fits = asked
    plan = read.explain(condition, scan=True)
    assert plan.expected == plan.scanned == plan.rows_read
    assert plan.found == sum(map(fits, rows))
    assert plan.found <= plan.scanned
    assert str(plan)


WARES = [
    Ware(f"{number:03}", "ada" if number % 2 else "bo", number, float(number), ("x",) * (number % 3), shelf=number % 5)
    for number in range(100)
]


@pytest.fixture(scope="module")
def read() -> Iterator[ReadRows[Ware]]:
    """A hundred wares, to read from."""
    with desk(Stock) as opened:
        opened.fill(Stock.wares, WARES)
        yield opened.rows(Stock.wares)


@pytest.mark.parametrize(
    ("asked", "order", "index", "scanned"),
    [
        (where(id="003"), None, None, 1),
        (where(id=one_of("003", "005", "none")), None, None, 2),
        (where(id=prefix("00")), None, None, 10),
        (where(owner="ada"), "amount", "by_amount", 50),
        (where(owner="ada", amount=between(10, 20)), None, "by_amount", 5),
        (where(owner="ada", amount=ge(10) & lt(20)), "-amount", "by_amount", 5),
        (where(owner="ada", weight=ge(98)), None, "by_weight", 2),
        (where(owner="ada", labels=has_all("x")), None, "by_owner_label", 33),
        (where(labels=has_any("x", "y"), amount=5), None, "by_label", 1),
        (where(shelf=1, owner="bo"), None, "shelved", 10),
        (where(weight=3) | where(size=3, amount=7), None, "by_weight, by_size", 2),
        (where(owner=one_of()), None, "by_owner", 0),
    ],
)
def test_the_index_that_serves_best_is_taken(
    read: ReadRows[Ware], asked: Where, order: str | None, index: str | None, scanned: int
) -> None:
    """The key, single, compound, multi-valued and partial indexes, or several for an `or`: where it reads least."""
    plan = read.explain(asked, order=order)
    assert (plan.index, plan.scanned) == (index, scanned)


def test_a_limit_ends_the_walk(read: ReadRows[Ware]) -> None:
    """An index in the order that is asked for is read no further than the limit, from either end."""
    plan = read.explain(owner="ada", order="-amount", limit=3)
    assert (plan.index, plan.scanned, plan.sorts, plan.backward) == ("by_amount", 3, False, True)
    assert [row.amount for row in read.find(owner="ada", order="-amount", limit=3)] == [99, 97, 95]


@pytest.mark.parametrize(
    ("asked", "options", "complaint"),
    [
        (where(colour="red"), {}, "no field 'colour'; it has amount"),
        (where(amount=3), {}, r"conditions on amount .* by_amount \(owner, amount\).* scan=True"),
        (where(amount=3), {"index": "by_amount"}, "by the index by_amount"),
        (where(owner=prefix("a")) | where(amount=2), {}, "owner, amount can't be served"),
        (where(), {"order": "amount"}, "order=amount can't be served"),
        (where(), {"order": "colour"}, "no field 'colour'"),
        (where(), {"limit": 0}, "limit is 1 or more"),
        (where(), {"index": "by_colour"}, "no index 'by_colour'"),
        (where(owner=3), {}, "wares.owner: it holds str, and was compared with 3"),
        (where(amount=2.5), {}, "holds int"),
        (where(weight=float("nan")), {}, "NaN"),
        (where(owner=has_all("a")), {"scan": True}, "holds str, not several"),
        (where(labels=has_any(has_all("a"))), {}, "can't stand inside"),
        ("owner", {}, "a condition is field=value"),
        (where(owner="a"), {"after": "x"}, "not a cursor"),
        (where(owner="a"), {"after": "ééé"}, "not a cursor"),
    ],
)
def test_what_cannot_be_served_is_refused(
    read: ReadRows[Ware], asked: Any, options: dict[str, Any], complaint: str
) -> None:
    """What no index serves, or makes no sense, is refused by name, with what to do."""
    with pytest.raises(InvalidInput, match=complaint):
        read.find(asked, **options)
    with pytest.raises(InvalidInput, match=complaint):
        read.explain(asked, **options)


def test_a_field_in_no_index_is_refused_even_beside_one_that_is() -> None:
    """A condition that could only be checked row by row, for ever, needs scan=True."""
    with desk(Stock) as opened:
        opened.fill(Stock.pairs, WARES)
        read = opened.rows(Stock.pairs)
        with pytest.raises(InvalidInput, match="the field weight is in no index; declare one"):
            read.find(owner="ada", weight=3.0)
        assert read.find(owner="ada", weight=3, scan=True) == [WARES[3]]


class Unshelved(Projection):
    """A table with a partial index, by fields that no index sorts by."""

    wares = Table(
        Ware,
        key="id",
        indexes={
            "by_weight": ("owner", "weight"),
            "unshelved": Index(("owner",), where=where(shelf=None, amount=ge(0))),
        },
    )


def test_what_a_partial_index_asks_of_its_rows_is_seen_to_by_it() -> None:
    """A query that contains its condition takes it before one of all rows, and needs no other index."""
    with desk(Unshelved) as opened:
        rows = [Ware(name, "ada", 1, 1.0, (), shelf=shelf) for name, shelf in (("a", None), ("b", 1), ("c", None))]
        opened.fill(Unshelved.wares, rows)
        read = opened.rows(Unshelved.wares)
        assert [row.id for row in read.find(owner="ada", shelf=None, amount=ge(1))] == ["a", "c"]
        assert read.explain(owner="ada", shelf=None, amount=ge(0)).index == "unshelved"
        others: list[dict[str, Any]] = [{"shelf": 1, "amount": 1}, {"shelf": None}, {"shelf": None, "amount": ge(-1)}]
        for other in others:
            with pytest.raises(InvalidInput, match=r"the field (shelf|amount) is in no index"):
                read.find(owner="ada", **other)


def test_a_cursor_of_another_query_is_refused(read: ReadRows[Ware]) -> None:
    """A cursor fits the conditions, order and index that it came with, and any limit."""
    cursor = read.find(owner="ada", order="amount", limit=3).cursor
    assert cursor is not None
    assert [row.amount for row in read.find(owner="ada", order="amount", limit=1, after=cursor)] == [7]
    others: list[dict[str, Any]] = [
        {"owner": "bo", "order": "amount"},
        {"owner": "ada", "order": "-amount"},
        {"owner": "ada"},
        {"owner": "ada", "order": "amount", "scan": True},
        {"owner": "ada", "order": "amount", "index": "by_amount"},
    ]
    for other in others:
        with pytest.raises(InvalidInput, match="another query"):
            read.find(after=cursor, **other)


def test_a_range_holds_values_of_its_own_type(read: ReadRows[Ware]) -> None:
    """None is below no number, and an int is taken for the float that a field holds."""
    assert len(read.find(weight=ge(98))) == len(read.find(weight=ge(98.0))) == 2
    assert read.find(shelf=lt(0), scan=True) == []


def test_an_int_in_a_field_of_floats_is_indexed_as_what_it_is_read_as() -> None:
    """A row made with 3 for a float is found by 3.0 and by 3, and leaves no entry behind when it goes."""
    with desk(Stock) as opened:
        row = Ware("a", "ada", 1, 3, ())
        opened.fill(Stock.wares, [row])
        read = opened.rows(Stock.wares)
        assert read.find(weight=3) == read.find(weight=3.0) == [row]
        opened.fill(Stock.wares, [])
        assert read.find(weight=ge(0)) == []


def test_a_text_longer_than_any_key_is_found_nowhere(read: ReadRows[Ware]) -> None:
    """Bounds beyond the limit of keys have the same rows on either side as without it."""
    long = "b" * 600
    assert read.find(owner=long) == []
    assert len(read.find(owner=lt(long), order="-owner")) == 50
    assert len(read.find(owner=ge(long))) == 50
