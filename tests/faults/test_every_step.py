"""Every actor of an engine crashes at every step of its work, and it all ends as if nothing had happened.

Of a step it is seen in which line it is, so in a short run each line is struck once, many of a round's in one round;
a long one strikes at one line in a round, in each way.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from itertools import count
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest

from remanence.actors.actor import Actor
from remanence.actors.actor_statistics import ActorStatistics
from remanence.actors.cell import Cell
from remanence.core.errors import StorageFailed
from remanence.testkit import run_scheduled
from remanence.testkit.scratch import scratch

from ..effort import IS_LONG
from .alone import alone
from .day import Day, day
from .steps import Steps

ROUNDS: Final = 5
"""In so many rounds every line is struck once: in each at every so manieth."""
ONCE: Final = 1 << 30
OPTIONS: Final[dict[str, dict[str, Any]]] = {"retrainer": {"retrain": True}, "snapshotter": {"snapshot_events": 10}}
OURS: Final = (
    "publisher",
    "view:steady",
    "view:memory_tags",
    "retrainer",
    "cacher",
    "snapshotter",
    "reaction:bell",
    "indexer",
    "tagger",
    "embedding",
    "clusterer",
)
ALIKE: Final = {"view:memories": "view:steady", "view:vectors": "view:memory_tags", "view:clusters": "view:memory_tags"}
ELSEWHERE: Final = {"writer": "test_writing"}
"""The writer is not begun again: what it leaves when it crashes is another matter."""


class Fault(Exception):
    """What no actor foresees."""


class Striking:
    """Strikes in several ways, in turn.

    A step raises what nobody foresees; or finds that the disk refuses; or what runs beside it crashes, and so cancels
    the actor at whatever it awaits next.
    """

    def __init__(self, cell: Cell, ways: Sequence[str]) -> None:
        self._cell = cell
        self._ways = ways
        self._turn = count()
        self._interrupted = 0

    def __call__(self, where: str) -> bool:
        match self._ways[next(self._turn) % len(self._ways)]:
            case "raises":
                raise Fault(where)
            case "refuses":
                raise StorageFailed(where)
            case _:
                return self._interrupt(where)

    def _interrupt(self, where: str) -> bool:
        cell = self._cell
        if cell.lives == self._interrupted or cell._nursery is None:  # pyright: ignore[reportPrivateUsage]
            return False  # it is about to crash, or has

        async def crash() -> None:
            raise Fault(where)

        self._interrupted = cell.lives
        cell.spawn(crash)
        return True


def cells(subject: Day) -> dict[str, Cell]:
    """What the engine's actors live in, by their names."""
    supervisor = subject.memory.engine.supervisor
    assert supervisor is not None
    kept = supervisor._kept  # pyright: ignore[reportPrivateUsage]
    return {name: each.cell for name, each in kept.items()}


def seen(subject: Day, name: str) -> ActorStatistics:
    """How an actor is doing."""
    return next(each for each in subject.memory.engine.statistics().actors if each.name == name)


async def crash_at_every_step(
    folder: Path, actor: str, ways: Sequence[str], caplog: pytest.LogCaptureFixture
) -> tuple[int, int]:
    """How many steps an actor was struck at, and how often it was begun again."""
    steps, struck = Steps(actor), 0
    async with day(folder, **OPTIONS.get(actor, {})) as subject:
        await subject.round()
        assert subject.findings() == []
        for first in count(1) if IS_LONG else range(1, ROUNDS + 1):
            restarts = seen(subject, actor).restarts
            caplog.clear()
            subject.asks.clear()
            with steps.armed(first, ONCE if IS_LONG else ROUNDS, Striking(cells(subject)[actor], ways)):
                await subject.round()
            if steps.count < first:
                break
            struck += len(steps.struck)
            now = seen(subject, actor)
            assert (subject.findings(), now.state) == ([], "running"), f"struck at {steps.struck}"
            told = caplog.text + "".join(subject.asks)
            assert [each for each in steps.struck if each not in told] == [], "no failure without a trace"
            if now.restarts > restarts:
                assert any(each in str(now.last_error) for each in steps.struck), "the last error is told"
        for audit in await subject.memory.engine.audit():
            assert audit.is_sound, audit
        return struck, seen(subject, actor).restarts


@pytest.mark.parametrize("actor", OURS)
def test_a_crash_at_any_step_is_made_good(actor: str, caplog: pytest.LogCaptureFixture) -> None:
    """All is tagged, clustered, embedded, shown and reacted to once; who asked is told; and no failure is silent."""
    caplog.set_level(logging.INFO)
    for ways in (("raises",), ("refuses",), ("interrupts",)) if IS_LONG else (("raises", "refuses", "interrupts"),):
        with alone(Random(actor)), scratch() as folder:  # noqa: S311 - dice, not a secret
            struck, restarts = run_scheduled(partial(crash_at_every_step, Path(folder), actor, ways, caplog), seed=1)
        assert struck >= 4
        assert restarts


def test_no_actor_is_forgotten() -> None:
    """Whatever the engine has under its supervisor is struck, here or in a test of its own; and so is every class."""

    async def look(folder: Path) -> tuple[set[str], set[type]]:
        async with day(folder, retrain=True, snapshot_events=10) as subject:
            found = cells(subject)
            return set(found), {type(each._actor) for each in found.values()}  # pyright: ignore[reportPrivateUsage]

    with alone(Random(1)), scratch() as folder:  # noqa: S311 - dice, not a secret
        names, classes = run_scheduled(look, Path(folder), seed=1)
    assert names == {*OURS, *ALIKE, *ELSEWHERE}
    assert {
        each for each in subclasses(Actor) if not each.__module__.startswith(("remanence.perf", "tests"))
    } == classes


def subclasses(of: type) -> set[type]:
    """Those that are made of a class, and of those."""
    direct: list[type] = of.__subclasses__()
    return {*direct, *(each for one in direct for each in subclasses(one))}
