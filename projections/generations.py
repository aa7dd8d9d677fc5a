"""Generations: the folders in which a view stands, and in which its successor is built beside it.

A view's first folder bears the name of all that its files depend on; each rebuild adds a number. Invariants:
- the live one is the newest that has ever caught up; one transaction, its mark `ready`, is the switch;
- a newer one that hasn't is a rebuild to be gone on with: it never shows;
- what is dropped is marked first, so that readers in other processes notice and follow;
- and it loses its name first, so that whoever opens it finds all of it or nothing.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from ..core.errors import StorageFailed
from .projection import Projection
from .view_store import glance, mark_replaced

__all__ = ["drop_all", "live_generation", "pending_generation", "restart_pending", "retire_others", "view_path"]

_DROPPED: Final = ".dropped-"
"""What the name of a folder begins with that is being removed. One that is found was left by a process that died."""


def view_path(root: Path, projection: type[Projection], generation: int = 0) -> Path:
    """The directory of a view: it names everything that its files depend on."""
    base = f"{projection.name}-{projection.version}-{projection.fingerprint()}"
    return root / (f"{base}-{generation}" if generation else base)


def _generations(root: Path, projection: type[Projection]) -> list[int]:
    """Those there are, the newest first."""
    base = view_path(root, projection).name
    numbers = [path.name.removeprefix(base).removeprefix("-") for path in root.glob(f"{base}*")]
    return sorted((int(number or 0) for number in numbers if not number or number.isdecimal()), reverse=True)


def live_generation(root: Path, projection: type[Projection], boot: str | None) -> int:
    """The newest generation that has caught up; if none has, the newest."""
    found = _generations(root, projection)
    if len(found) > 1:
        for generation in found:
            seen = glance(view_path(root, projection, generation), boot)
            if seen is not None and seen.is_ready:
                return generation
    return found[0] if found else 0


def pending_generation(root: Path, projection: type[Projection], live: int) -> int | None:
    """The generation that is being built beside the live one, if there is one."""
    newest = max(_generations(root, projection), default=live)
    return newest if newest > live else None


def retire_others(root: Path, projection: type[Projection], live: int, boot: str | None) -> None:
    """Drop the folders of other versions, other declarations and earlier generations. Later ones are being built."""
    for left in root.glob(f"{_DROPPED}{projection.name}-*"):
        shutil.rmtree(left, ignore_errors=True)
    kept = {view_path(root, projection, each) for each in _generations(root, projection) if each >= live}
    for other in root.glob(f"{projection.name}-*-*"):
        if other not in kept and other.name.split("-", 1)[0] == projection.name:
            mark_replaced(other, boot)
            _drop(other)


def restart_pending(root: Path, projection: type[Projection], live: int) -> None:
    """Have what is being built beside the live generation begin anew, when it is gone on with."""
    pending = pending_generation(root, projection, live)
    if pending is not None:
        place = view_path(root, projection, pending)
        _drop(place)
        place.mkdir(mode=0o700)


def drop_all(root: Path, projection: type[Projection]) -> None:
    """Drop every generation."""
    for generation in _generations(root, projection):
        _drop(view_path(root, projection, generation))


def _drop(path: Path) -> None:
    dropped = path.with_name(f"{_DROPPED}{path.name}")
    shutil.rmtree(dropped, ignore_errors=True)
    try:
        path.rename(dropped)
    except FileNotFoundError:
        return
    except OSError as error:
        message = f"can't drop {path}: {error.strerror or error}"
        raise StorageFailed(message) from error
    shutil.rmtree(dropped, ignore_errors=True)  # a reader that is just opening it may put its lock file there
