"""Rebuilds, skips and ends at the worst of moments: whatever comes in between, what is shown is whole."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trio
import trio.lowlevel
from trio.testing import wait_all_tasks_blocked

from remanence import Appended, Closed, Engine, StorageFailed
from remanence.actors import keeper as keepers
from remanence.actors.keeper import Keeper
from remanence.core.stores import Sealed
from remanence.projections.generations import retire_others, view_path
from remanence.projections.snapshots import take
from remanence.projections.trust import mark_open
from remanence.projections.view_store import ViewStore, mark_replaced
from remanence.projections.views import View

from .club import Joined, Left
from .roll import NAMES, Roll, afresh, both, club, fill, folders, names, park

pytestmark = pytest.mark.usefixtures(afresh.__name__)


@pytest.fixture(autouse=True)
def _afresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keepers, "BATCH", 4)
    Roll.folded.clear()
    Roll.bad.clear()


def tearing(path: Path) -> None:
    """The machine went down: no file that was open can be trusted."""
    for folder in (path / "views").glob("roll-*"):
        mark_open(folder, "before the power cut")


@both
async def test_a_rebuild_that_is_cancelled_as_it_switches_has_switched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_async: bool
) -> None:
    """What is shown by then is the new view: it isn't closed with what was given up."""
    scope = trio.CancelScope()
    switch: Callable[[View[Any], View[Any]], ViewStore] = getattr(View, "switch")  # noqa: B009 - it has no type else
    token = trio.lowlevel.current_trio_token()

    def switch_and_cancel(view: View[Any], built: View[Any]) -> ViewStore:
        token.run_sync_soon(scope.cancel)
        return switch(view, built)

    monkeypatch.setattr(View, "switch", switch_and_cancel)
    async with club(tmp_path, is_async=is_async) as engine:
        await fill(engine)
        with scope:
            await engine.rebuild(Roll)
        assert names(engine) == NAMES
        await engine.append(Joined("zoe"))
        await engine.wait_for(Roll)
        assert (names(engine), folders(tmp_path)) == ([*NAMES, "zoe"], ["-1"])


@both
async def test_an_event_is_not_taken_while_its_skip_is_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_async: bool
) -> None:
    """Or the live view would hold what a rebuilt one passes over."""
    record = Keeper._record_skip  # pyright: ignore[reportPrivateUsage]

    async def record_late(self: Keeper, position: int) -> Appended:
        Roll.bad.clear()
        self._urged.set()  # pyright: ignore[reportPrivateUsage]
        await wait_all_tasks_blocked()
        return await record(self, position)

    monkeypatch.setattr(Keeper, "_record_skip", record_late)
    async with club(tmp_path, is_async=is_async) as engine:
        Roll.bad.add("07")
        await engine.append(*map(Joined, NAMES))
        while engine.statistics().views[0].state != "retrying":
            await trio.lowlevel.checkpoint()
        await engine.skip(Roll)
        assert names(engine) == [name for name in NAMES if name != "07"]
        [audit] = await engine.audit()
        assert audit.is_sound


@both
async def test_a_skip_begins_what_was_built_without_it_anew(
    tmp_path: Path, autojump_clock: trio.testing.MockClock, *, is_async: bool
) -> None:
    """A half-built view that took the event, when it could, isn't gone on with once the event is passed over."""
    del autojump_clock
    async with club(tmp_path, is_async=is_async) as engine:
        await park(engine)
        with trio.CancelScope() as scope:
            await engine.rebuild(Roll, progress=lambda _, done, __: scope.cancel() if done == 12 else None)
        assert folders(tmp_path) == ["", "-1"]
        await engine.skip(Roll)
        await engine.rebuild(Roll)
        assert names(engine) == [name for name in NAMES if name != "07"]
        [audit] = await engine.audit()
        assert audit.is_sound


