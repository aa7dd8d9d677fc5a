"""Audits and replays: a view is held against its events, and the first row that differs is named."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

import attrs
import pytest

from remanence import Engine, InvalidInput, Memories, Memory, Projection, Recorded, Table, ViewFailed, event, on, replay
from remanence.codecs import keys
from remanence.projections.memories.events import MemoryForgotten, MemoryRemembered
from remanence.projections.memories.view import MemoryRow

from .lives import opened

Leftovers = Callable[[], list[Path]]


@event("note.taken")
@attrs.frozen
class NoteTaken:
    """Something that memories don't know."""

    text: str


@attrs.frozen
class Tally:
    """How often something happened."""

    kind: str
    count: int


class Tallies(Projection):
    """Counts, for replays."""

    tallies = Table(Tally, key="kind")

    @on(MemoryRemembered, MemoryForgotten)
    def counted(self, event: Recorded[Any]) -> None:
        """One more."""
        if event.type == "memory.forgotten" and event.data.reason == "break":
            raise LookupError(event.data.reason)
        before = self.tallies.get(event.type)
        self.tallies.put(Tally(event.type, 1 + (before.count if before else 0)))


@pytest.fixture
async def memory(tmp_path: Path) -> AsyncGenerator[Memory]:
    """Three memories, one of which has been forgotten."""
    async with opened(tmp_path) as memory:
        for text in ("tea", "coffee", "cake"):
            found = await memory.remember(text)
        await memory.forget(found)
        yield memory


def tamper(engine: Engine, database: str, change: dict[bytes, bytes | None]) -> None:
    """Change what a view keeps, behind its back."""
    [view] = engine._views  # pyright: ignore[reportPrivateUsage]  # the point is to go past the interface
    env = view.store.env

    def write(txn: Any) -> None:
        for key, value in change.items():
            if value is None:
                txn.delete(key, db=env.db(database))
            else:
                txn.put(key, value, db=env.db(database))

    env.write(write)


def entries(engine: Engine, database: str) -> dict[bytes, bytes]:
    """What a view keeps in a database."""
    [view] = engine._views  # pyright: ignore[reportPrivateUsage]
    with view.store.env.reading() as txn:
        return dict(txn.cursor(view.store.env.db(database)))


async def test_a_sound_view_is_found_sound(memory: Memory, leftovers: Leftovers) -> None:
    """Both digests are the one that the engine tells, and nothing differs; nothing is left behind."""
    [found] = await memory.audit()
    assert found.is_sound
    assert found.digest == found.rebuilt == memory.engine.digest(Memories)
    assert (found.view, found.version, found.position) == ("memories", Memories.version, 4)
    assert leftovers() == []


async def test_a_tampered_row_is_named(memory: Memory) -> None:
    """By table and key, with the row that is there and the one that should be."""
    rows = entries(memory.engine, "rows")
    one = next(row for row in memory.find() if row.text == "coffee")
    key = keys.pack([one.id])
    tamper(memory.engine, "rows", {**rows, key: rows[key].replace(b"coffee", b"cyanid")})
    [found] = await memory.audit()
    assert not found.is_sound
    assert found.digest != found.rebuilt
    assert found.digest == memory.engine.digest(Memories)
    assert found.difference is not None
    assert (found.difference.table, found.difference.index, found.difference.key) == ("rows", None, (one.id,))
    assert isinstance(found.difference.live, MemoryRow)
    assert isinstance(found.difference.rebuilt, MemoryRow)
    assert (found.difference.live.text, found.difference.rebuilt.text) == ("cyanid", "coffee")


async def test_a_missing_and_a_surplus_row_are_named(memory: Memory) -> None:
    """A row that went, one that came from nowhere, bytes that are no row, and an index entry that went."""
    rows = entries(memory.engine, "rows")
    first, last = min(rows), max(rows)
    tamper(memory.engine, "rows", {first: None})
    [found] = await memory.audit()
    assert found.difference is not None
    assert (found.difference.is_missing, found.difference.live) == (True, None)
    assert found.difference.key == keys.unpack(first)
    surplus = keys.pack(["zzz"])
    tamper(memory.engine, "rows", {first: rows[first], surplus: b"\xc1"})
    [found] = await memory.audit()
    assert found.difference is not None
    assert (found.difference.is_surplus, found.difference.live, found.difference.rebuilt) == (True, b"\xc1", None)
    tamper(memory.engine, "rows", {surplus: None})
    index = entries(memory.engine, "rows.by_time")
    tamper(memory.engine, "rows.by_time", {max(index): None})
    [found] = await memory.audit()
    assert found.difference is not None
    assert (found.difference.index, found.difference.is_missing) == ("by_time", True)
    assert found.difference.key[-1] == keys.unpack(last)[0] or len(found.difference.key) > 1


async def test_a_replay_stands_apart(memory: Memory, leftovers: Leftovers) -> None:
    """A projection that the engine doesn't have is folded up to any position, and leaves nothing behind."""
    with replay(memory.engine, Tallies) as view:
        assert view.position == memory.engine.head == 4
        assert {row.kind: row.count for row in view.rows.tallies.select()} == {
            "memory.remembered": 3,
            "memory.forgotten": 1,
        }
        assert len(leftovers()) == 1
    assert leftovers() == []
    with replay(memory.engine.log, Tallies, until=2) as view:
        assert (view.position, view.rows.tallies.select()) == (2, [Tally("memory.remembered", 2)])
    with replay(memory.engine, Memories) as view:
        assert view.digest() == memory.engine.digest(Memories)
    with pytest.raises(InvalidInput):
        replay(memory.engine, Tallies, until=5)
    assert leftovers() == []


async def test_a_replay_that_fails_leaves_nothing(memory: Memory, leftovers: Leftovers) -> None:
    """What a projection raises is told with its position, and the folder is gone."""
    await memory.forget(memory.find()[0].id, reason="break")
    with pytest.raises(ViewFailed) as failed:
        replay(memory.engine, Tallies)
    assert failed.value.position == 5
    assert leftovers() == []
