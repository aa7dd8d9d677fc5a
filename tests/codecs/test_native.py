"""What msgspec can't do alone is done for it or refused at once; and nothing is ever bent to fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Any
from uuid import UUID

import attrs
import pytest

from remanence.codecs.converter import make_converter
from remanence.codecs.errors import InvalidInput
from remanence.codecs.payloads import PayloadCodec

from .generated import Celsius, Color, Level, Point, Unit, data_of, hooked_converter, round_trip


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

    thing: Missing  # type: ignore[name-defined]  # noqa: F821  # pyright: ignore[reportUndefinedVariable]


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
    """Maps by other keys than text, which a sorted encoder doesn't take, and sets that have no order."""

    counts: dict[int, str]
    ratios: dict[float, int]
    colors: dict[Color, Point]
    levels: Mapping[Level, list[int]]
    days: dict[date, dict[UUID, bool]]
    moments: dict[datetime, bytes]
    palette: frozenset[Color]
    mixed: set[int | str]
    points: frozenset[Point]


KEYED = Keyed(
    {2: "b", -1: "a"},
    {0.5: 1},
    {Color.RED: Point(1)},
    {Level.HIGH: [1]},
    {date(2026, 1, 2): {UUID(int=1): True}},
    {datetime(2026, 1, 2, tzinfo=UTC): b"x"},
    frozenset(Color),
    {1, "1"},
    frozenset({Point(2), Point(1)}),
)


def test_maps_by_other_keys_are_kept_by_text() -> None:
    """Keys become texts as in JSON, sets become lists in one order, and both come back as they were."""
    assert round_trip(KEYED, make_converter()) == KEYED
    assert data_of(KEYED, make_converter()) == {
        "counts": {"-1": "a", "2": "b"},
        "ratios": {"0.5": 1},
        "colors": {"red": {"x": 1, "y": 0}},
        "levels": {"2": [1]},
        "days": {"2026-01-02": {"00000000-0000-0000-0000-000000000001": True}},
        "moments": {"2026-01-02T00:00:00Z": b"x"},
        "palette": ["red", "green"],
        "mixed": [1, "1"],
        "points": [{"x": 1, "y": 0}, {"x": 2, "y": 0}],
    }


@attrs.frozen
class Ambiguous:
    """A map whose keys could be told apart by their type alone."""

    counts: dict[int | str, int]


def test_ambiguous_keys_are_refused() -> None:
    """`1` and "1" would be one text; so such a map is kept while all of its keys are texts, and else refused."""
    assert round_trip(Ambiguous({"1": 1}), make_converter()) == Ambiguous({"1": 1})
    with pytest.raises(InvalidInput, match=r"^Ambiguous\.counts: "):
        round_trip(Ambiguous({1: 1}), make_converter())


def test_a_key_without_a_zone_is_refused() -> None:
    """What no value may be, no key may be."""
    naive = datetime(2026, 1, 2)  # noqa: DTZ001 - that is the point
    with pytest.raises(InvalidInput, match=r"^Keyed\.moments: key: the datetime has no time zone"):
        round_trip(attrs.evolve(KEYED, moments={naive: b""}), make_converter())


def test_hooked_keys_are_kept_by_text() -> None:
    """A hook that makes texts makes keys."""
    event = ByCelsius({Celsius(1.0): 1, Celsius(-2.0): 2})
    assert data_of(event, hooked_converter()) == {"counts": {"1.0 C": 1, "-2.0 C": 2}}
    assert round_trip(event, hooked_converter()) == event


@attrs.frozen
class ByCelsius:
    """A map by a hooked type."""

    counts: dict[Celsius, int]


def _double(event: Private) -> int:
    return 2 * event.base


@attrs.frozen
class Private:
    """Fields that msgspec leaves out or can't make."""

    base: int
    _hidden: int
    doubled: int = attrs.field(default=attrs.Factory(_double, takes_self=True))
    computed: int = attrs.field(init=False, default=attrs.Factory(_double, takes_self=True))


def test_private_and_dependent_fields_are_kept() -> None:
    """What msgspec would forget without a word goes through the converter."""
    assert round_trip(Private(1, 2), make_converter()) == Private(1, 2)
    assert round_trip(Private(1, 2, 5), make_converter()) == Private(1, 2, 5)


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
    point: Point | None = None
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
    ("point", 3, ".point: Expected `object | null`, got `int`"),
    ("point", Point(*["1"]), ".point.x: Expected `int`, got `str`"),  # type: ignore[arg-type]
    ("colors", "red", ".colors: expected set"),
    ("colors", ["red"], ".colors: expected set"),
    ("counts", [(1, 2)], ".counts: expected dict"),
    ("counts", {"one": 1}, ".counts: Expected `int`, got `str`"),
    ("counts", {(1, 2): 1}, ".counts: Only dicts with str-like or number-like keys"),
    ("counts", {1: 1, "1": 2}, ".counts: dict[int, int]: two keys have the same form"),
    ("counts", {float("nan"): 1}, ".counts: key: the number is not finite"),
    ("counts", {1: "1"}, ".counts: Expected `int`, got `str`"),
    ("several", [Point(1)], ".several: 'Point' object has no attribute 'degrees'"),
    ("several", None, ".several: 'NoneType' object is not iterable"),
    ("value", 3, ".value: 'int' object has no attribute 'degrees'"),
]


@pytest.mark.parametrize(("field", "value", "complaint"), WRONG)
def test_hooked_classes_are_checked_as_strictly(field: str, value: Any, complaint: str) -> None:
    """Beside a hooked field, too, a value of another type is refused by its field's name, and never bent to fit."""
    codec = PayloadCodec(Strict, hooked_converter())
    fields: dict[str, Any] = {"value": Celsius(1.0), field: value}
    assert not codec.is_native
    with pytest.raises(InvalidInput) as caught:
        codec.checked(codec.encode(Strict(**fields), (), None, None, None))
    assert str(caught.value).startswith(f"Strict{complaint}")
