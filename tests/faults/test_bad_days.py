"""Bad days for each actor: messages that mean nothing, models that never answer, an end in the middle of it all."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, Final

import numpy as np
import pytest
import trio

import remanence
from remanence import ClusterSettings, InvalidInput, Settings
from remanence.core.embedder import Embedder
from remanence.core.errors import Unanswered
from remanence.projections.semantic.vectors import Vectors
from remanence.testkit import run_scheduled
from remanence.testkit.scratch import scratch

from ..effort import IS_LONG
from .alone import alone
from .day import STATIC, Day, Model, day
from .steps import Steps
from .test_every_step import OPTIONS, OURS, seen

STEPS: Final = range(1, 1000) if IS_LONG else (3, 20)
"""At which of its steps an actor's engine is closed; one that has fewer ends with its last."""
SECONDS_MAX: Final = 8.0
"""A model that hangs is let go after this, so that a test that fails comes to an end."""


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Failures are logged; that is proved elsewhere."""
    caplog.set_level(logging.CRITICAL)


def test_a_message_that_means_nothing_stops_nobody() -> None:
    """Told or asked, each actor ignores it, or it is among the dead; all work is done, and the writer takes none."""

    async def main(folder: Path) -> None:
        async with day(folder, retrain=True, snapshot_events=10) as subject:
            engine = subject.memory.engine
            for name in (each.name for each in engine.statistics().actors):
                if name == "writer":
                    with pytest.raises(InvalidInput, match="append"):
                        engine.actor(name)
                    continue
                assert await engine.actor(name).tell(object())
                if name not in ("tagger", "clusterer", "embedding"):
                    with pytest.raises(Unanswered):
                        await engine.actor(name).ask(object())
            await subject.round()
            assert subject.findings() == []
            assert {each.state for each in engine.statistics().actors} == {"running"}

    with alone(Random(1)), scratch() as folder:  # noqa: S311 - dice, not a secret
        run_scheduled(main, Path(folder), seed=1)


@pytest.mark.parametrize("actor", OURS)
def test_the_engine_is_closed_in_the_middle_of_any_step(actor: str) -> None:
    """It ends within its time, every write that was answered is there, and the next life does what was left."""
    for nth in STEPS:
        steps = Steps(actor)
        with alone(Random(nth)), scratch() as folder:  # noqa: S311 - dice, not a secret
            run_scheduled(partial(close_at, Path(folder), steps, nth), seed=nth)
        if not steps.struck:
            break


async def close_at(folder: Path, steps: Steps, nth: int) -> None:
    """Close an engine at an actor's nth step, and look at what the next one makes of it."""
    closing = trio.Event()

    def strike(_: str) -> bool:
        closing.set()
        return True

    options = OPTIONS.get(steps.actor, {})
    async with day(folder, **options) as first:
        with steps.armed(nth, 1 << 30, strike):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(first.round)
                with trio.move_on_after(60):
                    await closing.wait()
                nursery.cancel_scope.cancel()
        begun = trio.current_time()
    assert trio.current_time() - begun <= 30
    async with day(folder, **options) as second:
        now = texts(second)
        assert first.alive.items() <= now.items() or len(now) <= len(first.alive) + 1, "a write was lost"
        second.alive, second.rung = now, second.memory.engine.statistics().types.get("bell.rung", 0)
        await second.catch_up()
        assert second.findings() == [], f"closed at {steps.struck}"
        assert seen(second, steps.actor).restarts == 0


def texts(subject: Day) -> dict[str, str]:
    """What the memories say that there are."""
    rows = [row for scope in ("ada", "juno") for row in subject.memory.find(scope=scope, limit=None)]
    return {row.id: row.text for row in rows}


class Hanging(Model):
    """A model that never answers."""

    def __init__(self) -> None:
        self.is_asked = threading.Event()
        self.gate = threading.Event()

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Nothing, for as long as a test has patience."""
        if threading.current_thread() is not threading.main_thread():  # where recall asks for its question's vector
            self.is_asked.set()
            self.gate.wait(SECONDS_MAX)
        return super().embed(texts)


def opened(path: Path, model: Embedder, which: str) -> Any:
    """A memory whose embedder or clusterer asks a model."""
    settings = Settings(shutdown_s=0.1, retrain=False, snapshot_events=None)
    if which == "embedding":
        return remanence.open(path, embedder=(model, STATIC), settings=settings)
    return remanence.open(path, clusters=ClusterSettings(model, changes=1), settings=settings)


@pytest.mark.parametrize("which", ["embedding", "clusterer"])
async def test_a_model_that_hangs_holds_up_nobody(tmp_path: Path, which: str) -> None:
    """Remembering and recalling go on, the engine closes in its time, and what was not done is done another day."""
    model = Hanging()
    async with opened(tmp_path, model, which) as memory:
        await memory.remember("green tea in the kettle")
        await trio.to_thread.run_sync(model.is_asked.wait, SECONDS_MAX)
        await memory.remember("deploy to staging")
        assert memory.recall("tea")[0].memory.text == "green tea in the kettle"
        begun = trio.current_time()
    assert trio.current_time() - begun < SECONDS_MAX / 4
    model.gate.set()
    async with opened(tmp_path, Model(), which) as memory:
        with trio.fail_after(30):
            await memory.engine.actor(which).ask("all", timeout_s=30)
        if which == "embedding":
            assert memory.engine.view(Vectors).vectors.count() == 2
        else:
            assert memory.waiting_changes() == 0


async def test_an_engine_opens_whatever_its_vectors_look_like(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for a model's vectors: not even if their view can't be built, now or ever."""
    async with remanence.open(tmp_path) as memory:
        await memory.remember("green tea in the kettle")

    def fail(*_: object) -> None:
        raise ArithmeticError("not a view")

    with monkeypatch.context() as patched:
        patched.setattr(Vectors, "_tell", fail)
        begun = trio.current_time()
        async with opened(tmp_path, Model(), "embedding") as memory:
            assert trio.current_time() - begun < 2
            assert memory.recall("tea")[0].memory.text == "green tea in the kettle"
