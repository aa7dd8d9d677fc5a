"""A table with an index of every kind, rows for it, and conditions with what they mean in plain Python.

No expectation lives here.
"""

from __future__ import annotations

import operator
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
            "even_by_label": Index(("owner", "labels"), each="labels", where=is_even),
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
"""Conditions, and whether a row fits them."""
values: dict[str, st.SearchStrategy[Any]] = {
    "id": names,
    "owner": names,
    "amount": amounts,
    "weight": weights,
    "size": st.integers(0, 3),
    "path": paths,
    "shelf": st.none() | st.integers(0, 2),
}


Fits = Callable[[Any], bool]
Tested = tuple[Any, Fits]


def _ordered(compare: Callable[[Any, Any], bool], bound: Any) -> Fits:
    """A comparison as keys have it: values of another kind than the bound lie in no range, and None equals itself."""
    if bound is None:
        return lambda found: found is None and compare(0, 0)
    return lambda found: found is not None and compare(found, bound)


def _joined(kind: str, left: Tested, right: Tested) -> Tested:
    (one, fits_one), (other, fits_other) = left, right
    if kind == "not":
        return ~one, lambda found: not fits_one(found)
    if kind == "and":
        return one & other, lambda found: fits_one(found) and fits_other(found)
    return one | other, lambda found: fits_one(found) or fits_other(found)


_compared: list[tuple[Callable[[Any], Test], Callable[[Any, Any], bool]]] = [
    (lt, operator.lt),
    (le, operator.le),
    (gt, operator.gt),
    (ge, operator.ge),
]


@st.composite
def _tests(draw: st.DrawFn, value: st.SearchStrategy[Any]) -> Tested:
    one, other = draw(value), draw(value)
    kind = draw(st.sampled_from(["ne", "one_of", "compare", "between"]))
    if kind == "ne":
        return ne(one), lambda found: found != one
    if kind == "one_of":
        asked = draw(st.lists(value, max_size=3))
        return one_of(*asked), lambda found: found in asked
    if kind == "compare":
        make, compare = draw(st.sampled_from(_compared))
        return make(one), _ordered(compare, one)
    least, most = _ordered(operator.ge, one), _ordered(operator.le, other)
    return between(one, other), lambda found: least(found) and most(found)


@st.composite
def _asked_of(draw: st.DrawFn, value: st.SearchStrategy[Any]) -> Tested:
    kind = draw(st.sampled_from(["equal", "equal", "test", "and", "or", "not"]))
    if kind == "equal":
        one = draw(value)
        return one, lambda found: found == one
    if kind == "test":
        return draw(_tests(value))
    return _joined(kind, draw(_tests(value)), draw(_tests(value)))


@st.composite
def _labelled(draw: st.DrawFn) -> Tested:
    asked = draw(st.lists(names, max_size=2))
    if draw(st.booleans()):
        tested: Tested = (has_all(*asked), lambda found: set(asked) <= set(found))
    else:
        tested = (has_any(*asked, ge("b")), lambda found: any(one in asked or one >= "b" for one in found))
    return _joined("not", tested, tested) if draw(st.booleans()) else tested


@st.composite
def _begun(draw: st.DrawFn, value: st.SearchStrategy[Any]) -> Tested:
    beginning = draw(value)
    return prefix(beginning), lambda found: found[: len(beginning)] == beginning


_fields: dict[str, st.SearchStrategy[Tested]] = {
    **{field: _asked_of(value) for field, value in values.items()},
    "owner": _asked_of(names) | _begun(names),
    "path": _asked_of(paths) | _begun(paths),
    "labels": _labelled(),
}


@st.composite
def _simple(draw: st.DrawFn) -> Asked:
    fields = draw(st.lists(st.sampled_from(sorted(_fields)), max_size=3, unique=True))
    tested = {field: draw(_fields[field]) for field in fields}
    asked = where(**{field: test for field, (test, _) in tested.items()})
    return asked, lambda row: all(fits(getattr(row, field)) for field, (_, fits) in tested.items())


@st.composite
def conditions(draw: st.DrawFn, depth: int = 2) -> Asked:
    """Conditions joined and turned, and what they mean."""
    kind = draw(st.sampled_from(["simple", "simple", "and", "or", "not"])) if depth else "simple"
    if kind == "simple":
        return draw(_simple())
    left, right = draw(conditions(depth - 1)), draw(conditions(depth - 1))
    return _joined(kind, left, right)


@st.composite
def orders(draw: st.DrawFn) -> list[str]:
    """Fields to sort by, up or down."""
    fields = draw(st.lists(st.sampled_from([*values, "labels"]), max_size=3))
    return [draw(st.sampled_from(["", "-"])) + field for field in fields]
