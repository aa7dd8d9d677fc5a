"""A shelf for the machine: events, two views of them, and what these ought to show, as plain dicts.

A view can be told to fail. What it fails at is its code's fault and not the event's: once mended, it takes the event.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, Final

import attrs

from remanence import Index, Projection, Recorded, Table, event, on
from remanence.projections.skips import ViewSkipped

__all__ = [
    "EVENTS",
    "VERSIONS",
    "Shelf",
    "Stocked",
    "Taken",
    "Trail",
    "expected",
    "mend",
    "mended",
    "skipped",
    "stumbles",
]


@event("shelf.stocked")
@attrs.frozen
class Stocked:
    """So many came."""

    item: str
    count: int

    def about(self) -> tuple[str, ...]:
        """The item."""
        return (f"item:{self.item}",)


@event("shelf.taken")
@attrs.frozen
class Taken:
    """All of them went."""

    item: str

    def about(self) -> tuple[str, ...]:
        """The item."""
        return (f"item:{self.item}",)


EVENTS: Final = (Stocked, Taken)


@attrs.frozen
class Place:
    """How many of an item there are."""

    item: str
    count: int
    changed: int


@attrs.frozen
class Trace:
    """Where an item was last heard of."""

    item: str
    positions: tuple[int, ...]


class Shelf(Projection):
    """What is there."""

    places = Table(Place, key="item", indexes={"by_count": Index(("count", "item"))})
    bad: ClassVar[set[str]] = set()
    factor: ClassVar[int] = 1

    @on(Stocked)
    def stocked(self, event: Recorded[Stocked]) -> None:
        """More of it."""
        if event.data.item in self.bad:
            raise LookupError(event.data.item)
        before = self.places.get(event.data.item)
        count = self.factor * event.data.count + (before.count if before else 0)
        self.places.put(Place(event.data.item, count, event.position))

    @on(Taken)
    def taken(self, event: Recorded[Taken]) -> None:
        """None of it."""
        self.places.delete(event.data.item)


class DoubleShelf(Shelf):
    """Its second version, which counts pairs."""

    name = "shelf"
    version = 2
    factor = 2


class Trail(Projection):
    """Every position at which an item was heard of."""

    traces = Table(Trace, key="item", indexes={"by_position": Index(("positions",), each="positions")})
    bad: ClassVar[set[str]] = set()

    @on(Stocked)
    def stocked(self, event: Recorded[Stocked]) -> None:
        """One more."""
        self._heard(event)

    @on(Taken)
    def taken(self, event: Recorded[Taken]) -> None:
        """One more."""
        self._heard(event)

    def _heard(self, event: Recorded[Any]) -> None:
        item = event.data.item
        if item in self.bad:
            raise LookupError(item)
        before = self.traces.get(item)
        self.traces.put(Trace(item, (*(before.positions if before else ()), event.position)))


VERSIONS: Final[dict[int, type[Shelf]]] = {1: Shelf, 2: DoubleShelf}


def mend() -> None:
    """Mend both views."""
    Shelf.bad.clear()
    Trail.bad.clear()


@contextmanager
def mended() -> Generator[None]:
    """A block in which both views take everything."""
    before = set(Shelf.bad), set(Trail.bad)
    mend()
    yield
    Shelf.bad.update(before[0])
    Trail.bad.update(before[1])


def skipped(projection: type[Projection], events: Sequence[object]) -> set[int]:
    """Positions that a log says are passed over."""
    own = (projection.name, projection.version)
    skips = (each for each in events if isinstance(each, ViewSkipped))
    return {each.position for each in skips if (each.view, each.version) == own}


def expected(projection: type[Projection], events: Sequence[object], skips: set[int]) -> dict[str, object]:
    """The rows that events make, by item."""
    rows: dict[str, Any] = {}
    for position, each in enumerate(events, 1):
        if not isinstance(each, (Stocked, Taken)) or position in skips:
            continue
        old = rows.get(each.item)
        if issubclass(projection, Trail):
            rows[each.item] = Trace(each.item, (*(old.positions if old else ()), position))
        elif isinstance(each, Stocked):
            assert issubclass(projection, Shelf)
            more = projection.factor * each.count
            rows[each.item] = Place(each.item, more + (old.count if old else 0), position)
        else:
            rows.pop(each.item, None)
    return rows


def stumbles(projection: type[Projection], event: object, items: set[str]) -> bool:
    """Whether a projection that fails at these items fails at an event."""
    kinds = (Stocked, Taken) if issubclass(projection, Trail) else Stocked
    return isinstance(event, kinds) and event.item in items