@both
async def test_a_machine_that_goes_down_in_a_rebuild_costs_no_more_than_the_rebuild(
    tmp_path: Path, *, is_async: bool
) -> None:
    """Neither the live files nor the half-built ones can be trusted: the snapshot takes their place."""
    async with club(tmp_path, is_async=is_async) as engine:
        await fill(engine)
        assert take(tmp_path / "views" / ".snapshots", engine.views.of(Roll), engine.log.store.log_id) == 20
        with trio.CancelScope() as scope:
            await engine.rebuild(Roll, progress=lambda _, __, ___: scope.cancel())
    assert folders(tmp_path) == ["", "-1"]
    tearing(tmp_path)
    Roll.folded.clear()
    async with club(tmp_path, is_async=is_async) as engine:
        await engine.wait_for(Roll)
        assert names(engine) == NAMES


@both
async def test_files_that_were_once_replaced_serve_again(tmp_path: Path, *, is_async: bool) -> None:
    """A program of the version before, opened again before its files were gone, has readers that stay with it."""
    async with club(tmp_path, is_async=is_async) as engine:
        await fill(engine)
    mark_replaced(view_path(tmp_path / "views", Roll), None)
    async with club(tmp_path, is_async=is_async):
        pass
    async with club(tmp_path, is_async=is_async, read_only=True) as engine:
        assert names(engine) == names(engine) == NAMES


def test_what_is_newer_than_the_live_one_is_never_dropped(tmp_path: Path) -> None:
    """A rebuild that begins while others are dropped keeps its folder."""
    base = view_path(Path(), Roll).name
    for name in (base, f"{base}-1", f"{base}-2", f"{base}-3", "roll-2-00000000", "roll_call-1-00000000"):
        (tmp_path / name).mkdir()
    retire_others(tmp_path, Roll, 1, None)
    left = {each.name for each in tmp_path.iterdir()}
    assert left == {f"{base}-1", f"{base}-2", f"{base}-3", "roll_call-1-00000000"}


def test_what_is_dropped_is_gone_at_once_and_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that opens files as they are dropped finds all or none; what could not be removed goes the next time."""
    base = view_path(Path(), Roll).name
    (tmp_path / f"{base}-1").mkdir()
    (tmp_path / base).mkdir()

    def killed(path: Path, **_: object) -> None:
        assert path.name.startswith(".dropped-")

    monkeypatch.setattr("shutil.rmtree", killed)
    retire_others(tmp_path, Roll, 1, None)
    assert not (tmp_path / base).exists()
    monkeypatch.undo()
    retire_others(tmp_path, Roll, 1, None)
    assert [each.name for each in tmp_path.iterdir()] == [f"{base}-1"]


async def test_an_engine_does_not_close_its_files_under_a_rebuild(tmp_path: Path) -> None:
    """Whoever rebuilds or audits a view that follows while the engine is closed is told so; the log isn't in danger."""
    outcomes: list[str] = []

    async def rebuild_for_ever(engine: Engine) -> None:
        try:
            while True:
                await engine.rebuild(Roll)
                await engine.audit()
        except Closed:
            outcomes.append("closed")

    async with trio.open_nursery() as nursery:
        for number in range(10):
            async with club(tmp_path, is_async=True) as engine:
                await engine.append(Joined(f"{number}"))
                nursery.start_soon(rebuild_for_ever, engine)
                for _ in range(number * 3):
                    await trio.lowlevel.checkpoint()
                await engine.wait_for(Roll)
    assert outcomes == ["closed"] * 10


