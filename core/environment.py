"""One LMDB environment, opened by the rules that hold everywhere in Remanence.

Invariants:
- defaults `sync=True, metasync=True, writemap=False` for facts; `sync=False` only for what can be rebuilt;
- the map is virtual and large, and still grows; other processes follow the growth;
- files are 0600, directories 0700, and the parent directory is fsynced once after creation (LMDB doesn't);
- a transaction never outlives the call that began it, so no reader pins pages and no task switch happens inside one;
- an environment does not survive `fork`: every transaction checks the process id first.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Final, TypeVar

import lmdb

from .errors import Closed, Damaged, StorageFailed
from .files import make_folder, sync_directory

__all__ = ["DATA_FILE", "DEFAULT_MAP_BYTES", "LOCK_FILE", "Environment"]

T = TypeVar("T")
DATA_FILE: Final = "data.mdb"
LOCK_FILE: Final = "lock.mdb"
DEFAULT_MAP_BYTES: Final = 64 << 30
"""Address space, not disk: what a log may grow to before the map has to be enlarged."""
MAX_READERS: Final = 1024
CHECK_EVERY: Final = 256
"""Commits between two looks for readers that died: what they pin can't be used again, so the file grows meanwhile."""
_GROWTH_TRIES: Final = 20
_READ_TRIES: Final = 5

_DAMAGE_ERRORS: Final = (
    lmdb.CorruptedError,
    lmdb.InvalidError,
    lmdb.PageNotFoundError,
    lmdb.VersionMismatchError,
    lmdb.PanicError,
    lmdb.IncompatibleError,
    lmdb.NotFoundError,  # a named database is missing
)


