"""Values that no type forbids and no payload may hold: refused wherever they hide."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta, timezone, tzinfo
from typing import Any, Generic, NamedTuple, NewType, TypedDict, TypeVar

import attrs
import msgspec
import pytest

from remanence.codecs.converter import make_converter
from remanence.codecs.errors import InvalidInput
from remanence.codecs.payloads import PayloadCodec

from .generated import Celsius, celsius_to_text
from .orders import CODEC, HOOKED, ORDERED, Reading, assert_refused

T = TypeVar("T")
Moment = NewType("Moment", datetime)


class Nowhere(tzinfo):
    """A zone that doesn't say where it is: to Python, a datetime with it is as naive as one without."""

    def utcoffset(self, dt: datetime | None, /) -> None:
        """No offset."""

    def tzname(self, dt: datetime | None, /) -> None:
        """No name."""

    def dst(self, dt: datetime | None, /) -> None:
        """No summer."""


class Pair(NamedTuple):
    """A named tuple with a time."""

    name: str
    at: datetime


class Record(TypedDict):
    """A typed dict with a time."""

    at: datetime


@dataclasses.dataclass
class Sample:
    """A dataclass with a time."""

    at: datetime


class Row(msgspec.Struct):
    """A struct with a time."""

    at: datetime


@attrs.frozen
class Box(Generic[T]):
    """Whatever it holds."""

    content: T


@attrs.frozen
class Tree:
    """A time somewhere down."""

    at: datetime | None = None
    branches: tuple[Tree, ...] = ()


@attrs.frozen
class Timed:
    """Every place that a time can hide in."""

    plain: datetime | None = None
    several: list[datetime] = attrs.field(factory=list[datetime])
    by_name: dict[str, tuple[int, datetime]] = attrs.field(factory=dict[str, tuple[int, datetime]])
    pair: Pair | None = None
    record: Record | None = None
    sample: Sample | None = None
    row: Row | None = None
    moment: Moment | None = None
    box: Box[datetime] | None = None
    loose_box: Box | None = None  # type: ignore[type-arg]  # pyright: ignore[reportMissingTypeArgument, reportUnknownVariableType]
    tree: Tree | None = None
    anything: Any = None
    loose_list: list | None = None  # type: ignore[type-arg]  # pyright: ignore[reportMissingTypeArgument, reportUnknownVariableType]


NAIVE = datetime(2026, 1, 2)  # noqa: DTZ001 - that is the point
AWARE = datetime(2026, 1, 2, tzinfo=timezone(timedelta(hours=2)))


def places_of(moment: datetime) -> dict[str, tuple[str, Any]]:
    """For each field of Timed, the path to where the moment stands, and the field's value."""
    return {
        "plain": ("", moment),
        "several": ("[1]", [AWARE, moment]),
        "by_name": (".a[1]", {"a": (1, moment)}),
        "pair": ("[1]", Pair("a", moment)),
        "record": (".at", {"at": moment}),
        "sample": (".at", Sample(moment)),
        "row": (".at", Row(moment)),
        "moment": ("", Moment(moment)),
        "box": (".content", Box(moment)),
        "loose_box": (".content", Box(moment)),
        "tree": (".branches[1].at", Tree(AWARE, (Tree(), Tree(moment)))),
        "anything": (".a[0].b", {"a": [{"b": moment}]}),
        "loose_list": ("[0]", [moment]),
    }


@pytest.mark.parametrize("field", places_of(NAIVE))
@pytest.mark.parametrize("naive", [NAIVE, NAIVE.replace(tzinfo=Nowhere())])
def test_a_time_without_a_zone_is_refused_wherever_it_hides(field: str, naive: datetime) -> None:
    """It would mean another instant on every machine; msgpack has no form for it and would make a text of it."""
    path, value = places_of(naive)[field]
    assert_refused(Timed(**{field: value}), f"Timed.{field}{path}: the datetime has no time zone")
    hooked = make_converter()
    hooked.register_unstructure_hook(Celsius, celsius_to_text)
    hooked.register_unstructure_hook(Box, lambda box: {"content": box.content})
    assert PayloadCodec(Timed, make_converter()).is_native
    codec = PayloadCodec[Any](Timed, hooked)
    assert not codec.is_native
    assert_refused(Timed(**{field: value}), f"Timed.{field}{path}: the datetime has no time zone", codec)


@pytest.mark.parametrize("field", places_of(AWARE))
def test_a_time_with_a_zone_is_kept_wherever_it_stands(field: str) -> None:
    """The same places take an aware time, and give back the same instant, in UTC."""
    event = Timed(**{field: places_of(AWARE)[field][1]})
    codec = PayloadCodec(Timed, make_converter())
    decoded = codec.checked(codec.encode(event, (), None, None, None)).data
    assert decoded == event
    assert "tzinfo=datetime.timezone.utc" in repr(getattr(decoded, field))


@pytest.mark.parametrize("depth", [100, 101, 10_000])
def test_nesting_has_an_end(depth: int) -> None:
    """What nests deeper than readers can follow is refused, in open and in recursive fields; less is kept."""
    nested: Any = 1
    tree = Tree()
    for _ in range(depth - 1):
        nested = [nested]
        tree = Tree(branches=(tree,))
    if depth == 100:
        event = attrs.evolve(ORDERED, extra={"deep": nested})
        assert CODEC.checked(CODEC.encode(event, (), None, None, None)).data == event
    else:
        for wrong in (attrs.evolve(ORDERED, extra={"deep": nested}), Box(tree)):
            with pytest.raises(InvalidInput, match="nested more than 100 deep"):
                PayloadCodec[Any](type(wrong), make_converter()).encode(wrong, (), None, None, None)


def test_what_contains_itself_is_refused() -> None:
    """A cycle ends in an error of ours, whichever way the class is encoded, and the message stays short."""
    loop: dict[str, Any] = {}
    loop["again"] = [loop]
    cases: list[tuple[PayloadCodec[Any], object]] = [
        (CODEC, attrs.evolve(ORDERED, extra=loop)),
        (HOOKED, Reading(Celsius(1.0), loop)),
    ]
    for codec, event in cases:
        with pytest.raises(InvalidInput, match=r"part of itself|recursion") as caught:
            codec.encode(event, (), None, None, None)
        assert len(str(caught.value)) < 300
