"""Snapshots: they bound what has to be folded again, and change nothing else."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import attrs
import pytest
import trio
import trio.testing

import remanence
from remanence import InvalidInput, Memories, Memory, Projection, Recorded, Settings, Table, on, open_engine
from remanence.projections import snapshots
from remanence.projections.memories.events import MEMORY_EVENTS, MemoryRemembered
from remanence.projections.replaying import Replay

from .lives import opened


@attrs.frozen
class Seen:
    """A memory that was seen."""

    id: str


class Sightings(Projection):
    """Notes which events it is given, besides keeping rows."""

    folded: ClassVar[list[int]] = []
    rows = Table(Seen, key="id")

    @on(MemoryRemembered)
    def remembered(self, event: Recorded[MemoryRemembered]) -> None:
        """Seen."""
        self.folded.append(event.position)
        self.rows.put(Seen(event.data.id))


@pytest.fixture(autouse=True)
def nothing_folded() -> None:
    """Each test begins to note anew."""
    Sightings.folded.clear()


def engine(path: Path) -> Any:
    """An engine with the sightings alone."""
    return open_engine(path, events=MEMORY_EVENTS, projections=[Sightings], settings=Settings(retrain=False))


async def kept(memory: Memory, projection: type[Projection] = Memories) -> list[int]:
    """Where there are snapshots, once whatever is being taken has been."""
    return snapshots.positions(memory.engine.path / "views" / ".snapshots", projection)


async def take(path: Path, texts: int, *, at: int) -> str:
    """Remember texts, with a snapshot of the sightings after some of them; returns the digest at the end."""
    async with engine(path) as opened_engine:
        [view] = opened_engine.views
        for number in range(1, texts + 1):
            await opened_engine.append(MemoryRemembered(f"{number:026}", ("main",), "fact", f"thought {number}"))
            if number == at:
                assert snapshots.take(path / "views" / ".snapshots", view, opened_engine.log.store.log_id) == at
        found: str = opened_engine.digest(Sightings)
    Sightings.folded.clear()
    return found


def crash(path: Path) -> None:
    """Leave the view as a crash of the machine does: open, by a machine that was started otherwise."""
    for mark in path.glob("views/sightings-*/trust.json"):
        mark.write_text(json.dumps({"clean": False, "boot": "another", "device": 0, "inode": 0}), encoding="utf-8")


async def test_a_crash_of_the_machine_costs_what_came_since(tmp_path: Path) -> None:
    """Only the events after the snapshot are folded, and the view is what it was."""
    digest = await take(tmp_path, 9, at=6)
    crash(tmp_path)
    async with engine(tmp_path) as again:
        assert Sightings.folded == [7, 8, 9]
        assert again.digest(Sightings) == digest


def forget_mark(place: Path) -> None:
    """The snapshot was not finished."""
    (place / "trust.json").unlink()


def another_version(place: Path) -> None:
    """The snapshot is of a version that isn't this program's."""
    place.rename(place.with_name(place.name.replace("sightings-1", "sightings-2")))


def another_declaration(place: Path) -> None:
    """The snapshot's tables were declared otherwise."""
    place.rename(place.with_name("sightings-1-00000000"))


@pytest.mark.parametrize("damage", [forget_mark, another_version, another_declaration])
async def test_a_snapshot_that_does_not_fit_is_passed_over(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    """Unfinished, of another version, of another declaration: everything is folded, and the view is what it was."""
    digest = await take(tmp_path, 5, at=3)
    [place] = (tmp_path / "views" / ".snapshots").glob("*/sightings-*")
    damage(place)
    crash(tmp_path)
    async with engine(tmp_path) as again:
        assert Sightings.folded == [1, 2, 3, 4, 5]
        assert again.digest(Sightings) == digest


async def test_a_snapshot_of_another_history_is_passed_over(tmp_path: Path) -> None:
    """Of another log, or of this one before an older copy was brought back: its leaf tells."""
    await take(tmp_path / "one", 5, at=3)
    digest = await take(tmp_path / "other", 5, at=2)
    shutil.rmtree(tmp_path / "other" / "views" / ".snapshots")
    shutil.copytree(tmp_path / "one" / "views" / ".snapshots", tmp_path / "other" / "views" / ".snapshots")
    crash(tmp_path / "other")
    async with engine(tmp_path / "other") as again:
        assert Sightings.folded == [1, 2, 3, 4, 5]
        assert again.digest(Sightings) == digest


async def test_the_past_begins_with_the_nearest_snapshot(tmp_path: Path) -> None:
    """The nearest one that isn't beyond the moment; before the first, everything is folded. The answers are equal."""
    await take(tmp_path, 9, at=4)
    async with engine(tmp_path) as opened_engine:
        for position, folded in ((6, [5, 6]), (4, []), (3, [1, 2, 3])):
            Sightings.folded.clear()
            async with opened_engine.as_of(position) as past:
                assert Sightings.folded == folded
                digest = past.digest(Sightings)
            replay = Replay(opened_engine.log, [Sightings])
            replay.advance(position)
            [view] = replay.views
            assert view.digest() == digest
            replay.close()
        found = await opened_engine.audit()
        assert Sightings.folded[-9:] == list(range(1, 10))  # an audit trusts no snapshot
        assert found[0].is_sound


async def test_snapshots_are_taken_beside_the_work(tmp_path: Path) -> None:
    """Every so many events; at most a few are kept, the older the farther apart."""
    settings = Settings(retrain=False, snapshot_events=3)
    async with remanence.open(tmp_path, settings=settings) as memory:
        for number in range(40):
            await memory.remember(f"thought {number}")
            await trio.testing.wait_all_tasks_blocked()
    async with remanence.open(tmp_path, settings=settings) as memory:
        found = await kept(memory)
        assert 2 <= len(found) <= snapshots.KEPT
        async with memory.as_of(20) as past, opened(tmp_path / "other") as other:
            assert len(past.find(limit=None)) == 20
            assert await kept(other) == []


def test_a_number_of_events_is_one_or_more() -> None:
    """Or None, for no snapshots at all."""
    with pytest.raises(InvalidInput, match="snapshot_events is 1 or more"):
        Settings(snapshot_events=0)
    assert Settings(snapshot_events=None).snapshot_events is None
