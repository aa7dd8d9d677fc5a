"""What every view keeps its entries in: one unflushed LMDB environment, a checkpoint, and the right to be trusted.

Invariants:
- checkpoint and entries change in one transaction: whatever crashes, each event has been applied exactly once;
- the checkpoint carries the leaf of its event, so that a view of another history (of another log, or of one that was
  since replaced by an older copy) is noticed and thrown away;
- a view is `ready` once it has caught up with its log for the first time; nobody reads it before that;
- files that another took the place of say so before they go.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from struct import Struct
from typing import Final

import attrs
import lmdb

from ..codecs.frames import leaf, read_fields
from ..core.environment import DEFAULT_MAP_BYTES, Environment
from ..core.errors import Damaged, NotFound, StorageFailed
from ..core.machine import boot_id
from ..core.stores import Store
from .trust import is_trusted, mark_clean, mark_open

__all__ = ["Glance", "LeafAt", "ViewStore", "close_unread", "glance", "leaves_of", "mark_replaced", "unpark"]

LeafAt = Callable[[int], bytes | None]
"""The leaf of the event at a position of the log, or None if there is none."""
_META: Final = ".meta"
"""No table is called that: tables have the names of attributes."""
_CHECKPOINT: Final = b"checkpoint"
_READY: Final = b"ready"
_LOG_ID: Final = b"log"
_PARKED: Final = b"parked"
_REPLACED: Final = b"replaced"
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
        leaf_at: LeafAt | None = None,
    ) -> None:
        """Open the view's files; files that can't be trusted are thrown away, and the view starts empty.

        Args:
            path: their directory.
            databases: names of what is kept in them.
            log_id: id of the log that the view is of.
            duplicates: those of the databases whose keys have many values.
            read_only: open without the right to write.
            map_bytes: initial size of the map.
            boot: which start of the machine this is; by default, what the system tells.
            leaf_at: looks into the log, to see whether the view's checkpoint is of its history.

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
        try:
            if self._is_foreign(log_id, leaf_at):
                self.env.close()
                shutil.rmtree(path)
                self.env = self._open(databases, duplicates, map_bytes)
            if not read_only:
                mark_open(path, boot)
                self.env.write(lambda txn: self._take_up(txn, log_id))
        except BaseException:
            self.env.close()
            raise

    def _open(self, databases: Sequence[str], duplicates: Sequence[str], map_bytes: int) -> Environment:
        return Environment(
            self.path,
            (*databases, _META),
            read_only=self._read_only,
            durable=False,
            map_bytes=map_bytes,
            duplicates=duplicates,
        )

    def _take_up(self, txn: lmdb.Transaction[bytes], log_id: bytes) -> None:
        """Say whose files these are, and that they are in use, whatever took their place before."""
        txn.put(_LOG_ID, log_id, db=self.env.db(_META))
        txn.delete(_REPLACED, db=self.env.db(_META))

    def _is_foreign(self, log_id: bytes, leaf_at: LeafAt | None) -> bool:
        if self._meta(_LOG_ID) in (None, log_id):
            position, proof = self.mark()
            if leaf_at is None or not position or leaf_at(position) == proof:
                return False
        if self._read_only:
            message = f"the view in {self.path} belongs to another log; open the log once for writing"
            raise NotFound(message)
        return True

    def _meta(self, key: bytes) -> bytes | None:
        with self.env.reading() as txn:
            return txn.get(key, db=self.env.db(_META))

    def mark(self, txn: lmdb.Transaction[bytes] | None = None) -> tuple[int, bytes]:
        """The checkpoint: position of the last event applied, and its leaf; (0, b"") before any.

        Args:
            txn: read it in this transaction, to go with what else is read there.

        Raises:
            Damaged: it is.
        """
        found = self._meta(_CHECKPOINT) if txn is None else txn.get(_CHECKPOINT, db=self.env.db(_META))
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

    def is_replaced(self) -> bool:
        """Whether other files have taken the place of these."""
        return self._meta(_REPLACED) is not None

    def parked(self) -> bytes | None:
        """What was noted of why the view stands still."""
        return self._meta(_PARKED)

    def park(self, why: bytes | None) -> None:
        """Note why the view stands still; None when it no longer does.

        Raises:
            StorageFailed: the disk refuses.
        """
        meta = self.env.db(_META)
        if why is not None:
            self.env.write(lambda txn: txn.put(_PARKED, why, db=meta))
        elif self.parked() is not None:
            self.env.write(lambda txn: txn.delete(_PARKED, db=meta))

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
        """Flush, close, and mark the files as clean. In a forked child, or the second time, there is nothing to do."""
        if self._read_only or not self.env.is_open:
            self.env.close()
            return
        try:
            self.env.sync()
        finally:
            self.env.close()
        mark_clean(self.path)


def close_unread(stores: Sequence[ViewStore]) -> list[ViewStore]:
    """Close those that nobody is in the middle of reading; returns the others."""
    read = [store for store in stores if store.env.is_read()]
    for store in stores:
        if store not in read:
            store.close()
    return read


@attrs.frozen
class Glance:
    """What the files of a view say without its projection.

    Attributes:
        log_id: the log that it is of.
        checkpoint: position of the last event applied, as stored.
        is_ready: whether it has ever caught up.
        parked: what was noted of why it stands still.
        used_bytes: what the files hold.
    """

    log_id: bytes | None
    checkpoint: int
    is_ready: bool
    parked: bytes | None
    used_bytes: int


def glance(path: Path, boot: str | None) -> Glance | None:
    """Look at the files of a view that isn't open in this process; None if there are none that can be trusted."""
    if not is_trusted(path, boot):
        return None
    try:
        env = Environment(path, (_META,), read_only=True, durable=False)
    except (Damaged, StorageFailed):
        return None  # just dropped, or never finished
    try:
        with env.reading() as txn:
            found = {key: txn.get(key, db=env.db(_META)) for key in (_LOG_ID, _CHECKPOINT, _READY, _PARKED)}
        mark = found[_CHECKPOINT]
        checkpoint = 0 if mark is None else int(_position.unpack_from(mark)[0])
        return Glance(found[_LOG_ID], checkpoint, found[_READY] is not None, found[_PARKED], env.used_bytes())
    finally:
        env.close()


def mark_replaced(path: Path, boot: str | None) -> None:
    """Tell whoever reads these files that others have taken their place. Files that can't be trusted have no readers.

    Raises:
        StorageFailed: the disk refuses.
    """
    _note(path, boot, lambda txn, meta: txn.put(_REPLACED, b"1", db=meta))


def unpark(path: Path, boot: str | None) -> None:
    """Take back what was noted of why the view stands still. Its files are not open in this process.

    Raises:
        StorageFailed: the disk refuses.
    """
    _note(path, boot, lambda txn, meta: txn.delete(_PARKED, db=meta))


def _note(path: Path, boot: str | None, change: Callable[[lmdb.Transaction[bytes], lmdb._Database], bool]) -> None:
    if not is_trusted(path, boot):
        return
    env = Environment(path, (_META,), durable=False)
    try:
        env.write(lambda txn: change(txn, env.db(_META)))
        env.sync()  # a mark of a clean close stays true
    finally:
        env.close()


def leaves_of(store: Store) -> LeafAt:
    """Where a view looks into the log that `store` keeps."""

    def leaf_at(position: int) -> bytes | None:
        frames = store.read(position, position)
        if not frames:
            return None
        read_fields(frames[0], position)  # a damaged event is that, not a sign of another history
        return leaf(frames[0])

    return leaf_at
