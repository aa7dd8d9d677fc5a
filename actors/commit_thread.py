"""The commit thread: the one thread in which a log and its views are written.

LMDB's write transactions belong to the thread that began them, and a round trip through a queue and
`run_sync_soon` costs half of one through Trio's thread pool (measured: 23 µs against 47).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

import outcome
import trio

__all__ = ["CommitThread"]

Job = tuple[Callable[[], Any], Callable[[outcome.Outcome[Any]], None]]


class CommitThread:
    """A thread that runs jobs in order and reports to the Trio loop it was started from."""

    def __init__(self, name: str) -> None:
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._token = trio.lowlevel.current_trio_token()
        self._stopped = trio.Event()
        # A daemon, so that a program that dies without stopping it ends: what it was doing is then as after a kill.
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def submit(self, job: Callable[[], Any], done: Callable[[outcome.Outcome[Any]], None]) -> None:
        """Run `job` in the thread after all before it, then `done` with its outcome in the Trio loop."""
        self._jobs.put((job, done))

    async def run(self, job: Callable[[], Any]) -> Any:
        """Run `job` in the thread and wait for it; can't be cancelled, because the job can't."""
        finished = trio.Event()
        results: list[outcome.Outcome[Any]] = []

        def done(result: outcome.Outcome[Any]) -> None:
            results.append(result)
            finished.set()

        self.submit(job, done)
        with trio.CancelScope(shield=True):
            await finished.wait()
        return results[0].unwrap()

    async def stop(self) -> None:
        """End the thread after the jobs it has, and wait for that; can't be cancelled."""
        self._jobs.put(None)
        with trio.CancelScope(shield=True):
            await self._stopped.wait()
        self._thread.join()

    def _run(self) -> None:
        try:
            while (job := self._jobs.get()) is not None:
                self._token.run_sync_soon(job[1], outcome.capture(job[0]))
            self._token.run_sync_soon(self._stopped.set)
        except trio.RunFinishedError:
            return  # nobody is left to report to
