"""Backups: a copy taken at any time becomes a log again, the same to the last digest, or nothing at all."""

from __future__ import annotations

import shutil
import stat
import threading
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remanence.core.backup import restore
from remanence.core.environment import Environment
from remanence.core.errors import Closed, Damaged, InvalidInput, Locked, NotFound, StorageFailed
from remanence.core.lease import LEASE, Lease
from remanence.core.lmdb_store import LmdbStore
from remanence.core.verify import verify

from ..effort import short
from .places import MAP_BYTES, Happened, Place, Spent, dice, facts, place
from .tampering import on_disk


def backed_up(here: Place) -> Path:
    """A backup of a log, which is closed by then."""
    log = on_disk(here)
    log.store.backup(here.root / "backup")
    log.close()
    return here.root / "backup"


def contents(root: Path) -> dict[str, bytes | None]:
    """Every file and folder below a folder."""
    return {
        str(path.relative_to(root)): None if path.is_dir() else path.read_bytes() for path in sorted(root.rglob("*"))
    }


def test_a_backup_is_the_log_as_it_was(disk: Place) -> None:
    """Copied while it is open and restored elsewhere: the same id, chain and events; then it goes on by itself."""
    log = on_disk(disk)
    log.store.backup(disk.root / "backup")
    head, told, log_id = log.store.head(), facts(log), log.store.log_id
    log.append(Spent("later"))
    report = restore(disk.root / "backup", disk.root / "new")
    assert (report.problem, report.head, report.events) == (None, head, 17)
    other = Place("lmdb", disk.root / "new")
    again = other.open()
    assert (again.store.log_id, again.store.head(), facts(again)) == (log_id, head, told)
    assert again.append(Spent("another"), key="k2").position == 18
    assert again.append(
        Happened("one", ("x",)), Happened("two", ("y",)), Happened("three", ("x", "y")), key="k"
    ).is_duplicate
    assert verify(again.store, again.catalog).problem is None
    other.close()


def test_a_restored_log_is_private_and_alone(disk: Place) -> None:
    """Only the log is there, without the lock file that came with the backup, readable by its owner alone."""
    backup = backed_up(disk)
    (backup / "lock.mdb").write_bytes(b"of another machine")
    target = disk.root / "a" / "b"
    restore(backup, target)
    assert sorted(contents(target)) == ["log", "log/data.mdb"]
    assert [stat.S_IMODE(path.stat().st_mode) for path in (target, target / "log", target / "log" / "data.mdb")] == [
        0o700,
        0o700,
        0o600,
    ]


def test_a_backup_is_taken_while_a_writer_goes_on(disk: Place) -> None:
    """Each copy holds whole commits, up to one that was the last for a moment, and is sound."""
    log = disk.open()
    log.append(Spent("ada"))
    written, enough = threading.Event(), threading.Event()
    failed: list[BaseException] = []

    def write() -> None:
        try:
            while not enough.is_set():
                log.append(*[Happened("h" * 100, ("t",)) for _ in range(7)])
                written.set()
        except BaseException as error:  # noqa: BLE001 - whatever it is, the test fails by it
            failed.append(error)

    writer = threading.Thread(target=write)
    writer.start()
    heads: list[int] = []
    for number in range(4):
        written.clear()
        assert written.wait(30)
        log.store.backup(disk.root / f"backup {number}")
    enough.set()
    writer.join()
    for number in range(4):
        with closing(LmdbStore(disk.root / f"backup {number}", read_only=True)) as copy:
            report = verify(copy)
            assert (report.problem, report.events % 7) == (None, 1)
            heads.append(report.events)
    assert heads == sorted(heads)
    assert 0 < heads[0] < heads[-1] <= log.head
    assert failed == []


def test_a_backup_needs_a_folder_of_its_own(disk: Place) -> None:
    """It overwrites nothing, and says what the disk refuses."""
    log = on_disk(disk)
    log.store.backup(disk.root / "backup")
    with pytest.raises(InvalidInput, match="is not empty"):
        log.store.backup(disk.root / "backup")
    (disk.root / "file").write_bytes(b"")
    with pytest.raises(StorageFailed):
        log.store.backup(disk.root / "file")
    log.close()
    with pytest.raises(Closed):
        log.store.backup(disk.root / "late")


