"""Tables: declarations that can't work are refused, and an index answers as a sorted list of its entries would."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remanence.codecs.errors import InvalidInput
from remanence.projections.projection import Projection
from remanence.projections.schema import Index, row_key
from remanence.projections.tables import Table

from .ledger import Desk, desk
from .stock import Stock, Ware, amounts, is_even, labels, names, weights

HELD: dict[str | None, Callable[[Ware], bool]] = {
    "shelved": lambda row: row.shelf is not None,
    "even": is_even,
    "even_by_label": is_even,
}
"""What is in a partial index."""
items = st.builds(Ware, id=names, owner=names, amount=amounts, weight=weights, labels=labels)
several = st.lists(items, max_size=12, unique_by=lambda row: row.id)


def entries(table: Table[Ware], index: str | None, rows: list[Ware]) -> list[tuple[tuple[Any, ...], Ware]]:
    """What an index holds, by the book: each row's values, once per label if it is asked, with the row's key behind."""
    declared = Index(()) if index is None else table.indexes[index]
    found: dict[tuple[Any, ...], Ware] = {}
    for row in rows:
        if index not in HELD or HELD[index](row):
            for label in [""] if declared.each is None else row.labels:
                values = [label if field == declared.each else getattr(row, field) for field in declared.fields]
                found[(*values, *(getattr(row, field) for field in table.key))] = row
    return sorted(found.items(), key=lambda entry: entry[0])


@pytest.fixture(scope="module")
def shared() -> Iterator[Desk]:
    """One desk for all the examples of this file: each begins by filling it anew."""
    with desk(Stock) as opened:
        yield opened


@given(st.data())
def test_select_answers_as_a_sorted_list_would(shared: Desk, data: st.DataObject) -> None:
    """For every index, prefix, range, direction and limit, the rows are those of the sorted entries, in their order."""
    rows = data.draw(several)
    table = Stock.wares
    shared.fill(table, rows)
    index = data.draw(st.sampled_from([None, *table.indexes]))
    kept = entries(table, index, rows)
    width = 1 if index is None else len(table.indexes[index].fields) + 1
    example = data.draw(st.sampled_from([key for key, _ in kept])) if kept else ("",) * width
    prefix = example[: data.draw(st.integers(0, width - 1))]
    bounds = st.none() | st.sampled_from([key[len(prefix)] for key, _ in kept] or [""])
    start, stop = data.draw(bounds), data.draw(bounds)
    backward, limit = data.draw(st.booleans()), data.draw(st.none() | st.integers(0, 4))
    expected = [
        row
        for key, row in kept
        if key[: len(prefix)] == prefix
        and (start is None or key[len(prefix)] >= start)
        and (stop is None or key[len(prefix)] < stop)
    ]
    if backward:
        expected.reverse()
    got = shared.rows(table).select(index, *prefix, start=start, stop=stop, backward=backward, limit=limit)
    assert got == expected[:limit]


@given(several)
def test_the_rows_are_those_that_were_put(shared: Desk, rows: list[Ware]) -> None:
    """Each row is found by its key, alone or with others, nothing else is, and the count is theirs."""
    shared.fill(Stock.wares, rows)
    read = shared.rows(Stock.wares)
    assert read.select() == sorted(rows, key=lambda row: row.id)
    assert read.count() == len(rows)
    assert [read.get(row.id) for row in rows] == rows
    assert read.get("nobody") is None
    for several in (read.get_all, read.read_all):
        assert several([*(row.id for row in rows), "nobody"]) == [*rows, None]


@given(st.lists(items, max_size=8, unique_by=lambda row: (row.owner, row.amount)))
def test_a_compound_key_tells_rows_apart_and_orders_them(shared: Desk, rows: list[Ware]) -> None:
    """Rows with a key of two fields lie in the order of both, are found by both, and listed by the first."""
    shared.fill(Stock.pairs, rows)
    read = shared.rows(Stock.pairs)
    assert read.select() == sorted(rows, key=lambda row: (row.owner, row.amount))
    for row in rows:
        assert read.get(row.owner, row.amount) == row
        assert row in read.select(None, row.owner)
        assert row in read.select("by_id", row.id)


class Colour(StrEnum):
    """Values with names."""

    RED = "red"
    BLUE = "blue"


@attrs.frozen
class Dated:
    """A row with values that keys know in another form."""

    at: datetime
    colour: Colour
    marks: frozenset[Colour]


class Days(Projection):
    """Rows by time."""

    days = Table(
        Dated,
        key="at",
        indexes={"by_colour": ("colour", "at"), "by_mark": Index(("marks", "at"), each="marks"), "as_set": "marks"},
    )


NEW_YEAR = datetime(2024, 1, 1, tzinfo=UTC)


def test_times_enumerations_and_sets_are_keys() -> None:
    """Datetimes sort by the instant whatever their zone, enumerations by their values, sets the same in any order."""
    rows = [
        Dated(NEW_YEAR + timedelta(days=day), list(Colour)[day % 2], frozenset(list(Colour)[: day + 1]))
        for day in range(4)
    ]
    with desk(Days) as opened:
        opened.fill(Days.days, list(reversed(rows)))
        read = opened.rows(Days.days)
        assert read.select() == rows
        assert read.get(NEW_YEAR.astimezone()) == rows[0]
        assert read.select("by_colour", Colour.BLUE, start=NEW_YEAR + timedelta(days=2)) == [rows[3]]
        assert read.select("by_mark", Colour.BLUE) == rows[1:]
        assert read.select("as_set", frozenset([Colour.BLUE, Colour.RED])) == rows[1:]


@attrs.frozen
class Loose:
    """A row whose types promise too much."""

    id: Any
    label: Any = ""


class Looses(Projection):
    """Rows that may not fit."""

    loose = Table(Loose, key="id", indexes={"by_label": "label", "each": Index(("label",), each="label", where=bool)})


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        (Loose("x" * 510), "the key"),
        (Loose("x", ["x" * 510]), "by_label: the values take"),
        (Loose("x", "ab"), "not several values"),
        (Loose("x", [float("nan")]), "NaN"),
        (Loose("x", [{"a": 1}]), "dict"),
        (Loose("x", [1 << 64]), "ints"),
        (Loose(datetime(2024, 1, 1)), "no time zone"),  # noqa: DTZ001 - that is the point
        (Loose(None, [complex(1, 1)]), "complex"),
        (Days, "holds Loose"),
    ],
)
def test_a_row_that_does_not_fit_is_refused(row: Any, complaint: str) -> None:
    """What no key can hold, is too long or of another class is refused by name, and nothing of the batch is kept."""
    with desk(Looses) as opened:
        with pytest.raises(InvalidInput, match=complaint):
            opened.fill(Looses.loose, [Loose("first", ["one"]), row])
        assert opened.rows(Looses.loose).count() == 0


def test_asking_wrongly_is_refused() -> None:
    """An index that isn't there and a value that can't be part of a key are the caller's errors."""
    with desk(Stock) as opened:
        read = opened.rows(Stock.wares)
        with pytest.raises(InvalidInput, match="no index 'by_colour'; it has by_amount"):
            read.select("by_colour")
        for values in ([object()], [float("nan")], [1 << 70]):
            with pytest.raises(InvalidInput):
                read.select("by_owner", *values)
        with pytest.raises(InvalidInput):
            read.get("x" * 512)


