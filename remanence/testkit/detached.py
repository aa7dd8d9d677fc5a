"""Detached views: a projection folded over a story, on its own, in files that nobody else sees."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from ..codecs.converter import EventConverter, make_converter
from ..core.clock import WallClock
from ..core.errors import InvalidInput
from ..core.events import Upcaster
from ..core.recorded import Recorded
from ..projections.projection import Projection
from ..projections.views import View
from .scratch import scratch
from .stories import LOG_ID, Story, Told

__all__ = ["Bench", "close", "project"]

P = TypeVar("P", bound=Projection)
MAP_BYTES: Final = 1 << 24
"""Address space to begin with; it grows when it has to."""
BOOT: Final = "testkit"
"""One start of the machine: a view that is opened again is trusted."""


def project(
    events: Iterable[Told],
    projection: type[P],
    *,
    upcasters: Iterable[Upcaster] = (),
    converter: EventConverter | None = None,
    clock: WallClock | None = None,
) -> P:
    """What a projection makes of events, with every table and index to read from, as on `Engine.view`.

    Args:
        events: what happened: instances of event classes, or `Request`s for events with tags, causes or keys.
        projection: the projection.
        upcasters: as `open_engine` takes them.
        converter: likewise.
        clock: when it happened; a `Clock()` unless given.

    Raises:
        ViewFailed: a handler raised.
        InvalidInput: an event isn't one, or can't be kept.
    """
    story = Story(events, upcasters=upcasters, converter=converter, clock=clock)
    with scratch() as folder:
        view = Bench(projection, converter).fold(Path(folder), story.recorded())
        weakref.finalize(view.rows, view.store.env.close)
    return view.rows  # an open file needs no name: when the last reader lets go, nothing is left of it


class Bench(Generic[P]):
    """Where views of one projection are made."""

    def __init__(self, projection: type[P], converter: EventConverter | None) -> None:
        self.projection = projection
        self._converter = make_converter() if converter is None else converter

    def open(self, folder: Path) -> View[P]:
        """A view, empty or as it was left."""
        return View(folder, self.projection, LOG_ID, self._converter, map_bytes=MAP_BYTES, boot=BOOT)

    def fold(self, folder: Path, events: Sequence[Recorded[Any]]) -> View[P]:
        """A view of events, all taken in one go.

        Raises:
            ViewFailed: a handler raised.
        """
        view = self.open(folder)
        try:
            view.apply(events)
        except BaseException:
            close(view)
            raise
        return view

    def require_handled(self, events: Sequence[Recorded[Any]]) -> None:
        """Refuse a story that would check nothing.

        Raises:
            InvalidInput: the projection handles none of its events.
        """
        if not any(event.type in self.projection.handlers for event in events):
            handled = ", ".join(sorted(self.projection.handlers)) or "nothing"
            message = f"{self.projection.__name__} handles {handled}; the story has none of it, so nothing is checked"
            raise InvalidInput(message)


def close(view: View[Any]) -> None:
    """Let go of a view as a killed process does: nothing is flushed, nothing is marked as clean."""
    view.store.env.close()
