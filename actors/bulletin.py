"""The bulletin: how a log's actors are doing, in a file beside the views, for `remanence actors` to print.

The process that runs the actors writes it, a second at most after something has changed, and a last time when it ends.
It is worth as little as the views: nothing is flushed, and it may be deleted at any time. Of dead letters it has the
kind, never the content: nothing that is to be erased stands here.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

import attrs
import msgspec
import trio

from ..core.clock import WallClock
from ..core.files import replacing
from .actor import Actor
from .actor_statistics import ActorStatistics
from .letters import DeadLetter

__all__ = ["Bulletin", "BulletinFile", "NotedLetter", "Publisher"]

_logger = logging.getLogger(__name__)
NAME: Final = "actors.json"
PAUSE_S: Final = 1.0
"""Between two bulletins: new enough for who looks, and rare enough to cost nothing."""
TEXT_MAX: Final = 500


class NotedLetter(msgspec.Struct, frozen=True):
    """A dead letter, without its content.

    Attributes:
        actor: whom it was for.
        kind: the class of the message.
        reason: why it reached nobody.
        error: what the actor raised over it.
        time_ns: unix time in nanoseconds.
    """

    actor: str
    kind: str
    reason: str
    error: str | None
    time_ns: int


class Bulletin(msgspec.Struct, frozen=True):
    """How actors are doing.

    Attributes:
        pid: the process that runs them.
        time_ns: when it was written: unix time in nanoseconds.
        is_running: whether they were still to run on; False in the last one.
        actors: each of them.
        dead_letters: the last ones, the oldest first.
    """

    pid: int
    time_ns: int
    is_running: bool
    actors: tuple[ActorStatistics, ...]
    dead_letters: tuple[NotedLetter, ...]


class BulletinFile:
    """The bulletin in the folder of a log's views."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self._is_refused = False

    def write(self, bulletin: Bulletin) -> None:
        """Put a bulletin in the place of the one before, in one step. Where the disk refuses, say so once."""
        if self._is_refused:
            return
        try:
            with replacing(self._path, durable=False) as file:
                file.write(msgspec.json.encode(bulletin))
        except OSError as error:
            self._is_refused = True
            _logger.warning("how the actors are doing can't be noted in %s: %s", self._path, error)

    def read(self) -> Bulletin | None:
        """The last bulletin; None if there is none that can be read."""
        with contextlib.suppress(OSError, msgspec.DecodeError, UnicodeDecodeError):
            return msgspec.json.decode(self._path.read_bytes(), type=Bulletin)
        return None


class Publisher(Actor[None]):
    """Writes the bulletin."""

    def __init__(
        self,
        file: BulletinFile,
        clock: WallClock,
        statistics: Callable[[], tuple[ActorStatistics, ...]],
        letters: Callable[[], tuple[DeadLetter, ...]],
    ) -> None:
        self._file = file
        self._clock = clock
        self._statistics = statistics
        self._letters = letters
        self._is_due = False
        self._is_idle = False
        self._ending = threading.Event()

    def note(self) -> None:
        """Something has changed."""
        self._is_due = True
        if self._is_idle:
            self._is_idle = False
            self.cell.knock()

    def bulletin(self, *, is_running: bool) -> Bulletin:
        """How the actors are doing now."""
        noted = (
            NotedLetter(each.actor, type(each.message).__name__, each.reason, _cut(each.error), each.time_ns)
            for each in self._letters()
        )
        actors = tuple(attrs.evolve(each, last_error=_cut(each.last_error)) for each in self._statistics())
        return Bulletin(os.getpid(), self._clock(), is_running, actors, tuple(noted))

    def close(self) -> None:
        """Write the last bulletin, once all have stopped."""
        self._file.write(self.bulletin(is_running=False))

    async def started(self) -> None:
        self._is_due = True
        self.cell.knock()

    async def knocked(self) -> None:
        while self._is_due and not self.is_stopping:
            self._is_due = False
            await trio.to_thread.run_sync(self._write, self.bulletin(is_running=True), abandon_on_cancel=True)
        self._is_idle = True

    def stopping(self) -> None:
        self._ending.set()

    def _write(self, bulletin: Bulletin) -> None:
        """In a thread, the pause too: it is one of the world's seconds, whatever clock the loop has."""
        self._file.write(bulletin)
        self._ending.wait(PAUSE_S)


def _cut(text: str | None) -> str | None:
    return text if text is None or len(text) <= TEXT_MAX else text[:TEXT_MAX] + "…"
