"""A shipped event of two versions: failures that were noted without a traceback are read, then and now."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from trio.testing import wait_all_tasks_blocked

from remanence import Reaction, Recorded, Unreadable, on, open_engine
from remanence.actors.reaction import ReactionFailed
from remanence.actors.reaction_statistics import reaction_traces
from remanence.core.catalogs import MemoryCatalog
from remanence.core.events import Registry
from remanence.core.lmdb_store import LmdbStore
from remanence.core.log import Log
from remanence.core.verify import verify

from .make_reactions_1 import STORE, ReactionFailed1
from .orders import UPCASTERS, OrderPlaced

OLD = [
    ReactionFailed("shipping", 2, "LookupError: no box for pen", None),
    ReactionFailed("shipping", 5, "LookupError: no box for ink", None),
]


class Shipping(Reaction):
    """Has run out of boxes."""

    @on(OrderPlaced)
    async def placed(self, event: Recorded[OrderPlaced]) -> None:
        """Looks for one."""
        raise LookupError(event.data.articles[0])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The golden log in an engine's folder."""
    shutil.copytree(STORE, tmp_path / "orders" / "log")
    return tmp_path / "orders"


async def test_failures_of_both_versions_are_read_as_one(path: Path) -> None:
    """The old ones say that they don't know where; a new one does; the reaction goes on where it was."""
    async with open_engine(path, events=[OrderPlaced], upcasters=UPCASTERS, reactions=[Shipping()]) as engine:
        assert [each.data for each in engine.read(types=["reaction.failed"])] == OLD
        [seen] = engine.statistics().reactions
        assert (seen.last_failure, seen.failed) == (OLD[-1], 0)
        placed = await engine.append(OrderPlaced("7", ("nib",), 100, "EUR"))
        await engine.wait_for_reactions(placed.position)
        failed = engine.read(types=["reaction.failed"])
        assert [each.version for each in failed] == [1, 1, 2]
        assert failed[0].raw == {"reaction": "shipping", "position": 2, "error": "LookupError: no box for pen"}
        assert failed[2].data.error == "LookupError: nib"
        assert "in placed" in failed[2].data.traceback
        [trace] = reaction_traces(engine.log)
        assert (trace.taken, trace.failed, trace.last_failure) == (3, 3, failed[2].data)
    store = LmdbStore(path / "log", read_only=True)
    assert verify(store).problem is None
    store.close()


async def test_a_program_of_then_reads_what_it_can(path: Path) -> None:
    """Its own version as it knows it, and the newer one as it is stored."""
    async with open_engine(path, events=[OrderPlaced], upcasters=UPCASTERS, reactions=[Shipping()]) as engine:
        await engine.append(OrderPlaced("7", ("nib",), 100, "EUR"))
        await wait_all_tasks_blocked()
        await engine.wait_for_reactions()
    store = LmdbStore(path / "log", read_only=True)
    log = Log(store, MemoryCatalog(), Registry([ReactionFailed1]), read_only=True)
    *old, new = [each for each in log.read() if each.type == "reaction.failed"]
    assert [each.data for each in old] == [ReactionFailed1(one.reaction, one.position, one.error) for one in OLD]
    assert new.raw["error"] == "LookupError: nib"
    with pytest.raises(Unreadable, match="version 2"):
        _ = new.data
    store.close()
