"""Files and folders of ours beside LMDB's own: for their owner's eyes alone, and replaced in one step.

Folders are made with mode 0700 and files with 0600, whoever may look into the folder above them: a memory is private
even where it is moved to.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Generator
from pathlib import Path
from typing import BinaryIO

from .errors import StorageFailed

__all__ = ["make_folder", "private", "replacing", "sync_directory"]


def private(path: str, flags: int) -> int:
    """An `opener` for the built-in `open`: what it creates is for its owner alone."""
    return os.open(path, flags, 0o600)


def make_folder(path: Path) -> None:
    """Make a folder, and those above it that are missing; one that is there stays as it is.

    Raises:
        OSError: the disk refuses.
    """
    try:
        path.mkdir(mode=0o700, exist_ok=True)
    except FileNotFoundError:  # `parents=True` would make them for everybody to read
        make_folder(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)


@contextlib.contextmanager
def replacing(path: Path, *, durable: bool = True) -> Generator[BinaryIO, None, None]:
    """Write a file; at the end of the block it stands in the place of the one before, or, after an error, doesn't.

    One process at a time may do this to a path: what another left unfinished is written over.

    Args:
        path: the file.
        durable: have it survive a power cut from then on. Otherwise it may then be the old one, or empty.

    Raises:
        OSError, StorageFailed: the disk refuses.
    """
    unfinished = path.with_name(f"{path.name}.new")
    try:
        with open(unfinished, "wb", opener=private) as file:
            yield file
            if durable:
                file.flush()
                os.fsync(file.fileno())
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    if durable:
        sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Make a directory's entries durable.

    Raises:
        StorageFailed: the disk refuses.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        message = f"can't make {path} durable: {error.strerror or error}"
        raise StorageFailed(message) from error
