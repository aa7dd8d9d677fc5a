"""Views that follow the log: behind in plain sight, exactly once, and nobody's brake."""

from __future__ import annotations

import threading
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, ClassVar

import pytest
import trio

import remanence
from remanence import (
    Behind,
    Closed,
    Engine,
    InvalidInput,
    NotFound,
    Projection,
    Recorded,
    Settings,
    Table,
    ViewFailed,
    on,
)

from .club import EVENTS, Joined, Left, Member, Members


class Slow(Projection):
    """As the members, but it can be held up, and told to fail."""

    members = Table(Member, key="name")
    free: ClassVar[threading.Event] = threading.Event()
    bad: ClassVar[set[str]] = set()
    threads: ClassVar[set[int]] = set()

    @on(Joined)
    def joined(self, event: Recorded[Joined]) -> None:
        """In, once the way is free."""
        assert self.free.wait(timeout=5)
        self.threads.add(threading.get_ident())
        if event.data.name in self.bad:
            raise LookupError(event.data.name)
        self.members.put(Member(event.data.name, event.data.club, event.position))


@pytest.fixture(autouse=True)
def _free() -> None:
    Slow.free.set()
    Slow.bad.clear()
    Slow.threads.clear()


def club(path: Path, **options: Any) -> AbstractAsyncContextManager[Engine]:
    """The club, with a view that follows."""
    options.setdefault("settings", Settings(retrain=False))
    return remanence.open_engine(path, events=EVENTS, projections=[Members], async_projections=[Slow], **options)


def names(engine: Engine) -> list[str]:
    """Who is in the view that follows."""
    return [row.name for row in engine.view(Slow).members.select()]


def statistics(engine: Engine, name: str = "slow") -> Any:
    """How a view is doing."""
    return next(view for view in engine.statistics().views if view.name == name)


async def test_an_append_does_not_wait_for_it_and_wait_for_does(tmp_path: Path) -> None:
    """It is folded in a thread of its own; its lag is seen; the barrier makes what was written readable."""
    now = [1_700_000_000_000_000_000]
    async with club(tmp_path, clock=lambda: now[0]) as engine:
        await engine.wait_for(Slow)
        Slow.free.clear()
        written = await engine.append(Joined("ada"))
        now[0] += 2_500_000_000
        behind = statistics(engine)
        assert (behind.is_async, behind.lag_events, behind.lag_s, behind.state) == (True, 1, 2.5, "live")
        assert names(engine) == []
        assert [row.name for row in engine.view(Members).members.select()] == ["ada"]
        Slow.free.set()
        await engine.wait_for(Slow, written.position)
        assert names(engine) == ["ada"]
        assert threading.get_ident() not in Slow.threads
        assert (statistics(engine).lag_events, statistics(engine).lag_s) == (0, 0.0)
        now[0] = 0
        Slow.free.clear()
        await engine.append(Joined("bo"))
        assert statistics(engine).lag_s is None  # the clock went back behind the event: unknown, and not zero
        Slow.free.set()


async def test_the_barrier_has_a_deadline(tmp_path: Path, autojump_clock: trio.testing.MockClock) -> None:
    """Who waits longer than they said is told where the view is; the view goes on."""
    del autojump_clock
    async with club(tmp_path) as engine:
        await engine.wait_for(Slow)
        with pytest.raises(Behind, match="shows 0 after 5 s, and not yet 3") as caught:
            await engine.wait_for(Slow, 3, timeout_s=5)
        assert (caught.value.view, caught.value.checkpoint, caught.value.position) == ("slow", 0, 3)
        assert isinstance(caught.value, TimeoutError)
        with pytest.raises(InvalidInput, match="timeout_s"):
            await engine.wait_for(Slow, 3, timeout_s=-1)


async def test_closing_lets_it_catch_up(tmp_path: Path) -> None:
    """What was acknowledged before the end is in the view after it, and nothing is folded again."""
    async with club(tmp_path) as engine:
        for name in "abcdef":
            await engine.append(Joined(name))
    async with club(tmp_path, read_only=True) as engine:
        assert names(engine) == list("abcdef")
        assert engine.checkpoint(Slow) == 6
        await engine.wait_for(Slow, 6, timeout_s=1)
        with pytest.raises(Closed, match="read-only"):
            await engine.retry(Slow)


async def test_a_cancelled_body_lets_it_catch_up_too(tmp_path: Path) -> None:
    """Cancellation ends the program's work, not the view's."""
    with trio.CancelScope() as scope:
        async with club(tmp_path) as engine:
            await engine.append(Joined("ada"))
            scope.cancel()
            await trio.lowlevel.checkpoint()
    assert scope.cancelled_caught
    async with club(tmp_path, read_only=True) as engine:
        assert names(engine) == ["ada"]


