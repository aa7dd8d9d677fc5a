"""What every view keeps its entries in: one unflushed LMDB environment, a checkpoint, and the right to be trusted.

Invariants:
- checkpoint and entries change in one transaction: whatever crashes, each event has been applied exactly once;
- the checkpoint carries the leaf of its event, so that a view of another history is noticed and thrown away;
- a view is `ready` once it has caught up with its log for the first time; nobody reads it before that.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from struct import Struct
from typing import Final

import lmdb

from ..core.environment import DEFAULT_MAP_BYTES, Environment
from ..core.errors import Damaged, NotFound
from ..core.machine import boot_id
from .trust import is_trusted, mark_clean, mark_open

__all__ = ["ViewStore"]

_META: Final = "meta"
_CHECKPOINT: Final = b"checkpoint"
_READY: Final = b"ready"
_LOG_ID: Final = b"log"
_position = Struct(">Q")


class ViewStore:
    """The files of one view of the log `log_id`, in `path`."""

    def __init__(
        self,
        path: Path,
        databases: Sequence[str],
        log_id: bytes,
        *,
        duplicates: Sequence[str] = (),
        read_only: bool = False,
        map_bytes: int = DEFAULT_MAP_BYTES,
        boot: str | None = None,
    ) -> None:
        """Open the view's files; files that can't be trusted are thrown away, and the view starts empty.

        Raises:
            NotFound: `read_only`, and there are no files that can be trusted.
            StorageFailed: the disk refuses.
        """
        self.path = path
        self._read_only = read_only
        boot = boot_id() if boot is None else boot
        if not is_trusted(path, boot):
            if read_only:
                message = f"the view in {path} has to be built first; open the log once for writing"
                raise NotFound(message)
            shutil.rmtree(path, ignore_errors=True)
        self.env = self._open(databases, duplicates, map_bytes)
        if self._foreign(log_id):
            self.env.close()
            shutil.rmtree(path)
            self.env = self._open(databases, duplicates, map_bytes)
        if not read_only:
            mark_open(path, boot)
            self.env.write(lambda txn: txn.put(_LOG_ID, log_id, db=self.env.db(_META)))

    def _open(self, databases: Sequence[str], duplicates: Sequence[str], map_bytes: int) -> Environment:
        return Environment(
            self.path,
            (*databases, _META),
            read_only=self._read_only,
            durable=False,
            map_bytes=map_bytes,
            duplicates=duplicates,
        )

    def _foreign(self, log_id: bytes) -> bool:
        found = self._meta(_LOG_ID)
        if found in (None, log_id):
            return False
        if self._read_only:
            message = f"the view in {self.path} belongs to another log; open the log once for writing"
            raise NotFound(message)
        return True

    def _meta(self, key: bytes) -> bytes | None:
        with self.env.reading() as txn:
            found: bytes | None = txn.get(key, db=self.env.db(_META))
        return found

    def mark(self) -> tuple[int, bytes]:
        """The checkpoint: position of the last event applied, and its leaf; (0, b"") before any."""
        found = self._meta(_CHECKPOINT)
        if found is None:
            return 0, b""
        if len(found) < _position.size:
            message = f"the checkpoint of the view in {self.path} is damaged; delete the folder, it will be rebuilt"
            raise Damaged(message)
        return _position.unpack_from(found)[0], found[_position.size :]

    def is_ready(self) -> bool:
        """Whether the view has ever caught up."""
        return self._meta(_READY) is not None

    def mark_ready(self) -> None:
        """Let readers in."""
        if not self.is_ready():
            self.env.write(lambda txn: txn.put(_READY, b"1", db=self.env.db(_META)))

    def write(self, change: Callable[[lmdb.Transaction[bytes]], None], position: int, proof: bytes) -> None:
        """Apply `change` and move the checkpoint, in one transaction. `change` may be run again when the map grows.

        Raises:
            StorageFailed: the disk refuses; nothing changed.
        """
        meta = self.env.db(_META)

        def both(txn: lmdb.Transaction[bytes]) -> None:
            change(txn)
            txn.put(_CHECKPOINT, _position.pack(position) + proof, db=meta)

        self.env.write(both)

    def close(self) -> None:
        """Flush, close, and mark the files as clean."""
        if self._read_only:
            self.env.close()
            return
        self.env.sync()
        self.env.close()
        mark_clean(self.path)
