"""The engine at work: outcomes, conditions, deadlines, and each error as whoever must act expects it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

import remanence
from remanence import (
    Condition,
    Conflict,
    Engine,
    InvalidInput,
    OutcomeUnknown,
    Projection,
    Request,
    Settings,
    StorageFailed,
    Unreadable,
    ViewFailed,
    open_engine,
)
from remanence.actors import writer as writers
from remanence.core.appends import Appended
from remanence.core.stores import Sealed
from remanence.engine import appending
from remanence.engine.appending import TOGETHER

from .club import EVENTS, Joined, Left, Members, club, names


def hold(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Keep every commit from its end until the event is set."""
    gate = threading.Event()
    append = engine.log.store.append

    def slow(sealed: Sealed) -> None:
        gate.wait()
        append(sealed)

    monkeypatch.setattr(engine.log.store, "append", slow)
    return gate


async def cancel_when_all_wait(scope: trio.CancelScope) -> None:
    """Cancel once nobody has anything to do."""
    await wait_all_tasks_blocked()
    scope.cancel()


async def test_each_request_of_many_has_its_own_outcome(tmp_path: Path) -> None:
    """In order, in one commit, and no error of one touches another."""
    async with club(tmp_path) as engine:
        unless_ada = Condition(engine.query(tags=["member:ada"]))
        found = await engine.append_all(
            [
                Request([Joined("ada")], key="k"),
                Request([Joined("ada"), Joined("x")], condition=unless_ada),
                Request([object()]),
                Request([Joined("ada")], key="k"),
                Request([Joined("bo"), Joined("cy")]),
            ]
        )
        assert [type(each).__name__ for each in found] == [
            "Appended",
            "Conflict",
            "InvalidInput",
            "Appended",
            "Appended",
        ]
        assert names(engine) == ["ada", "bo", "cy"]
        statistics = engine.statistics()
        assert statistics.writer is not None
        assert statistics.writer.commits == 1
        assert await engine.append_all([]) == []


async def test_large_requests_are_not_all_packed_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many are asked for, only so much of them is held encoded before it is handed on."""
    monkeypatch.setattr(appending, "TOGETHER_BYTES", 400)
    async with club(tmp_path) as engine:
        told, together, pack = 0, list[int](), engine.log.pack

        def requests() -> Iterator[Request]:
            nonlocal told
            for number in range(20):
                told += 1
                yield Request([Joined(f"{number:0150}")])

        def noted(checked: Sequence[Any]) -> list[Any]:
            together.append(len(checked))
            assert told == sum(together)
            return pack(checked)

        monkeypatch.setattr(engine.log, "pack", noted)
        assert len(await engine.append_all(requests())) == 20
        assert together == [2] * 10


async def test_more_requests_than_are_packed_together_keep_their_order(tmp_path: Path) -> None:
    """Each has its own place, also where those before it were refused, and all of some that are packed together."""
    async with club(tmp_path) as engine:
        wanted = [number % 3 != 1 and number >= TOGETHER for number in range(3 * TOGETHER)]
        found = await engine.append_all(
            Request([Joined(str(number)) if is_good else object()]) for number, is_good in enumerate(wanted)
        )
        assert [isinstance(each, Appended) for each in found] == wanted
        taken = [(each.position, number) for number, each in enumerate(found) if isinstance(each, Appended)]
        assert taken == [(recorded.position, int(recorded.data.name)) for recorded in engine.read()]


async def test_slow_queries_are_listed_with_their_plans(tmp_path: Path) -> None:
    """A query that takes as long as the setting says is among the statistics, by the clock that was given."""
    settings = Settings(slow_query_s=2.0)
    ticks = iter([0.0, 1.0, 1.0, 3.0])
    async with remanence.open(tmp_path, settings=settings, timer=lambda: next(ticks)) as memory:
        await memory.remember("tea, no milk", kind="preference")
        memory.find()
        memory.find(kind="preference")
        [slow] = memory.stats().slow_queries
    assert (slow.view, slow.seconds, slow.plan.index, slow.plan.found) == ("memories", 2.0, "by_kind", 1)
    with pytest.raises(InvalidInput, match="slow_query_s"):
        Settings(slow_query_s=float("nan"))


def test_what_is_no_cache_is_refused_before_anything_is_opened() -> None:
    """Bad input gets a clear error at the edge, which names what turns caches off."""
    with pytest.raises(InvalidInput, match="'off' for none, not None"):
        Settings(cache=None)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


async def test_many_requests_that_are_cancelled_are_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the writer had not taken up when the caller left is not written afterwards."""
    monkeypatch.setattr(writers, "COMMIT_BYTES", 0)
    async with club(tmp_path) as engine, trio.open_nursery() as nursery:
        gate = hold(engine, monkeypatch)
        for name in ("under way", "staged"):
            nursery.start_soon(engine.append, Joined(name))
            await wait_all_tasks_blocked()
        with trio.CancelScope() as scope:
            nursery.start_soon(cancel_when_all_wait, scope)
            await engine.append_all([Request([Joined(str(number))]) for number in range(5)])
        assert scope.cancelled_caught
        gate.set()
        await engine.flush()
        assert names(engine) == ["staged", "under way"]


