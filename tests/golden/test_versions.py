"""Events of earlier versions are read through their upcasters, by programs of every age."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from remanence import InvalidInput, Unreadable, open_engine, replay
from remanence.core.lmdb_store import LmdbStore
from remanence.core.verify import verify

from .make_versions_1 import STORE
from .orders import UPCASTERS, Order, OrderPlaced, OrderPlaced1, OrderPlaced2, Orders

NOW = [
    OrderPlaced("1", ("pen",), 200, "EUR"),
    OrderPlaced("2", ("ink",), 300, "EUR"),
    OrderPlaced("3", ("nib",), 250, "EUR"),
    OrderPlaced("4", ("quill",), 1250, "EUR"),
    OrderPlaced("5", ("pen", "ink"), 500, "CHF"),
    OrderPlaced("6", (), 0, "EUR"),
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The golden log in an engine's folder."""
    shutil.copytree(STORE, tmp_path / "orders" / "log")
    return tmp_path / "orders"


async def test_three_versions_are_read_as_one(path: Path) -> None:
    """Every event is an instance of today's class; what is stored, and under which version, stays as it was."""
    async with open_engine(path, events=[OrderPlaced], upcasters=UPCASTERS, projections=[Orders]) as engine:
        events = engine.read()
        assert [each.data for each in events] == NOW
        assert [each.version for each in events] == [1, 1, 2, 2, 3, 3]
        assert events[0].raw == {"id": "1", "article": "pen", "price": 2}
        assert events[2].raw == {"id": "3", "article": "nib", "price_cents": 250}
        assert engine.view(Orders).orders.get("4") == Order("4", ("quill",), 1250)
        assert [row.id for row in engine.view(Orders).orders.select("by_price", limit=2)] == ["6", "1"]


async def test_what_is_made_of_old_events_is_rebuilt_the_same(path: Path) -> None:
    """Views of upcast events pass an audit, and a replay up to any position shows the orders up to there."""
    async with open_engine(path, events=[OrderPlaced], upcasters=UPCASTERS, projections=[Orders]) as engine:
        [found] = await engine.audit()
        assert found.is_sound
        for position in range(len(NOW) + 1):
            with replay(engine, Orders, until=position) as view:
                assert [row.id for row in view.rows.orders.select()] == [each.id for each in NOW[:position]]
        await engine.append(OrderPlaced("7", ("pen",), 1, "EUR"))
        assert [each.version for each in engine.read(tags=["order:7"])] == [3]
    store = LmdbStore(path / "log", read_only=True)
    assert verify(store).problem is None
    store.close()


async def test_an_older_program_reads_what_it_can(path: Path) -> None:
    """Version 2 reads versions 1 and 2, and the newer ones as they are stored; version 1 only its own."""
    async with open_engine(path, events=[OrderPlaced2], upcasters=[UPCASTERS[1]]) as engine:
        events = engine.read()
        assert [each.data for each in events[:3]] == [
            OrderPlaced2("1", "pen", 200),
            OrderPlaced2("2", "ink", 300),
            OrderPlaced2("3", "nib", 250),
        ]
        assert [each.is_known for each in events] == [True] * 4 + [False] * 2
        assert events[4].raw["currency"] == "CHF"
        with pytest.raises(Unreadable, match="version 3"):
            _ = events[4].data
    async with open_engine(path, events=[OrderPlaced1]) as engine:
        assert [each.is_known for each in engine.read()] == [True] * 2 + [False] * 4


async def test_a_missing_upcaster_is_refused_at_once(path: Path) -> None:
    """A gap in the chain is found when the log is opened, not when the first old event is read."""
    for upcasters in ((), UPCASTERS[:1], UPCASTERS[1:]):
        with pytest.raises(InvalidInput, match="add an upcaster"):
            async with open_engine(path, events=[OrderPlaced], upcasters=upcasters):
                pass
