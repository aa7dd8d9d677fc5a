"""Verification of what is on the disk: entries of every table, of the log and of its catalog, changed in every way."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Generator
from contextlib import closing
from pathlib import Path
from random import Random

import lmdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remanence.codecs.commits import Commit
from remanence.core.environment import Environment
from remanence.core.errors import Damaged
from remanence.core.lmdb_store import LmdbStore
from remanence.core.stores import Sealed
from remanence.core.verify import Report, verify
from remanence.projections.catalog import LmdbCatalog

from ..effort import short
from .places import MAP_BYTES, Place, dice, place
from .tampering import on_disk

LOG_TABLES = ("frames", "commits", "types", "dictionaries", "meta")
CATALOG_TABLES = ("postings", "keys", ".meta")
Change = Callable[["lmdb.Transaction[bytes]", "lmdb._Database", bytes, bytes, Random], None]


@pytest.fixture(scope="module")
def sound() -> Generator[Place]:
    """A log and its catalog on disk, closed."""
    with place("lmdb") as here:
        on_disk(here).close()
        yield here


def flip(txn: lmdb.Transaction[bytes], db: lmdb._Database, key: bytes, value: bytes, random: Random) -> None:
    """A bit of a value."""
    changed = bytearray(value)
    changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
    replace(txn, db, key, value, bytes(changed))


def cut(txn: lmdb.Transaction[bytes], db: lmdb._Database, key: bytes, value: bytes, random: Random) -> None:
    """The end of a value."""
    replace(txn, db, key, value, value[: random.randrange(len(value))])


def lose(txn: lmdb.Transaction[bytes], db: lmdb._Database, key: bytes, value: bytes, _: Random) -> None:
    """An entry."""
    txn.delete(key, value, db=db)


def rename(txn: lmdb.Transaction[bytes], db: lmdb._Database, key: bytes, value: bytes, random: Random) -> None:
    """A bit of a key."""
    changed = bytearray(key)
    changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
    txn.delete(key, value, db=db)
    txn.put(bytes(changed), value, db=db, dupdata=True)


def lengthen(txn: lmdb.Transaction[bytes], db: lmdb._Database, key: bytes, value: bytes, _: Random) -> None:
    """One more entry, under a key of another size."""
    txn.put(key + b"\1", value, db=db)


def replace(txn: lmdb.Transaction[bytes], db: lmdb._Database, key: bytes, value: bytes, changed: bytes) -> None:
    """Put another value in the place of one."""
    txn.delete(key, value, db=db)
    txn.put(key, changed, db=db, dupdata=True)


def tamper(path: Path, tables: tuple[str, ...], change: Change, random: Random) -> tuple[str, bytes]:
    """Change some entry of some table; returns which."""
    env = Environment(path, tables, map_bytes=MAP_BYTES, duplicates=["postings"])
    with closing(env):
        name = random.choice(tables)
        db = env.db(name)
        with env.reading() as txn:
            key, value = random.choice(list(txn.cursor(db)))
        env.write(lambda txn: change(txn, db, key, value, random))
    return name, key


def examined(root: Path) -> Report:
    """What verification finds."""
    with closing(LmdbStore(root / "log", map_bytes=MAP_BYTES)) as store:
        catalog = LmdbCatalog(root / "catalog", store.log_id, map_bytes=MAP_BYTES, boot="boot")
        with closing(catalog):
            return verify(store, catalog)


@pytest.mark.parametrize("change", [flip, cut, lose, rename, lengthen])
@short(25)
@given(seed=st.integers(0, 1 << 32))
def test_every_change_to_the_files_of_a_log_is_found(sound: Place, change: Change, seed: int) -> None:
    """Verification reports it, or the log can't be opened in the first place; it never fails in another way."""
    with place("lmdb") as here:
        shutil.copytree(sound.root, here.root, dirs_exist_ok=True)
        name, key = tamper(here.log_path, LOG_TABLES, change, dice(seed))
        try:
            report = examined(here.root)
        except Damaged:
            assert name == "meta"
            return
        if (change, name) == (lengthen, "meta"):
            return  # what nobody asks for has no meaning
        if (change, name) == (flip, "dictionaries") and report.problem is None:
            return  # compressed bytes with a spare bit: what comes out is checked, and is the same
        assert report.log_problem is not None
        if name in ("frames", "commits") and change is not rename:
            assert 0 < (report.log_problem.position or 1) <= int.from_bytes(key, "big") + (change is lengthen)


@pytest.mark.parametrize(
    ("change", "tables"),
    [(flip, CATALOG_TABLES), (lose, CATALOG_TABLES), (rename, CATALOG_TABLES), (cut, CATALOG_TABLES[1:])],
)
@short(25)
@given(seed=st.integers(0, 1 << 32))
def test_every_change_to_the_files_of_a_catalog_is_found(
    sound: Place, change: Change, tables: tuple[str, ...], seed: int
) -> None:
    """Verification reports it, or the catalog isn't taken for this log's and begins anew, or it can't be opened."""
    with place("lmdb") as here:
        shutil.copytree(sound.root, here.root, dirs_exist_ok=True)
        name, key = tamper(here.catalog_path, tables, change, dice(seed))
        try:
            report = examined(here.root)
        except Damaged:
            assert name == ".meta"
            return
        assert report.log_problem is None
        assert (
            report.catalog_problem is not None
            or (name == ".meta" and key != b"checkpoint")
            or report.catalog_checkpoint == 0
        )


def test_a_frame_that_is_no_commit_s_is_never_sealed(sound: Place) -> None:
    """A frame beyond the head makes the next append fail: the commit would seal it in the place of the new one."""
    with place("lmdb") as here:
        shutil.copytree(sound.root, here.root, dirs_exist_ok=True)
        env = Environment(here.log_path, LOG_TABLES, map_bytes=MAP_BYTES)
        with closing(env):
            env.write(lambda txn: txn.put((19).to_bytes(8, "big"), b"a frame", db=env.db("frames")))
        with closing(LmdbStore(here.log_path, map_bytes=MAP_BYTES)) as store:
            sealed = Sealed(Commit(18, 3, bytes(32)), [b"1", b"2", b"3"])
            with pytest.raises(Damaged, match="holds frames after position 17"):
                store.append(sealed)
            assert (store.head().position, store.tally().frames) == (17, 18)


@pytest.mark.parametrize("position", [1, 9, 17])
def test_reading_never_passes_over_a_frame_that_is_missing(sound: Place, position: int) -> None:
    """Wherever it is, reading across its place is an error that names it, not an answer with one event less."""
    with place("lmdb") as here:
        shutil.copytree(sound.root, here.root, dirs_exist_ok=True)
        env = Environment(here.log_path, LOG_TABLES, map_bytes=MAP_BYTES)
        with closing(env):
            env.write(lambda txn: txn.delete(position.to_bytes(8, "big"), db=env.db("frames")))
        with closing(LmdbStore(here.log_path, read_only=True, map_bytes=MAP_BYTES)) as store:
            for first, last in ((1, 17), (1, 99), (position, position), (max(1, position - 1), position)):
                with pytest.raises(Damaged, match=f"event {position} is missing") as caught:
                    store.read(first, last)
                assert caught.value.position == position
            assert len(store.read(1, position - 1)) == position - 1
