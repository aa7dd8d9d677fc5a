"""Recorded events: nothing is decoded unasked, old versions come back as new ones, and strangers can be read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import attrs
import pytest

from remanence.codecs.frames import stub
from remanence.core.errors import NotFound, RemanenceError, Unreadable
from remanence.core.events import Registry, Upcaster, event
from remanence.core.queries import Query
from remanence.core.recorded import Recorded
from remanence.core.verify import verify

from .places import NOON_NS, REGISTRY, Happened, Note, Place, Spent, place
from .test_events import CHAIN, Placed


@event("order.placed")
@attrs.frozen
class PlacedFirst:
    """The event as it was at first."""

    article: str


@event("order.placed", version=2)
@attrs.frozen
class PlacedSecond:
    """The event as it was then."""

    item: str


def history(here: Place) -> None:
    """Three programs, one after the other, write an event each."""
    here.open(Registry([PlacedFirst])).append(PlacedFirst("shoe"), tags=["t"], by="first")
    second = Registry([PlacedSecond], CHAIN[1:])
    here.open(second).append(PlacedSecond("hat"), tags=["t"])
    here.open(Registry([Placed], CHAIN)).append(Placed("coat", 3), tags=["t"])


def test_old_versions_come_back_as_new_ones() -> None:
    """Through every upcaster in between, in order; what stands in the log stays as it is."""
    with place("memory") as here:
        history(here)
        log = here.open(Registry([Placed], CHAIN))
        assert [each.data for each in log.read()] == [Placed("shoe", 1), Placed("hat", 1), Placed("coat", 3)]
        assert [each.version for each in log.read()] == [1, 2, 3]
        assert [each.raw for each in log.read()] == [
            {"article": "shoe"},
            {"item": "hat"},
            {"item": "coat", "count": 3, "note": ""},
        ]
        assert [each.by for each in log.read()] == ["first", None, None]
        assert verify(log.store, log.catalog).problem is None


def test_an_older_program_reads_what_it_can() -> None:
    """A version from its future is unknown to it, says so, and can still be read raw."""
    with place("memory") as here:
        history(here)
        log = here.open(Registry([PlacedSecond], CHAIN[1:]))
        one, two, three = log.read()
        assert (one.data, two.data) == (PlacedSecond("shoe"), PlacedSecond("hat"))
        assert [each.is_known for each in (one, two, three)] == [True, True, False]
        with pytest.raises(Unreadable, match=r"know order\.placed version 3 .*; use \.raw") as caught:
            _ = three.data
        assert (caught.value.position, caught.value.type, caught.value.version) == (3, "order.placed", 3)
        assert three.raw["count"] == 3


def test_events_of_unknown_types_are_found_and_read_raw(anywhere: Place) -> None:
    """A program that has no class for them sees their place, time, tags and plain data; only `data` is refused."""
    anywhere.open().append(Spent("ada", 5), Note("n"), tags=["t"], by="b", key="k")
    anywhere.close()
    log = anywhere.open(Registry())
    [one, two] = log.read(Query.of(tags=["t"]))
    assert (one.type, one.tags, one.by, one.key, one.time_ns) == (
        "money.spent",
        ("account:ada", "t"),
        "b",
        ("k", 2),
        NOON_NS,
    )
    assert (one.raw, two.raw) == ({"account": "ada", "amount": 5}, {"text": "n", "tags": []})
    assert not one.is_known
    with pytest.raises(Unreadable):
        _ = one.data
    assert log.types() == {"money.spent": 1, "note.made": 1}


def raises(_: dict[str, Any]) -> dict[str, Any]:
    """An upcaster with a mistake in it."""
    raise ZeroDivisionError


def returns(data: Any) -> Callable[[dict[str, Any]], Any]:
    """An upcaster that returns the same, whatever it gets."""

    def change(_: dict[str, Any]) -> Any:
        return data

    return change


@pytest.mark.parametrize("change", [raises, returns({"item": 5}), returns({}), returns(None)])
def test_data_that_does_not_fit_is_the_programmer_s_to_mend(change: Any) -> None:
    """Whatever an upcaster raises, or returns that doesn't fit the class, is told with the event's place."""
    with place("memory") as here:
        history(here)
        log = here.open(Registry([Placed], [CHAIN[0], Upcaster("order.placed", 1, change)]))
        one, _, three = log.read()
        with pytest.raises(Unreadable, match=r"event 1, order\.placed version 1, doesn't fit Placed") as caught:
            _ = one.data
        assert caught.value.position == 1
        assert one.raw == {"article": "shoe"}
        assert three.data == Placed("coat", 3)


def told(event: Recorded[Any]) -> object:
    """All that an event says, or what asking for its data raises."""
    try:
        data: object = event.data
    except RemanenceError as error:
        data = repr(error)
    return (event.position, event.type, event.version, event.time_ns, event.tags, event.by, event.key, data)


@pytest.mark.parametrize(
    "registry", [Registry([Placed], CHAIN), Registry([PlacedSecond], CHAIN[1:]), Registry([Spent])]
)
@pytest.mark.parametrize("is_erased", [False, True])
def test_what_is_decoded_together_says_the_same(registry: Registry, is_erased: bool) -> None:  # noqa: FBT001
    """Old versions, unknown types, events of the future and erased ones: a decoded scan tells what a lazy one tells."""
    with place("memory") as here:
        history(here)
        here.open().append(Spent("ada"), Spent("bob"), key="k")
        if is_erased:
            here.memory.frames[1] = stub(here.memory.frames[1], 2)
            here.lose_catalog()
        log = here.open(registry)
        lazy, together = (
            [told(event) for batch in log.scan(decoded=decoded) for event in batch] for decoded in (False, True)
        )
        assert together == lazy
        assert len(lazy) == 5


def test_an_erased_event_keeps_its_place() -> None:
    """Position, type and time stay; tags, author, key and data are gone, and asking for the data says so."""
    with place("memory") as here:
        here.open().append(Spent("ada"), Note("n"), Happened("h", ("x",)), tags=["t"], by="b", key="k")
        here.memory.frames[1] = stub(here.memory.frames[1], 2)
        here.lose_catalog()
        log = here.open(REGISTRY)
        erased = log.read()[1]
        assert (erased.position, erased.type, erased.time_ns, erased.is_erased) == (
            2,
            "note.made",
            NOON_NS,
            True,
        )
        assert (erased.tags, erased.by, erased.cause, erased.key) == ((), None, None, None)
        for attempt in (lambda: erased.data, lambda: erased.raw, lambda: erased.payload()):  # noqa: PLW0108
            with pytest.raises(NotFound, match="event 2 has been erased"):
                attempt()
        assert [each.position for each in log.read(Query.of(tags=["t"]))] == [1, 3]
        assert [each.is_erased for each in log.read()] == [False, True, False]


def test_the_key_of_an_append_outlives_the_erasing_of_one_of_its_events() -> None:
    """What is left of the content can't be compared any more: whoever comes with the key is told where it was used."""
    with place("memory") as here:
        here.open().append(Spent("ada"), Note("n"), key="k")
        here.memory.frames[1] = stub(here.memory.frames[1], 2)
        here.lose_catalog()
        log = here.open()
        again = log.append(Spent("ada"), Note("n"), key="k")
        assert (list(again.positions), again.is_duplicate) == ([1, 2], True)
        assert verify(log.store, log.catalog).problem is None


def test_the_time_is_told_in_utc() -> None:
    """To the microsecond; the nanoseconds are there as well."""
    with place("memory") as here:
        log = here.open(clock=lambda: NOON_NS + 1_999)
        log.append(Spent("ada"))
        [one] = log.read()
        assert one.time == datetime(2023, 11, 14, 22, 13, 20, 1, tzinfo=UTC)
        assert one.time_ns == NOON_NS + 1_999
        assert repr(one) == "<Recorded 1 money.spent v1>"


def test_what_was_just_written_is_not_decoded_again() -> None:
    """The writer hands on the very values that it checked; a reader makes its own, equal to them."""
    with place("memory") as here:
        log = here.open()
        staged = log.stage(log.encode([Happened("h", ("x",))], tags=["t"]))
        [handed] = log.staged.recorded
        log.flush()
        [read] = log.read()
        assert handed.position == staged.position == read.position
        assert (handed.data, handed.tags, handed.frame) == (read.data, read.tags, read.frame)
        assert handed.data is handed.data
        assert read.data is read.data
