"""Replaying for callers who fold by hand: one projection, over a log up to a position, apart from everything else."""

from __future__ import annotations

from typing import TypeVar

from ..core.log import Log
from ..core.past import Moment
from ..projections.projection import Projection
from ..projections.replaying import DetachedView, replayed
from .engine import Engine

__all__ = ["replay"]

P = TypeVar("P", bound=Projection)


def replay(source: Engine | Log, projection: type[P], *, until: Moment | None = None) -> DetachedView[P]:
    """Fold a log into a detached view of one projection, which the engine needn't have been opened with.

    It works where it is called and takes as long as the events do; in Trio, run it in a thread. The rows live in a
    temporary folder that nobody else may enter, and that goes when the view is closed: use it with `with`.

    Args:
        source: the engine, or its log.
        projection: what to fold with.
        until: the last position, or a datetime for the last event recorded by then; by default, all there is.

    Raises:
        InvalidInput: the log has no such position, or the datetime no time zone.
        ViewFailed: the projection raised.
        Damaged, StorageFailed: as the log or the disk says.
    """
    log = source if isinstance(source, Log) else source.log
    done = replayed(log, (projection,), log.head if until is None else until)
    return DetachedView(done, done.views.of(projection))
