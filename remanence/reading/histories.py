"""Histories: what can be told of a memory from its own events, live, read-only or past. No view is asked."""

from __future__ import annotations

from typing import Any, Final

from ..core.errors import NotFound
from ..core.log import Log
from ..core.recorded import Recorded
from ..engine.causes import DEPTH, Caused, causes
from ..engine.engine import Engine
from ..projections.memories.events import memory_tag

__all__ = ["Histories", "is_id"]

ID_LENGTH_MAX: Final = 100


def is_id(text: object) -> bool:
    """Whether there could be a memory with this id."""
    return isinstance(text, str) and text.isascii() and text.isprintable() and 0 < len(text) <= ID_LENGTH_MAX


class Histories:
    """The part of a memory that is read from the log."""

    def __init__(self, engine: Engine, log: Log) -> None:
        """Read `log`, which is the engine's or its past, as long as the engine is open."""
        self._opened = engine
        self._log = log

    def history(self, memory_id: str) -> list[Recorded[Any]]:
        """Every event that made the memory what it is, oldest first; also after it has been forgotten.

        Raises:
            NotFound: there never was such a memory.
        """
        found = self._events_of(memory_id)
        if not found:
            raise self._absence(memory_id)
        return found

    def why(self, memory_id: str, *, depth: int = DEPTH) -> list[Caused]:
        """Why the memory is as it is: each event of its history, with the event that led to it, and so on to a first.

        What several of them have in common is shown where it is met first, and referred to from then on (`Caused`).

        Args:
            memory_id: the memory.
            depth: how many causes to follow from each event, one after the other; 256 at most.

        Raises:
            NotFound: there never was such a memory.
            InvalidInput: the depth is none.
        """
        return causes(self.history(memory_id), self._log.get, depth)

    def _events_of(self, memory_id: str, limit: int | None = None) -> list[Recorded[Any]]:
        if not is_id(memory_id):
            return []
        return self._log.read(self._opened.query(tags=[memory_tag(memory_id)]), limit=limit)

    def _absence(self, memory_id: str) -> NotFound:
        """What to say of a memory that isn't there, or isn't any more."""
        if self._events_of(memory_id, limit=1):
            return NotFound(f"the memory {memory_id} has been forgotten; its history is there")
        return NotFound(f"there is no memory {memory_id!r}")
