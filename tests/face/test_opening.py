"""Opening and closing an engine: in order, whatever happens in between, and with the folder free for the next."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest
import trio

from remanence import (
    Closed,
    Engine,
    InvalidInput,
    Locked,
    NotFound,
    Projection,
    Request,
    Settings,
    event,
    open_engine,
)
from remanence.actors.writer import Writer

from .club import EVENTS, Joined, Members, club, names

BUFFERED = Settings(durability="buffered")


def written(folder: Path) -> dict[Path, int]:
    """When each file was last written to; LMDB's lock files are written by readers too."""
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file() and path.name != "lock.mdb"}


async def left_in_order(path: Path, *expected: str) -> bool:
    """Whether the folder can be opened again at once, and holds just these members."""
    async with club(path) as engine:
        return names(engine) == list(expected)


@pytest.mark.parametrize("error", [ValueError("mine"), KeyError("mine"), KeyboardInterrupt(), SystemExit(3)])
async def test_what_the_body_raises_comes_out_as_it_is(tmp_path: Path, error: BaseException) -> None:
    """Not in a group, not as another error, and nothing is swallowed; what was written is there."""

    async def run() -> None:
        async with club(tmp_path) as engine:
            await engine.append(Joined("ada"))
            raise error

    with pytest.raises(type(error)) as caught:
        await run()
    assert caught.value is error
    assert await left_in_order(tmp_path, "ada")


async def test_a_group_of_the_body_s_own_stays_a_group(tmp_path: Path) -> None:
    """What a nursery of the user's raises is the user's."""
    with pytest.RaisesGroup(pytest.RaisesExc(ValueError, match="mine")):
        async with club(tmp_path), trio.open_nursery():
            raise ValueError("mine")


@pytest.mark.parametrize("settings", [None, BUFFERED])
async def test_cancelling_from_outside_ends_in_order(tmp_path: Path, settings: Settings | None) -> None:
    """A cancelled engine has written everything it accepted, and lets go of its folder."""
    with trio.CancelScope() as scope:
        async with club(tmp_path, settings=settings) as engine:
            for name in ("ada", "bo"):
                await engine.append(Joined(name))
            scope.cancel()
            await trio.sleep_forever()
    assert scope.cancelled_caught
    assert await left_in_order(tmp_path, "ada", "bo")


async def test_a_cancelled_body_may_still_write_while_it_cleans_up(tmp_path: Path) -> None:
    """The writer is stopped last: who shields the end of its work can record it."""
    with trio.CancelScope() as scope:
        async with club(tmp_path) as engine:
            try:
                scope.cancel()
                await trio.sleep_forever()
            finally:
                with trio.CancelScope(shield=True):
                    await engine.append(Joined("last"))
    assert await left_in_order(tmp_path, "last")


async def test_an_append_under_way_is_finished_before_the_end(tmp_path: Path) -> None:
    """A task of the user's that is cancelled with its append taken up learns its position."""
    positions: list[int] = []

    async def join(engine: Engine, name: str) -> None:
        positions.append((await engine.append(Joined(name))).position)

    async with club(tmp_path) as engine, trio.open_nursery() as nursery:
        for number in range(5):
            nursery.start_soon(join, engine, str(number))
        await trio.lowlevel.checkpoint()
        nursery.cancel_scope.cancel()
    async with club(tmp_path) as engine:
        assert len(names(engine)) == len(positions) == engine.head


async def test_a_crash_of_the_writer_comes_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A defect of ours is not hidden in groups either, and who waits for an answer does not wait for ever."""

    async def crash(_self: Writer, _batch: object) -> None:
        raise ZeroDivisionError("ours")

    async def run() -> None:
        async with club(tmp_path) as engine:
            with monkeypatch.context() as patched:
                patched.setattr(Writer, "handle", crash)
                await engine.append(Joined("ada"))

    with pytest.raises(ZeroDivisionError, match="ours"):
        await run()
    assert await left_in_order(tmp_path)


async def test_a_closed_engine_answers_nobody(tmp_path: Path) -> None:
    """Every use after the end is told so."""
    async with club(tmp_path) as engine:
        await engine.append(Joined("ada"))
        view = engine.view(Members)
    uses: list[Callable[[], object]] = [
        engine.read,
        engine.query,
        engine.statistics,
        lambda: engine.head,
        lambda: view.members.get("ada"),
        view.members.select,
        lambda: engine.digest(Members),
    ]
    for use in uses:
        with pytest.raises(Closed):
            use()
    for call in (engine.append(Joined("bo")), engine.append_all([Request([Joined("bo")])]), engine.flush()):
        with pytest.raises(Closed):
            await call
    with pytest.raises(Closed):
        await anext(engine.events())


async def test_a_second_writer_is_told_who_writes(tmp_path: Path) -> None:
    """Also when it is this very process; and the first one goes on."""
    async with club(tmp_path) as engine:
        with pytest.raises(Locked, match="this very process"):
            async with club(tmp_path):
                raise AssertionError
        await engine.append(Joined("ada"))
    assert await left_in_order(tmp_path, "ada")


async def test_a_log_that_is_not_there_is_not_made_by_looking(tmp_path: Path) -> None:
    """Read-only, and when told not to create, a missing log is an error and leaves no folder."""
    for options in ({"read_only": True}, {"create": False}):
        with pytest.raises(NotFound, match="no log"):
            async with club(tmp_path / "none", **options):
                raise AssertionError
    assert not (tmp_path / "none").exists()


async def test_read_only_reads_and_writes_nothing(tmp_path: Path) -> None:
    """Everything can be read, nothing appended, and the folder is as it was."""
    async with club(tmp_path) as engine:
        await engine.append(Joined("ada"), Joined("bo", "go"))
        digest = engine.digest(Members)
    before = written(tmp_path)
    async with club(tmp_path, read_only=True) as reader:
        assert names(reader) == ["ada", "bo"]
        assert reader.digest(Members) == digest
        assert [each.data.name for each in reader.read(tags=["club:go"])] == ["bo"]
        for call in (reader.append(Joined("eve")), reader.flush(), reader.append_all([])):
            with pytest.raises(Closed, match="read-only"):
                await call
    assert written(tmp_path) == before


async def test_what_contradicts_itself_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    """Two projections or two events of one name, an event that is none, a durability that isn't one."""

    class Others(Projection):
        name = "members"

    @event("member.joined")
    @attrs.frozen
    class Impostor:
        pass

    contradictions: list[dict[str, Any]] = [
        {"events": EVENTS, "projections": [Members, Others]},
        {"events": [Joined, Impostor]},
        {"events": [Members]},
    ]
    for options in contradictions:
        with pytest.raises(InvalidInput):
            async with open_engine(tmp_path / "none", **options):
                raise AssertionError
    assert not (tmp_path / "none").exists()
    with pytest.raises(InvalidInput, match="durability"):
        Settings(durability="sometimes")
