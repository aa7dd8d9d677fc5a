"""The snapshotter: now and then it copies the views, so that a crash of the machine costs a bounded replay.

It works beside the writer, in a thread, from read transactions: nobody waits for it. What it can't do is no failure:
the log has everything, and replaying more of it is all that a missing snapshot costs.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..core.errors import Closed, RemanenceError
from ..core.log import Log
from ..projections.snapshots import positions, take
from ..projections.views import View
from .actor import Actor
from .keeper import Keeper
from .writer import Writer

__all__ = ["Snapshotter"]

_logger = logging.getLogger(__name__)


class Snapshotter(Actor[None]):
    """Watches a writer's commits, and copies the views whenever enough has happened since the last time."""

    needs = ("writer",)

    def __init__(self, log: Log, keepers: Sequence[Keeper], writer: Writer, folder: Path, *, every_events: int) -> None:
        """Begin.

        Args:
            log: the log.
            keepers: who looks after its views.
            writer: its writer.
            folder: where the snapshots of the log are kept.
            every_events: how many events there are from one snapshot to the next.
        """
        self._log = log
        self._keepers = keepers
        self._folder = folder
        self._every_events = every_events
        newest = [max(positions(folder, view.projection), default=0) for view in (keeper.view for keeper in keepers)]
        self._last = min(newest, default=log.head)
        self._is_due = log.head - self._last >= every_events
        writer.on_commit(self._count)

    def _count(self, position: int) -> None:
        if position - self._last >= self._every_events:
            self._is_due = True
            self.cell.knock()

    async def started(self) -> None:
        self.cell.knock()

    async def knocked(self) -> None:
        if not self._is_due:
            return
        self._is_due = False
        self._last = self._log.head
        for keeper in self._keepers:
            if keeper.view.failure is None and not self.is_stopping:
                with contextlib.suppress(Closed):  # the engine is being closed: there is always another time
                    await keeper.undisturbed(self._take)

    def _take(self, view: View[Any]) -> None:
        try:
            position = take(self._folder, view, self._log.store.log_id)
        except RemanenceError as error:  # the log has everything: a snapshot less is no failure
            _logger.warning("no snapshot of the view %s was kept: %s", view.name, error)
        else:
            _logger.info("the view %s was kept as of event %d", view.name, position)
