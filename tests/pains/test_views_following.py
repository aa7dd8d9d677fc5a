"""Pains of views that follow the log: stopped unheard, poisoned, rebuilt at a cost, late without a word."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
import trio

from remanence import Behind, Engine, ViewFailed
from remanence.actors import keeper
from remanence.projections.generations import view_path

from .followers import BATCH, MODULE, Following, Poisoned, following
from .shop import DEADLY, Seen, Sold, counts, program


@pytest.fixture(autouse=True)
def _afresh(monkeypatch: pytest.MonkeyPatch) -> None:
    Following.gate.set()
    monkeypatch.setattr(keeper, "BATCH", BATCH)
    monkeypatch.setattr(Poisoned, "is_cured", False)
    Poisoned.tried.clear()


def folders(path: Path) -> list[str]:
    """The view's folders, beyond its first name."""
    base = view_path(Path(), Following).name
    return sorted(each.name.removeprefix(base) for each in (path / "views").glob(f"{base}*"))


async def asking(ask: Callable[[], str]) -> list[str]:
    """Ask a program, and go on meanwhile."""
    return (await trio.to_thread.run_sync(ask)).split()


async def test_pain_03_a_projection_stops_with_its_process_and_nobody_hears_it(tmp_path: Path) -> None:
    """KurrentDB #899, #1056, #1330, #2763, ego #318: a projection stood still for days and went on answering.

    Why it stands still outlives the process, killed with -9: any other is told where and why; mended code goes on.
    """
    with program("park", tmp_path, MODULE):
        pass
    async with following(tmp_path, Poisoned, read_only=True) as engine:
        [seen] = engine.statistics().views
        assert (seen.state, seen.checkpoint, seen.lag_events) == ("parked", 1, 2)
        assert seen.parked is not None
        assert (seen.parked.position, seen.parked.attempts) == (2, 5)
        assert "LookupError: poison" in seen.parked.error
    Poisoned.is_cured = True
    async with following(tmp_path, Poisoned) as engine:
        await engine.wait_for(Poisoned)
        assert counts(engine, Poisoned) == {"tea": 2, DEADLY: 1}


async def test_pain_03_a_lost_wake_up_stops_a_view_for_ever(tmp_path: Path) -> None:
    """Pyeventsourcing #305: a notification got lost, and the projection waited for the next one for ever.

    Events that come while a view is at work, and no more after them, are in it all the same.
    """
    async with following(tmp_path) as engine:
        await engine.wait_for(Following)
        for size in (1, 3, 40):
            Following.gate.clear()
            for _ in range(size):
                await engine.append(Sold("tea"))
            Following.gate.set()
            await engine.wait_for(Following, timeout_s=20)
            assert counts(engine, Following) == {"tea": engine.head}