class Environment:
    """An open LMDB environment with its named databases."""

    def __init__(
        self,
        path: Path,
        databases: Sequence[str],
        *,
        read_only: bool = False,
        durable: bool = True,
        map_bytes: int = DEFAULT_MAP_BYTES,
        duplicates: Sequence[str] = (),
    ) -> None:
        """Open, creating what is missing unless `read_only`.

        Args:
            path: the environment's directory.
            databases: names of its databases.
            read_only: open without the right to write.
            durable: flush every commit to the disk before it returns.
            map_bytes: initial size of the map.
            duplicates: those of the databases whose keys have many values, all of one length.

        Raises:
            StorageFailed: the disk refuses.
            Damaged: the file isn't an LMDB file of a known version.
        """
        self.path = path
        self.read_only = read_only
        self._pid = os.getpid()
        self._is_open = True
        self._writes = 0
        is_new = not read_only and not (path / DATA_FILE).exists()
        try:
            if is_new:
                make_folder(path)
            with _Translated(path):
                self._env = lmdb.open(
                    str(path),
                    map_size=map_bytes,
                    max_dbs=max(1, len(databases)),
                    max_readers=MAX_READERS,
                    readonly=read_only,
                    sync=durable,
                    metasync=durable,
                    writemap=False,
                    mode=0o600,
                    create=not read_only,
                )
            with _Translated(path), self._closed_on_failure():
                self._env.reader_check()
                self._dbs = {name: self._open_db(name, dupfixed=name in duplicates) for name in databases}
        except OSError as error:
            message = f"can't open {path}: {error.strerror or error}"
            raise StorageFailed(message) from error
        if is_new:
            sync_directory(path)
            sync_directory(path.parent)

    @contextlib.contextmanager
    def _closed_on_failure(self) -> Generator[None, None, None]:
        """Or it could not be opened again: LMDB forbids a process to open an environment twice."""
        try:
            yield
        except BaseException:
            self._env.close()
            raise

    def _open_db(self, name: str, *, dupfixed: bool) -> lmdb._Database:
        return self._env.open_db(name.encode(), dupsort=dupfixed, dupfixed=dupfixed, create=not self.read_only)

    def db(self, name: str) -> lmdb._Database:
        """The handle of a database."""
        return self._dbs[name]

    def reading(self) -> _Reading:
        """A read transaction: a snapshot of all databases, released at the end of the block.

        Raises:
            Closed: the environment is closed or another process's.
            StorageFailed, Damaged: as LMDB says.
        """
        return _Reading(self)

    def snapshot(self) -> lmdb.Transaction[bytes]:
        """A read transaction without translated errors, for the hottest reads: use it with `with`, at once."""
        if os.getpid() != self._pid:
            self.require_own()
        try:
            return self._env.begin()
        except lmdb.Error as error:
            return self._begin_again(error)

    def _begin_again(self, error: lmdb.Error) -> lmdb.Transaction[bytes]:
        """Follow another process that enlarged the map, or clear the places of dead readers; or say what is wrong."""
        for _ in range(_READ_TRIES):
            if isinstance(error, lmdb.MapResizedError):
                self._env.set_mapsize(0)
            elif not (isinstance(error, lmdb.ReadersFullError) and self._env.reader_check()):
                break
            try:
                return self._env.begin()
            except lmdb.Error as again:
                error = again
        message = f"{self.path} can't be read: {error}"
        raise (Closed(message) if "closed" in str(error).lower() else StorageFailed(message)) from error

    def write(self, change: Callable[[lmdb.Transaction[bytes]], T]) -> T:
        """Run `change` in a write transaction and commit it; when the map is full, enlarge it and run it again.

        Raises:
            Closed: the environment is closed or another process's.
            StorageFailed: the disk refuses; nothing of `change` is written.
            Damaged: LMDB found its file damaged.
        """
        self.require_own()
        self._writes += 1
        with _Translated(self.path):
            if self._writes % CHECK_EVERY == 0:
                self._env.reader_check()
            for _ in range(_GROWTH_TRIES):
                try:
                    with self._env.begin(write=True) as transaction:
                        return change(transaction)
                except lmdb.MapFullError:
                    self._env.set_mapsize(self._env.info()["map_size"] * 2)
                except lmdb.MapResizedError:
                    self._env.set_mapsize(0)
        message = f"{self.path}: the map is still full after {_GROWTH_TRIES} enlargements"
        raise StorageFailed(message)

    def sync(self) -> None:
        """Flush everything committed to the disk.

        Raises:
            Closed: the environment is closed or another process's.
            StorageFailed: the disk refuses.
        """
        self.require_own()
        with _Translated(self.path):
            self._env.sync(True)  # noqa: FBT003 - LMDB's own signature

    def copy(self, target: Path) -> None:
        """Write a compact copy of the environment, as of now, into the existing directory `target`.

        Raises:
            Closed: the environment is another process's.
            StorageFailed: the disk refuses.
        """
        self.require_own()
        data = target / DATA_FILE
        try:
            with _Translated(target):
                self._env.copy(str(target), compact=True)
            data.chmod(0o600)
            with data.open("rb") as file:
                os.fsync(file.fileno())
        except OSError as error:
            message = f"can't write {data}: {error.strerror or error}"
            raise StorageFailed(message) from error
        sync_directory(target)

    def used_bytes(self) -> int:
        """Size of the pages in use, metadata included (a file that shrank keeps its length)."""
        info, stat = self._env.info(), self._env.stat()
        return int((info["last_pgno"] + 1) * stat["psize"])

    def is_read(self) -> bool:
        """Whether this process is in the middle of reading: it has a read transaction open."""
        readers = (line.split() for line in self._env.readers().splitlines()[1:])  # process, thread, transaction
        return any(process == str(self._pid) and transaction != "-" for process, _, transaction in readers)

    def close(self) -> None:
        """Close. In a forked child this only forgets: the handles are the parent's."""
        if self.is_open:
            self._env.close()
        self._is_open = False

    def require_own(self) -> None:
        """See that this is the process that opened the environment.

        Raises:
            Closed: it is a fork of that process.
        """
        if os.getpid() != self._pid:
            message = f"{self.path} was opened by process {self._pid} and can't be used in its fork; open it anew"
            raise Closed(message)

    @property
    def is_open(self) -> bool:
        """Whether it can be used: it has not been closed, and this is the process that opened it."""
        return self._is_open and os.getpid() == self._pid


# The two that follow are classes because generators as context managers cost five times as much, at every read.


class _Translated:
    """A block in which what LMDB raises becomes one of our errors."""

    __slots__ = ("_path",)

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, lmdb.Error):
            raise _translation(error, self._path) from error


class _Reading:
    """A block with a read transaction, which ends with it."""

    __slots__ = ("_env", "_transaction")

    def __init__(self, env: Environment) -> None:
        self._env = env

    def __enter__(self) -> lmdb.Transaction[bytes]:
        self._transaction = self._env.snapshot()
        return self._transaction

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._transaction.abort()
        if isinstance(error, lmdb.Error):
            raise _translation(error, self._env.path) from error


def _translation(error: lmdb.Error, path: Path) -> Closed | Damaged | StorageFailed:
    if isinstance(error, _DAMAGE_ERRORS):
        return Damaged(f"{path} is damaged: {error}; restore a backup, or look with `remanence verify`")
    message = f"{path}: the disk refused: {error}"
    if isinstance(error, lmdb.BadTxnError) or "closed" in str(error).lower():
        return Closed(message)
    return StorageFailed(message)
