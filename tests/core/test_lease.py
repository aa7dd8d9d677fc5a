"""The lease: one process writes, whoever that is; everyone can tell who."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from remanence.core.errors import Locked, StorageFailed
from remanence.core.lease import LEASE, Holder, Lease, holder

from .places import NOON_NS

HOLDS = """
import sys
from pathlib import Path
from remanence.core.lease import Lease
lease = Lease.acquire(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""
TRIES = """
import sys
from pathlib import Path
from remanence.core.errors import Locked
from remanence.core.lease import Lease
for line in sys.stdin:
    try:
        Lease.acquire(Path(line.rstrip("\\n"))).close()
    except Locked as error:
        print(error.pid, error, flush=True)
    else:
        print("acquired", flush=True)
"""
Rival = Callable[[Path], str]


@pytest.fixture(scope="module")
def rival() -> Generator[Rival]:
    """Another process that tries to get a lease, says how it went, and gives it back."""
    process = subprocess.Popen([sys.executable, "-c", TRIES], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        question, answer = process.stdin, process.stdout

        def tries(path: Path) -> str:
            question.write(f"{path}\n")
            question.flush()
            return answer.readline().rstrip("\n")

        yield tries
        question.close()
    assert process.returncode == 0


@contextmanager
def another(path: Path) -> Generator[subprocess.Popen[str]]:
    """A process that holds the lease."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDS, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process


def test_a_second_process_is_refused_and_told_who_holds_it(tmp_path: Path, rival: Rival) -> None:
    """The error names the process and since when it writes; the holder isn't disturbed."""
    with closing(Lease.acquire(tmp_path, clock=lambda: NOON_NS)):
        for _ in range(2):
            assert rival(tmp_path) == (
                f"{os.getpid()} {tmp_path} is being written by process {os.getpid()} "
                "(since 2023-11-14 22:13:20 UTC); stop it, or open read-only"
            )
    assert rival(tmp_path) == "acquired"


def test_the_same_process_is_refused_too(tmp_path: Path, rival: Rival) -> None:
    """Two engines in one process would be two writers; being refused, or asking, takes nothing from the first."""
    first = Lease.acquire(tmp_path)
    for _ in range(2):
        with pytest.raises(Locked, match=f"by this very process, {os.getpid()}") as caught:
            Lease.acquire(tmp_path)
        assert caught.value.pid == os.getpid()
        assert holder(tmp_path) is not None
    assert rival(tmp_path).startswith(f"{os.getpid()} ")
    first.close()
    Lease.acquire(tmp_path).close()


def test_it_ends_with_its_process_however_that_dies(tmp_path: Path) -> None:
    """Killed without a chance to clean up: the next one gets it, though the file still names the dead."""
    with another(tmp_path) as process:
        with pytest.raises(Locked, match=f"by process {process.pid} ") as caught:
            Lease.acquire(tmp_path)
        assert caught.value.pid == process.pid
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert holder(tmp_path) is None
        with closing(Lease.acquire(tmp_path)):
            assert getattr(holder(tmp_path), "pid", None) == os.getpid()


def test_who_holds_it(tmp_path: Path) -> None:
    """Nobody where there is no directory, no file, or nobody; otherwise what the note says."""
    path = tmp_path / "log"
    assert holder(path) is None
    path.mkdir()
    assert holder(path) is None
    lease = Lease.acquire(path, clock=lambda: NOON_NS, boot="this start")
    found = holder(path)
    assert found == Holder(
        os.getpid(), "this start", os.uname().nodename, datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    )
    lease.close()
    assert holder(path) is None
    assert list(path.iterdir()) == [path / LEASE]


def test_the_lock_counts_and_not_the_note(tmp_path: Path) -> None:
    """Whatever is written into the file: a held lease is refused, a free one is given."""
    lease = Lease.acquire(tmp_path)
    for note in (b"", b"nonsense", b'{"pid": "x"}', b"\xff" * 10_000):
        (tmp_path / LEASE).write_bytes(note)
        assert holder(tmp_path) == Holder()
        with pytest.raises(Locked, match="by another process; stop it") as caught:
            Lease.acquire(tmp_path)
        assert caught.value.pid is None
    (tmp_path / LEASE).write_bytes(b'{"pid": 7, "boot": "b", "host": "elsewhere"}')
    with pytest.raises(Locked, match="by process 7 on elsewhere; stop it"):
        Lease.acquire(tmp_path)
    lease.close()
    Lease.acquire(tmp_path).close()


def test_the_file_stays_and_is_private(tmp_path: Path) -> None:
    """It is made 0600 in a directory 0700, and never deleted or replaced: a lock on another file would be no lock."""
    path = tmp_path / "log"
    before = os.umask(0)
    try:
        with closing(Lease.acquire(path)):
            first = (path / LEASE).stat()
    finally:
        os.umask(before)
    with closing(Lease.acquire(path)):
        assert (path / LEASE).stat().st_ino == first.st_ino
    assert stat.S_IMODE(first.st_mode) == 0o600
    assert stat.S_IMODE(path.stat().st_mode) == 0o700


def test_a_forked_child_takes_nothing_away_and_keeps_nothing(tmp_path: Path, rival: Rival) -> None:
    """Closing it in the child leaves it to the parent; a child that lives on doesn't keep what the parent gave back."""
    lease = Lease.acquire(tmp_path)
    awaits, ends = os.pipe()
    child = os.fork()
    if child == 0:
        lease.close()
        os.close(ends)
        os.read(awaits, 1)  # until the parent closes its end
        os._exit(0)
    os.close(awaits)
    try:
        assert rival(tmp_path).startswith(f"{os.getpid()} ")
        lease.close()
        assert rival(tmp_path) == "acquired"
    finally:
        os.close(ends)
        os.waitpid(child, 0)


FORKS = """
import os, sys
from pathlib import Path
from remanence.core.lease import Lease
lease = Lease.acquire(Path(sys.argv[1]))
awaits, tells = os.pipe()
if os.fork() == 0:
    os.write(tells, b"I am here")
    sys.stdin.read()
    os._exit(0)
os.read(awaits, 1)
os.kill(os.getpid(), 9)
"""


def test_a_child_does_not_outlive_its_parent_s_lease(tmp_path: Path) -> None:
    """A process that forked and was killed has left nothing behind that holds the lease, though its child lives."""
    process = subprocess.Popen([sys.executable, "-c", FORKS, tmp_path], stdin=subprocess.PIPE)
    with process:
        process.wait()
        with closing(Lease.acquire(tmp_path)):
            assert getattr(holder(tmp_path), "pid", None) == os.getpid()


def test_a_program_started_by_the_holder_does_not_get_it(tmp_path: Path, rival: Rival) -> None:
    """The descriptor is closed on exec, even where descriptors are passed on."""
    lease = Lease.acquire(tmp_path)
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, close_fds=False)
    with process:
        lease.close()
        assert rival(tmp_path) == "acquired"
        process.communicate(b"\n")


def test_a_copy_of_the_descriptor_keeps_nothing(tmp_path: Path) -> None:
    """Closing unlocks: a child that C code forked meanwhile has a copy, and doesn't hold on to the lease by it."""
    lease = Lease.acquire(tmp_path)
    descriptor = lease._descriptor  # pyright: ignore[reportPrivateUsage]
    assert descriptor is not None
    copy = os.dup(descriptor)
    lease.close()
    Lease.acquire(tmp_path).close()
    os.close(copy)


def test_closing_twice_is_harmless(tmp_path: Path) -> None:
    """The second time does nothing, least of all to another lease that has got the same descriptor since."""
    first = Lease.acquire(tmp_path / "a")
    first.close()
    second = Lease.acquire(tmp_path / "b")
    first.close()
    with pytest.raises(Locked):
        Lease.acquire(tmp_path / "b")
    second.close()


def test_a_directory_that_is_none(tmp_path: Path) -> None:
    """The disk's refusal is named, for the one who takes it and for the one who asks."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageFailed, match="file"):
        Lease.acquire(tmp_path / "file")
    with pytest.raises(StorageFailed, match="file"):
        holder(tmp_path / "file")
