"""A writer on a stage: a log in memory, a disk that fails on cue, and a commit thread that works when it is told to.

No expectation lives here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import attrs
import outcome
import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from remanence.actors import writer as writers
from remanence.actors.supervisor import Supervisor
from remanence.actors.writer import Durability, Writer
from remanence.core.appends import Append, Appended
from remanence.core.catalogs import MemoryCatalog
from remanence.core.errors import RemanenceError, StorageFailed, ViewFailed
from remanence.core.events import Registry, event
from remanence.core.log import Log, Progress
from remanence.core.queries import Condition, Query
from remanence.core.recorded import Recorded
from remanence.core.stores import MemoryStore, Sealed
from remanence.projections.views import Views

Job = tuple[Callable[[], Any], Callable[[outcome.Outcome[Any]], None]]


@event("note.taken")
@attrs.frozen
class Noted:
    """A note."""

    text: str
    tags: tuple[str, ...] = ()

    def about(self) -> tuple[str, ...]:
        """Its tags."""
        return self.tags


@event("fact.seen", dedup=True)
@attrs.frozen
class Seen:
    """A fact, known by its own content."""

    text: str


@event("blob.kept")
@attrs.frozen
class Blob:
    """Bytes that nothing can pack."""

    data: bytes


class Disk(MemoryStore):
    """A store that refuses on cue, before or after it has stored, and can lose what it had."""

    def __init__(self) -> None:
        super().__init__()
        self.cues: deque[str] = deque()
        """What happens at the next appends: "before" or "after" it is stored, an error; "ok", none."""
        self.is_gone = False
        """Whether it can't even be opened again."""
        self.commit_sizes: list[int] = []

    def append(self, sealed: Sealed) -> None:
        cue = self.cues.popleft() if self.cues else "ok"
        if cue == "before":
            raise StorageFailed("no space left")
        super().append(sealed)
        self.commit_sizes.append(len(sealed.frames))
        if cue == "after":
            raise StorageFailed("the flush failed")

    def reopen(self) -> None:
        if self.is_gone:
            raise StorageFailed("the disk is gone")

    def lose(self, commits: int) -> None:
        """Forget the newest commits, as a disk that lied about flushing does."""
        for _ in range(commits):
            commit = self._commits.pop()
            del self._frames[commit.first - 1 :]
            self.commit_sizes.pop()


class Shown(Views):
    """Views that only note how far they are, and fail on cue."""

    def __init__(self) -> None:
        super().__init__([])
        self.events: list[Recorded[Any]] = []
        self.cues: deque[str] = deque()

    @property
    def checkpoint(self) -> int:
        """Position of the last event shown."""
        return len(self.events)

    def apply(self, events: Sequence[Recorded[Any]]) -> list[ViewFailed]:
        if (self.cues.popleft() if self.cues else "ok") == "fail":
            raise StorageFailed("no space left for views")
        self.events += [each for each in events if each.position > self.checkpoint]
        return []

    def catch_up(self, log: Log, progress: Progress | None = None) -> None:
        del progress
        self.apply(log.read(after=self.checkpoint))


class ManualThread:
    """A commit thread that does a job when it is told to, in the Trio loop itself."""

    def __init__(self) -> None:
        self.jobs: deque[Job] = deque()
        self.is_stopped = False

    def submit(self, job: Callable[[], Any], done: Callable[[outcome.Outcome[Any]], None]) -> None:
        assert not self.is_stopped
        self.jobs.append((job, done))

    def step(self) -> None:
        """Do the next job and report it."""
        job, done = self.jobs.popleft()
        done(outcome.capture(job))

    async def stop(self) -> None:
        self.is_stopped = True


@attrs.define(eq=False)
class Scene:
    """A writer at work, and everything around it."""

    disk: Disk
    log: Log
    views: Shown
    writer: Writer
    supervisor: Supervisor
    thread: ManualThread
    nursery: trio.Nursery

    def encode(self, *events: object, key: str | None = None, unless: str | None = None, after: int = 0) -> Append:
        """An append; with `unless`, on the condition that nothing with that tag stands after `after`."""
        condition = None if unless is None else Condition(Query.of(tags=[unless]), after)
        return self.log.encode(events, key=key, condition=condition)

    async def settled(self) -> None:
        """Wait until everybody waits."""
        await wait_all_tasks_blocked()

    async def commit(self) -> None:
        """Let the commit under way happen, and everybody react to it."""
        await wait_all_tasks_blocked()
        self.thread.step()
        await wait_all_tasks_blocked()

    def ask(self, append: Append, timeout_s: float | None = None) -> Call:
        """Start an append in a task of its own."""
        call = Call()
        self.nursery.start_soon(call.run, self.writer, append, timeout_s)
        return call

    async def asked(self, *events: object, key: str | None = None) -> Call:
        """Start an append and wait until it is where it gets to."""
        call = self.ask(self.encode(*events, key=key))
        await wait_all_tasks_blocked()
        return call

    def texts(self) -> list[str]:
        """What the notes in the log say, in order."""
        return [each.data.text for each in self.log.read()]


@attrs.define(eq=False)
class Call:
    """An append that somebody waits for, and what becomes of it: a value, an error, or neither when it is cancelled."""

    value: Appended | None = None
    error: RemanenceError | None = None
    scope: trio.CancelScope = attrs.field(factory=trio.CancelScope)
    is_waiting: bool = True

    async def run(self, writer: Writer, append: Append, timeout_s: float | None = None) -> None:
        """Make the call."""
        try:
            with self.scope:
                self.value = await writer.append(append, timeout_s=timeout_s)
        except RemanenceError as error:
            self.error = error
        finally:
            self.is_waiting = False

    @property
    def was_cancelled(self) -> bool:
        """Whether it left without an answer."""
        return self.scope.cancelled_caught

    @property
    def positions(self) -> list[int]:
        """Where its events stand."""
        assert self.value is not None
        return list(self.value.positions)


async def _crash_with(supervisor: Supervisor) -> None:
    """Let what crashed the writer crash the scene."""
    await supervisor.escalated()
    supervisor.check()


@asynccontextmanager
async def on_stage(
    monkeypatch: pytest.MonkeyPatch, *, durability: str = Durability.DURABLE, capacity: int = 1024
) -> AsyncGenerator[Scene]:
    """Run a writer; at the end of the block let it finish."""
    disk, views = Disk(), Shown()
    log = Log(disk, MemoryCatalog(), Registry((Noted, Seen, Blob)), clock=lambda: 1, entropy=bytes)
    thread = ManualThread()

    def make_thread(_name: str) -> ManualThread:
        return thread

    monkeypatch.setattr(writers, "CommitThread", make_thread)
    writer = Writer(log, views, durability=durability, capacity=capacity)
    supervisor = Supervisor([lambda: writer])
    async with trio.open_nursery() as nursery:
        await nursery.start(supervisor.run)
        nursery.start_soon(_crash_with, supervisor)
        yield Scene(disk, log, views, writer, supervisor, thread, nursery)
        writer.cell.close()
        await wait_all_tasks_blocked()
        while thread.jobs:
            thread.step()
            await wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