async def test_nobody_reads_a_half_built_view(tmp_path: Path) -> None:
    """A view that comes new to a log says that it is being built, in this process and in others, until it is."""
    async with remanence.open_engine(tmp_path, events=EVENTS) as engine:
        await engine.append(Joined("ada"))
    Slow.free.clear()
    async with club(tmp_path) as engine:
        with pytest.raises(NotFound, match=r"still being built; await engine.wait_for\(Slow\)"):
            names(engine)
        assert statistics(engine).state == "building"
        Slow.free.set()
        await engine.wait_for(Slow)
        assert names(engine) == ["ada"]


async def test_what_fails_is_tried_again_then_parked_while_others_go_on(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    """Five attempts with growing pauses; then position, error, attempts and traceback stand in plain sight."""
    del autojump_clock
    Slow.bad.add("bo")
    async with club(tmp_path) as engine:
        started = trio.current_time()
        await engine.append(Joined("ada"))
        await engine.append(Joined("bo"))
        await engine.append(Joined("cy"))
        with pytest.raises(ViewFailed, match=r"before event 2.*LookupError: bo"):
            await engine.wait_for(Slow)
        assert trio.current_time() - started >= 0.75  # more, when the clock jumps while a thread is at work
        seen = statistics(engine)
        assert (seen.state, seen.checkpoint, seen.lag_events) == ("parked", 1, 2)
        assert (seen.parked.position, seen.parked.attempts) == (2, 5)
        assert "raise LookupError" in seen.parked.traceback
        assert names(engine) == ["ada"]
        assert [row.name for row in engine.view(Members).members.select()] == ["ada", "bo", "cy"]
        with pytest.raises(ViewFailed):
            await engine.retry(Slow)
        Slow.bad.clear()
        await engine.retry(Slow)
        assert (names(engine), statistics(engine).state, statistics(engine).parked) == (
            ["ada", "bo", "cy"],
            "live",
            None,
        )


async def test_a_parked_view_says_so_in_other_processes_and_is_tried_again_when_opened(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    """Why it stands still is kept in its files until it goes on."""
    del autojump_clock
    async with club(tmp_path) as engine:
        await engine.wait_for(Slow)
        Slow.bad.add("ada")
        await engine.append(Joined("ada"))
        with pytest.raises(ViewFailed):
            await engine.wait_for(Slow)
    async with club(tmp_path, read_only=True) as engine:
        assert (statistics(engine).state, statistics(engine).parked.position) == ("parked", 1)
    Slow.bad.clear()
    async with club(tmp_path) as engine:
        await engine.wait_for(Slow)
    async with club(tmp_path, read_only=True) as engine:
        assert (statistics(engine).state, names(engine)) == ("live", ["ada"])


@pytest.mark.parametrize("projection", [Members, Slow])
async def test_a_skip_is_recorded_and_rebuilt_alike(
    tmp_path: Path, autojump_clock: trio.testing.MockClock, projection: type[Projection]
) -> None:
    """A view that passes over an event, in the commits or behind them, is the same when built again, by any process."""
    del autojump_clock
    async with club(tmp_path) as engine:
        with pytest.raises(InvalidInput, match="nothing to skip"):
            await engine.skip(projection)
        Slow.bad.add("bo")
        await engine.append(Joined("ada"))
        await engine.append(Left("nobody") if projection is Members else Joined("bo"))
        await engine.append(Joined("cy"))
        with pytest.raises(ViewFailed):
            await engine.wait_for(projection)
        skipped = await engine.skip(projection)
        [recorded] = engine.read(types=["view.skipped"])
        assert recorded.position == skipped.position == 4
        assert (recorded.cause, recorded.raw) == (2, {"view": projection.name, "version": 1, "position": 2})
        await engine.wait_for(projection)
        live = engine.digest(projection)
        await engine.rebuild(projection)
        assert engine.digest(projection) == live
        assert engine.checkpoint(projection) == engine.head
        assert [audit.is_sound for audit in await engine.audit()] == [True, True]
    async with club(tmp_path, read_only=True) as engine:
        assert engine.digest(projection) == live
    async with club(tmp_path) as engine:
        await engine.backup(tmp_path / "copy" / "log")
    async with club(tmp_path / "copy") as engine:
        await engine.wait_for(projection)
        assert engine.digest(projection) == live


async def test_one_class_serves_either_way(tmp_path: Path) -> None:
    """A view goes on from its checkpoint when it is opened the other way."""
    async with club(tmp_path) as engine:
        await engine.append(Joined("ada"))
    async with remanence.open_engine(
        tmp_path, events=EVENTS, projections=[Slow], async_projections=[Members]
    ) as engine:
        await engine.append(Joined("bo"))
        assert names(engine) == ["ada", "bo"]
        await engine.wait_for(Members)
        assert [row.since for row in engine.view(Members).members.select()] == [1, 2]
    with pytest.raises(InvalidInput, match="both called"):
        async with remanence.open_engine(tmp_path, projections=[Slow], async_projections=[type("Slow", (Slow,), {})]):
            pass
