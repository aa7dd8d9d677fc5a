"""A table with an index of every kind, rows for it, and conditions with what they mean in plain Python.

No expectation lives here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
from hypothesis import strategies as st

from remanence.projections.conditions import (
    Test,
    Where,
    between,
    ge,
    gt,
    has_all,
    has_any,
    le,
    lt,
    ne,
    one_of,
    prefix,
    where,
)
from remanence.projections.projection import Projection
from remanence.projections.schema import Index
from remanence.projections.tables import Table


@attrs.frozen
class Ware:
    """Something in stock."""

    id: str
    owner: str
    amount: int
    weight: float
    labels: tuple[str, ...]
    path: tuple[str, ...] = ()
    shelf: int | None = None

    @property
    def size(self) -> int:
        """A property, which an index may name like a field."""
        return len(self.owner)


def is_even(row: Ware) -> bool:
    """What one partial index holds, said in code."""
    return row.amount % 2 == 0


class Stock(Projection):
    """One table with an index of every kind, and one with a compound key."""

    wares = Table(
        Ware,
        key="id",
        indexes={
            "by_owner": "owner",
            "by_amount": ("owner", "amount"),
            "by_weight": ("weight",),
            "by_size": ("size", "amount"),
            "by_label": Index(("labels", "amount"), each="labels"),
            "by_owner_label": Index(("owner", "labels", "weight"), each="labels"),
            "by_path": ("path", "shelf"),
            "shelved": Index(("shelf", "owner"), where=where(shelf=ne(None))),
            "even": Index(("amount", "owner"), where=is_even),
        },
    )
    pairs = Table(Ware, key=("owner", "amount"), indexes={"by_id": "id", "by_label": Index(("labels",), each="labels")})


names = st.sampled_from(["", "a", "a\0", "a\1", "ab", "b", "é", "\U0001f600"])
amounts = st.integers(-2, 3) | st.sampled_from([-(1 << 63), 255, 256, 1 << 63])
weights = st.sampled_from([-1.5, 0.0, 0.5, 1e300, float("inf")])
labels = st.lists(names, max_size=3).map(tuple)
paths = st.lists(st.sampled_from(["a", "ab", "b"]), max_size=2).map(tuple)
wares = st.builds(Ware, names, names, amounts, weights, labels, paths, st.none() | st.integers(0, 2))

Check = Callable[[Ware], bool]
Asked = tuple[Where, Check]
values: dict[str, st.SearchStrategy[Any]] = {
    "id": names,
    "owner": names,
    "amount": amounts,
    "weight": weights,
    "size": st.integers(0, 3),
    "path": paths,
    "shelf": st.none() | st.integers(0, 2),
}


def _same(left: Any, right: Any) -> bool:
    """Whether two values are of one kind, so that they have an order."""
    return (left is None) == (right is None)


def _between(low: Any, high: Any) -> Callable[[Any], bool]:
    return lambda value: _same(value, low) and _same(value, high) and (value is None or low <= value <= high)


_compared: dict[Callable[[Any], Test], Callable[[Any, Any], bool]] = {
    lt: lambda value, bound: value is not None and value < bound,
    le: lambda value, bound: value is None or value <= bound,
    gt: lambda value, bound: value is not None and value > bound,
    ge: lambda value, bound: value is None or value >= bound,
}


@st.composite
def _plain_tests(
    draw: st.DrawFn, value: st.SearchStrategy[Any], *, depth: int = 1
) -> tuple[Any, Callable[[Any], bool]]:
    one, other = draw(value), draw(value)
    kind = draw(st.sampled_from(["eq", "eq", "ne", "one_of", "compare", "between", *(["and", "or", "not"] * depth)]))
    match kind:
        case "eq":
            return one, lambda found: found == one
        case "ne":
            return ne(one), lambda found: found != one
        case "one_of":
            several = draw(st.lists(value, max_size=3))
            return one_of(*several), lambda found: found in several
        case "between":
            return between(one, other), _between(one, other)
        case "compare":
            make, check = draw(st.sampled_from(list(_compared.items())))
            return make(one), lambda found: _same(found, one) and check(found, one)
        case _:
            tests = st.builds(lambda pair: pair, _plain_tests(value, depth=0)).filter(
                lambda pair: isinstance(pair[0], Test)
            )
            (left, fits_left), (right, fits_right) = draw(tests), draw(tests)
            if kind == "not":
                return ~left, lambda found: not fits_left(found)
            if kind == "and":
                return left & right, lambda found: fits_left(found) and fits_right(found)
            return left | right, lambda found: fits_left(found) or fits_right(found)


@st.composite
def _of_a_field(draw: st.DrawFn) -> tuple[dict[str, Any], Check]:
    field = draw(st.sampled_from([*values, "labels", "labels", "prefix"]))
    if field == "prefix":
        beginning, of = draw(st.one_of(names.map(lambda text: (text, "owner")), paths.map(lambda path: (path, "path"))))
        return {of: prefix(beginning)}, lambda row: getattr(row, of)[: len(beginning)] == beginning
    if field == "labels":
        asked = draw(st.lists(names, max_size=2))
        negated = draw(st.booleans())
        if draw(st.booleans()):
            test, check = has_all(*asked), lambda row: (set(asked) <= set(row.labels)) != negated
        else:
            test, check = (
                has_any(*asked, ge("b")),
                lambda row: any(one in asked or one >= "b" for one in row.labels) != negated,
            )
        return {"labels": ~test if negated else test}, check
    test, fits = draw(_plain_tests(values[field]))
    return {field: test}, lambda row: fits(getattr(row, field))


@st.composite
def _simple(draw: st.DrawFn) -> Asked:
    several = draw(st.lists(_of_a_field(), max_size=3, unique_by=lambda one: next(iter(one[0]))))
    conditions = {field: test for one, _ in several for field, test in one.items()}
    return where(**conditions), lambda row: all(check(row) for _, check in several)


def _both(pair: tuple[Asked, Asked]) -> Asked:
    (left, fits_left), (right, fits_right) = pair
    return left & right, lambda row: fits_left(row) and fits_right(row)


def _either(pair: tuple[Asked, Asked]) -> Asked:
    (left, fits_left), (right, fits_right) = pair
    return left | right, lambda row: fits_left(row) or fits_right(row)


def _turned(one: Asked) -> Asked:
    asked, check = one
    return ~asked, lambda row: not check(row)


conditions: st.SearchStrategy[Asked] = st.recursive(
    _simple(),
    lambda inner: st.tuples(inner, inner).map(_both) | st.tuples(inner, inner).map(_either) | inner.map(_turned),
    max_leaves=3,
)
orders = st.lists(
    st.builds(lambda field, down: ("-" if down else "") + field, st.sampled_from([*values, "labels"]), st.booleans()),
    max_size=3,
)