async def test_pain_04_a_poison_event_is_tried_hotly_for_ever(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    """Actor-ts #650, Marten #5149, fisher #5: one event blocked all projections, and was tried without a pause.

    Five attempts, with pauses that grow; then the view is quiet, however many events come, and others go on. Its log,
    its order and its place are kept: told to try again, it counts nothing twice.
    """
    del autojump_clock
    async with following(tmp_path, Poisoned, Following) as engine:
        begun = trio.current_time()
        await engine.append(Sold(DEADLY))
        with pytest.raises(ViewFailed):
            await engine.wait_for(Poisoned)
        assert trio.current_time() - begun >= 0.5  # more, when the clock jumps while a thread is at work
        for _ in range(20):
            await engine.append(Sold("tea"))
            await engine.wait_for(Following)
        await trio.sleep(3600)
        assert Poisoned.tried == [1] * 5
        assert counts(engine, Following) == {DEADLY: 1, "tea": 20}
        Poisoned.is_cured = True
        await engine.retry(Poisoned)
        assert counts(engine, Poisoned) == counts(engine, Following)


async def test_pain_05_a_rebuild_means_downtime(tmp_path: Path) -> None:
    """Marten #1720, #4963, jasperfx #480, ecotone #253: while a projection was rebuilt, it answered nothing, or half.

    It is rebuilt again and again while others write. Whoever reads, here or in another process, sees at each look as
    much as before, or more, and never a part of it.
    """
    async with following(tmp_path) as engine:
        await engine.append(*[Sold("tea")] * 100)
        await engine.wait_for(Following)
        with program("read", tmp_path, MODULE) as ask:
            seen = [[100, 100, 100]]
            is_over = trio.Event()

            async def read() -> None:
                while not is_over.is_set():
                    shown = counts(engine, Following)["tea"]
                    assert shown >= 100
                    answer = await asking(ask)
                    assert answer, "the reader has died"
                    seen.append([int(each) for each in answer[:3]])

            async with trio.open_nursery() as nursery:
                nursery.start_soon(read)
                for number in range(1, 9):
                    nursery.start_soon(engine.append, Sold("tea"))
                    await engine.rebuild(Following)
                    assert folders(tmp_path) == [f"-{number}"]
                is_over.set()
            await engine.wait_for(Following)
            assert (await asking(ask))[:3] == ["108", "108", "108"]
        for one, other in pairwise(seen):
            assert all(before <= after for before, after in zip(one, other, strict=True))
        assert all(total >= 100 for _, _, total in seen)
        assert all(audit.is_sound for audit in await engine.audit())


async def test_pain_05_a_switch_comes_in_the_middle_of_a_page(tmp_path: Path) -> None:
    """Ecotone #253, jasperfx #520: a reader was cut off when the new view took the old one's place.

    A loop over rows ends with the view that it began with, whatever other reads in it find.
    """
    async with following(tmp_path) as engine:
        await engine.append(*[Sold(f"tea {number}") for number in range(50)])
    with program("again", tmp_path, MODULE) as rebuild:
        async with following(tmp_path, read_only=True) as engine:
            seen: list[str] = []
            for row in engine.view(Following).sales.iterate():
                if len(seen) in (10, 30):
                    assert rebuild() == "done"
                found = engine.view(Following).sales.get(row.item)
                assert found == row
                seen.append(row.item)
            assert sorted(seen) == sorted(counts(engine, Following))


async def test_pain_05_a_rebuild_that_is_killed_begins_anew(tmp_path: Path) -> None:
    """Marten #2973, Axon #2233, emmett #286: a crash cost the whole rebuild, and sometimes the old view with it.

    Killed with -9 in the middle, while others wrote: the old view answers; the next process goes on with the new one
    where it was, is told of all that came since, and shows it in one step.
    """
    async with following(tmp_path) as engine:
        await engine.append(*[Sold("tea")] * 300)
        await engine.wait_for(Following)
    with program("rebuild", tmp_path, MODULE):
        pass
    assert folders(tmp_path) == ["", "-1"]
    async with following(tmp_path, read_only=True) as engine:
        assert counts(engine, Following)["tea"] == 300
    Following.gate.clear()
    async with following(tmp_path) as engine:
        while (built := engine.statistics().views[0].rebuilt) is None:
            await trio.lowlevel.checkpoint()
        assert built >= 8 * BATCH
        assert counts(engine, Following)["tea"] == 300
        Following.gate.set()
        while folders(tmp_path) != ["-1"]:
            await trio.lowlevel.checkpoint()
        await engine.wait_for(Following)
        assert sum(counts(engine, Following).values()) == engine.head
        assert all(audit.is_sound for audit in await engine.audit())


async def test_pain_06_who_reads_after_writing_is_told_an_old_state(tmp_path: Path) -> None:
    """Commanded #82, #300, #337, occurrent #361, #865: there was nothing to wait for but time.

    The position that an append returns is a token: after `wait_for` with it, in this process or another, it is there.
    """
    async with following(tmp_path) as engine, trio.open_nursery() as nursery:
        await engine.wait_for(Following)

        async def sell(item: str) -> None:
            for count in range(1, 6):
                position = (await engine.append(Sold(item))).position
                await engine.wait_for(Following, position, timeout_s=20)
                row = engine.view(Following).sales.get(item)
                assert row is not None
                assert (row.count, row.last) == (count, position)

        with program("wait", tmp_path, MODULE) as ask:
            for number in range(8):
                nursery.start_soon(sell, f"tea {number}")
            for _ in range(5):
                head, total = map(int, await asking(ask))
                assert total >= head


async def test_pain_06_who_waits_waits_for_ever(tmp_path: Path) -> None:
    """Occurrent #865: waiting had no end, or ended with "caught up" though the view wasn't.

    At its deadline a wait says how far the view is, as a `TimeoutError`; a view that stands still ends it at once.
    """
    async with following(tmp_path, Following, Poisoned) as engine:
        await engine.wait_for(Following)
        Following.gate.clear()
        position = (await engine.append(Sold("tea"), Sold(DEADLY))).position
        with pytest.raises(Behind, match=f"not yet {position}") as behind:
            await engine.wait_for(Following, position, timeout_s=0.05)
        assert (behind.value.checkpoint, behind.value.position) == (0, 2)
        with pytest.raises(ViewFailed, match="event 2"):
            await engine.wait_for(Poisoned, position)
        Following.gate.set()
        await engine.wait_for(Following, position)


async def test_pain_06_who_waits_for_a_dead_view_elsewhere_waits_for_ever(tmp_path: Path) -> None:
    """KurrentDB #2763, occurrent #865: a view that another process keeps stands still: whoever waits is told so."""
    with program("park", tmp_path, MODULE):
        async with following(tmp_path, Poisoned, read_only=True) as engine:
            await engine.wait_for(Poisoned, 1)
            with pytest.raises(ViewFailed, match=r"event 2.*LookupError: poison") as failed:
                await engine.wait_for(Poisoned, 3)
            assert failed.value.position == 2


async def test_pain_14_lag_is_invisible_or_reported_as_none(tmp_path: Path) -> None:
    """Protean #680, #832, #893, #1367, Marten #3555, KurrentDB #2381, #4279: a dead projection had a lag of zero.

    Lag is told in events and in seconds, to other processes too; it grows while the view stands still; and a clock that
    has gone back makes it unknown, not zero.
    """
    begun, now = 1_700_000_000, [1_700_000_000]
    async with following(tmp_path, clock=lambda: now[0] * 1_000_000_000) as engine:
        await engine.append(Sold("tea"))
        await engine.wait_for(Following)
        Following.gate.clear()
        for number in range(1, 4):
            await engine.append(Sold("tea"))
            now[0] += 60
            assert lag(engine) == (number, 60.0 * number)
        with program("read", tmp_path, MODULE) as ask:
            head, checkpoint, total, lag_events, lag_s, state = await asking(ask)
            assert (head, checkpoint, total, lag_events, state) == ("4", "1", "1", "3", "live")
            assert int(lag_s) > 60  # by the clock of that process
        now[0] = begun - 3600
        assert lag(engine) == (3, None)
        now[0] = begun
        Following.gate.set()
        await engine.wait_for(Following)
        assert lag(engine) == (0, 0.0)


def lag(engine: Engine) -> tuple[int, float | None]:
    """How late the view is."""
    [seen] = engine.statistics().views
    return seen.lag_events, seen.lag_s


async def test_pain_14_a_view_that_has_all_that_concerns_it_is_called_late(tmp_path: Path) -> None:
    """Marten #3555: other people's events counted as lag, and alarms were switched off.

    Only what a view has yet to take is lag; so it is in every process, whatever the newest events are.
    """
    async with following(tmp_path) as engine:
        await engine.append(Sold("tea"), Seen("tea"), Seen("rum"))
        await engine.wait_for(Following)
        assert lag(engine) == (0, 0.0)
        with program("read", tmp_path, MODULE) as ask:
            assert await asking(ask) == ["3", "3", "1", "0", "0", "live"]
