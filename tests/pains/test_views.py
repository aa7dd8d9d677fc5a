"""Pains of views: they stop unheard, fall behind, are wrong after a change, or can't be built twice alike."""

from __future__ import annotations

import signal
import time
from contextlib import aclosing
from pathlib import Path

import attrs
import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from remanence import Projection, Recorded, Table, ViewFailed, on, open_engine
from remanence.projections.snapshots import take
from remanence.projections.trust import mark_open
from remanence.testkit import check_replay

from .shop import DEADLY, EVENTS, Brittle, Doubling, Mended, Sale, Sales, Sold, counts, run, shop


async def test_pain_03_a_projection_stops_and_nobody_hears_it(tmp_path: Path) -> None:
    """KurrentDB #899, #1056, #1330, #2763, ego #318: a projection stood still for days and went on answering.

    A view whose projection raised says where and why in the statistics, and answers no question as if it were current.
    """
    async with shop(tmp_path, Brittle) as engine:
        await engine.append(Sold("tea"), Sold(DEADLY), Sold("tea"))
        [view] = engine.statistics().views
        assert (view.checkpoint, view.lag_events) == (1, 2)
        assert view.failure is not None
        assert "event 2 (item.sold)" in view.failure
        with pytest.raises(ViewFailed, match="LookupError: poison"):
            counts(engine, Brittle)


async def test_pain_03_a_lost_wake_up_stops_a_follower_for_ever(tmp_path: Path) -> None:
    """Pyeventsourcing #305: a notification got lost, and the reader waited for the next one for ever.

    Waking up is a hint: a follower that was busy while events came looks at the log, and finds them all.
    """
    async with shop(tmp_path) as engine, trio.open_nursery() as nursery:
        seen: list[int] = []
        is_busy = trio.Event()

        async def follow() -> None:
            async with aclosing(engine.events()) as events:
                async for event in events:
                    seen.append(event.position)
                    if len(seen) == 1:
                        await is_busy.wait()  # three commits come and go meanwhile
                    if len(seen) == 4:
                        return

        nursery.start_soon(follow)
        for _ in range(4):
            await engine.append(Sold("tea"))
            await wait_all_tasks_blocked()
        is_busy.set()
    assert seen == [1, 2, 3, 4]


async def test_pain_04_one_poison_event_stops_everything(tmp_path: Path) -> None:
    """Marten #1731, #2220, #5149, fisher #5, actor-ts #650: one event blocked all projections, or was tried hotly.

    Appends go on, other views go on, and the mended projection catches up with nothing lost and nothing counted twice.
    """
    async with shop(tmp_path, Brittle, Sales) as engine:
        for item in ("tea", DEADLY, "tea", "rum"):
            await engine.append(Sold(item))
        assert counts(engine) == {"tea": 2, DEADLY: 1, "rum": 1}
        assert engine.checkpoint(Sales) == 4
    async with shop(tmp_path, Mended, Sales) as engine:
        assert counts(engine, Mended) == counts(engine)
        assert engine.statistics().views[0].failure is None


async def test_pain_05_a_rebuild_that_dies_half_way_costs_the_old_view(tmp_path: Path) -> None:
    """Marten #1720, #2973, Axon #2233, emmett #286: during a rebuild there was no view, and after a crash none at all.

    The new version is built beside the old one; killed in the middle, the old one answers as before, and the new one is
    built when its code has been mended.
    """
    async with shop(tmp_path) as engine:
        await engine.append(*[Sold("tea")] * 300, Sold(DEADLY))
        before = engine.digest(Sales)
    assert run("rebuild", tmp_path).returncode == -signal.SIGKILL
    async with shop(tmp_path, read_only=True) as engine:
        assert engine.digest(Sales) == before
    async with shop(tmp_path, Doubling) as engine:
        assert counts(engine, Doubling) == {"tea": 600, DEADLY: 2}


async def test_pain_06_what_you_wrote_is_not_there_when_you_look(tmp_path: Path) -> None:
    """Commanded #82, #300, #337, occurrent #361: a command returned, and the page that came next showed the old state.

    When `append` returns, every view shows it, to every caller, however many there are.
    """
    async with shop(tmp_path) as engine, trio.open_nursery() as nursery:

        async def sell(item: str) -> None:
            for count in range(1, 6):
                position = (await engine.append(Sold(item))).position
                row = engine.view(Sales).sales.get(item)
                assert row is not None
                assert (row.count, row.last) == (count, position)
                assert engine.checkpoint(Sales) >= position

        for number in range(8):
            nursery.start_soon(sell, f"tea {number}")


async def test_pain_08_what_was_kept_for_old_code_is_read_by_new(tmp_path: Path) -> None:
    """Axon #566, Protean #1362, #1518, commanded #196, noddde #152: a snapshot outlived the code that it was made by.

    A view whose rows or indexes are declared otherwise is another view, even if nobody raised its version: it is built
    from the log.
    """

    @attrs.frozen
    class Wider:
        item: str
        count: int
        last: int
        first: int

    class Changed(Projection):
        name = "sales"
        sales = Table(Wider, key="item", indexes={"by_first": "first"})

        @on(Sold)
        def sold(self, event: Recorded[Sold]) -> None:
            before = self.sales.get(event.data.item)
            first = before.first if before else event.position
            self.sales.put(Wider(event.data.item, 1 + (before.count if before else 0), event.position, first))

    async with shop(tmp_path) as engine:
        await engine.append(Sold("tea"), Sold("rum"), Sold("tea"))
    async with open_engine(tmp_path, events=EVENTS, projections=[Changed]) as engine:
        assert engine.view(Changed).sales.select("by_first") == [Wider("tea", 2, 3, 1), Wider("rum", 1, 2, 2)]
    async with shop(tmp_path) as engine:
        assert engine.view(Sales).sales.get("tea") == Sale("tea", 2, 3)


