"""Keepers together: run beside the writer, and ended in order around its end.

Before the writer stops, nothing of theirs may be left in the commit thread; once it has stopped, the views that follow
the log take what is left of it, until the deadline. What they could not take they take when the log is next opened.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence

import trio

from .keeper import Keeper

__all__ = ["Keepers"]

_logger = logging.getLogger(__name__)


class Keepers:
    """The keepers of an engine's views."""

    def __init__(self, keepers: Sequence[Keeper]) -> None:
        self._keepers = keepers
        self._scope = trio.CancelScope(shield=True)  # whatever cancels the body: the order of the end is ours
        self._resuming = trio.CancelScope()
        self._done = trio.Event()

    def __iter__(self) -> Iterator[Keeper]:
        return iter(self._keepers)

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Keep all views going until `stop`."""
        try:
            with self._scope:
                async with trio.open_nursery() as nursery:
                    for keeper in self._keepers:
                        nursery.start_soon(keeper.run)
                    nursery.start_soon(self._resume)
                    task_status.started()
        finally:
            self._done.set()

    async def _resume(self) -> None:
        """Go on with the rebuilds that an earlier process left."""
        with self._resuming:
            async with trio.open_nursery() as nursery:
                for keeper in self._keepers:
                    nursery.start_soon(keeper.resume)

    async def release(self) -> None:
        """Let go of the commit thread: views that are part of the commits are not mended or rebuilt any more."""
        self._resuming.cancel()
        for keeper in self._keepers:
            if not keeper.view.is_async:
                await keeper.settle()

    async def stop(self, deadline: float) -> None:
        """Let the views that follow take what is in the log, at most until `deadline` (Trio's clock), and end."""
        for keeper in self._keepers:
            keeper.drain()
        with trio.move_on_at(deadline):
            await self._done.wait()
        if not self._done.is_set():
            _logger.warning("views were still behind at the deadline; they go on when the log is next opened")
            self._scope.cancel()
            with trio.CancelScope(shield=True):
                await self._done.wait()
        for keeper in self._keepers:
            await keeper.settle()
