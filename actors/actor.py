"""Actors: a mailbox and the task that drains it.

An actor handles one batch at a time. Stopping closes the mailbox, lets the task handle what is in it, and gives it
`stopped` to finish with, all under one deadline; what can't be finished by then is cancelled.
"""

from __future__ import annotations

import logging
from typing import Generic, TypeVar

import trio

from .mailbox import Mailbox

__all__ = ["Actor"]

M = TypeVar("M")
_logger = logging.getLogger(__name__)


class Actor(Generic[M]):
    """Base of actors: override `handle`, and `stopped` if there is something to finish."""

    def __init__(self, name: str, mailbox: Mailbox[M]) -> None:
        self.name = name
        self.mailbox = mailbox
        self._done = trio.Event()
        self._scope = trio.CancelScope()

    async def handle(self, batch: list[M]) -> None:
        """Act on messages, in order."""
        raise NotImplementedError

    async def stopped(self) -> None:
        """The mailbox is closed and empty: finish what is under way."""

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Handle messages until the mailbox is closed and empty. Start it with `nursery.start`."""
        try:
            with self._scope:
                task_status.started()
                while batch := await self.mailbox.drain():
                    await self.handle(batch)
                await self.stopped()
        finally:
            self.mailbox.close()
            self._done.set()

    async def stop(self, deadline: float) -> bool:
        """Close the mailbox and wait until everything in it is done, at most until `deadline` (Trio's clock).

        Returns:
            Whether everything was done in time.
        """
        self.mailbox.close()
        with trio.move_on_at(deadline):
            await self._done.wait()
        if self._done.is_set():
            return True
        _logger.warning("the %s did not finish by its deadline and was cancelled", self.name)
        self._scope.cancel()
        with trio.CancelScope(shield=True):
            await self._done.wait()
        return False
