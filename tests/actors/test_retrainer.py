"""The retrainer: a dictionary of the log's own when it pays, and never a reason for anything to stop."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from random import Random

import pytest
import trio

from remanence.actors import retrainer as retrainers
from remanence.actors.retrainer import Retrainer
from remanence.actors.supervisor import Supervisor
from remanence.core.catalogs import MemoryCatalog
from remanence.core.errors import StorageFailed
from remanence.core.events import Registry
from remanence.core.log import Log

from .scene import Blob, Noted, Scene, on_stage

EVENTS = 200


@pytest.fixture(autouse=True)
def early(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look after fewer events than usual."""
    monkeypatch.setattr(retrainers, "FIRST_EVENTS", EVENTS)


def repetitive(number: int) -> Noted:
    """Words that only this log knows, again and again."""
    random = Random(number)  # noqa: S311 - the same words every time
    names = ["Quillfeather", "Brackenmoor", "Zephyrine", "Oxalisbury", "Thistlewick", "Umberfield"]
    lines = (f"the ledger of {random.choice(names)} closes at {random.randrange(24)} o'clock" for _ in range(6))
    return Noted(" ".join(lines))


def noise(number: int) -> Blob:
    """Bytes that nobody sends twice."""
    return Blob(Random(number).randbytes(150))  # noqa: S311 - the same noise every time


@asynccontextmanager
async def retraining(scene: Scene, make: Callable[[int], object]) -> AsyncGenerator[None]:
    """Write events beside a retrainer, which ends at the end of the block."""
    retrainer = Retrainer(scene.log, scene.writer)
    retrainer.needs = ()  # the writer is the scene's
    supervisor = Supervisor([lambda: retrainer])
    async with trio.open_nursery() as nursery:
        await nursery.start(supervisor.run)
        await scene.asked(*(make(number) for number in range(EVENTS)))
        await scene.commit()
        yield
        nursery.cancel_scope.cancel()


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what a thread does."""
    with trio.fail_after(60):
        while not condition():
            await trio.lowlevel.checkpoint()


async def test_a_log_that_repeats_itself_gets_a_dictionary_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written from then on is smaller, and a program that opens the log later reads all of it."""
    async with on_stage(monkeypatch) as scene, retraining(scene, repetitive):
        size_before = len(scene.disk.read(EVENTS, EVENTS)[0])
        await until(lambda: scene.log.dictionaries.ids == [1, 2])
        await scene.asked(repetitive(EVENTS - 1))
        await scene.commit()
        assert len(scene.disk.read(EVENTS + 1, EVENTS + 1)[0]) < 0.8 * size_before
        assert list(scene.disk.dictionaries()) == [1, 2]
        later = Log(scene.disk, MemoryCatalog(), Registry((Noted,)))
        assert [each.data for each in later.read(after=EVENTS - 1)] == [repetitive(EVENTS - 1)] * 2


async def test_a_log_that_does_not_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dictionary that doesn't pay is not used: it would only take room."""
    judged = trio.Event()
    token = trio.lowlevel.current_trio_token()
    train = Retrainer._train  # pyright: ignore[reportPrivateUsage]

    def noted(self: Retrainer, head: int) -> object:
        try:
            return train(self, head)
        finally:
            token.run_sync_soon(judged.set)

    monkeypatch.setattr(Retrainer, "_train", noted)
    async with on_stage(monkeypatch) as scene, retraining(scene, noise):
        await judged.wait()
        await scene.settled()
        assert scene.log.dictionaries.ids == [1]


async def test_a_dictionary_that_is_refused_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Packing less well is no failure: the retrainer says so and waits for the next occasion."""
    refused = trio.Event()

    async def refuse(_data: bytes) -> None:
        refused.set()
        raise StorageFailed("the log is read-only")

    async with on_stage(monkeypatch) as scene:
        monkeypatch.setattr(scene.writer, "use_dictionary", refuse)
        async with retraining(scene, repetitive):
            await refused.wait()
            await scene.settled()
        assert scene.log.dictionaries.ids == [1]