async def test_a_log_is_not_reopened_under_a_view_that_is_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a commit that failed, reopening waits for the housekeeping that the commit thread has begun."""
    queued, reopening = threading.Event(), threading.Event()
    is_busy = False
    overlaps: list[bool] = []
    async with club(tmp_path, is_async=False) as engine:
        await fill(engine)
        append, recover = engine.log.store.append, engine.log.recover

        def refuse(_: Sealed) -> None:
            monkeypatch.setattr(engine.log.store, "append", append)
            queued.wait()
            message = "no space left"
            raise StorageFailed(message)

        def observed() -> int:
            reopening.set()
            overlaps.append(is_busy)
            return recover()

        def work() -> None:
            nonlocal is_busy
            is_busy = True
            reopening.wait(0.1)  # it must not come meanwhile
            assert engine.log.read(after=19)
            is_busy = False

        async def fail() -> None:
            with pytest.raises(StorageFailed):
                await engine.append(Joined("zoe"))

        monkeypatch.setattr(engine.log.store, "append", refuse)
        monkeypatch.setattr(engine.log, "recover", observed)
        [keeper] = engine._keepers.values()  # pyright: ignore[reportPrivateUsage]
        async with trio.open_nursery() as nursery:
            nursery.start_soon(fail)
            await wait_all_tasks_blocked()
            nursery.start_soon(keeper._in_thread, work)  # pyright: ignore[reportPrivateUsage]
            await wait_all_tasks_blocked()
            queued.set()
        assert overlaps == [False]
        await engine.append(Joined("zz"))
        assert names(engine)[-1] == "zz"


async def test_the_copy_of_a_snapshot_that_is_cut_off_is_not_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that dies while it puts a snapshot in a view's place leaves nothing that the next one would open."""
    async with club(tmp_path, is_async=False) as engine:
        await fill(engine)
        take(tmp_path / "views" / ".snapshots", engine.views.of(Roll), engine.log.store.log_id)
    tearing(tmp_path)

    def half(source: Path, target: Path, **_: Any) -> None:
        if source.name != "data.mdb":
            target.write_bytes(source.read_bytes())
            return
        target.write_bytes(source.read_bytes()[:5000])
        message = "killed"
        raise KeyboardInterrupt(message)

    with monkeypatch.context() as patched:
        patched.setattr("shutil.copyfile", half)
        with pytest.raises(KeyboardInterrupt):
            async with club(tmp_path, is_async=False):
                pass
    Roll.folded.clear()
    async with club(tmp_path, is_async=False) as engine:
        assert names(engine) == NAMES
        assert Roll.folded == []  # the snapshot was taken up, this time


async def test_a_snapshot_that_goes_while_it_is_taken_up_costs_nothing_but_time(tmp_path: Path) -> None:
    """Snapshots are thinned out as work goes on; whoever looks into the past then begins with an older one."""
    snapshots = tmp_path / "views" / ".snapshots"
    async with club(tmp_path, is_async=False) as engine:
        for name in NAMES[:4]:
            await engine.append(Joined(name))
            take(snapshots, engine.views.of(Roll), engine.log.store.log_id)
        [newest] = (snapshots / f"{4:020}").iterdir()
        (newest / "data.mdb").unlink()
        Roll.folded.clear()
        async with engine.as_of(4) as past:
            assert names(past) == NAMES[:4]
        assert Roll.folded == ["03"]


async def test_what_does_not_belong_among_snapshots_is_left_alone(tmp_path: Path) -> None:
    """A file that somebody put there keeps nobody from taking them."""
    snapshots = tmp_path / "views" / ".snapshots"
    async with club(tmp_path, is_async=False) as engine:
        await fill(engine)
        snapshots.mkdir()
        (snapshots / "notes.txt").write_text("mine", encoding="utf-8")
        assert take(snapshots, engine.views.of(Roll), engine.log.store.log_id) == 20
    assert (snapshots / "notes.txt").exists()


WAITER = """
import sys, trio
from pathlib import Path
from tests.face import roll as here

async def main():
    async with here.club(Path(sys.argv[1]), is_async=True, read_only=True) as engine:
        await engine.wait_for(here.Roll, timeout_s=10)
        [seen] = engine.statistics().views
        print(seen.lag_events, seen.lag_s)

trio.run(main)
"""


async def test_a_reader_does_not_wait_for_what_does_not_concern_the_view(tmp_path: Path) -> None:
    """In another process, too, a view that the newest events don't concern is up to date: nobody waits in vain."""
    async with club(tmp_path, is_async=True) as engine:
        await fill(engine)
        await engine.append(Left("nobody"), Left("nobody"))
        command = [sys.executable, "-c", WAITER, str(tmp_path)]
        done = await trio.run_process(command, cwd=Path(__file__).parents[2], capture_stdout=True)
        assert done.stdout == b"0 0.0\n"
