"""Damage as disks do it: bytes that are not what they were."""

from pathlib import Path

from remanence.core.lmdb_store import LmdbStore

__all__ = ["flip"]


def flip(path: Path, position: int) -> None:
    """Change a bit in the middle of an event, in every copy of it that the file has."""
    store = LmdbStore(path / "log", read_only=True)
    [frame] = store.read(position, position)
    store.close()
    changed = bytearray(frame)
    changed[len(frame) // 2] ^= 1
    file = path / "log" / "data.mdb"
    file.write_bytes(file.read_bytes().replace(frame, changed))