def test_users_rows_are_read_only() -> None:
    """Only a projection's handlers write."""
    with desk(Stock) as opened:
        read = opened.rows(Stock.wares)
        with pytest.raises(Exception, match="read-only"):
            read.put(Ware("a", "a", 1, 1.0, ()))
        with pytest.raises(Exception, match="read-only"):
            read.delete("a")


class Plain:
    """Not an attrs class."""


@pytest.mark.parametrize(
    ("declare", "complaint"),
    [
        (lambda: Table(Plain, key="id"), "attrs class"),
        (lambda: Table(Ware, key="colour"), "'colour'"),
        (lambda: Table(Ware, key=()), "the key"),
        (lambda: Table(Ware, key=("id", "colour")), "'colour'"),
        (lambda: Table(Ware, key="id", indexes={"by": "colour"}), "index by"),
        (lambda: Table(Ware, key="id", indexes={"by": ()}), "index by"),
        (lambda: Table(Ware, key="id", indexes={"by": ("owner", "colour")}), "'colour'"),
        (lambda: Table(Ware, key="id", indexes={"by": Index(("owner",), each="labels")}), "not one of its fields"),
    ],
)
def test_a_bad_declaration_is_refused(declare: Callable[[], object], complaint: str) -> None:
    """A table names fields that its rows have, at least one for its key and each index, or isn't made at all."""
    with pytest.raises(InvalidInput, match=complaint):
        declare()


def test_a_row_key_is_the_same_however_it_is_given() -> None:
    """An enumeration and its value, a list and a tuple, are one key."""
    assert row_key((Colour.RED, [1, 2])) == row_key(("red", (1, 2)))


@attrs.frozen
class OtherItem:
    """As an item, with another type for a field."""

    id: str
    owner: int


def _fingerprint(table: Table[Any]) -> str:
    class Changing(Projection):
        things = table

    return Changing.fingerprint()


def test_the_fingerprint_tells_declarations_apart() -> None:
    """Another row class, type, key or index gives another fingerprint; the same declaration gives the same."""

    @attrs.frozen
    class Small:
        id: str
        owner: str

    declarations: list[Callable[[], Table[Any]]] = [
        lambda: Table(Small, key="id"),
        lambda: Table(OtherItem, key="id"),
        lambda: Table(Small, key="owner"),
        lambda: Table(Small, key=("id", "owner")),
        lambda: Table(Small, key="id", indexes={"by_owner": "owner"}),
        lambda: Table(Small, key="id", indexes={"by_owner": ("owner", "id")}),
        lambda: Table(Small, key="id", indexes={"other": "owner"}),
        lambda: Table(Small, key="id", indexes={"by_owner": Index(("owner",), where=bool)}),
        lambda: Table(Small, key="id", indexes={"by_owner": Index(("owner",), each="owner")}),
    ]
    prints = [_fingerprint(declare()) for declare in declarations]
    assert len(set(prints)) == len(prints)
    assert prints == [_fingerprint(declare()) for declare in declarations]
