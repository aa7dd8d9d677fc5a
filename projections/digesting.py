"""Digesting: the one way in which everything in a view becomes a digest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from blake3 import blake3

from .rows import Rows

__all__ = ["absorb", "digest_of"]


def digest_of(tables: Mapping[str, Rows[Any]]) -> str:
    """Digest of all rows and index entries of tables."""
    hasher = blake3()
    for name, rows in sorted(tables.items()):
        for entry in rows.entries():
            absorb(hasher, name, entry)
    return hasher.hexdigest()


def absorb(hasher: blake3, table: str, entry: tuple[str, bytes, bytes]) -> None:
    """Take an entry of a table (database, key, value) into a view's digest. Tables come in the order of their names."""
    database, key, value = entry
    for part in (table.encode(), database.encode(), key, value):
        hasher.update(len(part).to_bytes(4, "big") + part)
