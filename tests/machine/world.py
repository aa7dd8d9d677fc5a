"""A machine that can crash: at a write of one's choosing, the process or all of it. Nothing is expected here.

A crash is simulated in this very process. From the crash on no write of LMDB's reaches the disk and no view is marked
as clean; everything is closed then, because LMDB forbids to open a file twice. A crash of the machine is the same,
plus another boot id, and garbage in every view's file that was open: nobody may look at those.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Literal

import lmdb
import outcome
import pytest
import trio

from remanence.actors import writer as writers
from remanence.actors.commit_thread import CommitThread
from remanence.core.environment import Environment
from remanence.core.errors import StorageFailed
from remanence.projections import snapshots, view_store, views
from remanence.projections.trust import is_trusted, mark_clean

GARBAGE: Final = b"\xff" * 16384


class Crash(StorageFailed):
    """The process is no more; whatever it still wants to write doesn't reach the disk."""


When = tuple[Literal["opening", "working"], int, Literal["before", "after"]]
"""While doing what, at which write, and whether that one is still done."""


class InlineThread(CommitThread):
    """A commit thread that does its jobs in the Trio loop, one tick later: so that the same commands do the same."""

    def __init__(self, _name: str) -> None:  # no thread, so nothing of the base's
        self._token = trio.lowlevel.current_trio_token()

    def submit(self, job: Callable[[], Any], done: Callable[[outcome.Outcome[Any]], None]) -> None:
        """As `CommitThread.submit`."""
        self._token.run_sync_soon(lambda: done(outcome.capture(job)))

    async def stop(self) -> None:
        """As `CommitThread.stop`."""


class Machine:
    """The disk and the start of the machine, as the engine's files see them."""

    def __init__(self) -> None:
        self.is_dead = False
        self.phase = "opening"
        self._writes = 0
        self._boot = 0
        self._crash: When | None = None

    @contextmanager
    def running(self, crash: When | None) -> Generator[None]:
        """Run a process, which crashes at a write if it gets that far."""
        self.is_dead, self._crash = False, crash
        self.enter("opening")
        write, sync = Environment.write, Environment.sync

        def write_or_crash(env: Environment, change: Callable[[lmdb.Transaction[bytes]], Any]) -> Any:
            self._writes += 1
            if self.is_dead or self._crash == (self.phase, self._writes, "before"):
                self.is_dead = True
                raise Crash("crashed before a write")
            result = write(env, change)
            if self._crash == (self.phase, self._writes, "after"):
                self.is_dead = True
                raise Crash("crashed after a write")
            return result

        def sync_if_alive(env: Environment) -> None:
            if not self.is_dead:
                sync(env)

        def mark_if_alive(directory: Path) -> None:
            if not self.is_dead:
                mark_clean(directory)

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(Environment, "write", write_or_crash)
            patched.setattr(Environment, "sync", sync_if_alive)
            for module in (view_store, snapshots):
                patched.setattr(module, "mark_clean", mark_if_alive)
            for module in (view_store, views, snapshots):
                patched.setattr(module, "boot_id", lambda: f"start {self._boot}")
            patched.setattr(writers, "CommitThread", InlineThread)
            yield

    def enter(self, phase: str) -> None:
        """Count writes anew."""
        self.phase, self._writes = phase, 0

    def restart(self, root: Path) -> None:
        """Start the machine again; what was open when it went down is torn."""
        for data in root.glob("views/*/data.mdb"):
            if not is_trusted(data.parent, None):
                with data.open("r+b") as file:
                    file.write(GARBAGE)
        self._boot += 1
