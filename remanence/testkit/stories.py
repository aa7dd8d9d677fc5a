"""Stories: events as a test tells them, recorded in a log in memory, in their order or in another one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from ..codecs.commits import Commit, Declarations
from ..codecs.converter import EventConverter
from ..codecs.frames import HEADER_BYTES, body_of, pack_frame
from ..core.catalogs import MemoryCatalog
from ..core.clock import WallClock
from ..core.errors import InvalidInput
from ..core.events import Registry, Upcaster
from ..core.log import Log
from ..core.recorded import Recorded
from ..core.stores import MemoryStore, Sealed
from ..engine.appending import Request
from .determinism import Clock, seeded

__all__ = ["LOG_ID", "Story", "Told", "as_requests", "classes_of"]

Told = object
"""An instance of an event class; or a `Request`, for events with tags, a cause or a key of their own."""
LOG_ID: Final = bytes(16)


def as_requests(told: Iterable[Told]) -> list[Request]:
    """What a test tells, as appends.

    Raises:
        InvalidInput: it tells a class where an event should be, or one event where several should be.
    """
    if isinstance(told, (Request, type)) or not isinstance(told, Iterable):
        message = f"a story is a list of events, not {told!r:.80}: write [event, …]"
        raise InvalidInput(message)
    return [each if isinstance(each, Request) else Request((each,)) for each in told]


def classes_of(requests: Iterable[Request]) -> dict[type, None]:
    """The classes of all events, each once, in the order in which they come."""
    return {type(event): None for request in requests for event in request.events}


class Story:
    """Events that happened."""

    def __init__(
        self,
        told: Iterable[Told],
        *,
        upcasters: Iterable[Upcaster] = (),
        converter: EventConverter | None = None,
        clock: WallClock | None = None,
    ) -> None:
        """Record what is told.

        Raises:
            InvalidInput: an event isn't one, or can't be kept.
        """
        requests = as_requests(told)
        self._registry = Registry(classes_of(requests), upcasters, converter)
        self._store = MemoryStore(LOG_ID)
        log = Log(
            self._store, MemoryCatalog(), self._registry, clock=Clock() if clock is None else clock, entropy=seeded()
        )
        for each in requests:
            log.append(*each.events, tags=each.tags, by=each.by, cause=each.cause, key=each.key)

    def recorded(self, order: Sequence[int] | None = None) -> list[Recorded[Any]]:
        """The events, decoded anew each time, so that what a handler does to one is seen by no other.

        Args:
            order: indexes of events: these and only these, in this order. They keep what they say and their times, and
                have the positions at which they stand here.
        """
        if order is None:
            return self._read(self._store)
        frames = self._store.read(1, self._store.head().position)
        store = MemoryStore(LOG_ID)
        if order:
            names = Declarations(types=tuple(self._store.types().items()))
            commit = Commit(1, len(order), bytes(len(self._store.head().link)), names)
            moved = [
                pack_frame(position, frames[index][:HEADER_BYTES], body_of(frames[index]))
                for position, index in enumerate(order, 1)
            ]
            store.append(Sealed(commit, moved, self._store.dictionaries()))
        return self._read(store)

    def _read(self, store: MemoryStore) -> list[Recorded[Any]]:
        return Log(store, MemoryCatalog(), self._registry, read_only=True).read()
