"""Whatever a memory writes is for its owner's eyes alone."""

import os
import stat
from pathlib import Path

import remanence


def open_to_others(root: Path) -> list[str]:
    """The files and folders under `root`, itself included, that others than the owner may use."""
    found = [root, *root.rglob("*")]
    return sorted(str(path.relative_to(root.parent)) for path in found if stat.S_IMODE(path.lstat().st_mode) & 0o077)


async def test_every_file_and_folder_is_private(tmp_path: Path) -> None:
    """With every part at work, under a umask that hides nothing: log, views, indexes, notes, snapshots, backups."""
    before = os.umask(0)
    try:
        settings = remanence.Settings(snapshot_events=2, slow_query_s=1e-9)
        async with remanence.open(tmp_path / "new" / "memory", tagger=True, clusters=True, settings=settings) as memory:
            for place in range(4):
                await memory.remember(f"Ada said sentence {place} about the boat.", scope="ada", session="monday")
            await memory.wait_for_tags()
            assert memory.recall("the boat", scope="ada")
            assert memory.find(scope="ada", session="monday")
            await memory.engine.backup(tmp_path / "new" / "saved")
        async with remanence.open(tmp_path / "new" / "memory") as memory:
            assert memory.recall("the boat", scope="ada")
    finally:
        os.umask(before)
    names = {path.name for path in (tmp_path / "new").rglob("*")}
    assert names >= {".snapshots", "actors.json", "caches.json", "slow.jsonl"}  # each part has written
    assert open_to_others(tmp_path / "new") == []
