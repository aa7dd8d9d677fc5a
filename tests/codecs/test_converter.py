"""The converter: a user's hook reaches exactly the classes it touches, and leaves all others to msgspec."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Annotated, Any, Generic, Literal, NewType, TypedDict, TypeVar

import attrs
import cattrs
import msgspec
import pytest
from cattrs.strategies import configure_tagged_union, include_subclasses

from remanence.codecs.converter import EventConverter, make_converter
from remanence.codecs.errors import InvalidInput
from remanence.codecs.payloads import PayloadCodec

from .generated import (
    Celsius,
    Level,
    Point,
    Reading,
    Unit,
    celsius_to_text,
    data_of,
    hooked_converter,
    round_trip,
    text_to_celsius,
)

T = TypeVar("T")
Degrees = NewType("Degrees", Celsius)


class Chilly(Celsius):
    """A subclass: a hook for its base is a hook for it."""


class Record(TypedDict):
    """A typed dict with a hooked type in it."""

    value: Celsius


@dataclasses.dataclass(frozen=True)
class Sample:
    """A dataclass with a hooked type in it."""

    value: Celsius


class Row(msgspec.Struct, frozen=True):
    """A struct with a hooked type in it."""

    value: Celsius


@attrs.frozen
class Box(Generic[T]):
    """A class of any type."""

    content: T


@attrs.frozen
class Tree:
    """A class that contains itself, and deep within a hooked type."""

    value: Celsius | None = None
    branches: tuple[Tree, ...] = ()


@attrs.frozen
class Direct:
    """A field of the hooked type."""

    value: Celsius
    note: str = ""


@attrs.frozen
class Nested:
    """The hooked type inside of every kind of container."""

    maybe: Celsius | None
    several: list[Celsius]
    pair: tuple[Celsius, int]
    named: dict[str, Celsius]
    unique: frozenset[Celsius]
    inner: Direct
    tree: Tree
    box: Box[Celsius]
    new: Degrees
    annotated: Annotated[Celsius, "outside"]


NESTED = Nested(
    maybe=Celsius(1.5),
    several=[Celsius(2.0), Celsius(-3.25)],
    pair=(Celsius(4.0), 1),
    named={"b": Celsius(5.0), "a": Celsius(6.0)},
    unique=frozenset({Celsius(7.0), Celsius(8.0)}),
    inner=Direct(Celsius(9.0)),
    tree=Tree(None, (Tree(Celsius(10.0)), Tree())),
    box=Box(Celsius(11.0)),
    new=Degrees(Celsius(12.0)),
    annotated=Celsius(13.0),
)


@attrs.frozen
class Untouched:
    """Types that no hook here touches."""

    point: Point
    points: dict[str, list[Point]]
    anything: Any
    levels: set[Level]
    unit: Unit = Unit.METRE
    tag: Literal["a"] = "a"


UNTOUCHED = Untouched(Point(1, 2), {"a": [Point(3)]}, {"b": [1, b"2"]}, {Level.LOW})


def is_celsius(hint: object) -> bool:
    """The predicate of hooks that are registered by function."""
    return hint is Celsius


def register_plain(converter: EventConverter) -> None:
    """Hooks for a type, the usual way."""
    converter.register_unstructure_hook(Celsius, celsius_to_text)
    converter.register_structure_hook(Celsius, text_to_celsius)


def register_decorated(converter: EventConverter) -> None:
    """Hooks that say their type in annotations, which here are text."""

    @converter.register_unstructure_hook
    def write(value: Celsius) -> str:  # pyright: ignore[reportUnusedFunction] - the decorator uses it
        return celsius_to_text(value)

    @converter.register_structure_hook
    def read(text: str, wanted: Any) -> Celsius:  # pyright: ignore[reportUnusedFunction]
        return text_to_celsius(text, wanted)


def register_by_function(converter: EventConverter) -> None:
    """Hooks for whatever a function says yes to."""
    converter.register_unstructure_hook_func(is_celsius, celsius_to_text)
    converter.register_structure_hook_func(is_celsius, text_to_celsius)


def register_by_factory(converter: EventConverter) -> None:
    """Hooks that are made for each type."""

    def writer(_: object) -> Callable[[Celsius], str]:
        return celsius_to_text

    def reader(_: object, __: cattrs.Converter) -> Callable[[str, object], Celsius]:
        return text_to_celsius

    converter.register_unstructure_hook_factory(is_celsius, writer)
    converter.register_structure_hook_factory(is_celsius, reader)


def register_by_decorated_factory(converter: EventConverter) -> None:
    """The same, by decorator."""

    @converter.register_unstructure_hook_factory(is_celsius)
    def writer(_: object) -> Callable[[Celsius], str]:  # pyright: ignore[reportUnusedFunction]
        return celsius_to_text

    @converter.register_structure_hook_factory(is_celsius)
    def reader(_: object) -> Callable[[str, object], Celsius]:  # pyright: ignore[reportUnusedFunction]
        return text_to_celsius


FORMS = [register_plain, register_decorated, register_by_function, register_by_factory, register_by_decorated_factory]


@pytest.mark.parametrize("register", FORMS)
def test_every_form_of_hook_is_used(register: Callable[[EventConverter], None]) -> None:
    """Whichever way hooks are registered, the type is stored as they say, at any depth, and comes back."""
    converter = make_converter()
    register(converter)
    assert data_of(Direct(Celsius(21.5)), converter) == {"value": "21.5 C", "note": ""}
    assert round_trip(NESTED, converter) == NESTED
    stored = data_of(NESTED, converter)
    assert stored["tree"]["branches"][0]["value"] == "10.0 C"
    assert stored["unique"] == ["7.0 C", "8.0 C"]


@pytest.mark.parametrize("register", FORMS)
def test_what_no_hook_touches_stays_native(register: Callable[[EventConverter], None]) -> None:
    """A hook costs only those who need it: every class whose types it leaves alone is msgspec's as before."""
    converter = make_converter()
    assert converter.is_native(Direct)
    register(converter)
    assert PayloadCodec(Untouched, converter).is_native
    for touched in (Direct, Nested, Tree, Reading, Record, Sample, Row, Box[Celsius], list[Degrees], dict[str, Sample]):
        assert not converter.is_native(touched)
    assert not PayloadCodec(Direct, converter).is_native