async def test_pain_08_a_snapshot_outlives_the_code_that_it_was_made_by(tmp_path: Path) -> None:
    """Patchlevel #291, commanded #196: after a release, state was restored from snapshots of the release before.

    A snapshot belongs to a version: after a crash of the machine the old one begins with it, the new one with nothing.
    """
    async with shop(tmp_path) as engine:
        await engine.append(Sold("tea"), Sold("rum"))
        snapshots = tmp_path / "views" / ".snapshots"
        assert take(snapshots, engine.views.of(Sales), engine.log.store.log_id) == 2
        await engine.append(Sold("tea"))
    for projection, expected in ((Sales, {"tea": 2, "rum": 1}), (Doubling, {"tea": 4, "rum": 2})):
        for view in (tmp_path / "views").glob("sales-*"):
            mark_open(view, "before the power cut")
        async with shop(tmp_path, projection) as engine:
            assert counts(engine, projection) == expected


async def test_pain_12_replay_commits_once_for_every_event(tmp_path: Path) -> None:
    """Neos #317 (6 m 22 s, and 50 s once checkpoints were batched), sequent #303, EventFlow #191, eventuate #268.

    A rebuild commits once for hundreds of events, and holds no more of the log than one batch.
    """
    async with shop(tmp_path) as engine:
        await engine.append(*[Sold(f"tea {number}") for number in range(2_000)])
    async with shop(tmp_path, Doubling) as engine:
        view = engine.views.of(Doubling)
        assert view.checkpoint == 2_000
        assert view.store.env._env.info()["last_txnid"] < 40  # pyright: ignore[reportPrivateUsage]
        assert max(map(len, engine.log.scan())) <= 256


async def test_pain_14_lag_is_unknown_and_reported_as_none(tmp_path: Path) -> None:
    """Protean #680, #832, #1367, Marten #3555, KurrentDB #2381, #4279: a dead projection had a lag of zero.

    How far a view is behind is the log's head less its checkpoint, also when it has failed, and it grows.
    """
    async with shop(tmp_path, Brittle, Sales) as engine:
        await engine.append(Sold(DEADLY))
        for number in range(1, 4):
            await engine.append(Sold("tea"))
            lags = {view.name: view.lag_events for view in engine.statistics().views}
            assert lags == {"brittle": number + 1, "sales": 0}
    async with shop(tmp_path, Brittle) as engine:
        assert [view.lag_events for view in engine.statistics().views] == [4]


async def test_pain_16_a_replay_makes_another_view(tmp_path: Path) -> None:
    """KurrentDB #1768, #3400 ("event emitted in recovery differs"), weeping-angel #24, kratos-harness #44.

    A view that another process builds anew, with another order of Python's sets, has the same digest.
    """
    async with shop(tmp_path) as engine:
        for number in range(50):
            await engine.append(Sold(f"tea {number % 7}", number))
        digest = engine.digest(Sales)
    for seed in ("1", "2"):
        for path in (tmp_path / "views").glob("sales-*"):
            for file in path.iterdir():
                file.unlink()
            path.rmdir()
        assert run("digest", tmp_path, PYTHONHASHSEED=seed).stdout.strip() == digest


async def test_pain_16_nobody_notices_that_a_view_has_gone_astray(tmp_path: Path) -> None:
    """KurrentDB #3400: it came out by chance, long after. An audit folds the log again, and names the row."""

    class Astray(Sales):
        offset = 0

        @on(Sold)
        def sold(self, event: Recorded[Sold]) -> None:
            self.sales.put(Sale(event.data.item, event.data.count + Astray.offset, event.position))

    async with shop(tmp_path, Astray) as engine:
        await engine.append(Sold("tea"), Sold("rum"))
        assert all(each.is_sound for each in await engine.audit())
        Astray.offset = 5
        await engine.append(Sold("gin"))
        Astray.offset = 0
        [audit] = await engine.audit()
        assert audit.difference is not None
        assert (audit.difference.table, audit.difference.key) == ("sales", ("gin",))
        assert (audit.difference.live, audit.difference.rebuilt) == (Sale("gin", 6, 3), Sale("gin", 1, 3))


def test_pain_16_a_projection_that_looks_at_the_clock_is_found_by_its_test() -> None:
    """ModuPrompt #10: handlers asked for the time, and no two rebuilds agreed. The testkit finds it before users do."""

    class Today(Sales):
        @on(Sold)
        def sold(self, event: Recorded[Sold]) -> None:
            self.sales.put(Sale(event.data.item, now(), event.position))

    with pytest.raises(AssertionError, match=r"at event 1 \(item.sold\): time.time_ns\(\) was called"):
        check_replay(Today, [Sold("tea")])
    check_replay(Sales, [Sold("tea"), Sold("tea")])


def now() -> int:
    """The wrong thing to ask."""
    return time.time_ns()
