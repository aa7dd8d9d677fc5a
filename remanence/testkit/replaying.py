"""The check that a view can be rebuilt: that its projection is a fold of events and of nothing else.

A projection that looks at a clock or at chance, or keeps something in itself from one event to the next, makes other
rows when its view is rebuilt. What the check can't see is the order in which Python walks through a set of texts, which
is another one in every process: keep tuples in rows.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from ..codecs.converter import EventConverter
from ..core.events import Upcaster
from ..core.recorded import Recorded
from ..projections.projection import Projection
from .detached import Bench, close
from .differences import difference
from .scratch import scratch
from .stories import Story, Told
from .watching import Watch

__all__ = ["check_replay"]

_IMPURE: Final = (
    "\nA replay would get another answer. Take the time from event.time; what chance decides is an event of its own"
)
_KEPT: Final = (
    "\nA handler may use its event and its tables, and nothing else: what it keeps in self, in the class or in a "
    "global is gone, or there twice, when the view is rebuilt"
)


def check_replay(
    projection: type[Projection],
    events: Iterable[Told],
    *,
    upcasters: Iterable[Upcaster] = (),
    converter: EventConverter | None = None,
) -> None:
    """See that the live view is the rebuilt view, after every event.

    The live view takes one event at a time, and is closed and opened again after each; the rebuilt one takes all events
    up to there in one go. The handlers may ask neither a clock nor a source of chance.

    Args:
        projection: the projection.
        events: a story that reaches all of its handlers; a short one, for it is replayed once for every event in it.
        upcasters: as `open_engine` takes them.
        converter: likewise.

    Raises:
        AssertionError: it isn't; the text names the first event after which they differ, and the first row that does.
        ViewFailed: a handler raised.
        InvalidInput: the projection handles none of these events.
    """
    __tracebackhide__ = True
    story = Story(events, upcasters=upcasters, converter=converter)
    told = story.recorded()
    bench = Bench(projection, converter)
    bench.require_handled(told)
    with scratch() as folder:
        live, rebuilt = Path(folder) / "live", Path(folder) / "rebuilt"
        for count, event in enumerate(told, 1):
            complaint = _take_last(bench, live, story.recorded(range(count)))
            if complaint is not None:
                raise AssertionError(f"{_at(projection, event)}: {complaint}{_IMPURE}")
            found = _compare(bench, live, rebuilt, story.recorded(range(count)))
            if found is not None:
                raise AssertionError(f"{_at(projection, event)}: live and rebuilt view differ {found}{_KEPT}")


def _at(projection: type[Projection], event: Recorded[Any]) -> str:
    return f"{projection.__name__}, at event {event.position} ({event.type})"


def _take_last(bench: Bench[Any], folder: Path, events: Sequence[Recorded[Any]]) -> str | None:
    """Open the live view, give it the one event that it hasn't had, and close it. What it should not have asked for."""
    view = bench.open(folder)
    try:
        with Watch() as watch:
            view.apply(events)
    finally:
        close(view)
    return watch.complaint


def _compare(bench: Bench[Any], live_folder: Path, folder: Path, events: Sequence[Recorded[Any]]) -> str | None:
    rebuilt = bench.fold(folder, events)
    live = bench.open(live_folder)
    try:
        return difference(live, rebuilt, "live", "rebuilt")
    finally:
        close(live)
        close(rebuilt)
        shutil.rmtree(folder)
