"""Digesting: the one way in which everything in a view becomes a digest."""

from __future__ import annotations

from blake3 import blake3

__all__ = ["absorb"]


def absorb(hasher: blake3, table: str, entry: tuple[str, bytes, bytes]) -> None:
    """Take an entry of a table (database, key, value) into a view's digest. Tables come in the order of their names."""
    database, key, value = entry
    for part in (table.encode(), database.encode(), key, value):
        hasher.update(len(part).to_bytes(4, "big") + part)