async def test_a_condition_guards_a_decision(tmp_path: Path) -> None:
    """Who decided on what has changed since is refused, and told by what."""
    async with club(tmp_path) as engine:
        seen = (await engine.append(Joined("ada"))).position
        unchanged = Condition(engine.query(tags=["member:ada"]), seen)
        await engine.append(Left("ada"), condition=unchanged)
        with pytest.raises(Conflict) as error:
            await engine.append(Left("ada"), condition=unchanged)
        assert error.value.position == 2


async def test_a_deadline_leaves_a_key_to_come_back_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mock_clock: MockClock
) -> None:
    """Given no key, the engine makes one: appending again with it is safe."""
    async with club(tmp_path) as engine:
        gate = hold(engine, monkeypatch)
        errors: list[OutcomeUnknown] = []

        async def join() -> None:
            with pytest.raises(OutcomeUnknown) as error:
                await engine.append(Joined("ada"), timeout_s=5)
            errors.append(error.value)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(join)
            await wait_all_tasks_blocked()
            mock_clock.jump(5)
        gate.set()
        [error] = errors
        assert error.key is not None
        again = await engine.append(Joined("ada"), key=error.key)
        assert (list(again.positions), again.is_duplicate) == ([1], True)
        assert engine.head == 1


@pytest.mark.parametrize(
    "options",
    [
        {"timeout_s": -1},
        {"timeout_s": float("nan")},
        {"key": ""},
        {"key": "k" * 256},
        {"key": 5},
        {"by": ""},
        {"by": 5},
        {"cause": 0},
        {"cause": "1"},
        {"tags": "text"},
        {"tags": [""]},
        {"tags": ["a\0b"]},
        {"tags": [5]},
        {"tags": ["x" * 256]},
        {"tags": [str(number) for number in range(65)]},
    ],
)
async def test_what_can_not_be_appended_is_refused_at_once(tmp_path: Path, options: dict[str, Any]) -> None:
    """The caller is told what is wrong, and nothing is written."""
    async with club(tmp_path) as engine:
        with pytest.raises(InvalidInput):
            await engine.append(Joined("ada"), **options)
        for events in ((), (object(),), (Joined,), (Joined(5),)):  # type: ignore[arg-type]
            with pytest.raises(InvalidInput):
                await engine.append(*events)
        assert engine.head == 0


