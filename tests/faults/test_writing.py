"""The writer crashes at every step: everything ends, in order and with its error, and nothing acknowledged is lost.

It is never begun again in the same program: what it may do after an error of the disk it decides itself, and a defect
of its own must not go on. So here a program ends at each step, and the next one looks at what it left.
"""

from __future__ import annotations

import logging
from functools import partial
from itertools import count
from pathlib import Path
from random import Random
from types import FrameType
from typing import Final

import attrs
import pytest
import trio

from remanence import Engine, RemanenceError, Settings, StorageFailed, open_engine
from remanence.core.stores import Sealed
from remanence.testkit import run_scheduled
from remanence.testkit.scratch import scratch

from .alone import alone
from .day import Ring, Rung, Steady
from .steps import Steps
from .test_every_step import Fault

CLIENTS: Final = 3
SETTINGS: Final = {
    durability: Settings(durability=durability, retrain=False, snapshot_events=None, cache="off", map_bytes=1 << 22)
    for durability in ("durable", "buffered")
}
CALLERS: Final = frozenset(
    ("append", "post", "flush", "use_dictionary", "on_timeout", "statistics", "in_thread", "on_commit", "__init__")
)
"""What others call of the writer, in tasks of their own."""


class WriterSteps(Steps):
    """The writer's steps: also those in the commit thread, and where that reports."""

    def is_its_own(self, frame: FrameType) -> bool:
        return frame.f_code.co_filename.endswith("writer.py") and frame.f_code.co_name not in CALLERS


@attrs.define(eq=False)
class Client:
    """Appends one event after the other, until it is told that there is no use."""

    number: int
    known: dict[int, int] = attrs.field(factory=dict[int, int])
    """What it was told is durable: where each event stands."""
    end: str = "waiting"

    async def work(self, engine: Engine) -> None:
        """Do it."""
        try:
            for turn in range(4):
                event = self.number * 100 + turn
                told = (await engine.append(Rung(event), key=f"{event}")).position
                await engine.flush()
                self.known[event] = told
        except RemanenceError as error:
            self.end = type(error).__name__
        except trio.Cancelled:
            self.end = "cancelled"
            raise
        else:
            self.end = "done"


async def program(folder: Path, durability: str, steps: Steps, nth: int, clients: list[Client], *, fails: bool) -> None:
    """Write, on a disk that fails once if it is one that does, and crash at a step."""

    def strike(where: str) -> bool:
        raise Fault(where)

    Steady.stumbled.update(range(1000))  # it never fails here
    with trio.fail_after(60):
        async with open_engine(folder, events=[Rung], projections=[Steady], settings=SETTINGS[durability]) as engine:
            if fails:
                fail_once(engine)
            with steps.armed(nth, 1 << 30, strike):
                async with trio.open_nursery() as nursery:
                    for client in clients:
                        nursery.start_soon(client.work, engine)


def fail_once(engine: Engine) -> None:
    """Have the log's disk refuse a commit."""
    append, failures = engine.log.store.append, iter([StorageFailed("no space left")])

    def refuse_once(sealed: Sealed) -> None:
        if (failure := next(failures, None)) is not None:
            raise failure
        append(sealed)

    engine.log.store.append = refuse_once  # type: ignore[method-assign]


async def look(folder: Path, clients: list[Client]) -> None:
    """The next program: what was acknowledged is there, once, and the view shows what the log has."""
    async with open_engine(folder, events=[Rung], projections=[Steady], settings=SETTINGS["durable"]) as engine:
        log = {each.position: each.data.number for each in engine.read()}
        assert list(log) == list(range(1, len(log) + 1))
        assert len(set(log.values())) == len(log)
        for client in clients:
            assert client.known.items() <= {number: position for position, number in log.items()}.items()
            for event, position in client.known.items():
                again = await engine.append(Rung(event), key=f"{event}")
                assert (again.position, again.is_duplicate) == (position, True)
        assert engine.view(Steady).rings.select() == [Ring(number) for number in sorted(log.values())]


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("durability", ["durable", "buffered"])
def test_a_crash_of_the_writer_at_any_step_ends_everything_and_loses_nothing(
    durability: str, caplog: pytest.LogCaptureFixture, *, fails: bool
) -> None:
    """Its error comes out; each caller is told; what was acknowledged is there for the next program.

    Also while it reopens a log whose disk has refused a commit.
    """
    caplog.set_level(logging.CRITICAL)
    crashed = 0
    for nth in count(1):
        steps, clients = WriterSteps("writer"), [Client(number) for number in range(CLIENTS)]
        raised: BaseException | None = None
        with alone(Random(nth)), scratch() as folder:  # noqa: S311 - dice, not a secret
            try:
                work = partial(program, Path(folder), durability, steps, nth, clients, fails=fails)
                run_scheduled(work, seed=nth)
            except Fault as error:
                raised = error
            run_scheduled(look, Path(folder), clients, seed=nth)
        if not steps.struck:
            break
        ends = {client.end for client in clients}
        assert ends <= {"done", "Closed", "OutcomeUnknown", "StorageFailed"}, f"{steps.struck}: {ends}"
        crashed += raised is not None
    assert crashed > 10
