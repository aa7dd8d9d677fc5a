"""Replaying: views built from the log for one purpose, in a folder of their own, and gone with it.

Invariants:
- a replay goes forward only, and its views stand at one position together;
- its folder is the owner's alone and is removed when it closes, whatever happened (`scratch_folder`);
- it begins with the nearest snapshot that can be trusted (`snapshots`), which changes how long it takes, no more.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar

from ..core.errors import InvalidInput
from ..core.log import Log, Progress
from ..core.past import Moment, past_log, position_at
from .projection import Projection
from .scratch_folder import ScratchFolder
from .skips import skips_of
from .snapshots import plant, seed
from .view_store import leaves_of
from .views import View, Views, distinct

__all__ = ["DetachedView", "Replay", "replayed"]

P = TypeVar("P", bound=Projection)


class Replay:
    """Views of a log as it stood at a position.

    Attributes:
        views: the views.
        position: the position that all of them stand at.
    """

    def __init__(
        self, log: Log, projections: Sequence[type[Projection]], position: int = 0, *, snapshots: Path | None = None
    ) -> None:
        """Make empty views, or take those of snapshots; none is beyond `position`. `advance` brings them there.

        Args:
            log: the log. The replay reads it through tables of its own, so it may live in another thread.
            projections: what to build views of.
            position: where the replay is going to stand first.
            snapshots: folder with snapshots of the log's views.

        Raises:
            InvalidInput: the log has no such position, or two projections have one name.
            StorageFailed: the disk refuses.
        """
        projections = distinct(projections)
        self._log = past_log(log, position)
        self._source = log
        self._scratch = ScratchFolder()
        self._folder = self._scratch.path
        with contextlib.ExitStack() as stack:
            stack.callback(self._scratch.close)
            if snapshots is not None:
                for each in projections:
                    seed(snapshots, each, self._folder, position)
            self.views = self._open(projections)
            stack.pop_all()
        self.position = min((view.checkpoint for view in self.views), default=position)

    def _open(self, projections: Sequence[type[Projection]]) -> Views:
        opened: list[View[Any]] = []
        with contextlib.ExitStack() as stack:
            for each in projections:
                view = View(
                    self._folder,
                    each,
                    self._log.store.log_id,
                    self._log.registry.converter,
                    leaf_at=leaves_of(self._log.store),
                )
                stack.callback(view.store.env.close)
                view.skips = skips_of(self._source, each)
                opened.append(view)
            stack.pop_all()
        return Views(opened)

    def advance(self, position: int, progress: Progress | None = None) -> None:
        """Take the events up to `position`.

        Raises:
            InvalidInput: the log has no such position, or the replay is beyond it.
            ViewFailed: a projection raised.
            Damaged, StorageFailed: as the log or the disk says.
        """
        if position < self.position:
            message = f"a replay goes forward: it stands at {self.position}, beyond {position}"
            raise InvalidInput(message)
        self._log = past_log(self._source, position)
        start, expected = self.position, self.position + 1
        for batch in self._log.scan(after=start, before=position + 1):
            if batch[0].position != expected:
                message = f"the replay stands at {expected - 1} and was given event {batch[0].position}"
                raise AssertionError(message)
            expected = batch[-1].position + 1
            for view in self.views:
                view.apply(batch)
            if progress is not None:
                progress("replay", batch[-1].position - start, position - start)
        if expected != position + 1:
            message = f"the replay was to reach {position} and ended at {expected - 1}"
            raise AssertionError(message)
        self.position = position

    def branch(self) -> Replay:
        """Another replay that stands where this one does, and goes its own way."""
        projections = [view.projection for view in self.views]
        other = Replay(self._source, (), self.position)
        with contextlib.ExitStack() as stack:
            stack.callback(other.close)
            for view in self.views:
                view.settle()
                plant(view, other._folder)
            other.views = other._open(projections)
            stack.pop_all()
        return other

    def close(self) -> None:
        """Close the views and remove their folder."""
        try:
            for view in self.views:
                view.store.env.close()  # nothing is flushed: nobody will open these files again
        finally:
            self._scratch.close()


def replayed(
    log: Log,
    projections: Sequence[type[Projection]],
    moment: Moment,
    *,
    snapshots: Path | None = None,
    progress: Progress | None = None,
) -> Replay:
    """Views of a log as they stood at a moment.

    Raises:
        InvalidInput: the log has no such position, the datetime no time zone, or two projections have one name.
        ViewFailed: a projection raised.
        Damaged, StorageFailed: as the log or the disk says.
    """
    position = position_at(past_log(log, log.head), moment)
    replay = Replay(log, projections, position, snapshots=snapshots)
    try:
        replay.advance(position, progress)
    except BaseException:
        replay.close()
        raise
    return replay


class DetachedView(Generic[P]):
    """The view of one projection as of a position, apart from the log's own views. A context manager.

    Attributes:
        rows: the projection's tables, to read from.
        position: the last event that they show.
    """

    def __init__(self, replay: Replay, view: View[P]) -> None:
        self._replay = replay
        self._view = view
        self.rows = view.rows
        self.position = replay.position

    def digest(self) -> str:
        """Digest of everything in the view, comparable with `Engine.digest`."""
        return self._view.digest()

    def close(self) -> None:
        """Let go of the rows, and remove their files."""
        self._replay.close()

    def __enter__(self) -> DetachedView[P]:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