def test_nothing_is_restored_over_something(disk: Place) -> None:
    """A target that holds anything is left as it is; what a restoring left that was killed counts for nothing."""
    backup = backed_up(disk)
    target = disk.root / "target"
    target.mkdir()
    (target / "precious").write_bytes(b"mine")
    before = contents(target)
    with pytest.raises(InvalidInput, match="not empty \\(it has precious\\)"):
        restore(backup, target)
    assert contents(target) == before
    (target / "precious").unlink()
    (target / "log.restoring").mkdir()
    (target / "log.restoring" / "data.mdb").write_bytes(b"half of it")
    restore(backup, target)
    assert sorted(contents(target)) == ["log", "log/data.mdb"]
    with pytest.raises(InvalidInput, match="it has log"):
        restore(backup, target)


def test_nothing_is_restored_where_somebody_writes(disk: Place) -> None:
    """An engine that has just opened the target holds its lease; one that is gone has left only the file."""
    backup = backed_up(disk)
    with closing(Lease.acquire(disk.root / "target")), pytest.raises(Locked, match="is open in process"):
        restore(backup, disk.root / "target")
    restore(backup, disk.root / "target")
    assert sorted(contents(disk.root / "target")) == [LEASE, "log", "log/data.mdb"]


def test_there_must_be_a_backup(disk: Place) -> None:
    """A folder that is missing, empty or a file is no backup; nothing is made in its place."""
    (disk.root / "empty").mkdir()
    (disk.root / "file").write_bytes(b"")
    for source in ("missing", "empty", "file"):
        with pytest.raises(NotFound, match="there is no backup in"):
            restore(disk.root / source, disk.root / "target")
    assert not (disk.root / "target").exists()


def test_a_target_that_can_not_be(disk: Place) -> None:
    """The disk's refusal is named."""
    backup = backed_up(disk)
    (disk.root / "file").write_bytes(b"")
    for target in (disk.root / "file", disk.root / "file" / "below"):
        with pytest.raises(StorageFailed, match="can't write to"):
            restore(backup, target)


@short(25)
@given(st.integers(0, 1 << 32), st.booleans())
def test_a_damaged_backup_is_refused(seed: int, is_new: bool) -> None:  # noqa: FBT001
    """Whatever part of the file is torn, cut or overwritten: nothing is restored, or what is restored is sound."""
    random = dice(seed)
    with place("lmdb") as here:
        backup, target = backed_up(here), here.root / "target"
        if not is_new:
            target.mkdir()
        data = bytearray((backup / "data.mdb").read_bytes())
        start = random.randrange(len(data))
        if random.random() < 0.3:
            del data[start:]
        else:
            size = random.choice([1, 8, 512, 4096])
            data[start : start + size] = random.randbytes(len(data[start : start + size]))
        (backup / "data.mdb").write_bytes(data)
        try:
            report = restore(backup, target)
        except Damaged as error:
            assert "nothing was restored" in str(error)  # noqa: PT017 - it may also be sound: free pages
            assert target.exists() != is_new
            assert not is_new or not target.exists()
            assert not target.exists() or list(target.iterdir()) == []
        else:
            with closing(LmdbStore(target / "log", map_bytes=MAP_BYTES)) as store:
                assert verify(store).head == report.head


def test_a_backup_that_was_tampered_with_is_refused(disk: Place) -> None:
    """A file that LMDB finds nothing wrong with, in which an event has been removed: named, with its position."""
    backup = backed_up(disk)
    env = Environment(backup, ["frames"])
    with closing(env):
        env.write(lambda txn: txn.delete((6).to_bytes(8, "big"), db=env.db("frames")))
    with pytest.raises(Damaged, match=r"event 6 is missing.*nothing was restored") as caught:
        restore(backup, disk.root / "target")
    assert caught.value.position == 6
    assert not (disk.root / "target").exists()


def test_another_program_s_file_is_no_backup(disk: Place) -> None:
    """Sound for LMDB, and no log."""
    Environment(disk.root / "other", ["anything"]).close()
    with pytest.raises(Damaged, match="nothing was restored"):
        restore(disk.root / "other", disk.root / "target")
    shutil.rmtree(disk.root / "other")
