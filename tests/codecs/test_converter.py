"""The converter: a user's hook reaches exactly the classes it touches, and leaves all others to msgspec."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Generic, Literal, NewType, TypedDict, TypeVar

import attrs
import cattrs
import msgspec
import pytest
from cattrs.strategies import configure_tagged_union, include_subclasses

from remanence.codecs.converter import EventConverter, make_converter
from remanence.codecs.errors import InvalidInput
from remanence.codecs.payloads import PayloadCodec

from .generated import Celsius, Color, Level, Point, Reading, Unit, celsius_to_text, hooked_converter, text_to_celsius

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


class Plain:
    """A class that nobody told how to keep; all of its instances are alike."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Plain)

    def __hash__(self) -> int:
        return 0


@attrs.frozen
class Foreign:
    """Has a field that can't be kept."""

    thing: Plain


@attrs.frozen
class ForeignGeneric:
    """Has one in a container."""

    things: dict[str, list[Plain]]


@attrs.frozen
class ForeignCall:
    """Has a function, which is no fact."""

    call: Callable[[int], int]


@attrs.frozen
class Unresolved:
    """Names a type that isn't there."""

    thing: Missing  # type: ignore[name-defined]  # noqa: F821 - that is the point  # pyright: ignore


@attrs.frozen
class Unhashable:
    """A remark that no set can hold."""

    thing: Annotated[int, ["a list"]]


@pytest.mark.parametrize("cls", [Foreign, ForeignGeneric, ForeignCall, Unresolved, Unhashable])
def test_a_class_that_can_t_be_kept_is_refused_at_once(cls: type) -> None:
    """The program learns it when it registers the class, not when it first records an event."""
    with pytest.raises(InvalidInput, match=f"^{cls.__name__} has a type that can't be kept; register a hook"):
        PayloadCodec(cls, make_converter())


def test_a_hook_makes_a_class_known() -> None:
    """What the refusal recommends helps."""
    converter = make_converter()
    converter.register_unstructure_hook(Plain, lambda _: None)
    converter.register_structure_hook(Plain, lambda _, __: Plain())
    assert isinstance(round_trip(Foreign(Plain()), converter).thing, Plain)


@attrs.frozen
class Keyed:
    """Maps by other keys than text, which msgspec's sorted encoder doesn't take, and unordered sets."""

    counts: dict[int, str]
    colors: dict[Color, Point]
    kinds: Mapping[Level, list[int]]
    palette: frozenset[Color]
    mixed: set[int | str]
    points: frozenset[Point]


KEYED = Keyed(
    {2: "b", -1: "a"},
    {Color.RED: Point(1)},
    {Level.HIGH: [1]},
    frozenset(Color),
    {1, "1"},
    frozenset({Point(2), Point(1)}),
)


def test_maps_by_other_keys_are_kept_by_text() -> None:
    """Keys become texts as in JSON, sets become lists in one order, and both come back as they were."""
    assert round_trip(KEYED, make_converter()) == KEYED
    assert data_of(KEYED, make_converter()) == {
        "counts": {"-1": "a", "2": "b"},
        "colors": {"red": {"x": 1, "y": 0}},
        "kinds": {"2": [1]},
        "palette": ["red", "green"],
        "mixed": [1, "1"],
        "points": [{"x": 1, "y": 0}, {"x": 2, "y": 0}],
    }


def test_hooked_keys_are_kept_by_text() -> None:
    """A hook that makes texts makes keys."""
    event = ByCelsius({Celsius(1.0): 1, Celsius(-2.0): 2})
    assert data_of(event, hooked_converter()) == {"counts": {"1.0 C": 1, "-2.0 C": 2}}
    assert round_trip(event, hooked_converter()) == event


@attrs.frozen
class ByCelsius:
    """A map by a hooked type."""

    counts: dict[Celsius, int]


