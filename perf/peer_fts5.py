"""SQLite's FTS5: BM25 over stemmed words, as it comes with Python. Durable as SQLite is by default.

A question's stop words are left out, as ours leaves them out: with them it finds less and takes many times as long.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import attrs

from ..projections.recall.words import STOP_WORDS
from .recall_material import Told
from .recall_systems import LIMIT, Ask

__all__ = ["Fts5"]

T = TypeVar("T")
_FILE: Final = "fts5.db"
_WORD: Final = re.compile(r"\w+")
_QUERY: Final = "SELECT name, text FROM told WHERE told MATCH ? ORDER BY rank LIMIT ?"


@attrs.frozen
class Fts5:
    """Words alone, exactly."""

    name: str = "SQLite FTS5"
    store: str = "fts5"
    is_semantic: bool = False
    takes_speakers: bool = False
    texts_max: int | None = None

    def build(self, folder: Path, told: Sequence[Told]) -> None:
        folder.mkdir()
        with closing(sqlite3.connect(folder / _FILE)) as db, db:
            db.execute("CREATE VIRTUAL TABLE told USING fts5(name UNINDEXED, text, tokenize='porter unicode61')")
            db.executemany("INSERT INTO told VALUES (?, ?)", ((each.name, each.line) for each in told))

    def asked(self, folder: Path, session: Callable[[Ask], T]) -> T:
        with closing(sqlite3.connect(folder / _FILE)) as db:
            return session(partial(_names, db))


def _names(db: sqlite3.Connection, question: str) -> Sequence[str]:
    words = _WORD.findall(question.lower())
    match = " OR ".join(f'"{word}"' for word in [word for word in words if word not in STOP_WORDS] or words)
    return [name for name, _ in db.execute(_QUERY, (match, LIMIT))]
