"""The lease: one process writes to a log, and the others can tell which.

The lease is a lock of the operating system (`flock`) on the file `lease`; what the file says is for people, the lock
alone decides. Invariants:
- the lock ends with `close` or with the process, however that dies; the file stays, because two processes that delete
  and create it could each lock a file of their own;
- a second `acquire` is refused whoever asks, this very process included: a lock belongs to one opening of the file;
- asking who holds it never gets in the way of taking it: both are done under a short lock on the directory itself.

A forked child shares its parent's opening of the file, and would keep the lock for as long as it lives. So the child
lets go of it at once (Python's `os.fork`, and what is built on it, do this by themselves), which leaves the parent's
lock alone; and a new program doesn't get it at all, since it is closed on exec. Only a child that C code forks and
that starts no other program keeps the lock of a parent that died.

Locks of this kind hold within one machine. A network's file system may not pass them on, as LMDB's own may not be.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import weakref
from collections.abc import Generator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final

import attrs
import msgspec

from .clock import WallClock, from_ns, system_clock
from .errors import Locked, StorageFailed
from .files import make_folder
from .machine import boot_id

__all__ = ["Holder", "Lease", "holder"]

LEASE: Final = "lease"
"""The file's name."""
_NOTE_BYTES_MAX: Final = 4096

_Text = Annotated[str, msgspec.Meta(max_length=255)]


@attrs.frozen
class Holder:
    """The process that writes to a log; what its note doesn't say is None.

    Attributes:
        pid: its process id, on its host.
        boot: which start of its machine it belongs to.
        host: the machine's name.
        since: when it took the lease, in UTC.
    """

    pid: int | None = None
    boot: _Text | None = None
    host: _Text | None = None
    since: datetime | None = None


_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(Holder).decode


class Lease:
    """The right to write to a log, until `close`."""

    def __init__(self, directory: Path, descriptor: int) -> None:
        """Own a locked descriptor; `acquire` is how to get one."""
        self._directory = directory
        self._descriptor: int | None = descriptor
        _leases.add(self)

    @classmethod
    def acquire(cls, directory: Path, *, clock: WallClock = system_clock, boot: str | None = None) -> Lease:
        """Take the lease of the log in `directory`, which is created if it is missing.

        Args:
            directory: where the file `lease` is or will be.
            clock: the time to note.
            boot: which start of the machine to note; by default, what the system tells.

        Raises:
            Locked: another process has it, or this one already.
            StorageFailed: the file can't be opened or written.
        """
        with _translated(directory):
            make_folder(directory)
            with _gate(directory):
                descriptor = os.open(directory / LEASE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
                with contextlib.ExitStack() as stack:
                    stack.callback(os.close, descriptor)
                    _lock_or_refuse(directory, descriptor)
                    boot = boot_id() if boot is None else boot
                    _write(descriptor, Holder(os.getpid(), boot, socket.gethostname(), from_ns(clock())))
                    stack.pop_all()
                return cls(directory, descriptor)

    def close(self) -> None:
        """Give the lease back. In a forked child there is nothing to give back."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            _leases.discard(self)
            _unlock_and_close(descriptor)

    def leave_to_parent(self) -> None:
        """Let go without unlocking: what a forked child does first of all."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def __repr__(self) -> str:
        state = "closed" if self._descriptor is None else "held"
        return f"<Lease {os.fspath(self._directory)} {state}>"


def holder(directory: Path) -> Holder | None:
    """Who writes to the log in `directory`, without taking part; None if nobody does.

    Raises:
        StorageFailed: the directory or the file can't be opened.
    """
    with _translated(directory), contextlib.ExitStack() as stack:
        try:
            stack.enter_context(_gate(directory))
            descriptor = os.open(directory / LEASE, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        stack.callback(_unlock_and_close, descriptor)
        return None if _lock(descriptor) else _read(descriptor)


_leases: weakref.WeakSet[Lease] = weakref.WeakSet()
"""The leases of this process, for a child to let go of."""


def _leave_all_to_parent() -> None:
    for lease in list(_leases):
        lease.leave_to_parent()
    _leases.clear()


os.register_at_fork(after_in_child=_leave_all_to_parent)


@contextlib.contextmanager
def _gate(directory: Path) -> Generator[None, None, None]:
    """One at a time: what is inside reads and writes a file of a hundred bytes."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        _unlock_and_close(descriptor)


def _unlock_and_close(descriptor: int) -> None:
    """Closing alone would leave the lock to a copy of the descriptor in a child that was forked meanwhile."""
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    os.close(descriptor)


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _write(descriptor: int, note: Holder) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, _encode(note) + b"\n", 0)


def _read(descriptor: int) -> Holder:
    try:
        return _decode(os.pread(descriptor, _NOTE_BYTES_MAX, 0))
    except msgspec.MsgspecError:
        return Holder()  # somebody wrote something else into the file; the lock is what counts


def _lock_or_refuse(directory: Path, descriptor: int) -> None:
    if _lock(descriptor):
        return
    found = _read(descriptor)
    who = "another process" if found.pid is None else f"process {found.pid}"
    if found.pid == os.getpid() and found.host == socket.gethostname():
        who = f"this very process, {found.pid}"
    elif found.host not in (None, socket.gethostname()):
        who += f" on {found.host}"
    since = "" if found.since is None else f" (since {found.since:%Y-%m-%d %H:%M:%S} UTC)"
    message = f"{directory} is being written by {who}{since}; stop it, or open read-only"
    raise Locked(message, pid=found.pid)


@contextlib.contextmanager
def _translated(directory: Path) -> Generator[None, None, None]:
    try:
        yield
    except OSError as error:
        message = f"can't take or read the lease of {directory}: {error.strerror or error}"
        raise StorageFailed(message) from error
