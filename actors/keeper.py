"""Keepers: each keeps one view going. It follows the log, tries again what failed, builds a view anew beside itself.

Invariants:
- one thing at a time writes to a view: the commit thread, if it is part of the commits; else whoever has `_alone`;
- events are read in the Trio loop, which reopens the log after an error, and folded in a thread;
- what a keeper does to a view of the commits it does in the commit thread, in small batches between commits;
- a view that stands still disturbs nobody: its keeper waits until it is told to try again.

| state    | leaves it when                                                                    |
|----------|-----------------------------------------------------------------------------------|
| following| there is news → a batch is folded → following; it raises → retrying                 |
| retrying | the pause is over, or somebody says so → following; it raised too often → parked    |
| parked   | `retry`, `skip` or `rebuild` → following                                          |
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from functools import partial
from random import Random
from typing import Any, Final, TypeVar

import trio

from ..core.appends import Appended
from ..core.errors import Closed, Damaged, InvalidInput, StorageFailed, ViewFailed
from ..core.log import Log, Progress
from ..core.recorded import Recorded
from ..projections.skips import ViewSkipped
from ..projections.view_statistics import Parked
from ..projections.view_store import ViewStore
from ..projections.views import View
from .actor import Actor
from .restarts import pause_s
from .writer import Writer

__all__ = ["Keeper"]

T = TypeVar("T")
_logger = logging.getLogger(__name__)
BATCH: Final = 512
"""Events folded in one transaction: its cost vanishes among them, and reading them holds the loop for under 1 ms."""
ATTEMPTS: Final = 5
FIRST_PAUSE_S: Final = 0.1
PAUSE_S_MAX: Final = 30.0


class Keeper(Actor[None]):
    """Keeps one view going. Its mailbox carries nothing but knocks: there is news."""

    def __init__(self, log: Log, view: View[Any], writer: Writer, random: Random | None = None) -> None:
        """Keep `view`.

        Args:
            log: what it is a view of.
            view: the view.
            writer: who writes the log.
            random: spreads the pauses between attempts; by default, seeded by the view's name.
        """
        self.name = f"view:{view.name}"
        self.needs = () if view.is_async else ("writer",)  # views that follow take what the writer leaves
        self.view = view
        self._log = log
        self._writer = writer
        self._random = Random(view.name) if random is None else random  # noqa: S311 - no secret hangs on it
        self._attempts = 0
        self._urged = trio.Event()
        self._moved = trio.Event()
        self._alone = trio.Lock()
        self._one_rebuild = trio.Lock()
        self._is_ended = False
        self._resuming = trio.CancelScope()
        writer.on_commit(lambda _: self._wake())

    # -- what callers use

    async def undisturbed(self, work: Callable[[View[Any]], T]) -> T:
        """Run work on the view's files in a thread; meanwhile no other files take their place."""
        async with self._alone:
            self._refuse_ended()
            return await trio.to_thread.run_sync(work, self.view)

    async def wait_for(self, position: int) -> None:
        """Wait until the view shows everything up to a position.

        Raises:
            ViewFailed: it stands still before that.
            Closed: the engine was closed first.
        """
        await trio.lowlevel.checkpoint()
        while not self._shows(position):
            if self.view.parked is not None and self.view.failure is not None:
                failure = self.view.failure
                raise ViewFailed(str(failure), view=failure.view, position=failure.position) from failure.__cause__
            self._refuse_ended()
            await self._moved.wait()

    async def retry(self) -> None:
        """Try again at once what failed, and wait until the view has caught up with what is in the log now.

        Raises:
            ViewFailed: it failed again, as often as it is tried.
            Closed: the engine is closed.
        """
        self._refuse_ended()
        position = self._writer.acknowledged
        if self.view.failure is not None:
            self.view.parked = None
            self._attempts = 0
            self._urged.set()
            self._wake()
        await self.wait_for(position)

    async def skip(self) -> Appended:
        """Pass over the event that the view stands before, record that, and catch up.

        Returns:
            Where the skip is recorded.

        Raises:
            InvalidInput: it doesn't stand before any.
            ViewFailed: it can't take a later one either.
        """
        async with self._one_rebuild, self._alone:  # or the event might be taken while the skip is being recorded
            self._refuse_ended()
            failure = self.view.failure
            if failure is None:
                message = f"the view {self.view.name} goes on; there is nothing to skip"
                raise InvalidInput(message)
            await _shielded(self.view.restart_pending)
            appended = await self._record_skip(failure.position)
            self.view.skips |= {failure.position}
        await self.retry()
        return appended

    async def rebuild(self, progress: Progress | None = None) -> None:
        """Build the view anew beside the one that is shown, and show it once it has caught up.

        Cancelled, or ended by a crash, it is gone on with when the log is next opened.

        Raises:
            ViewFailed: the projection raised; what is shown stays as it is.
            StorageFailed: the disk refuses.
            Closed: the engine is closed.
        """
        async with self._one_rebuild:
            async with self._alone:
                self._refuse_ended()
                built = await trio.to_thread.run_sync(self.view.beside)
            try:
                await self._fill(built, progress)
                async with self._alone:
                    self._refuse_ended()
                    await self._switch(built)
            except BaseException as error:
                if built.store is not self.view.store:  # once it is shown, it is not ours to close
                    await _shielded(partial(_discard, built) if isinstance(error, ViewFailed) else built.close)
                raise
            finally:
                self.view.rebuilt = None
            self._attempts = 0
            self._wake()

    # -- the actor

    async def started(self) -> None:
        self._attempts = 0
        self._resuming = trio.CancelScope()
        if self.view.is_async and self.view.is_ready:
            async with self._alone:
                await self._in_thread(self.view.finish)  # what an earlier process parked is tried again
        self.spawn(self._resume)
        self.cell.knock()
        self._tell()  # a life that crashed may have shown what it told nobody of

    async def knocked(self) -> None:
        while self._is_wanting():
            await self._advance()

    def stopping(self) -> None:
        self._resuming.cancel()
        self._urged.set()
        if not self.view.is_async:
            self._end()

    async def stopped(self) -> None:
        await self.knocked()  # a view that follows takes what is left in the log
        self._end()
        async with self._alone:  # nobody is at work on the view's files any more
            pass

    async def ended(self) -> None:
        if not self.cell.mailbox.is_open:
            self._end()

    async def _resume(self) -> None:
        """Go on with a rebuild that an earlier process left, and say how that ends."""
        with self._resuming:
            if self.view.is_rebuild_pending():
                try:
                    await self.rebuild()
                except Closed:
                    return  # the engine closes: it is gone on with when the log is next opened
                except (ViewFailed, StorageFailed, Damaged):
                    _logger.exception("the view %s could not be built anew", self.view.name)

    def _end(self) -> None:
        """Whoever waits is told that there is nothing more to wait for."""
        self._is_ended = True
        self._urged.set()
        self._tell()

    def _wake(self) -> None:
        if self._is_wanting():
            self.cell.knock()
        self._tell()

    def _tell(self) -> None:
        self._moved, moved = trio.Event(), self._moved
        moved.set()

    def _refuse_ended(self) -> None:
        if self._is_ended:
            message = f"the view {self.view.name} is closed; open the engine again"
            raise Closed(message)

    def _shows(self, position: int) -> bool:
        view = self.view
        return view.checkpoint >= position and view.is_ready and (view.is_async or view.failure is None)

    def _is_wanting(self) -> bool:
        return not self._is_ended and self.view.parked is None and self._is_behind()

    def _is_behind(self) -> bool:
        view = self.view
        if not view.is_async:
            return view.failure is not None
        return view.checkpoint < self._writer.acknowledged or not view.is_ready

    async def _advance(self) -> None:
        """Take the next batch; when it has failed before, after a pause; when too often, park."""
        if self.view.failure is not None and not await self._pause():
            return
        async with self._alone:
            if not self._is_wanting():
                return
            try:
                await (self._follow() if self.view.is_async else self._in_thread(self._mend))
            except ViewFailed as failure:
                await self._failed(failure)
            except (StorageFailed, Damaged) as error:
                await self._failed(self.view.fail(error))
            else:
                self._attempts = 0 if self.view.failure is None else self._attempts
        self._tell()

    async def _pause(self) -> bool:
        """Wait before the next attempt; False when there isn't to be one because the engine closes."""
        if not self._attempts:
            self._attempts = 1  # the commit's own
        with trio.move_on_after(pause_s(self._attempts, self._random, first_s=FIRST_PAUSE_S, longest_s=PAUSE_S_MAX)):
            await self._urged.wait()
        self._urged = trio.Event()
        if self.is_stopping:
            self._end()
        return not self._is_ended

    async def _follow(self) -> None:
        """One batch of a view that follows."""
        view = self.view
        await self._in_thread(partial(view.take, self._next(view)))
        if view.failure is not None:
            view.failure = None
            await self._in_thread(partial(view.park, None))
        if not view.is_ready and view.checkpoint >= self._writer.acknowledged:
            await self._in_thread(view.finish)

    def _mend(self) -> None:
        """One batch of a view that is part of the commits, in their thread; with the last one it is whole again."""
        view = self.view
        view.take(self._log.read(after=view.checkpoint, before=view.checkpoint + BATCH + 1))
        if view.checkpoint >= self._log.head:
            view.finish()
            view.failure = None

    async def _failed(self, failure: ViewFailed) -> None:
        self._attempts += 1
        self.went_wrong(failure)
        if self._attempts < ATTEMPTS:
            _logger.warning("%s (attempt %d of %d)", failure, self._attempts, ATTEMPTS)
            return
        parked = Parked.of(failure, self._attempts)
        self.view.parked = parked
        _logger.error("%s; parked after %d attempts", failure, self._attempts, exc_info=failure)
        await self._note(parked)

    async def _note(self, parked: Parked | None) -> None:
        try:
            await self._in_thread(partial(self.view.park, parked))
        except StorageFailed as error:
            _logger.warning("what keeps the view %s could not be noted for other processes: %s", self.view.name, error)

    async def _record_skip(self, position: int) -> Appended:
        name, version = self.view.name, self.view.projection.version
        skip = ViewSkipped(name, version, position)
        key = f"view.skipped:{name}:{version}:{position}"
        recorded: list[Appended] = []
        with trio.CancelScope(shield=True):  # what is recorded must be done, too
            recorded.append(await self._writer.append(self._log.encode([skip], cause=position, key=key)))
            await self._writer.flush()
        return recorded[0]

    # -- building anew

    async def _fill(self, built: View[Any], progress: Progress | None) -> None:
        """Bring the view that is built beside up to what is acknowledged."""
        start = built.checkpoint
        while built.checkpoint < self._writer.acknowledged:
            self._refuse_ended()
            self.view.rebuilt = built.checkpoint
            built.skips = self.view.skips
            await trio.to_thread.run_sync(built.take, self._next(built))
            if progress is not None:
                progress(self.view.name, built.checkpoint - start, self._writer.acknowledged - start)

    async def _switch(self, built: View[Any]) -> None:
        """Take up what came in since, show the new view, and drop the old one. Nothing else writes to the view now."""
        if self.view.is_async:
            await self._fill(built, None)
        old = await self._in_thread(partial(self._take_over, built))
        with trio.CancelScope(shield=True):  # it is done: the rest only clears away
            self._tell()
            await trio.to_thread.run_sync(old.close)  # nobody reads it: reads end before the loop comes back to us
            await self._in_thread(self.view.finish)

    def _take_over(self, built: View[Any]) -> ViewStore:
        """In the thread that writes the view."""
        while not self.view.is_async and built.checkpoint < self._log.head:
            built.take(self._log.read(after=built.checkpoint, before=built.checkpoint + BATCH + 1))
        return self.view.switch(built)

    # -- threads

    def _next(self, view: View[Any]) -> list[Recorded[Any]]:
        before = min(self._writer.acknowledged, view.checkpoint + BATCH) + 1
        return self._log.read(after=view.checkpoint, before=before)

    async def _in_thread(self, job: Callable[[], T]) -> T:
        """Run a job where the view is written. It can't be cancelled."""
        if self.view.is_async:
            return await trio.to_thread.run_sync(job)
        result: T = await self._writer.in_thread(job)
        return result


async def _shielded(job: Callable[[], None]) -> None:
    with trio.CancelScope(shield=True):
        await trio.to_thread.run_sync(job)


def _discard(built: View[Any]) -> None:
    built.close()
    shutil.rmtree(built.store.path)
