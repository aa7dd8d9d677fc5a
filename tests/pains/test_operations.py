"""Pains of operation: backups that can't be restored, full maps, readers in the way, files torn by a power cut."""

from __future__ import annotations

import os
from pathlib import Path
from random import Random

import pytest
import trio

from remanence import Damaged, Settings
from remanence.core import environment
from remanence.core.backup import restore
from remanence.core.environment import DATA_FILE
from remanence.projections.trust import mark_open

from .shop import Sales, Sold, counts, program, run, shop

SMALL = Settings(map_bytes=1 << 20, retrain=False)


async def test_pain_15_a_backup_that_was_made_while_writing_is_torn(tmp_path: Path) -> None:
    """KurrentDB PR #5326: files were copied while the index changed, and the backup did not fit together.

    A backup is taken while others write; it is a log up to some commit, verifies, and its views are built from it.
    """
    async with shop(tmp_path / "shop") as engine:
        async with trio.open_nursery() as nursery:

            async def sell(item: str) -> None:
                for _ in range(20):
                    await engine.append(Sold(item), Sold(item))

            for number in range(4):
                nursery.start_soon(sell, f"tea {number}")
            await engine.append(Sold("first"))
            await engine.backup(tmp_path / "copy")
        original = [each.frame for each in engine.read()]
    assert restore(tmp_path / "copy", tmp_path / "again").problem is None
    async with shop(tmp_path / "again") as copy:
        kept = [each.frame for each in copy.read()]
        assert kept == original[: len(kept)]
        assert kept
        assert sum(counts(copy).values()) == len(kept) == copy.checkpoint(Sales)


async def test_pain_18_the_map_is_full(tmp_path: Path) -> None:
    """Rkv #34, py-lmdb #379, lmdbjava #126; mainsail #1354: and when it was enlarged, readers elsewhere failed.

    Log and views outgrow their maps without anybody noticing, and a reader in another process follows.
    """
    async with shop(tmp_path, settings=SMALL) as engine:
        await engine.append(Sold("tea"))
        with program("read", tmp_path) as ask:
            assert ask() == "1 1"
            names = [f"{number} {random_text(number)}" for number in range(4_000)]
            for start in range(0, 4_000, 500):
                await engine.append(*map(Sold, names[start : start + 500]))
            assert engine.log.store.used_bytes() > SMALL.map_bytes
            assert ask() == "4001 4001"


def random_text(seed: int) -> str:
    """Text that doesn't compress."""
    return Random(seed).randbytes(100).hex()  # noqa: S311 - nobody guards anything with it


async def test_pain_18_readers_that_died_are_in_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In rkv #47 killed readers held on to their snapshots: the file grew with every commit until the next start.

    A writer that works on lets go of what the dead left behind.
    """
    monkeypatch.setattr(environment, "CHECK_EVERY", 4)
    async with shop(tmp_path) as engine:
        await engine.append(Sold("tea"))
        with program("pin", tmp_path):
            pass
        listed = engine.views.of(Sales).store.env._env.readers  # pyright: ignore[reportPrivateUsage] - who reads
        assert len(listed().splitlines()) == 2  # a line of headings, and the dead one
        for _ in range(8):
            await engine.append(Sold("tea"))
        assert listed().strip() == "(no active readers)"


async def test_pain_18_no_reader_can_come_in_any_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """frappe/mail #559: the places of killed readers were never given back, until there were none left.

    Whoever finds all places taken clears those of the dead, and reads.
    """
    monkeypatch.setattr(environment, "MAX_READERS", 2)
    async with shop(tmp_path) as engine:
        await engine.append(Sold("tea"))
        with program("pin", tmp_path), program("pin", tmp_path):
            pass
        assert counts(engine) == {"tea": 1}


async def test_pain_18_two_writers_at_once(tmp_path: Path) -> None:
    """py-lmdb #269: several processes wrote with settings that only one may have, and the file was corrupt.

    A second writer is told who holds the log; nothing is harmed.
    """
    async with shop(tmp_path) as engine:
        await engine.append(Sold("tea"))
        refused = await trio.to_thread.run_sync(run, "digest", tmp_path)
        assert refused.returncode == 1
        assert "Locked" in refused.stderr
        assert str(os.getpid()) in refused.stderr
        await engine.append(Sold("tea"))
        assert counts(engine) == {"tea": 2}


async def test_pain_19_what_was_never_flushed_is_torn_by_a_power_cut(tmp_path: Path) -> None:
    """Zaino #1299, estuary #497, nimiq #750: databases without flushes did not open after a power cut, or worse, did.

    The log is always flushed. A view that was open when the machine went down is thrown away unread, whatever its bytes
    have become, and is built again.
    """
    async with shop(tmp_path) as engine:
        await engine.append(*[Sold(f"tea {number}") for number in range(300)])
        digest = engine.digest(Sales)
    for view in (tmp_path / "views").glob("[a-z]*-*"):
        mark_open(view, "before the power cut")
        data = view / DATA_FILE
        torn = bytearray(data.read_bytes())
        torn[4096 * 2 :: 3] = bytes(len(torn[4096 * 2 :: 3]))
        data.write_bytes(torn)
    async with shop(tmp_path) as engine:
        assert engine.digest(Sales) == digest
        assert len(engine.read(tags=["item:tea 7"])) == 1


async def test_pain_19_a_log_that_was_cut_short_kills_the_process(tmp_path: Path) -> None:
    """LMDB reads beyond the end of a file that lost its tail, and the system kills the process (SIGBUS).

    Such a log is refused with an error that says what to do.
    """
    async with shop(tmp_path) as engine:
        await engine.append(*[Sold(random_text(number)) for number in range(300)])
    data = tmp_path / "log" / DATA_FILE
    os.truncate(data, data.stat().st_size // 2)
    with pytest.raises(Damaged):
        async with shop(tmp_path):
            pass
