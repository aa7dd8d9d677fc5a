"""Sealing: what is shared can't be changed, equals what it was made of, and takes the bytes it is said to take."""

from __future__ import annotations

import copy
import json
import tracemalloc
from collections.abc import Mapping
from typing import Any

import attrs
import msgspec
import pytest

from remanence.projections.caching.sealing import Sealed, quick_sealer, sealer_of
from remanence.projections.memories.view import MemoryRow


@attrs.frozen
class Inner:
    """A frozen object in a row."""

    tags: tuple[str, ...]


@attrs.frozen
class Holding:
    """A row that holds anything."""

    id: str
    what: Any


@attrs.define
class Open:
    """A row that can be changed."""

    id: str


seal = sealer_of(Holding)


def memory(number: int, metadata: Mapping[str, Any]) -> MemoryRow:
    """A row as it is read from the disk: nothing of it is shared."""
    made = MemoryRow(
        f"01J{number:023d}",
        ("ada", f"project {number}"),
        "fact",
        f"what was said the {number}th time " * 3,
        number / 7,
        number / 3,
        (f"a{number}", f"b{number}"),
        metadata,
        None,
        None,
        None,
        number + (1 << 60),
        number + 1000,
        number + 1000,
    )
    return msgspec.msgpack.decode(msgspec.msgpack.encode(made), type=MemoryRow)


@pytest.mark.parametrize("what", [{"a": 1}, {}, {"a": {"b": (1, 2)}}])
@pytest.mark.parametrize("is_inside", [False, True])
def test_what_is_sealed_is_equal_and_refuses_changes(what: Any, is_inside: bool) -> None:  # noqa: FBT001
    """A dict, wherever it stands, is replaced by one that equals it, packs like it, and can't be changed."""
    whole = (what, "x") if is_inside else what
    row = Holding("x", copy.deepcopy(whole))
    assert seal(row) is not None
    assert row == Holding("x", whole)
    assert json.dumps(row.what) == json.dumps(whole)
    assert msgspec.msgpack.encode(row.what) == msgspec.msgpack.encode(whole)
    inner: Any = row.what[0] if is_inside else row.what
    assert [type(inner)] == [Sealed]
    for change in (
        lambda: inner.__setitem__("a", 2),
        lambda: inner.update(a=2),
        lambda: inner.pop("a"),
        inner.clear,
        inner.popitem,
        lambda: inner.setdefault("b", 2),
        lambda: inner.__delitem__("a"),
    ):
        with pytest.raises(TypeError, match="shared"):
            change()
    assert row == Holding("x", whole)


def test_a_copy_of_a_sealed_dict_is_an_ordinary_one() -> None:
    """Whoever wants to change it copies it, by whatever means."""
    sealed = Sealed({"a": 1})
    for copied in (dict(sealed), sealed.copy(), copy.copy(sealed), copy.deepcopy(sealed)):
        assert type(copied) is dict
        assert copied == {"a": 1}


@pytest.mark.parametrize("what", [[1], {1}, bytearray(b"x"), object(), {"a": [1]}, ([],), Open("x")])
def test_what_can_be_changed_is_not_shared(what: object) -> None:
    """A list, a set or an object of somebody's own makes its row unfit to be shared."""
    assert seal(Holding("x", what)) is None


@pytest.mark.parametrize("what", [None, 1, 1.5, "x", b"x", True, (1, ("a",)), frozenset({1}), Inner(("a",))])
def test_what_is_frozen_is_shared_as_it_is(what: object) -> None:
    """What nobody can change is handed out itself."""
    row = Holding("x", what)
    assert seal(row) is not None
    assert row.what is what


def test_rows_that_can_be_changed_are_not_shared() -> None:
    """A class that isn't frozen has no rows to share."""
    assert sealer_of(Open)(Open("x")) is None


@pytest.mark.parametrize("metadata", [{}, {"place": "at home", "count": 70_000, "share": 0.25}])
def test_bytes_are_measured(metadata: Mapping[str, Any]) -> None:
    """What rows are said to take is what was allocated for them, or up to a third more, which the tracer misses."""
    weigh = sealer_of(MemoryRow)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        rows = [memory(number, metadata) for number in range(1000)]
        told = sum(weigh(row) or 0 for row in rows)
        real = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert 0.95 < told / real < 1.35
    quick = quick_sealer(MemoryRow)
    sampled = sum(quick(row, len(msgspec.msgpack.encode(row))) or 0 for row in rows)
    assert 0.98 < sampled / told < 1.02
