"""Trust: whether a view's files may be opened at all.

Views are not flushed to the disk. After a crash of the process everything is in the operating system's hands and sound;
after a crash of the machine the file may be torn, and LMDB would not raise but kill the process. So a view is trusted
only if it was closed cleanly, or if the machine has not been restarted since it was opened and these are the very
files (same device, same inode: a copied folder has others). The mark that says so is durable before the view is first
written.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from ..core.errors import StorageFailed
from ..core.files import replacing

__all__ = ["is_trusted", "mark_clean", "mark_open"]

_MARK: Final = "trust.json"


def is_trusted(directory: Path, boot: str | None) -> bool:
    """Whether the view in `directory` may be opened by a machine that was started as `boot`."""
    try:
        mark = json.loads((directory / _MARK).read_text(encoding="utf-8"))
        if mark["clean"] is True:
            return True
        stat = (directory / "data.mdb").stat()
        return boot is not None and [mark["boot"], mark["device"], mark["inode"]] == [boot, stat.st_dev, stat.st_ino]
    except (OSError, ValueError, KeyError, TypeError):
        return False  # no mark, or not one of ours: no trust


def mark_open(directory: Path, boot: str | None) -> None:
    """Note that the view is being written from now on.

    Raises:
        StorageFailed: the disk refuses.
    """
    stat = (directory / "data.mdb").stat()
    _write(directory, {"clean": False, "boot": boot, "device": stat.st_dev, "inode": stat.st_ino})


def mark_clean(directory: Path) -> None:
    """Note that the view has been flushed and closed.

    Raises:
        StorageFailed: the disk refuses.
    """
    _write(directory, {"clean": True})


def _write(directory: Path, mark: dict[str, object]) -> None:
    try:
        with replacing(directory / _MARK) as file:
            file.write(json.dumps(mark).encode())
    except OSError as error:
        message = f"can't write {directory / _MARK}: {error.strerror or error}"
        raise StorageFailed(message) from error
