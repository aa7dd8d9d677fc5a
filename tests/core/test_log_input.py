"""What a caller passes and can't be taken is refused by name, before anything is written."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import attrs
import pytest

from remanence.core import appends
from remanence.core.appends import MAX_EVENTS
from remanence.core.errors import InvalidInput
from remanence.core.events import Registry, event
from remanence.core.log import Log
from remanence.core.queries import Condition, Item, Query

from .places import EVENTS, Happened, Place, Spent, place

NAIVE = datetime(2026, 1, 1)  # noqa: DTZ001 - what must be refused


@event("all.sorts")
@attrs.frozen
class Sorts:
    """A field of each sort."""

    number: float = 0.0
    at: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    inner: dict[str, list[float]] = attrs.field(factory=dict[str, list[float]])
    blob: bytes = b""


@event("tags.told")
@attrs.frozen
class Told:
    """An event that says of itself what it is about, whatever that is."""

    tags: Any = ()

    def about(self) -> Any:
        """The tags, as they are."""
        return self.tags


@event("book.written")
@attrs.frozen
class Written:
    """An event with a field that happens to be called as the method that tells tags."""

    about: str


@attrs.frozen
class Unknown:
    """No event."""


def append(*events: object, **options: Any) -> Callable[[Log], object]:
    """An append, to be tried."""
    return lambda log: log.append(*events, **options)


RAIN = Happened("rain")
REFUSED: dict[str, tuple[Callable[[Log], object], str]] = {
    "no events": (append(), r"1 to 100000 events, this one 0"),
    "too many events": (append(*[RAIN] * (MAX_EVENTS + 1)), r"1 to 100000 events, this one 100001"),
    "a class that isn't registered": (
        append(Unknown()),
        r"Unknown is not a registered event class; pass it in events=",
    ),
    "a class for an event": (append(Spent), r"type is not a registered event class"),
    "no object at all": (append(None), r"NoneType is not a registered event class"),
    "a field of the wrong type": (append(Spent("ada", "much")), r"Spent.*amount"),  # type: ignore[arg-type]
    "a number out of 64 bits": (append(Spent("ada", 1 << 64)), r"Spent.*amount"),
    "half a surrogate pair": (append(Happened("\ud800")), r"Happened.*surrogate"),
    "not a number": (append(Sorts(number=float("nan"))), r"Sorts\.number: the number is not finite"),
    "infinity": (append(Sorts(inner={"a": [1.0, float("-inf")]})), r"Sorts\.inner\.a\[1\]: the number is not finite"),
    "a naive datetime": (append(Sorts(at=NAIVE)), r"Sorts\.at.*no time zone"),
    "over 8 MiB": (append(Sorts(blob=bytes(8 << 20))), r"takes 83886\d\d bytes encoded, over the limit of 8388608"),
    "tags as one text": (append(RAIN, tags="abc"), r"write \['abc'\]"),
    "an event's tags as one text": (append(Told("abc")), r"write \['abc'\]"),
    "an empty tag": (append(RAIN, tags=[""]), r"1 to 255 bytes of UTF-8, '' has 0"),
    "a long tag": (append(RAIN, tags=["é" * 128]), r"1 to 255 bytes of UTF-8, 'é+' has 256"),
    "a tag with a NUL": (append(RAIN, tags=["a\0b"]), r"'a\\x00b' holds a NUL"),
    "a tag of half a pair": (append(RAIN, tags=["\udfff"]), r"'\\udfff' is not valid text"),
    "a number for a tag": (append(RAIN, tags=["a", 5]), r"the tag 5 is int, not text"),
    "a number for an event's tag": (append(Told([5])), r"the tag 5 is int, not text"),
    "a list for a tag": (append(RAIN, tags=[["a"]]), r"tags are a list of texts, not \[\['a'\]\]"),
    "no tags at all": (append(RAIN, tags=None), r"tags are a list of texts, not None"),
    "too many tags": (append(RAIN, tags=[str(n) for n in range(65)]), r"at most 64 tags, this one 65"),
    "an empty key": (append(RAIN, key=""), r"key has 1 to 255 bytes of UTF-8, not 0"),
    "a long key": (append(RAIN, key="k" * 256), r"key has 1 to 255 bytes of UTF-8, not 256"),
    "a number for a key": (append(RAIN, key=7), r"key is a text, not int"),
    "a key of half a pair": (append(RAIN, key="\ud800"), r"key.*surrogate"),
    "an empty author": (append(RAIN, by=""), r"by has 1 to 255 bytes"),
    "a long author": (append(RAIN, by="b" * 256), r"by has 1 to 255 bytes of UTF-8, not 256"),
    "an author in bytes": (append(RAIN, by=b"me"), r"by is a text, not bytes"),
    "a cause before the first event": (append(RAIN, cause=0), r"cause is the position of an event, 1 or more, not 0"),
    "a cause that is no position": (append(RAIN, cause="1"), r"cause is the position of an event, 1 or more, not '1'"),
    "a cause that is a truth": (append(RAIN, cause=True), r"cause is the position of an event, 1 or more, not True"),
    "a cause beyond 64 bits": (append(RAIN, cause=1 << 64), r"cause is the position of an event"),
    "a condition after no position": (lambda _: Condition(Query.of(tags=["a"]), -1), r"after is a position.*-1"),
    "a condition after a text": (lambda _: Condition(Query(), "1"), r"after is a position.*'1'"),  # type: ignore[arg-type]
    "a condition beyond all positions": (lambda _: Condition(Query(), 1 << 63), r"after is a position"),
    "a condition that is only a query": (append(RAIN, condition=Query.of(tags=["a"])), r"condition.*Query"),
    "a query's tags as one text": (lambda _: Query.of(tags="abc"), r"write \['abc'\]"),
    "a query's types as one text": (lambda _: Query.of(types="abc"), r"write \['abc'\]"),
    "a class for a query's type": (lambda _: Query.of(types=[Spent]), r"the type <class .*Spent'> is type, not text"),  # type: ignore[list-item]
    "a query's empty type": (lambda _: Query.of(types=[""]), r"a type has 1 to 200 bytes of UTF-8, '' has 0"),
    "a query's long type": (lambda _: Query.of(types=["t" * 201]), r"a type has 1 to 200 bytes of UTF-8, 't+' has 201"),
    "an item's tag that is no tag": (lambda _: Item(tags=("a\0",)), r"holds a NUL"),
    "an item's type that is no type": (lambda _: Item(types=("\ud800",)), r"not valid text"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_taken_is_refused(case: str) -> None:
    """The error names what it is, where it stands and what the limit is; the log stays as it was."""
    attempt, text = REFUSED[case]
    with place("memory") as here:
        log = here.open(Registry([*EVENTS, Sorts, Told]))
        log.append(Happened("first"))
        with pytest.raises(InvalidInput, match=text):
            attempt(log)
        log.flush()
        assert (log.head, len(log.read()), log.store.tally().frames) == (1, 1, 1)


def test_limits_are_reached(disk: Place) -> None:
    """What stands exactly at a limit is taken, and comes back from the disk."""
    log = disk.open(Registry([*EVENTS, Sorts, Told]))
    tags = [f"{number:0255}" for number in range(64)]
    log.append(Happened("h"), tags=tags, key="k" * 255, by="b" * 255, cause=(1 << 63) - 1)
    log.append(Sorts(blob=bytes((8 << 20) - 1000)))
    [one, two] = log.read()
    assert (one.tags, one.key, one.by, one.cause) == (tuple(tags), ("k" * 255, 1), "b" * 255, (1 << 63) - 1)
    assert len(two.data.blob) == (8 << 20) - 1000
    assert [each.position for each in log.read(Query.of(types=["thing.happened"], tags=tags))] == [1]


def test_as_many_events_as_an_append_may_have(disk: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last one is taken as well; one more, and none is."""
    monkeypatch.setattr(appends, "MAX_EVENTS", 50)
    log = disk.open()
    assert log.append(*[RAIN] * 50).position == 50
    with pytest.raises(InvalidInput, match="1 to 50 events, this one 51"):
        log.append(*[RAIN] * 51)
    assert log.head == 50


def test_a_field_called_about_is_a_field(disk: Place) -> None:
    """Only a method tells tags."""
    log = disk.open(Registry([Written]))
    log.append(Written("ships"))
    assert [(each.data, each.tags) for each in log.read()] == [(Written("ships"), ())]
