"""What the killed program does: several tasks at once write all that can be written, and report what was acknowledged.

A report is one line of JSON on standard output, written only after the answer came (buffered: after a flush).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from random import Random
from typing import Final

import attrs
import msgspec
import trio

import remanence
from remanence import Memory, NewMemory, Projection, Recorded, Settings, Table, event, on
from remanence.memory.deciding import Remembered

__all__ = ["EVENTS", "PROJECTIONS", "Acknowledged", "Measured", "read_report"]

SIZES: Final = (10, 50, 500, 9000)
"""Characters of a note: from less than a page to several."""


@event("value.measured")
@attrs.frozen
class Measured:
    """A value, with a note of some length."""

    sensor: str
    value: int
    note: str

    def about(self) -> tuple[str, ...]:
        """Where it was measured."""
        return (f"sensor:{self.sensor}",)


@attrs.frozen
class Total:
    """What a sensor has measured so far."""

    sensor: str
    total: int
    count: int


class Totals(Projection):
    """The sum of each sensor's values."""

    totals = Table(Total, key="sensor", indexes={"by_total": ("total",)})

    @on(Measured)
    def measured(self, event: Recorded[Measured]) -> None:
        """One more."""
        old = self.totals.get(event.data.sensor) or Total(event.data.sensor, 0, 0)
        self.totals.put(Total(old.sensor, old.total + event.data.value, old.count + 1))


EVENTS: Final = (Measured,)
PROJECTIONS: Final = (Totals,)


@attrs.frozen
class Acknowledged:
    """One answer.

    Attributes:
        type: name of the type of the events that it is about.
        positions: where they stand.
        id: the memory, if it is about one.
        text: what it says, if that was told.
        key: the append's dedup key, if it had one.
        values: what was measured.
    """

    type: str
    positions: list[int]
    id: str | None = None
    text: str | None = None
    key: str | None = None
    values: list[int] = attrs.field(factory=list[int])


_encode: Final = msgspec.json.Encoder().encode
read_report: Final = msgspec.json.Decoder(Acknowledged).decode


class Worker:
    """A task that writes for ever."""

    def __init__(self, memory: Memory, random: Random, *, flushes: bool) -> None:
        self._memory = memory
        self._random = random
        self._flushes = flushes
        self._known: list[str] = []

    async def work(self) -> None:
        """Do one thing after the other."""
        while True:
            what = self._random.choice((self._tell, self._speak, self._measure, self._change))
            report = await what()
            if report is not None:
                if self._flushes:
                    await self._memory.engine.flush()
                os.write(1, _encode(report) + b"\n")

    async def _tell(self) -> Acknowledged:
        text = f"fact {self._random.randrange(200)} " + "x" * self._random.choice(SIZES)
        [result] = await self._memory.remember_each([NewMemory(text, tags=["fact"])])
        return self._told(result, text)

    async def _speak(self) -> Acknowledged:
        text = f"turn {self._random.randrange(1 << 30)}"
        new = NewMemory(text, kind="turn", session=f"session {self._random.randrange(20)}", speaker="Ada")
        [result] = await self._memory.remember_each([new])
        return self._told(result, text)

    def _told(self, result: object, text: str) -> Acknowledged:
        assert isinstance(result, Remembered), repr(result)
        self._known.append(result.id)
        if result.is_new:
            return Acknowledged("memory.remembered", [result.position], result.id, text)
        return Acknowledged("memory.reinforced", [result.position], result.id)

    async def _measure(self) -> Acknowledged:
        values = [self._random.randrange(1000) for _ in range(self._random.choice((1, 1, 1, 30)))]
        note = "n" * self._random.choice(SIZES)
        key = f"{self._random.randrange(1 << 60):x}"
        events = [Measured(f"s{value % 7}", value, note) for value in values]
        positions = (await self._memory.engine.append(*events, key=key)).positions
        return Acknowledged("value.measured", list(positions), text=note, key=key, values=values)

    async def _change(self) -> Acknowledged | None:
        if not self._known:
            return None
        one = self._random.choice(self._known)
        try:
            if self._random.random() < 0.2:
                self._known.remove(one)
                return Acknowledged("memory.forgotten", [await self._memory.forget(one)], one)
            if self._random.random() < 0.5:
                return Acknowledged("memory.reinforced", [await self._memory.reinforce(one)], one)
            return Acknowledged("memory.revised", [await self._memory.revise(one, confidence=0.5)], one)
        except remanence.NotFound:
            return None  # another task forgot it


async def main(path: Path, seed: int, durability: str, tasks: int) -> None:
    """Open a memory and work until killed."""
    random = Random(seed)  # noqa: S311 - the same seed does the same
    settings = Settings(durability=durability)
    async with remanence.open(path, events=EVENTS, projections=PROJECTIONS, settings=settings) as memory:
        os.write(1, b"open\n")
        async with trio.open_nursery() as nursery:
            for _ in range(tasks):
                worker = Worker(memory, Random(random.random()), flushes=durability == "buffered")  # noqa: S311
                nursery.start_soon(worker.work)


if __name__ == "__main__":
    trio.run(main, Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
