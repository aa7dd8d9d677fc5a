"""Buffered mode: answers at once, and a window that is never longer than 50 operations or 100 milliseconds."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from remanence.actors.writer import BUFFER_OPERATIONS, BUFFER_S, Durability
from remanence.core.errors import Conflict

from .scene import Noted, on_stage

BUFFERED = Durability.BUFFERED


async def test_an_append_is_answered_when_it_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its position is known, its conflicts are found, and nothing is on the disk yet."""
    async with on_stage(monkeypatch, durability=BUFFERED) as scene:
        first = scene.ask(scene.encode(Noted("a", ("seat",)), key="k", unless="seat"))
        await scene.settled()
        assert first.positions == [1]
        assert scene.log.head == 0
        again = await scene.asked(Noted("a", ("seat",)), key="k")
        assert again.positions == [1]
        second = scene.ask(scene.encode(Noted("b", ("seat",)), unless="seat"))
        await scene.settled()
        assert isinstance(second.error, Conflict)
        assert not scene.thread.jobs


async def test_fifty_operations_are_a_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fiftieth makes all fifty due, however fast they came."""
    async with on_stage(monkeypatch, durability=BUFFERED) as scene:
        for number in range(BUFFER_OPERATIONS - 1):
            await scene.asked(Noted(str(number)))
        assert not scene.thread.jobs
        await scene.asked(Noted("last"))
        assert len(scene.thread.jobs) == 1
        await scene.commit()
        assert scene.disk.commit_sizes == [BUFFER_OPERATIONS]


async def test_a_hundred_milliseconds_are_a_commit(monkeypatch: pytest.MonkeyPatch, mock_clock: MockClock) -> None:
    """So long after the first operation, however few came; a quiet tail is durable too."""
    async with on_stage(monkeypatch, durability=BUFFERED) as scene:
        for _ in range(3):
            await scene.asked(Noted("a"))
            mock_clock.jump(BUFFER_S * 0.6)
            await scene.settled()
            await scene.asked(Noted("b"))
            assert not scene.thread.jobs
            mock_clock.jump(BUFFER_S * 0.4)
            await scene.settled()
            assert len(scene.thread.jobs) == 1
            await scene.commit()
            mock_clock.jump(BUFFER_S * 10)
            await scene.settled()
        assert scene.disk.commit_sizes == [2, 2, 2]


async def test_what_comes_during_a_commit_is_due_within_a_hundred_milliseconds(
    monkeypatch: pytest.MonkeyPatch, mock_clock: MockClock
) -> None:
    """A slow commit doesn't make the next window longer: when it ends, what is due goes at once."""
    async with on_stage(monkeypatch, durability=BUFFERED) as scene:
        for number in range(BUFFER_OPERATIONS):
            await scene.asked(Noted(str(number)))
        await scene.asked(Noted("meanwhile"))
        mock_clock.jump(BUFFER_S)
        await scene.settled()
        await scene.commit()
        assert len(scene.thread.jobs) == 1
        await scene.commit()
        assert scene.disk.commit_sizes == [BUFFER_OPERATIONS, 1]


async def test_flushing_makes_everything_accepted_durable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also what is staged behind a commit under way."""
    async with on_stage(monkeypatch, durability=BUFFERED) as scene:
        for number in range(BUFFER_OPERATIONS + 2):
            await scene.asked(Noted(str(number)))
        flushed = trio.Event()

        async def flush() -> None:
            await scene.writer.flush()
            flushed.set()

        scene.nursery.start_soon(flush)
        await scene.commit()
        assert not flushed.is_set()
        await scene.commit()
        assert flushed.is_set()
        assert scene.log.head == scene.views.checkpoint == BUFFER_OPERATIONS + 2


@pytest.mark.parametrize("end", ["stop", "cancel"])
async def test_an_orderly_end_loses_nothing(monkeypatch: pytest.MonkeyPatch, end: str) -> None:
    """Only a crash may lose the window: a writer that is stopped, or cancelled, writes what it accepted."""
    async with on_stage(monkeypatch, durability=BUFFERED) as scene:
        for number in range(3):
            await scene.asked(Noted(str(number)))
        if end == "stop":
            scene.nursery.start_soon(scene.supervisor.stop, trio.current_time() + 1)
        else:
            scene.writer.cell._scope.cancel()  # pyright: ignore[reportPrivateUsage]
        await scene.commit()
        assert scene.texts() == ["0", "1", "2"]
        assert scene.thread.is_stopped


async def test_a_crash_loses_the_window_and_nothing_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """What had been committed is there, whole commits in order; what was in the window is gone without a trace."""
    async with on_stage(monkeypatch, durability=BUFFERED) as scene:
        for number in range(BUFFER_OPERATIONS + 7):
            await scene.asked(Noted(str(number)))
        await scene.commit()
        assert scene.texts() == [str(number) for number in range(BUFFER_OPERATIONS)]
        assert [commit.count for commit in scene.disk.commits(1, 10)] == [BUFFER_OPERATIONS]
