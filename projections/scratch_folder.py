"""Scratch folders: a temporary folder that only its owner may enter, and that goes with its owner, whatever happened.

Invariants:
- a folder's owner holds a lock of the operating system on a file in it as long as it lives: no id of a process can be
  taken for another's, and a lock doesn't outlive who held it;
- whoever makes a folder first removes those whose owners are dead; nothing is touched that isn't this user's, or has
  no such file, or whose lock can't be had.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

from ..core.errors import StorageFailed

__all__ = ["ScratchFolder", "remove_leftovers"]

_PREFIX: Final = "remanence-past-"
_OWNER: Final = "owner"
_FLAGS: Final = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW


class ScratchFolder:
    """A temporary folder of this process.

    Attributes:
        path: where it is.
    """

    def __init__(self) -> None:
        """Make it, and remove those that the dead have left.

        Raises:
            StorageFailed: the disk refuses.
        """
        remove_leftovers()
        try:
            self.path = Path(tempfile.mkdtemp(prefix=_PREFIX))  # 0700, says its documentation
            self._owner = os.open(self.path / _OWNER, _FLAGS | os.O_CREAT, 0o600)
            fcntl.flock(self._owner, fcntl.LOCK_EX)  # whoever looks for leftovers may have it for a moment
            os.write(self._owner, str(os.getpid()).encode())
        except OSError as error:
            message = f"can't make a folder in {tempfile.gettempdir()}: {error.strerror or error}"
            raise StorageFailed(message) from error

    def close(self) -> None:
        """Remove it with everything in it."""
        try:
            shutil.rmtree(self.path)
        finally:
            os.close(self._owner)


def remove_leftovers() -> int:
    """Remove the folders whose owners are dead: killed, they could not do so themselves. Returns how many."""
    removed = 0
    with contextlib.suppress(OSError), os.scandir(tempfile.gettempdir()) as entries:
        for entry in entries:
            if entry.name.startswith(_PREFIX) and entry.is_dir(follow_symlinks=False):
                removed += _remove_if_left(Path(entry.path))
    return removed


def _remove_if_left(path: Path) -> bool:
    try:
        if path.stat(follow_symlinks=False).st_uid != os.getuid():
            return False
        owner = os.open(path / _OWNER, _FLAGS)
    except OSError:
        return False  # just gone, or being made: its owner has yet to lock it
    try:
        fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(owner).st_size == 0:
            return False  # made a moment ago, and not yet locked
        shutil.rmtree(path)
    except OSError:
        return False  # somebody lives in it, or removes it too
    finally:
        os.close(owner)
    return True