@attrs.frozen
class Private:
    """Fields that msgspec leaves out or can't make."""

    _hidden: int
    doubled: int = attrs.field()
    computed: int = attrs.field(init=False)

    @doubled.default
    def _double(self) -> int:
        return 2 * self._hidden

    @computed.default
    def _compute(self) -> int:
        return 3 * self._hidden


def test_private_and_dependent_fields_are_kept() -> None:
    """What msgspec would forget without a word goes through the converter."""
    assert round_trip(Private(2), make_converter()) == Private(2)
    assert round_trip(Private(2, 5), make_converter()) == Private(2, 5)


@attrs.frozen
class Lists:
    """Fields declared by what can be done with them."""

    numbers: Sequence[int]
    names: Mapping[str, int]


def test_abstract_types_come_back_as_plain_ones() -> None:
    """A sequence is a list and a mapping a dict when they are read: the declared type says no more."""
    assert round_trip(Lists((1, 2), {"a": 1}), make_converter()) == Lists([1, 2], {"a": 1})


@attrs.frozen
class Strict:
    """A hooked class with plain fields beside the hooked one."""

    value: Celsius
    number: int = 0
    text: str = ""
    ratio: float = 0.0
    flag: bool = False
    numbers: list[int] = attrs.field(factory=list[int])
    level: Level = Level.LOW
    unit: Unit = Unit.METRE
    point: Point = Point(1)
    colors: set[Color] = attrs.field(factory=set[Color])
    counts: dict[int, int] = attrs.field(factory=dict[int, int])
    several: list[Celsius] = attrs.field(factory=list[Celsius])


WRONG: list[tuple[str, Any, str]] = [
    ("number", "3", ".number: Expected `int`, got `str`"),
    ("number", 1.5, ".number: Expected `int`, got `float`"),
    ("number", True, ".number: Expected `int`, got `bool`"),
    ("number", 2**64, ".number: can't serialize ints"),
    ("text", 3, ".text: Expected `str`, got `int`"),
    ("text", b"3", ".text: Expected `str`, got `bytes`"),
    ("text", "\ud800", ".text: 'utf-8' codec can't encode"),
    ("ratio", "1", ".ratio: Expected `float`, got `str`"),
    ("flag", 1, ".flag: Expected `bool`, got `int`"),
    ("numbers", "12", ".numbers: Expected `array`, got `str`"),
    ("numbers", [1, "2"], ".numbers[1]: Expected `int`, got `str`"),
    ("level", 3, ".level: 3 is not a valid Level"),
    ("level", "1", ".level: Expected `int`, got `str`"),
    ("unit", "ell", ".unit: 'ell' is not a valid Unit"),
    ("point", 3, ".point: Expected `object`, got `int`"),
    ("point", Point("1"), ".point.x: Expected `int`, got `str`"),  # type: ignore[arg-type]  # pyright: ignore
    ("colors", "red", ".colors: expected set"),
    ("colors", ["red"], ".colors: expected set"),
    ("counts", [(1, 2)], ".counts: expected dict"),
    ("counts", {"one": 1}, ".counts"),
    ("counts", {(1, 2): 1}, ".counts"),
    ("counts", {1: "1"}, ".counts"),
    ("several", [Point(1)], ".several: 'Point' object has no attribute 'degrees'"),
    ("several", None, ".several: 'NoneType' object is not iterable"),
    ("value", 3, ".value: 'int' object has no attribute 'degrees'"),
]


@pytest.mark.parametrize(("field", "value", "complaint"), WRONG)
def test_hooked_classes_are_checked_as_strictly(field: str, value: Any, complaint: str) -> None:
    """Beside a hooked field, too, a value of another type is refused by its field's name, and never bent to fit."""
    codec = PayloadCodec(Strict, hooked_converter())
    assert not codec.is_native
    with pytest.raises(InvalidInput) as caught:
        codec.checked(codec.encode(Strict(**{"value": Celsius(1.0), field: value}), (), None, None, None))
    assert str(caught.value).startswith(f"Strict{complaint}")
