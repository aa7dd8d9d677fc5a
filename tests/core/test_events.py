"""Events and their registry: names are data, versions form chains, and mistakes are found when it is built."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import pytest

import remanence
from remanence.core.errors import InvalidInput
from remanence.core.events import MAX_VERSION, EventType, Registry, event, event_type_of, upcaster


@event("order.placed", version=3)
@attrs.frozen
class Placed:
    """The newest version of an event."""

    item: str
    count: int
    note: str = ""


@upcaster("order.placed", version=1)
def one_to_two(data: dict[str, Any]) -> dict[str, Any]:
    """The article was called `article`."""
    return {"item": data["article"]}


@upcaster("order.placed", version=2)
def two_to_three(data: dict[str, Any]) -> dict[str, Any]:
    """There was no count."""
    return {**data, "count": 1}


@event("order.paid", dedup=True)
@attrs.frozen
class Paid:
    """Another event."""

    cents: int


CHAIN = (two_to_three, one_to_two)


async def test_each_event_of_ours_can_be_kept(tmp_path: Path) -> None:
    """Users' classes are tried when they are registered; ours, which nobody waits for, are tried here."""
    async with remanence.open(tmp_path, clusters=True, tagger=True) as memory:
        registry = memory.engine.log.registry
        ours = [kind for kind in vars(registry)["_by_name"].values() if kind.cls.__module__.startswith("remanence.")]
        assert len(ours) > 15
        assert [kind.name for kind in ours if not kind.codec.is_native] == []


@pytest.mark.parametrize(
    "name",
    ["order", "Order.placed", "order.", ".placed", "order placed", "order.1st", "", "a." + "b" * 99, "é.a", "a.b\n"],
)
def test_a_name_is_words_joined_by_dots(name: str) -> None:
    """Lower case, at least two, 100 characters at most: a name is for ever."""
    with pytest.raises(InvalidInput, match="use lower-case words joined by dots"):
        event(name)


@pytest.mark.parametrize("name", ["a.b", "memory.remembered", "a_1.b_2.c", "a." + "b" * 98])
def test_other_names_are_good(name: str) -> None:
    """The decorator notes what it was told on the class, and nothing else."""

    @event(name, version=2, dedup=True)
    @attrs.frozen
    class Sample:
        pass

    assert event_type_of(Sample) == EventType(name, 2, dedup=True)


@pytest.mark.parametrize("version", [0, -1, MAX_VERSION + 1])
def test_a_version_has_bounds(version: int) -> None:
    """It has two bytes in a frame, and begins at 1."""
    with pytest.raises(InvalidInput, match=f"version {version} is not between 1 and {MAX_VERSION}"):
        event("a.b", version=version)


def test_only_attrs_classes_are_events() -> None:
    """Decorators in the wrong order, or a plain class, are told what to do."""
    with pytest.raises(InvalidInput, match=r"put @attrs\.frozen below @event"):

        @event("a.b")
        class Plain:
            pass


def test_a_subclass_is_no_event_by_itself() -> None:
    """It would be stored under the name of its base, and come back as that."""

    @attrs.frozen
    class Sub(Paid):
        pass

    with pytest.raises(InvalidInput, match="Sub is not an event"):
        event_type_of(Sub)
    with pytest.raises(InvalidInput, match="Sub is not a registered event class"):
        Registry([Paid]).of(Sub(1))


def test_a_registry_finds_types_by_event_and_by_name() -> None:
    """A class given twice is one; a name that is none of its own is None."""
    registry = Registry([Paid, Placed, Paid], CHAIN)
    assert registry.of(Paid(1)) is registry.named("order.paid")
    assert registry.named("no.such") is None
    assert (registry.name_of(Placed), registry.name_of("as.it.is")) == ("order.placed", "as.it.is")
    assert (registry.of(Paid(1)).dedup, registry.of(Placed("a", 1)).version) == (True, 3)


def test_two_classes_can_not_share_a_name() -> None:
    """One of them could never be read."""

    @event("order.paid")
    @attrs.frozen
    class Other:
        pass

    with pytest.raises(InvalidInput, match=r"two classes are called order\.paid: Paid and .*Other"):
        Registry([Paid, Other])


@pytest.mark.parametrize(
    ("upcasters", "text"),
    [
        ([], "at version 3, but nothing reads version 1"),
        ([one_to_two], "at version 3, but nothing reads version 2"),
        ([two_to_three], "at version 3, but nothing reads version 1"),
        ([*CHAIN, upcaster("order.placed", version=3)(lambda data: data)], "takes version 3 leads nowhere"),
        ([*CHAIN, upcaster("order.placed", version=0)(lambda data: data)], "takes version 0 leads nowhere"),
        ([*CHAIN, one_to_two], "two upcasters take order.placed version 1"),
        (
            [*CHAIN, upcaster("no.such", version=1)(lambda data: data)],
            "upcasters for no.such, which no event class has",
        ),
    ],
)
def test_a_chain_has_no_gap_no_branch_and_no_loose_end(upcasters: list[Any], text: str) -> None:
    """Found when the registry is built, not when an old event is read."""
    with pytest.raises(InvalidInput, match=text):
        Registry([Placed], upcasters)


def test_a_class_that_can_not_be_kept_is_refused_at_once() -> None:
    """A type that neither msgpack nor the converter can take is named."""

    @event("a.b")
    @attrs.frozen
    class Strange:
        what: complex

    with pytest.raises(InvalidInput, match="Strange"):
        Registry([Strange])
