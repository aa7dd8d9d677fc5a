"""Snapshots: copies of views that stood still, to begin from instead of from nothing.

A snapshot is a whole view: its files say which log, which position and which leaf there they are of, and their folder
which projection, version and fingerprint. Whoever takes one opens it as any view, with every check that this means;
so a snapshot of another history, version or declaration is never taken for more than it is: it is thrown away and the
events are replayed. Deleting snapshots costs time and nothing else.

    views/.snapshots/<position>/<name>-<version>-<fingerprint>/

A snapshot is flushed and marked as clean before it gets its name.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path
from typing import Any, Final

from ..core.environment import DATA_FILE, LOCK_FILE
from ..core.errors import StorageFailed
from ..core.files import make_folder, sync_directory
from ..core.machine import boot_id
from .generations import drop_all, live_generation, view_path
from .projection import Projection
from .trust import is_trusted, mark_clean, mark_open
from .view_store import ViewStore
from .views import View

__all__ = ["FOLDER", "KEPT", "plant", "positions", "seed", "seed_if_lost", "take"]

FOLDER: Final = ".snapshots"
"""No projection is called that."""
KEPT: Final = 4
"""Of each view at most: the newest bounds what a crash costs, the others what a look into the past does."""
_DIGITS: Final = 20
_UNFINISHED: Final = ".new"


def positions(folder: Path, projection: type[Projection]) -> list[int]:
    """Positions that there are snapshots of a projection at, in order."""
    found = (each.parent.name for each in folder.glob(f"*/{view_path(folder, projection).name}"))
    return sorted(int(name) for name in found if name.isdecimal())


def take(folder: Path, view: View[Any], log_id: bytes) -> int:
    """Keep a copy of a view as it is now; the oldest ones beyond `KEPT` go.

    Args:
        folder: the snapshots of a log.
        view: the view; it may go on meanwhile.
        log_id: id of the log.

    Returns:
        The position that the copy stands at: that of the last event that changed the view, or one after it.

    Raises:
        StorageFailed: the disk refuses.
    """
    unfinished = folder / f"{_UNFINISHED}-{view.name}"
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        copy = plant(view, unfinished)
        with contextlib.closing(ViewStore(copy, view.projection.databases(), log_id, read_only=True)) as store:
            position = store.mark()[0]
        (copy / LOCK_FILE).unlink(missing_ok=True)
        place = view_path(folder / f"{position:0{_DIGITS}}", view.projection)
        if not place.exists():
            make_folder(place.parent)
            copy.rename(place)
            sync_directory(place.parent)
        _thin(folder, view)
    except OSError as error:
        message = f"can't keep a snapshot in {folder}: {error.strerror or error}"
        raise StorageFailed(message) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return position


def _thin(folder: Path, view: View[Any]) -> None:
    """Drop other versions' snapshots, and of this one's all but a few, the older the farther apart."""
    current = view_path(folder, view.projection).name
    for other in folder.glob(f"*/{view.name}-*-*"):
        if other.name != current and other.name.rsplit("-", 2)[0] == view.name:
            shutil.rmtree(other)
    newest, *older = reversed(positions(folder, view.projection))
    kept, distance = 1, 0
    for position in older:
        if kept < KEPT and newest - position >= 2 * distance:
            kept, distance = kept + 1, newest - position
        else:
            shutil.rmtree(folder / f"{position:0{_DIGITS}}" / current)
    for place in folder.iterdir():
        if place.is_dir() and not any(place.iterdir()):
            place.rmdir()


def seed_if_lost(folder: Path, projection: type[Projection], position: int) -> None:
    """Before a view is opened for writing: if its files can't be trusted, put the nearest snapshot in their place.

    Args:
        folder: the views of a log, with its snapshots in it.
        projection: the view's.
        position: the log's head.
    """
    boot = boot_id()
    place = view_path(folder, projection, live_generation(folder, projection, boot))
    if not is_trusted(place, boot):
        drop_all(folder, projection)
        seed(folder / FOLDER, projection, folder, position)


def plant(view: View[Any], folder: Path) -> Path:
    """Copy a view's files into `folder`, under the name that they have, marked as clean; returns where they are."""
    target = view_path(folder, view.projection)
    make_folder(target)
    view.store.env.copy(target)
    mark_clean(target)
    return target


def seed(snapshots: Path, projection: type[Projection], folder: Path, position: int) -> int:
    """Copy the nearest snapshot that isn't beyond `position` to where the projection's view will be opened.

    Returns:
        Its position; 0 if there is none that can be trusted.

    Raises:
        StorageFailed: the disk refuses.
    """
    for found in reversed(positions(snapshots, projection)):
        place = view_path(snapshots / f"{found:0{_DIGITS}}", projection)
        if found <= position and is_trusted(place, None):
            target = view_path(folder, projection)
            try:
                _copy(place, target)
            except FileNotFoundError:  # it has just been dropped, in favour of others
                shutil.rmtree(target)
                continue
            except OSError as error:
                message = f"can't begin with the snapshot {place}: {error.strerror or error}"
                raise StorageFailed(message) from error
            return found
    return 0


def _copy(place: Path, target: Path) -> None:
    """The data first and the mark last, which holds for this start of the machine: nothing has been flushed."""
    make_folder(target)
    shutil.copyfile(place / DATA_FILE, target / DATA_FILE)
    (target / DATA_FILE).chmod(0o600)
    boot = boot_id()
    if boot is not None:
        mark_open(target, boot)
        return
    with (target / DATA_FILE).open("rb") as data:
        os.fsync(data.fileno())
    mark_clean(target)