async def test_an_old_program_reads_a_newer_log_and_says_what_it_skips(tmp_path: Path) -> None:
    """Events of types it doesn't know are there, as plain data; its views pass them over, and statistics name them."""
    async with club(tmp_path) as engine:
        await engine.append(Joined("ada"), Left("ada"), Joined("bo"), by="juno", tags=["t"])

    class OldMembers(Projection):
        name = "members"

    async with open_engine(tmp_path, events=[Left], projections=[OldMembers]) as old:
        first, second, _ = old.read()
        assert (first.type, first.is_known, first.raw) == ("member.joined", False, {"name": "ada", "club": "chess"})
        assert (first.by, first.tags) == ("juno", ("member:ada", "club:chess", "t"))
        assert second.data == Left("ada")
        with pytest.raises(Unreadable, match=r"doesn't know member.joined version 1") as error:
            _ = first.data
        assert (error.value.position, error.value.type, error.value.version) == (1, "member.joined", 1)
        assert old.statistics().unknown_types == ("member.joined",)
        assert old.statistics().types == {"member.joined": 2, "member.left": 1}
        assert old.checkpoint(OldMembers) == 3


async def test_a_view_that_fails_says_so_and_the_rest_goes_on(tmp_path: Path) -> None:
    """Appends are acknowledged, other views show them, statistics have the reason; mended code catches up."""

    class Comings(Projection):
        pass

    async with open_engine(tmp_path, events=EVENTS, projections=[Members, Comings]) as engine:
        await engine.append(Joined("ada"))
        await engine.append(Left("nobody"), Joined("bo"))
        assert engine.checkpoint(Comings) == engine.head == 3
        with pytest.raises(ViewFailed, match="LookupError: nobody") as error:
            names(engine)
        assert (error.value.view, error.value.position) == ("members", 2)
        members, comings = engine.statistics().views
        assert (members.checkpoint, members.lag_events, comings.lag_events) == (1, 2, 0)
        assert "LookupError: nobody" in (members.failure or "")

    class Mended(Members):
        name = "members"

        def left(self, event: Any) -> None:
            self.members.delete(event.data.name)

    async with open_engine(tmp_path, events=EVENTS, projections=[Mended]) as engine:
        assert [row.name for row in engine.view(Mended).members.select()] == ["ada", "bo"]


async def test_statistics_tell_what_there_is(tmp_path: Path) -> None:
    """Counts are exact, and what is not known is not called zero."""
    async with club(tmp_path) as engine:
        await engine.append(Joined("ada"), Left("ada"), Joined("bo"))
        found = engine.statistics()
        assert (found.path, found.head, found.types) == (str(tmp_path), 3, {"member.joined": 2, "member.left": 1})
        [view] = found.views
        assert (view.name, view.version, view.checkpoint, view.lag_events) == ("members", 1, 3, 0)
        assert (view.rows, view.failure) == ({"members": 1}, None)
        assert len(bytes.fromhex(found.log_id)) == 16
        assert found.log_bytes > 0
        assert found.unknown_types == ()


async def test_a_log_replaced_by_an_older_copy_is_not_answered_for_by_its_views(tmp_path: Path) -> None:
    """Views of what the log no longer has are thrown away and built anew."""
    async with club(tmp_path) as engine:
        await engine.append(Joined("ada"))
        await engine.backup(tmp_path / "copy")
        await engine.append(Joined("bo"), Joined("cy"))
    (tmp_path / "copy" / "data.mdb").replace(tmp_path / "log" / "data.mdb")
    async with club(tmp_path) as engine:
        assert names(engine) == ["ada"]
        await engine.append(Joined("dee"))
        assert names(engine) == ["ada", "dee"]
        assert [each.data.name for each in engine.read(tags=["club:chess"])] == ["ada", "dee"]


async def test_a_full_disk_is_told_and_the_engine_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One refused commit: its caller is told that nothing was written; the next append works."""
    async with club(tmp_path) as engine:
        await engine.append(Joined("ada"))

        def refuse(_sealed: object) -> None:
            raise StorageFailed("no space left")

        with monkeypatch.context() as patched:
            patched.setattr(engine.log.store, "append", refuse)
            with pytest.raises(StorageFailed, match="nothing was written"):
                await engine.append(Joined("bo"))
        await engine.append(Joined("cy"))
        assert names(engine) == ["ada", "cy"]
        assert engine.head == 2
