"""Tending: what an engine's users do for its views: wait for them, and set right what has come to a stand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Final

import trio

from ..actors.keeper import Keeper
from ..actors.reacting import Reacting
from ..actors.reaction_statistics import ReactionStatistics
from ..core.appends import Appended
from ..core.errors import Behind, Closed, InvalidInput, ViewFailed
from ..core.log import Log, Progress
from ..core.queries import Query
from ..projections.auditing import Audit, audit
from ..projections.projection import Projection
from ..projections.view_statistics import Parked, ViewStatistics
from ..projections.views import View, Views
from .past import interruptible

__all__ = ["POLL_S", "Tending"]

POLL_S: Final = 0.2
"""How often a read-only engine looks for what another process has written."""
_S: Final = 1_000_000_000


class Tending:
    """The part of an engine that looks after its views."""

    def __init__(self, log: Log, views: Views, keepers: Iterable[Keeper]) -> None:
        self.views = views
        self._kept_log = log
        self.reacting: Sequence[Reacting] = ()
        """The reactions at work, for `open_engine` to set."""
        self._keepers: Mapping[type[Projection], Keeper] = {keeper.view.projection: keeper for keeper in keepers}

    async def wait_for(
        self, projection: type[Projection], position: int | None = None, *, timeout_s: float | None = None
    ) -> None:
        """Wait until a view shows everything up to a position: the barrier for views that follow the log.

        Args:
            projection: whose view.
            position: what an append returned; by default, the log's last.
            timeout_s: how long to wait, in seconds; None is for ever.

        Raises:
            Behind: it did not get there in time.
            ViewFailed: it stands still before that.
            NotFound: the engine was opened without it.
            Closed: the engine was closed first.
        """
        timeout_s = _checked(timeout_s)
        view = self.views.of(projection)
        position = self._kept_log.head if position is None else position
        keeper = self._keepers.get(projection)
        with trio.move_on_after(timeout_s):
            await (self._poll(view, position) if keeper is None else keeper.wait_for(position))
            return
        reached = self._reached(view)
        message = f"the view {view.name} shows {reached} after {timeout_s} s, and not yet {position}; it goes on"
        raise Behind(message, view=view.name, checkpoint=reached, position=position)

    async def wait_for_reactions(self, position: int | None = None, *, timeout_s: float | None = None) -> None:
        """Wait until every reaction is done with everything up to a position, and what came of it is in the log.

        Args:
            position: what an append returned; by default, the log's last.
            timeout_s: how long to wait, in seconds; None is for ever.

        Raises:
            Behind: one isn't in time.
            Closed: the engine was closed first.
        """
        timeout_s = _checked(timeout_s)
        position = self._kept_log.head if position is None else position
        with trio.move_on_after(timeout_s):
            for each in self.reacting:
                await each.wait_for(position)
            return
        for each in self.reacting:
            if (reached := each.position) < position:
                message = f"the reaction {each.reaction} is at {reached} after {timeout_s} s, and not yet at {position}"
                raise Behind(message, view=each.reaction, checkpoint=reached, position=position)

    async def retry(self, projection: type[Projection]) -> None:
        """Try again what a view could not take, and wait until it has caught up with what is in the log now.

        Raises:
            ViewFailed: it can't take it this time either, as often as it is tried.
            Closed: the engine is closed or read-only.
        """
        await self._keeper(projection).retry()

    async def skip(self, projection: type[Projection]) -> Appended:
        """Have a view pass over the event that it can't take, for good. This is recorded as `view.skipped`.

        A view that is built again, here or elsewhere, passes over it too, as long as its version is the same.

        Returns:
            Where the skip is recorded.

        Raises:
            InvalidInput: the view goes on; there is nothing to skip.
            ViewFailed: it can't take a later event either. This one is skipped.
            Closed: the engine is closed or read-only.
        """
        return await self._keeper(projection).skip()

    async def rebuild(self, projection: type[Projection], *, progress: Progress | None = None) -> None:
        """Build a view anew from the log beside the one that is shown, then show that in one step.

        Reading goes on, here and in other processes. If it is cancelled, or the process dies, it is gone on with when
        the log is next opened.

        Args:
            projection: whose view.
            progress: told how far it is.

        Raises:
            ViewFailed: the projection raised; what is shown stays as it is.
            StorageFailed: the disk refuses.
            Closed: the engine is closed or read-only.
        """
        await self._keeper(projection).rebuild(progress)

    async def _audited(self, progress: Progress | None) -> list[Audit]:
        """Audit views one after the other; meanwhile no rebuild takes the place of the one that is looked at."""
        work = partial(_audit, self._kept_log, interruptible(progress))
        found: list[Audit] = []
        for view in self.views:
            keeper = self._keepers.get(view.projection)
            found.append(await (trio.to_thread.run_sync(work, view) if keeper is None else keeper.undisturbed(work)))
        return found

    def _keeper(self, projection: type[Projection]) -> Keeper:
        view = self.views.of(projection)
        keeper = self._keepers.get(projection)
        if keeper is None:
            message = f"the view {view.name} was opened read-only"
            raise Closed(message)
        return keeper

    def _view_statistics(self, head: int, now_ns: int) -> tuple[ViewStatistics, ...]:
        """How every view is doing."""
        reached = [(view, self._reached(view)) for view in self.views]
        return tuple(view.statistics(head, self._lag_s(shown, now_ns), min(shown, head)) for view, shown in reached)

    def _reached(self, view: View[Any]) -> int:
        """Position up to which a view shows everything.

        What another process keeps stores its checkpoint with the events that concern it: if none has come since, it
        shows as much as the log has.
        """
        checkpoint = view.checkpoint
        if view.projection in self._keepers:
            return checkpoint
        head = self._kept_log.head
        concern = Query.of(view.projection.handlers)
        next_one = self._kept_log.read(concern, after=checkpoint, before=head + 1, limit=1) if concern.items else []
        return next_one[0].position - 1 if next_one else max(checkpoint, head)

    async def _poll(self, view: View[Any], position: int) -> None:
        """Wait for what another process does."""
        await trio.lowlevel.checkpoint()
        while self._reached(view) < position:
            if (packed := view.store.parked()) is not None:
                parked = Parked.unpack(packed)
                raise ViewFailed(parked.error, view=view.name, position=parked.position)
            await trio.sleep(POLL_S)

    def _reaction_statistics(self, head: int, now_ns: int) -> tuple[ReactionStatistics, ...]:
        """How every reaction is doing."""
        return tuple(each.statistics(head, partial(self._lag_s, now_ns=now_ns)) for each in self.reacting)

    def _lag_s(self, checkpoint: int, now_ns: int) -> float | None:
        """How long the event after a checkpoint has waited; None if the clock went back behind it."""
        event = self._kept_log.get(checkpoint + 1)
        if event is None:
            return 0.0
        return (now_ns - event.time_ns) / _S if now_ns >= event.time_ns else None


def _checked(timeout_s: float | None) -> float:
    """How long to wait, in seconds."""
    if timeout_s is not None and not timeout_s >= 0:
        message = f"timeout_s is a time in seconds, 0 or more, or None for ever, not {timeout_s!r}"
        raise InvalidInput(message)
    return float("inf") if timeout_s is None else timeout_s


def _audit(log: Log, progress: Progress, view: View[Any]) -> Audit:
    return audit(log, view, progress)
