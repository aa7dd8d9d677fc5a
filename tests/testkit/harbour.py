"""A harbour for the testkit's tests: events, commands and projections as users write them. No expectation here."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime
from typing import ClassVar
from uuid import uuid4

import attrs

from remanence import Condition, Engine, Index, InvalidInput, Projection, Recorded, Table, event, on


@event("ship.moored")
@attrs.frozen
class Moored:
    """A ship lies at a berth."""

    ship: str
    berth: int
    flags: tuple[str, ...] = ()

    def about(self) -> tuple[str, ...]:
        """The ship."""
        return (f"ship:{self.ship}", "harbour:here")


@event("ship.sailed")
@attrs.frozen
class Sailed:
    """A ship is gone."""

    ship: str

    def about(self) -> tuple[str, ...]:
        """The ship."""
        return (f"ship:{self.ship}", "harbour:here")


@event("tide.turned")
@attrs.frozen
class TideTurned:
    """Concerns nobody."""


EVENTS = (Moored, Sailed, TideTurned)


@attrs.frozen
class Berth:
    """A ship and where it lies."""

    ship: str
    berth: int
    flags: tuple[str, ...] = ()
    note: str = ""


class Berths(Projection):
    """A projection that keeps every rule."""

    berths = Table(Berth, key="ship", indexes={"by_berth": "berth", "by_flag": Index(("flags",), each="flags")})

    @on(Moored)
    def moored(self, event: Recorded[Moored]) -> None:
        """Here."""
        self.berths.put(Berth(event.data.ship, event.data.berth, event.data.flags, event.time.date().isoformat()))

    @on(Sailed)
    def sailed(self, event: Recorded[Sailed]) -> None:
        """Gone."""
        self.berths.delete(event.data.ship)


class Note(Projection):
    """Puts a note in every row; each of those below breaks one rule by what it notes."""

    berths = Table(Berth, key="ship")

    @on(Moored)
    def moored(self, event: Recorded[Moored]) -> None:
        """A row with a note."""
        self.berths.put(Berth(event.data.ship, event.data.berth, note=self.note(event)))

    def note(self, event: Recorded[Moored]) -> str:
        """What to note."""
        return event.type


class Today(Note):
    """Depends on the date: two folds of one day agree."""

    def note(self, event: Recorded[Moored]) -> str:  # noqa: ARG002
        """The date."""
        return datetime.now(UTC).date().isoformat()


class Stopwatch(Note):
    """Depends on the time."""

    def note(self, event: Recorded[Moored]) -> str:  # noqa: ARG002
        """The time."""
        return str(time.time_ns())


class Dice(Note):
    """Depends on chance."""

    def note(self, event: Recorded[Moored]) -> str:  # noqa: ARG002
        """A throw."""
        return str(vars(random)["choice"]("123456"))  # as users write it: the house bans the plain way


class Unique(Note):
    """Depends on chance through an id."""

    def note(self, event: Recorded[Moored]) -> str:  # noqa: ARG002
        """An id."""
        return uuid4().hex


class OwnGenerator(Note):
    """Draws from a generator that the event seeds: a function of the event like any other."""

    def note(self, event: Recorded[Moored]) -> str:
        """A throw that is the same every time."""
        return str(random.Random(event.position).random())  # noqa: S311


class SelfCounting(Note):
    """Keeps a count in itself, which lasts for a batch."""

    count = 0

    def note(self, event: Recorded[Moored]) -> str:  # noqa: ARG002
        """How many there were in this batch."""
        self.count += 1
        return str(self.count)


class Remembering(Projection):
    """Keeps what it has seen in its class, which outlives every view."""

    berths = Table(Berth, key="ship")
    seen: ClassVar[set[str]] = set()

    @on(Moored)
    def moored(self, event: Recorded[Moored]) -> None:
        """New or not, as the class remembers."""
        note = "again" if event.data.ship in self.seen else "new"
        self.seen.add(event.data.ship)
        self.berths.put(Berth(event.data.ship, event.data.berth, note=note))


class LastOne(Note):
    """Depends on the order of events: every row notes which ship came before."""

    last = Table(Berth, key="berth")

    def note(self, event: Recorded[Moored]) -> str:
        """Who came before."""
        before = self.last.get(0)
        self.last.put(Berth(event.data.ship, 0))
        return before.ship if before else "nobody"


async def moor(engine: Engine, ship: str, berth: int) -> int:
    """A command: refuses a berth that is taken."""
    if engine.view(Berths).berths.select("by_berth", berth):
        message = f"berth {berth} is taken"
        raise InvalidInput(message)
    nobody_came = Condition(engine.query(types=[Moored]), engine.checkpoint(Berths))
    return (await engine.append(Moored(ship, berth), by="pilot", tags=["log"], condition=nobody_came)).position
