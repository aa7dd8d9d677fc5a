"""Classes made up by hypothesis: attrs classes whose fields have any type an event may have, with values for them."""

import enum
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any, Final, Literal, NamedTuple
from uuid import UUID

import attrs
import msgspec
from hypothesis import strategies as st

from remanence.codecs.converter import EventConverter, make_converter
from remanence.codecs.payloads import PayloadCodec


class Color(enum.Enum):
    """An enum that Python doesn't order."""

    RED = "red"
    GREEN = "green"


class Level(enum.IntEnum):
    """An enum that is an int."""

    LOW = 1
    HIGH = 2


class Unit(enum.StrEnum):
    """An enum that is a text."""

    METRE = "m"
    SECOND = "s"


@attrs.frozen
class Point:
    """A class of plain fields."""

    x: int
    y: int = 0


@attrs.frozen
class Place:
    """A class with a class in it, and with what JSON doesn't know."""

    name: str
    at: Point
    digest: bytes = b""
    seen: datetime | None = None


@attrs.frozen
class Celsius:
    """A type that only a hook can bring into msgpack, and not an attrs class to msgspec either once it has one."""

    degrees: float


class Reading(NamedTuple):
    """A named tuple with a hooked type in it."""

    at: int
    value: Celsius


@attrs.frozen
class Kind:
    """A type, and a strategy for its values."""

    hint: Any
    values: st.SearchStrategy[Any]


def hooked_converter() -> EventConverter:
    """A converter with one hook of a user: temperatures are texts like "21.5 C"."""
    converter = make_converter()
    converter.register_unstructure_hook(Celsius, celsius_to_text)
    converter.register_structure_hook(Celsius, text_to_celsius)
    return converter


def celsius_to_text(value: Celsius) -> str:
    """The hook that writes."""
    return f"{value.degrees!r} C"


def text_to_celsius(text: str, _: object) -> Celsius:
    """The hook that reads."""
    return Celsius(float(text.removesuffix(" C")))


text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
floats = st.floats(allow_nan=False, allow_infinity=False)
moments = st.datetimes(
    datetime(2, 1, 1),  # noqa: DTZ001 - hypothesis puts the zones on
    datetime(9998, 1, 1),  # noqa: DTZ001
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=-5, minutes=-30)), timezone(timedelta(hours=14))]),
)
points = st.builds(Point, st.integers(-(2**63), 2**63 - 1))
celsius = Kind(Celsius, floats.map(Celsius))

KEYS: Final = [
    Kind(str, text),
    Kind(int, st.integers(-(2**63), 2**64 - 1)),
    Kind(UUID, st.uuids()),
    Kind(date, st.dates()),
    Kind(Color, st.sampled_from(Color)),
    Kind(Unit, st.sampled_from(Unit)),
    Kind(Literal["a", "b"], st.sampled_from(["a", "b"])),
]
"""What a map's keys may be."""
LEAVES: Final = [
    *KEYS,
    Kind(bool, st.booleans()),
    Kind(bytes, st.binary(max_size=20)),
    Kind(float, floats),
    Kind(datetime, moments),
    Kind(time, st.times()),
    Kind(timedelta, st.timedeltas()),
    Kind(Decimal, st.decimals(allow_nan=False, allow_infinity=False)),
    Kind(Level, st.sampled_from(Level)),
    Kind(Point, points),
    Kind(Place, st.builds(Place, text, points, st.binary(max_size=9), st.none() | moments)),
]
UNIONS: Final = [
    Kind(int | str | None, st.none() | text | st.integers(-(2**63), 2**64 - 1)),
    Kind(Point | None, st.none() | points),
    Kind(bool | list[int], st.booleans() | st.lists(st.integers(0, 9), max_size=3)),
    Kind(Literal["none"] | int, st.just("none") | st.integers(0, 9)),
    Kind(Color | None, st.none() | st.sampled_from(Color)),
    Kind(UUID | int, st.uuids() | st.integers(0, 9)),
]


def _list(inner: Kind) -> Kind:
    return Kind(list[inner.hint], st.lists(inner.values, max_size=3))  # type: ignore[name-defined]


def _tuple(inner: Kind) -> Kind:
    return Kind(tuple[inner.hint, ...], st.lists(inner.values, max_size=3).map(tuple))  # type: ignore[name-defined]


def _pair(inner: Kind) -> Kind:
    return Kind(tuple[inner.hint, int], st.tuples(inner.values, st.integers(0, 9)))  # type: ignore[name-defined]


def _optional(inner: Kind) -> Kind:
    return Kind(inner.hint | None, st.none() | inner.values)


def _set(inner: Kind) -> Kind:
    return Kind(set[inner.hint], st.sets(inner.values, max_size=3))  # type: ignore[name-defined]


def _frozenset(inner: Kind) -> Kind:
    return Kind(frozenset[inner.hint], st.frozensets(inner.values, max_size=3))  # type: ignore[name-defined]


def _maps(inner: Kind) -> st.SearchStrategy[Kind]:
    return st.sampled_from(KEYS).map(
        lambda key: Kind(dict[key.hint, inner.hint], st.dictionaries(key.values, inner.values, max_size=3))  # type: ignore[name-defined]
    )


def _containers(inner: st.SearchStrategy[Kind]) -> st.SearchStrategy[Kind]:
    makers: list[Callable[[Kind], Kind]] = [_list, _tuple, _pair, _optional]
    return st.one_of(inner.flatmap(_maps), *(inner.map(maker) for maker in makers))


def kinds(*more: Kind) -> st.SearchStrategy[Kind]:
    """Types that an event may have, nested, and among them `more`."""
    leaves = st.sampled_from([*LEAVES, *more])
    sets = st.sampled_from([kind for kind in LEAVES if kind.hint is not Place])
    return st.recursive(
        st.one_of(leaves, st.sampled_from(UNIONS), sets.map(_set), sets.map(_frozenset)), _containers, max_leaves=3
    )


@st.composite
def instances(draw: st.DrawFn, *more: Kind) -> object:
    """An instance of a class of one to four fields; the class is as new as the instance."""
    fields = draw(st.lists(kinds(*more), min_size=1, max_size=4))
    cls = attrs.make_class(
        "Generated", {f"field_{index}": attrs.field(type=kind.hint) for index, kind in enumerate(fields)}, frozen=True
    )
    return cls(*(draw(kind.values) for kind in fields))


def round_trip(event: object, converter: EventConverter) -> Any:
    """What an event is after it was encoded, checked and decoded."""
    codec = PayloadCodec[Any](type(event), converter)
    payload = codec.encode(event, (), None, None, None)
    assert codec.checked(payload) == codec.decode(payload)
    return codec.decode(payload).data


def data_of(event: object, converter: EventConverter) -> Any:
    """What an event looks like in msgpack."""
    payload = PayloadCodec[Any](type(event), converter).encode(event, (), None, None, None)
    return msgspec.msgpack.decode(payload)[4]
