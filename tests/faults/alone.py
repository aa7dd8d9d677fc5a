"""Alone: an engine with all its actors on one thread in virtual time, so that a seed decides all that happens.

What is given to other threads is done in the Trio loop: in a task that waits for it, or, for the commit thread, in one
of Trio's own. It takes as long as the dice say, and can be cancelled as little as a thread can.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from random import Random
from typing import Any, Final

import outcome
import pytest
import trio

from remanence.actors import bulletin
from remanence.actors import writer as writers
from remanence.actors.commit_thread import CommitThread

__all__ = ["alone"]

TIMES_S: Final = (0.0, 0.0, 0.001, 0.02)
Done = Callable[[outcome.Outcome[Any]], None]


class ScheduledThread(CommitThread):
    """A commit thread that is a task, and takes its time."""

    def __init__(self, random: Random) -> None:  # no thread, so nothing of the base's
        self._random = random
        self._send, self._receive = trio.open_memory_channel["tuple[Callable[[], Any], Done]"](1000)
        self._stopped = trio.Event()
        trio.lowlevel.spawn_system_task(self._work)

    def submit(self, job: Callable[[], Any], done: Done) -> None:
        """As `CommitThread.submit`."""
        self._send.send_nowait((job, done))

    async def stop(self) -> None:
        """As `CommitThread.stop`."""
        self._send.close()
        with trio.CancelScope(shield=True):
            await self._stopped.wait()

    async def _work(self) -> None:
        async for job, done in self._receive:
            await trio.sleep(self._random.choice(TIMES_S))
            result = outcome.capture(job)
            await trio.sleep(self._random.choice(TIMES_S))
            done(result)
        self._stopped.set()


@contextmanager
def alone(random: Random) -> Generator[None]:
    """Meanwhile nothing runs beside the Trio loop."""

    async def run_sync(work: Callable[..., Any], *args: Any, **_: Any) -> Any:
        await trio.lowlevel.checkpoint_if_cancelled()
        results: list[outcome.Outcome[Any]] = []
        with trio.CancelScope(shield=True):
            await trio.sleep(random.choice(TIMES_S))
            results.append(outcome.capture(work, *args))
            await trio.sleep(random.choice(TIMES_S))
        return results[0].unwrap()

    def make_thread(_name: str) -> ScheduledThread:
        return ScheduledThread(random)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(trio.to_thread, "run_sync", run_sync)
        patched.setattr(trio.from_thread, "check_cancelled", lambda: None)
        patched.setattr(writers, "CommitThread", make_thread)
        patched.setattr(bulletin, "PAUSE_S", 0.0)  # it is a thread's, and not of the loop's clock
        yield
