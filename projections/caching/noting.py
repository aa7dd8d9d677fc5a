"""Noting: how the caches of the process that writes are doing, in a file beside the views, for `remanence cache`.

It holds counters and sizes, never a key or a value: nothing that is to be erased stands here. It is worth as little as
the views: nothing is flushed, and it may be deleted at any time.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Final

import msgspec

from ...core.files import replacing
from .caches import CacheStatistics

__all__ = ["NoteFile", "Noted"]

NAME: Final = "caches.json"


class Noted(msgspec.Struct, frozen=True):
    """How the caches of a process were doing.

    Attributes:
        pid: the process.
        time_ns: when it was: unix time in nanoseconds.
        statistics: how they were doing.
    """

    pid: int
    time_ns: int
    statistics: CacheStatistics


class NoteFile:
    """The note in the folder of a log's views."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME

    def write(self, statistics: CacheStatistics, time_ns: int) -> None:
        """Put a note in the place of the one before, in one step.

        Raises:
            OSError: the disk refuses.
        """
        with replacing(self._path, durable=False) as file:
            file.write(msgspec.json.encode(Noted(os.getpid(), time_ns, statistics)))

    def read(self) -> Noted | None:
        """The last note; None if there is none that can be read."""
        with contextlib.suppress(OSError, msgspec.DecodeError, UnicodeDecodeError):
            return msgspec.json.decode(self._path.read_bytes(), type=Noted)
        return None
