"""Scratch folders: where a test's files live for as long as it runs.

In memory where the system has such a place and nobody asked for another (`TMPDIR`): logs and views flush what they
write, and no test has a use for that.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from tempfile import TemporaryDirectory
from typing import Final

__all__ = ["scratch"]

IN_MEMORY: Final = "/dev/shm"  # noqa: S108 - a folder of our own is made in it
USUAL: Final = "/tmp"  # noqa: S108 - nothing is written there by this name
"""Where temporary files go when nobody says otherwise."""
FREE_BYTES_MIN: Final = 32 << 20
"""Containers have 64 MiB of it by default, and a story's view takes less than one."""


def scratch() -> TemporaryDirectory[str]:
    """A folder that is gone at the end of the `with` block."""
    return TemporaryDirectory(prefix="remanence-", dir=_in_memory())


def _in_memory() -> str | None:
    if tempfile.gettempdir() != USUAL:
        return None
    try:
        is_usable = os.access(IN_MEMORY, os.W_OK | os.X_OK) and shutil.disk_usage(IN_MEMORY).free >= FREE_BYTES_MIN
    except OSError:
        return None
    return IN_MEMORY if is_usable else None
