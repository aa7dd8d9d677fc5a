"""The file of slow queries: what every process that asks a log's views found slow, for `remanence stats` to print.

It lies beside the views and is worth as little: nothing is flushed, nothing hangs on it, and it may be deleted at any
time. Each query is one line, written by one `write` at the end of the file, so that processes don't get in each other's
way; a full file becomes the old one, and the one that was old goes, so two of them bound it. A plan names fields and
numbers, never what was asked for: nothing that is to be erased stands here.
"""

from __future__ import annotations

import contextlib
import logging
import os
from pathlib import Path
from typing import Final

import msgspec

from .slow import KEPT_MAX, SlowQuery

__all__ = ["SlowFile"]

_logger = logging.getLogger(__name__)
NAME: Final = "slow.jsonl"
BYTES_MAX: Final = 64 * 1024
"""Over a hundred queries; with the old file, twice that is the most that both take."""
_FLAGS: Final = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW


class SlowFile:
    """Slow queries in the folder of a log's views."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self._old = folder / f"{NAME}.old"
        self._is_refused = False

    def add(self, query: SlowQuery) -> None:
        """Note a query. Where the disk or the folder's rights don't allow that, say so once and let it be."""
        if self._is_refused:
            return
        try:
            descriptor = os.open(self._path, _FLAGS, 0o600)
            try:
                os.write(descriptor, msgspec.json.encode(query) + b"\n")
                if os.fstat(descriptor).st_size > BYTES_MAX:
                    self._make_room(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            self._is_refused = True
            _logger.warning("slow queries can't be noted in %s: %s", self._path, error)

    def _make_room(self, descriptor: int) -> None:
        """Put the full file in the place of the old one, unless another process has just done so."""
        with contextlib.suppress(FileNotFoundError):
            if self._path.stat().st_ino == os.fstat(descriptor).st_ino:
                self._path.replace(self._old)

    def read(self) -> list[SlowQuery]:
        """The last queries that were noted, the oldest first; 100 at most. Lines that are none are passed over."""
        lines: list[bytes] = []
        for path in (self._old, self._path):
            with contextlib.suppress(OSError):  # there is none, or none for us
                lines += path.read_bytes().splitlines()
        found: list[SlowQuery] = []
        for line in lines:
            with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError):
                found.append(msgspec.json.decode(line, type=SlowQuery))
        return sorted(found, key=lambda query: query.time_ns)[-KEPT_MAX:]
