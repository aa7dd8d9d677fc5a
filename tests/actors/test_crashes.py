"""What is told of a crash: all that went wrong, whoever raised it, and however deep in groups."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from remanence.actors.actor import Actor
from remanence.actors.crashes import told
from remanence.actors.supervisor import Supervisor, supervised


class Parent(Actor[Any]):
    """Has children of its own, some of which fail."""

    name = "parent"

    async def handle(self, batch: Sequence[Any]) -> None:
        async with trio.open_nursery() as nursery:
            for message in batch:
                nursery.start_soon(self._fail, message)

    async def _fail(self, message: object) -> None:
        raise ValueError(message)


class Pair(Actor[Any]):
    """Crashes, and so does what it spawned, because of that."""

    name = "pair"

    async def started(self) -> None:
        self.spawn(self._beside)

    async def handle(self, batch: Sequence[Any]) -> None:
        raise KeyError(*batch)

    async def _beside(self) -> None:
        try:
            await trio.sleep_forever()
        finally:
            if not self.is_stopping:
                raise ValueError("beside")


class Slow(Actor[Any]):
    """Has something beside it that takes its time to end."""

    name = "slow"

    async def started(self) -> None:
        self.spawn(self._beside)

    async def handle(self, batch: Sequence[Any]) -> None:
        """Nothing comes."""

    async def _beside(self) -> None:
        try:
            await trio.sleep_forever()
        finally:
            with trio.CancelScope(shield=True):
                await trio.sleep(5)


async def test_what_fails_at_any_moment_of_an_end_is_told(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    """Between an actor's last batch and its being gone, an error from beside it is in the log, and harms nobody."""
    del autojump_clock
    caplog.set_level(logging.ERROR)
    supervisor = Supervisor([Slow])
    told_of = 0
    async with trio.open_nursery() as nursery:

        async def live() -> None:
            async with supervised(supervisor):
                await trio.sleep(1)

        nursery.start_soon(live)
        await trio.sleep(0.5)
        cell = supervisor._kept["slow"].cell  # pyright: ignore[reportPrivateUsage]
        await trio.sleep(1)  # it is ending now, and what is beside it is not through
        cell.crash(ValueError("late"))
        await trio.sleep(4)
        for _ in range(20):  # it is gone in one of these steps
            cell.crash(ValueError("later"))
            told_of += 1
            await trio.lowlevel.checkpoint()
    assert [record.getMessage() for record in caplog.records] == [
        "after the slow had ended: late",
        *["after the slow had ended: later"] * told_of,
    ]


async def test_the_last_error_is_told_out_of_its_groups(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    """An actor's own nursery wraps what its children raise; who looks at the actor reads what they raised."""
    del autojump_clock
    caplog.set_level(logging.CRITICAL)
    supervisor = Supervisor([Parent])
    async with supervised(supervisor):
        await supervisor.address("parent").tell("one")
        await trio.sleep(10)
        [seen] = supervisor.statistics()
        assert seen.last_error == "ValueError: one"
        [letter] = supervisor.dead_letters()
        assert letter.error == "ValueError: one"


async def test_of_two_crashes_neither_hides_the_other(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    """The handling crashed, then what it had spawned: both are told, and the message is to blame."""
    del autojump_clock
    supervisor = Supervisor([Pair])
    async with supervised(supervisor):
        await supervisor.address("pair").tell("bad")
        await trio.sleep(10)
        [seen] = supervisor.statistics()
        assert seen.last_error == "KeyError: 'bad'; ValueError: beside"
        assert [letter.reason for letter in supervisor.dead_letters()] == ["poison"]
    assert "KeyError: 'bad'" in caplog.text
    assert "ValueError: beside" in caplog.text


def test_groups_of_groups_are_one_line() -> None:
    """However deep."""
    inner = ExceptionGroup("inner", [ValueError("a"), KeyError("b")])
    assert told(ExceptionGroup("outer", [inner, OSError("c")])) == "ValueError: a; KeyError: 'b'; OSError: c"
