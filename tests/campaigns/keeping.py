"""What the killed program does to views: writes, rebuilds, copies, and looks at the past, all at once, until it dies.

Each of its tasks reports with one line of JSON on standard output what it has done, once it is done.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from random import Random
from typing import Any, Final

import attrs
import msgspec
import trio

from remanence import Engine, Index, Projection, Recorded, Settings, Table, on, open_engine
from remanence.actors import keeper

from .workload import EVENTS, Measured, Totals

__all__ = ["Done", "options", "projections", "read_done"]

SNAPSHOT_EVENTS: Final = 100
BATCH: Final = 32
"""Events to a transaction of a view's: few, so that there is more to be killed in."""
REBUILDS_AT_ONCE: Final = 2


@attrs.frozen
class Peak:
    """The highest value of a sensor, and when."""

    sensor: str
    value: int
    position: int


class Peaks(Projection):
    """Sensors by their highest value."""

    peaks = Table(Peak, key="sensor", indexes={"by_value": Index(("value", "sensor"))})

    @on(Measured)
    def measured(self, event: Recorded[Measured]) -> None:
        """Perhaps a higher one."""
        old = self.peaks.get(event.data.sensor)
        if old is None or event.data.value > old.value:
            self.peaks.put(Peak(event.data.sensor, event.data.value, event.position))


class Latest(Peaks):
    """Its second version: the last value."""

    name = "peaks"
    version = 2

    @on(Measured)
    def measured(self, event: Recorded[Measured]) -> None:
        """A later one."""
        self.peaks.put(Peak(event.data.sensor, event.data.value, event.position))


@attrs.frozen
class Value:
    """One measurement."""

    position: int
    sensor: str
    value: int


class Values(Projection):
    """Every measurement that was not corrected by a later one of the same value."""

    values = Table(Value, key="position", indexes={"by_sensor": Index(("sensor", "value"))})

    @on(Measured)
    def measured(self, event: Recorded[Measured]) -> None:
        """One more; those it corrects go."""
        for old in self.values.select("by_sensor", event.data.sensor, event.data.value):
            self.values.delete(old.position)
        self.values.put(Value(event.position, event.data.sensor, event.data.value))


def projections(code: int) -> list[type[Projection]]:
    """The views of a program whose code is of this number."""
    return [Totals, Latest if code % 3 == 0 else Peaks, Values]


def options(code: int) -> dict[str, Any]:
    """What an engine is opened with: which views follow changes from one program to the next."""
    chosen = projections(code)
    following = [each for number, each in enumerate(chosen) if (code >> number) & 1]
    return {
        "events": EVENTS,
        "projections": [each for each in chosen if each not in following],
        "async_projections": following,
        "settings": Settings(snapshot_events=SNAPSHOT_EVENTS, retrain=False),
    }


@attrs.frozen
class Done:
    """What a task has done.

    Attributes:
        what: "append", "rebuild", "backup", "past".
        position: the last event that it is about.
        name: of what was made.
    """

    what: str
    position: int
    name: str = ""


_encode: Final = msgspec.json.Encoder().encode
read_done: Final = msgspec.json.Decoder(Done).decode


def _report(done: Done) -> None:
    os.write(1, _encode(done) + b"\n")


async def _write(engine: Engine, random: Random) -> None:
    while True:
        count = random.choice((1, 1, 5, 40))
        events = [Measured(f"s{random.randrange(9)}", random.randrange(50), "n" * 40) for _ in range(count)]
        _report(Done("append", (await engine.append(*events)).position))


async def _rebuild(engine: Engine, random: Random, code: int) -> None:
    while True:
        chosen = random.choice(projections(code))
        await engine.rebuild(chosen)
        _report(Done("rebuild", engine.checkpoint(chosen), chosen.name))


async def _copy(engine: Engine, folder: Path) -> None:
    for number in range(1000):
        least = engine.head
        await engine.backup(folder / f"{os.getpid()} {number}")
        _report(Done("backup", least, f"{os.getpid()} {number}"))


async def _look_back(engine: Engine, random: Random) -> None:
    while True:
        position = random.randrange(engine.head + 1)
        async with engine.as_of(position) as past:
            assert past.head == position
        _report(Done("past", position))


async def main(path: Path, backups: Path, seed: int, code: int) -> None:
    """Open, and work until killed."""
    random = Random(seed)  # noqa: S311 - the same seed does the same
    async with open_engine(path, **options(code)) as engine, trio.open_nursery() as nursery:
        for _ in range(2):
            nursery.start_soon(_write, engine, Random(random.random()))  # noqa: S311
        for _ in range(REBUILDS_AT_ONCE):
            nursery.start_soon(_rebuild, engine, Random(random.random()), code)  # noqa: S311
        nursery.start_soon(_copy, engine, backups)
        nursery.start_soon(_look_back, engine, random)


if __name__ == "__main__":
    keeper.BATCH = BATCH  # type: ignore[misc]  # pyright: ignore[reportConstantRedefinition]
    trio.run(main, Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
