"""The log on disk: who may read it, how it grows, and what happens when the disk refuses."""

from __future__ import annotations

import os
import resource
import stat
import subprocess
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import lmdb
import pytest

from remanence.core.environment import Environment
from remanence.core.errors import Closed, Damaged, NotFound, StorageFailed
from remanence.core.lmdb_store import LmdbStore
from remanence.core.log import Log
from remanence.core.queries import Query
from remanence.core.verify import verify

from .places import Happened, Place, Spent, dice, die, place


def test_only_the_owner_may_look(disk: Place) -> None:
    """Directories are 0700 and files 0600, whatever the umask allows."""
    before = os.umask(0)
    try:
        log = disk.open()
        log.append(Spent("ada"))
        log.store.backup(disk.root / "backup")
        log.close()
    finally:
        os.umask(before)
    for path in disk.root.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_the_map_grows_as_it_must(disk: Place) -> None:
    """A log, and one opened again, goes on far beyond the map that it was opened with."""
    random = dice(1)
    for start in (0, 100):
        log = disk.open(map_bytes=1 << 17)
        for number in range(start, start + 100):
            log.append(Happened(random.randbytes(5000).hex(), (str(number),)))
        log.close()
    log = disk.open(map_bytes=1 << 17)
    assert log.store.used_bytes() > 1 << 19
    assert [each.position for each in log.read(Query.of(tags=["199"]))] == [200]
    assert verify(log.store, log.catalog).problem is None


# -- a disk that refuses


@contextmanager
def short_files(limit_bytes: int) -> Generator[None]:
    """No file may grow beyond the limit."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def fill(log: Log, size: Callable[[int], int]) -> int:
    """Append until the disk refuses; returns the last position that was acknowledged."""
    random, acknowledged = dice(5), 0
    for number in range(10_000):
        payload = random.randbytes(size(number)).hex()
        try:
            append = log.append(Spent("ada", number), Happened(payload, (str(number),)), key=str(number))
        except StorageFailed:
            return acknowledged
        acknowledged = append.position
    message = "the disk never refused"
    raise AssertionError(message)


@pytest.mark.parametrize("kind", ["lmdb", "mixed"])
def test_a_file_that_may_not_grow(kind: str) -> None:
    """What was acknowledged is there, what was not is not; once there is room, appending goes on, and all is sound."""
    with place(kind) as here:
        log = here.open()
        with short_files(1 << 19):
            acknowledged = fill(log, lambda number: 100 + number)
            assert log.recover() == log.head == acknowledged > 100
            assert [each.position for each in log.read(Query.of(tags=["account:ada"]), after=acknowledged - 4)] == [
                acknowledged - 3,
                acknowledged - 1,
            ]
        assert list(log.append(Spent("bob"), key="more").positions) == [acknowledged + 1]
        assert verify(log.store, log.catalog).problem is None
        die(log)
        assert here.open().head == acknowledged + 1


def test_a_catalog_that_was_refused_catches_up_later(disk: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """An append that fails only at the catalog is in the log, and no later append leaves a gap in the catalog."""
    log = disk.open()
    log.append(Spent("ada"))

    def refuse(*_: object) -> None:
        raise StorageFailed("no space left")

    with monkeypatch.context() as patch:
        patch.setattr(log.catalog, "apply", refuse)
        with pytest.raises(StorageFailed):
            log.append(Spent("ada"), Spent("bob"), key="k")
    assert (log.head, log.catalog.checkpoint) == (3, 1)
    assert [each.position for each in log.read(Query.of(tags=["account:ada"]))] == [1, 2]
    assert log.append(Spent("bob")).position == 4
    assert log.catalog.checkpoint == 4
    assert log.append(Spent("ada"), Spent("bob"), key="k").is_duplicate
    assert verify(log.store, log.catalog).problem is None


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Generator[Path]:
    """A file system of two megabytes."""
    path = tmp_path / "tiny"
    path.mkdir()
    mount = subprocess.run(
        ["/bin/mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(path)], capture_output=True, check=False
    )
    if mount.returncode:
        pytest.skip("only root may mount a small disk")
    yield path
    subprocess.run(["/bin/umount", str(path)], check=True)


def test_a_full_disk(tiny_disk: Path) -> None:
    """As with a file that may not grow; the catalog is on the same disk, and full as well."""
    here = Place("lmdb", tiny_disk)
    log = here.open()
    ballast = tiny_disk / "ballast"
    ballast.write_bytes(bytes(1 << 18))
    acknowledged = fill(log, lambda _: 1000)
    assert log.head in (acknowledged, acknowledged + 2)
    ballast.unlink()
    head = log.recover()
    assert head in (acknowledged, acknowledged + 2)
    assert log.append(Spent("bob")).position == head + 1
    assert verify(log.store, log.catalog).problem is None
    log.close()


# -- what can't be opened


def test_a_read_only_log_is_never_created(tmp_path: Path) -> None:
    """Looking at nothing leaves nothing."""
    with pytest.raises(NotFound, match="there is no log in"):
        LmdbStore(tmp_path / "log", read_only=True)
    assert list(tmp_path.iterdir()) == []


def test_a_path_that_is_no_directory(tmp_path: Path) -> None:
    """The disk's refusal is named, with the path."""
    (tmp_path / "log").write_bytes(b"a file")
    with pytest.raises(StorageFailed, match="log"):
        LmdbStore(tmp_path / "log")


def test_a_file_that_is_no_log(tmp_path: Path) -> None:
    """Neither any bytes, nor another program's file, nor a log of a newer format is opened; trying harms nothing."""
    path = tmp_path / "log"
    LmdbStore(path).close()
    other = tmp_path / "other"
    lmdb.open(str(other), map_size=1 << 20).close()
    (tmp_path / "garbage").mkdir()
    (tmp_path / "garbage" / "data.mdb").write_bytes(b"garbage" * 2000)
    environment = Environment(path, ["meta"])
    environment.write(lambda txn: txn.put(b"format", b"\x63", db=environment.db("meta")))
    environment.close()
    for folder in (path, other, tmp_path / "garbage"):
        before = (folder / "data.mdb").read_bytes()
        for _ in range(2):
            with pytest.raises(Damaged):
                LmdbStore(folder, read_only=True)
        assert (folder / "data.mdb").read_bytes() == before
    with pytest.raises(Damaged, match="newer"):
        LmdbStore(path)


def test_a_closed_log_says_so(disk: Place) -> None:
    """After `close`, everything raises `Closed`; closing twice doesn't hurt."""
    log = disk.open()
    log.append(Spent("ada"))
    log.close()
    for attempt in (lambda: log.head, lambda: log.read(), lambda: log.append(Spent("ada"))):  # noqa: PLW0108
        with pytest.raises(Closed):
            attempt()
    log.close()
