"""The folders of views as anybody finds them: told by their names and files, without the projections themselves.

For those who look after a log whose projections are another program's. What they ask for is done when that program next
opens the log: the note of a parked view goes, or a folder waits for the view to be built in.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import attrs

from ..core.errors import StorageFailed
from ..core.machine import boot_id
from .view_statistics import Parked
from .view_store import Glance, glance, unpark

__all__ = ["ViewFolder", "ask_for_rebuild", "forget_parked", "view_folders"]

_NAME: Final = re.compile(r"([a-z][a-z0-9_]*)-([1-9][0-9]*)-([0-9a-f]{8})(?:-([1-9][0-9]*))?")


@attrs.frozen
class ViewFolder:
    """One folder of a view.

    Attributes:
        path: where it is.
        name: the projection's name.
        version: the projection's version.
        generation: how often the view has been built anew.
        seen: what its files say, or None if they can't be trusted and will be thrown away.
    """

    path: Path
    name: str
    version: int
    generation: int
    seen: Glance | None

    @property
    def parked(self) -> Parked | None:
        """Why the view stands still, if it does."""
        return None if self.seen is None or self.seen.parked is None else Parked.unpack(self.seen.parked)

    @property
    def is_live(self) -> bool:
        """Whether the view has ever caught up here."""
        return self.seen is not None and self.seen.is_ready


def view_folders(root: Path) -> list[ViewFolder]:
    """All folders of views in `root`, none of which may be open in this process; by name, the newest last."""
    boot = boot_id()
    found: list[ViewFolder] = []
    for path in root.glob("*-*-*"):
        parts = _NAME.fullmatch(path.name)
        if parts is not None:
            seen = glance(path, boot)
            found.append(ViewFolder(path, parts[1], int(parts[2]), int(parts[4] or 0), seen))
    return sorted(found, key=lambda folder: (folder.name, folder.version, folder.generation))


def ask_for_rebuild(folder: ViewFolder) -> None:
    """Have the view built anew beside this folder when its program next opens the log.

    Raises:
        StorageFailed: the disk refuses.
    """
    base = folder.path.name.removesuffix(f"-{folder.generation}") if folder.generation else folder.path.name
    try:
        (folder.path.parent / f"{base}-{folder.generation + 1}").mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        message = f"can't make a folder beside {folder.path}: {error.strerror or error}"
        raise StorageFailed(message) from error


def forget_parked(folder: ViewFolder) -> None:
    """Take back the note that the view stands still.

    Raises:
        StorageFailed: the disk refuses.
    """
    unpark(folder.path, boot_id())
