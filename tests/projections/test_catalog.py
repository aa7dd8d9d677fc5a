"""The catalog: on disk and in plain dicts it gives the same answers, which are those of looking at every event."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remanence.codecs.errors import Damaged
from remanence.core.catalogs import Entry, KeyUse, MemoryCatalog
from remanence.core.errors import NotFound
from remanence.core.queries import Item, Query
from remanence.projections.catalog import LmdbCatalog

from ..effort import short
from .ledger import LOG_ID, MAP_BYTES

types = st.sampled_from(["a.b", "a.bc", "b.c"])
tags = st.sampled_from(["x", "xy", "y", "é", "a.b"])
digests = st.sampled_from([bytes([number]) * 16 for number in range(3)])
keys = st.none() | st.tuples(digests, st.integers(1, 3), digests)
Told = tuple[str, tuple[str, ...], tuple[bytes, int, bytes] | None]
told = st.tuples(types, st.lists(tags, max_size=3, unique=True).map(tuple), keys)
batches = st.lists(st.lists(told, min_size=1, max_size=8), max_size=5)
parts = st.builds(Item, st.lists(types, max_size=2).map(tuple), st.lists(tags, max_size=2).map(tuple))
queries = st.builds(Query, st.lists(parts, max_size=3).map(tuple))
questions = st.tuples(queries, st.integers(0, 40), st.integers(0, 45), st.none() | st.integers(1, 5), st.booleans())


@contextmanager
def on_disk() -> Generator[LmdbCatalog]:
    """An empty catalog in a folder of its own."""
    with TemporaryDirectory() as folder:
        catalog = LmdbCatalog(Path(folder) / "catalog", LOG_ID, map_bytes=MAP_BYTES)
        yield catalog
        catalog.close()


def placed(batches: list[list[Told]]) -> list[list[Entry]]:
    """Entries at dense positions."""
    positions = iter(range(1, 1 << 20))
    return [[entry(next(positions), *each) for each in batch] for batch in batches]


def entry(position: int, name: str, tags: tuple[str, ...], key: tuple[bytes, int, bytes] | None) -> Entry:
    """The entry of an event at its position."""
    return Entry(position, name, tags, None if key is None else (key[0], KeyUse(position, *key[1:])))


def by_the_book(
    entries: list[Entry], query: Query, after: int, before: int, limit: int | None, *, backward: bool
) -> list[int]:
    """The positions that match, by looking at every event."""
    found = [
        each.position for each in entries if after < each.position < before and query.matches(each.type, each.tags)
    ]
    return list(islice(reversed(found) if backward else found, limit))


@given(batches, st.lists(questions, max_size=20))
@short(40)
def test_both_catalogs_answer_by_the_book(
    batches: list[list[Told]], questions: list[tuple[Query, int, int, int | None, bool]]
) -> None:
    """After every batch, every query, range, direction and limit finds exactly the events that match."""
    memory = MemoryCatalog()
    with on_disk() as disk:
        entries: list[Entry] = []
        for batch in [[], *placed(batches)]:
            entries += batch
            for catalog in (memory, disk):
                catalog.apply(batch, b"proof")
                assert catalog.checkpoint == len(entries)
            for query, after, before, limit, backward in questions:
                expected = by_the_book(entries, query, after, before, limit, backward=backward)
                assert list(disk.select(query, after, before, limit, backward=backward)) == expected
                assert list(memory.select(query, after, before, limit, backward=backward)) == expected


@given(batches)
@short(20)
def test_both_catalogs_keep_the_first_use_of_a_key(batches: list[list[Told]]) -> None:
    """A key belongs to who used it first, within a batch and across; types are counted alike."""
    memory = MemoryCatalog()
    first: dict[bytes, KeyUse] = {}
    with on_disk() as disk:
        for batch in placed(batches):
            for catalog in (memory, disk):
                catalog.apply(batch, b"")
            for each in batch:
                if each.key is not None:
                    first.setdefault(*each.key)
        for digest in (*first, b"none" * 4):
            assert disk.find_key(digest) == memory.find_key(digest) == first.get(digest)
        assert dict(disk.types()) == dict(memory.types())


def test_a_read_only_catalog_follows_the_one_that_is_written(tmp_path: Path) -> None:
    """Another process's reader shows a batch completely or not at all, up to the checkpoint of its snapshot."""
    written = LmdbCatalog(tmp_path, LOG_ID, map_bytes=MAP_BYTES)
    written.apply([Entry(1, "a.b", ("x",)), Entry(2, "a.b", ())], b"")
    written.store.env.close()
    reader = LmdbCatalog(tmp_path, LOG_ID, map_bytes=MAP_BYTES, read_only=True)
    assert reader.checkpoint == 2
    assert list(reader.select(Query.of(["a.b"]), 0, 99, None, backward=False)) == [1, 2]
    reader.close()


def test_there_is_nothing_to_read_before_a_catalog_was_written(tmp_path: Path) -> None:
    """A reader doesn't make files."""
    with pytest.raises(NotFound, match="has to be built first"):
        LmdbCatalog(tmp_path / "none", LOG_ID, read_only=True)
    assert not (tmp_path / "none").exists()


def test_a_catalog_of_another_history_starts_anew(tmp_path: Path) -> None:
    """The proof that it keeps is compared with what the log has at that position."""
    catalog = LmdbCatalog(tmp_path, LOG_ID, map_bytes=MAP_BYTES)
    catalog.apply([Entry(1, "a.b", ())], b"one")
    catalog.close()
    leaves = {1: b"one"}
    catalog = LmdbCatalog(tmp_path, LOG_ID, map_bytes=MAP_BYTES, leaf_at=leaves.get)
    assert catalog.checkpoint == 1
    catalog.close()
    other_histories: list[dict[int, bytes]] = [{1: b"another"}, {}]
    for leaves in other_histories:
        catalog = LmdbCatalog(tmp_path, LOG_ID, map_bytes=MAP_BYTES, leaf_at=leaves.get)
        assert catalog.checkpoint == 0
        assert dict(catalog.types()) == {}
        catalog.apply([Entry(1, "a.b", ())], b"one")
        catalog.close()


def test_a_damaged_checkpoint_is_named(tmp_path: Path) -> None:
    """What can't be a checkpoint is not taken for one."""
    catalog = LmdbCatalog(tmp_path, LOG_ID, map_bytes=MAP_BYTES)
    env = catalog.store.env
    env.write(lambda txn: txn.put(b"checkpoint", b"short", db=env.db(".meta")))
    with pytest.raises(Damaged, match="delete the folder"):
        catalog.store.mark()
    catalog.close()
