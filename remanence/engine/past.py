"""The past, for callers in Trio: views of it are built in a thread, and let go whatever happens."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Iterable
from functools import partial
from pathlib import Path

import trio

from ..core.log import Log, Progress
from ..core.past import Moment
from ..projections.projection import Projection
from ..projections.replaying import Replay, replayed
from ..projections.snapshots import FOLDER

__all__ = ["interruptible", "replaying"]


@contextlib.asynccontextmanager
async def replaying(
    log: Log,
    projections: Iterable[type[Projection]],
    moment: Moment,
    *,
    folder: Path | None = None,
    progress: Progress | None = None,
) -> AsyncGenerator[Replay, None]:
    """Views as of a moment, which can go forward from there.

    Args:
        log: the log.
        projections: what to build views of.
        moment: a position, or an aware datetime: then the last event recorded by then.
        folder: the engine's folder, to begin with its snapshots.
        progress: told how far the building is.

    Raises:
        InvalidInput, ViewFailed, Damaged, StorageFailed: as `projections.replaying.replayed`.
    """
    snapshots = None if folder is None else folder / "views" / FOLDER
    work = partial(replayed, log, list(projections), moment, snapshots=snapshots, progress=interruptible(progress))
    replay = await trio.to_thread.run_sync(work)
    try:
        yield replay
    finally:
        with trio.CancelScope(shield=True):
            await trio.to_thread.run_sync(replay.close)


def interruptible(progress: Progress | None) -> Progress:
    """A progress for work in a Trio thread, which ends there when whoever waits for it is cancelled."""

    def tell(what: str, done: int, total: int) -> None:
        trio.from_thread.check_cancelled()
        if progress is not None:
            progress(what, done, total)

    return tell