def test_a_hook_for_a_base_is_a_hook_for_its_subclasses() -> None:
    """As cattrs dispatches, so does the converter see what is touched."""
    assert not hooked_converter().is_native(Chilly)


@attrs.frozen
class Loose:
    """The hooked type in containers of other makes than attrs."""

    reading: Reading
    record: Record
    sample: Sample


def test_hooks_reach_into_other_classes() -> None:
    """Named tuples, typed dicts and dataclasses are followed as attrs classes are."""
    event = Loose(Reading(1, Celsius(2.0)), {"value": Celsius(3.0)}, Sample(Celsius(4.0)))
    assert round_trip(event, hooked_converter()) == event
    assert data_of(event, hooked_converter())["record"] == {"value": "3.0 C"}


def test_a_copy_has_the_hooks_and_its_own_later() -> None:
    """What is registered on a copy stays there; what was registered before is in both."""
    original = make_converter()
    early = original.copy()
    register_plain(early)
    late = early.copy()
    assert [one.is_native(Direct) for one in (original, early, late)] == [True, False, False]
    assert data_of(Direct(Celsius(1.0)), original)["value"] == {"degrees": 1.0}
    for one in (early, late):
        assert round_trip(NESTED, one) == NESTED
        assert data_of(NESTED, one)["several"] == ["2.0 C", "-3.25 C"]
    late.register_unstructure_hook(Celsius, lambda value: value.degrees)
    assert data_of(Direct(Celsius(1.0)), late)["value"] == 1.0
    assert data_of(Direct(Celsius(1.0)), early)["value"] == "1.0 C"


def test_a_predicate_that_fails_says_no() -> None:
    """`issubclass` on what is no class raises; that is neither a match nor a reason to stop."""
    converter = make_converter()

    def is_error(hint: Any) -> bool:
        return issubclass(hint, Exception)

    converter.register_structure_hook_func(is_error, lambda value, _: value)
    assert converter.is_native(Untouched)


@attrs.frozen
class Circle:
    """One of two shapes with the same fields."""

    size: int


@attrs.frozen
class Square:
    """The other."""

    size: int


@attrs.frozen
class Drawing:
    """Shapes that only a tag tells apart."""

    shapes: tuple[Circle | Square, ...]


def test_strategies_for_unions_work() -> None:
    """A union that neither msgspec nor cattrs can take apart is refused, and kept once a strategy adds a tag."""
    event = Drawing((Circle(1), Square(2)))
    with pytest.raises(InvalidInput, match="Could not disambiguate"):
        round_trip(event, make_converter())
    converter = make_converter()
    configure_tagged_union(Circle | Square, converter)
    assert round_trip(event, converter) == event
    assert data_of(event, converter)["shapes"][1] == {"size": 2, "_type": "Square"}


@attrs.frozen
class Animal:
    """A base of others."""

    name: str


@attrs.frozen
class Cat(Animal):
    """A subclass with a field more."""

    lives: int


@attrs.frozen
class Zoo:
    """Declares the base, and holds subclasses."""

    animals: list[Animal]


def test_strategies_for_subclasses_work() -> None:
    """Without the strategy a field holds what its type declares; with it, subclasses come back whole."""
    converter = make_converter()
    include_subclasses(Animal, converter)
    event = Zoo([Animal("a"), Cat("b", 9)])
    assert round_trip(event, converter) == event
