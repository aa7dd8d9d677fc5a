"""Reactions: at most once past the mark, never again in a rebuild or a copy, and their outcome has its cause."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, aclosing, suppress
from pathlib import Path
from typing import Any, ClassVar

import attrs
import pytest
import trio
from trio.testing import wait_all_tasks_blocked

import remanence
from remanence import Behind, Closed, Engine, InvalidInput, Reaction, Recorded, Settings, event, on
from remanence.actors.cell import Cell
from remanence.actors.reacting import Reacting
from remanence.actors.reaction_statistics import reaction_traces
from remanence.actors.surroundings import Surroundings
from remanence.actors.writer import Writer

from .club import EVENTS, Joined, Left, Members


@event("letter.sent")
@attrs.frozen
class LetterSent:
    """A letter went out."""

    name: str


class Dead(BaseException):
    """The process has died: nobody handles this."""


class Welcome(Reaction):
    """Sends letters, and keeps those it sent."""

    since: ClassVar[int | None] = 0

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.dies = ""
        self.open = trio.Event()
        self.open.set()

    @on(Joined)
    async def joined(self, event: Recorded[Joined]) -> list[object]:
        """A letter."""
        if self.dies == "before":
            raise Dead
        await self.open.wait()
        if event.data.name == "nobody":
            raise LookupError(event.data.name)
        self.sent.append(event.data.name)
        if self.dies == "after":
            raise Dead
        return [LetterSent(event.data.name)]


def club(path: Path, reaction: Reaction, **options: Any) -> AbstractAsyncContextManager[Engine]:
    """The club, with letters."""
    options.setdefault("settings", Settings(retrain=False))
    events = (*EVENTS, LetterSent)
    return remanence.open_engine(path, events=events, projections=[Members], reactions=[reaction], **options)


async def recorded(engine: Engine, count: int, kind: type | str = LetterSent) -> list[Recorded[Any]]:
    """The first events of a type, once there are so many."""
    found: list[Recorded[Any]] = []
    async with aclosing(engine.events(types=[kind])) as events:
        async for each in events:
            found.append(each)
            if len(found) == count:
                break
    return found


@pytest.mark.parametrize("durability", ["durable", "buffered"])
async def test_the_mark_comes_before_the_effect_and_the_outcome_has_its_cause(tmp_path: Path, durability: str) -> None:
    """Mark, act, record: the log has it in this order, each with the event as the cause."""
    welcome = Welcome()
    async with club(tmp_path, welcome, settings=Settings(durability=durability, retrain=False)) as engine:
        await engine.append(Left("nobody"))
        joined = await engine.append(Joined("ada"))
        await recorded(engine, 1)
        mine = [each for each in engine.read() if each.by == "reaction:welcome"][-2:]
        assert [(each.type, each.cause) for each in mine] == [
            ("reaction.marked", joined.position),
            ("letter.sent", joined.position),
        ]
    assert welcome.sent == ["ada"]


@pytest.mark.parametrize(("dies", "sent"), [("before", []), ("after", ["ada"])])
async def test_a_crash_past_the_mark_never_brings_the_effect_twice(tmp_path: Path, dies: str, sent: list[str]) -> None:
    """Whether the process dies before the effect or after it, the event is passed over from then on; others are not."""
    first = Welcome()
    first.dies = dies
    with suppress(Dead):
        async with club(tmp_path, first) as engine:
            await engine.append(Joined("ada"))
            await trio.sleep_forever()
    second = Welcome()
    async with club(tmp_path, second) as engine:
        await engine.append(Joined("bo"))
        await recorded(engine, 1)
        await engine.rebuild(Members)
        await engine.backup(tmp_path / "copy" / "log")
    assert (first.sent, second.sent) == (sent, ["bo"])
    third = Welcome()
    async with club(tmp_path / "copy", third) as engine:
        await wait_all_tasks_blocked()
    assert third.sent == []


async def test_what_was_not_marked_is_handled_when_next_opened(tmp_path: Path) -> None:
    """Events that came without the reaction, or after its end, wait for it; a read-only opening handles nothing."""
    async with remanence.open_engine(tmp_path, events=EVENTS, projections=[Members]) as engine:
        await engine.append(Joined("ada"))
        await engine.append(Joined("bo"))
    welcome = Welcome()
    async with club(tmp_path, welcome, read_only=True):
        await wait_all_tasks_blocked()
    assert welcome.sent == []
    async with club(tmp_path, welcome) as engine:
        assert [each.data.name for each in await recorded(engine, 2)] == ["ada", "bo"]


async def test_a_new_reaction_begins_now_unless_it_says_otherwise(tmp_path: Path) -> None:
    """What lies before its first opening is history; what comes between its openings is not."""

    class Late(Welcome):
        since = None

    late = Late()
    async with remanence.open_engine(tmp_path, events=EVENTS) as engine:
        await engine.append(Joined("ada"))
    async with club(tmp_path, late) as engine:
        pass
    async with remanence.open_engine(tmp_path, events=EVENTS) as engine:
        await engine.append(Joined("bo"))
    async with club(tmp_path, late) as engine:
        await recorded(engine, 1)
    assert late.sent == ["bo"]


async def test_a_failure_is_recorded_and_not_repeated(tmp_path: Path) -> None:
    """An effect that raised may have happened: it is noted with its error, and the next event is handled."""
    welcome = Welcome()
    async with club(tmp_path, welcome) as engine:
        failed = await engine.append(Joined("nobody"))
        await engine.append(Joined("ada"))
        await recorded(engine, 1)
        [note] = engine.read(types=["reaction.failed"])
        assert (note.cause, note.raw["error"]) == (failed.position, "LookupError: nobody")
    again = Welcome()
    async with club(tmp_path, again):
        await wait_all_tasks_blocked()
    assert (welcome.sent, again.sent) == (["ada"], [])


async def test_closing_waits_for_the_effect_under_way(tmp_path: Path) -> None:
    """It is finished, and its outcome recorded, though the body has been cancelled; no new one is begun."""
    welcome = Welcome()
    welcome.open = trio.Event()
    async with trio.open_nursery() as nursery:
        with trio.CancelScope() as scope:
            async with club(tmp_path, welcome) as engine:
                await engine.append(Joined("ada"))
                await engine.append(Joined("bo"))
                await recorded(engine, 2, "reaction.marked")
                await wait_all_tasks_blocked()

                async def let_it_through() -> None:
                    await wait_all_tasks_blocked()
                    welcome.open.set()

                nursery.start_soon(let_it_through)
                scope.cancel()
    assert welcome.sent == ["ada"]
    async with club(tmp_path, welcome) as engine:
        assert [each.data.name for each in await recorded(engine, 2)] == ["ada", "bo"]


async def test_an_effect_that_does_not_end_is_cancelled_at_the_deadline(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    """Closing takes no longer than it may."""
    del autojump_clock
    welcome = Welcome()
    welcome.open = trio.Event()
    async with club(tmp_path, welcome, settings=Settings(shutdown_s=3, retrain=False)) as engine:
        await engine.append(Joined("ada"))
        await recorded(engine, 2, "reaction.marked")
    assert welcome.sent == []


async def test_statistics_tell_what_a_reaction_did_and_how_far_behind_it_is(tmp_path: Path) -> None:
    """Handled, failed, skipped; at work on which event, and for how long others have waited; and the last error."""
    welcome, now = Welcome(), [10**18]
    welcome.open = trio.Event()
    async with club(tmp_path, welcome, clock=lambda: now[0]) as engine:
        failing = await engine.append(Joined("nobody"))
        last = await engine.append(Joined("ada"))
        await recorded(engine, 2, "reaction.marked")
        now[0] += 3 * 10**9
        [seen] = engine.statistics().reactions
        assert (seen.name, seen.state, seen.handling, seen.position) == ("welcome", "handling", 2, 1)
        assert (seen.handled, seen.failed, seen.skipped) == (0, 0, 0)
        assert (seen.lag_events, seen.lag_s) == (engine.head - 1, 3.0)
        welcome.open.set()
        await recorded(engine, 1)
        await wait_all_tasks_blocked()
        [seen] = engine.statistics().reactions
        assert (seen.state, seen.handling, seen.handled, seen.failed) == ("following", None, 1, 1)
        assert (seen.position, seen.lag_events, seen.lag_s) == (engine.head, 0, 0.0)
        failure = seen.last_failure
        assert failure is not None
        assert (failure.error, failure.position) == ("LookupError: nobody", failing.position)
        assert "in joined" in (failure.traceback or "")
        [running] = engine.reacting
    assert running.statistics(0, lambda _: None).state == "ended"
    async with club(tmp_path, Welcome()) as engine:
        [seen] = engine.statistics().reactions
        assert (seen.handled, seen.failed, seen.last_failure) == (0, 0, failure)
        now[0] = 0
    async with club(tmp_path, Welcome(), read_only=True) as engine:
        assert engine.statistics().reactions == ()
        [trace] = reaction_traces(engine.log)
        assert (trace.name, trace.taken, trace.failed, trace.position) == ("welcome", 2, 1, last.position)
        assert trace.last_failure == failure


async def test_what_is_not_known_is_not_zero(tmp_path: Path) -> None:
    """Before a reaction has begun it stands nowhere, and when the clock went back nobody can say how long it waited."""
    welcome, now = Welcome(), [10**18]
    welcome.open = trio.Event()
    async with club(tmp_path, welcome, clock=lambda: now[0]) as engine:
        waiting = Reacting(engine.log, Welcome(), Writer(engine.log, engine.views))
        Cell(lambda: waiting, Surroundings())
        assert waiting.statistics(7, lambda _: 0.0).lag_events is None
        assert waiting.statistics(7, lambda _: 0.0).lag_s is None
        await engine.append(Joined("ada"))
        await recorded(engine, 2, "reaction.marked")
        now[0] -= 1
        assert engine.statistics().reactions[0].lag_s is None
        welcome.open.set()


async def test_waiting_for_reactions_ends_when_they_are_done(
    tmp_path: Path,
) -> None:
    """What came of an event is in the log then; at the deadline it is said who is behind; and the end is an end."""
    welcome = Welcome()
    async with trio.open_nursery() as nursery, club(tmp_path, welcome) as engine:
        joined = await engine.append(Joined("ada"))
        await engine.wait_for_reactions(joined.position)
        assert [each.data.name for each in engine.read(types=[LetterSent])] == ["ada"]
        await engine.wait_for_reactions()
        welcome.open = trio.Event()
        joined = await engine.append(Joined("bo"))
        with pytest.raises(Behind, match=r"the reaction welcome is at .* after 0 s") as caught:
            await engine.wait_for_reactions(joined.position, timeout_s=0)
        assert (caught.value.view, caught.value.position) == ("welcome", joined.position)
        with pytest.raises(InvalidInput, match="timeout_s"):
            await engine.wait_for_reactions(timeout_s=-1)

        async def wait() -> None:
            with pytest.raises(Closed, match="ended at event"):
                await engine.wait_for_reactions(10**6)

        nursery.start_soon(wait)
        welcome.open.set()
        await engine.wait_for_reactions()
    assert welcome.sent == ["ada", "bo"]


async def test_a_reaction_to_nothing_keeps_up(tmp_path: Path) -> None:
    """It handles no event, and stands in nobody's way."""
    async with club(tmp_path, type("Idle", (Reaction,), {})()) as engine:
        await engine.append(Joined("ada"))
        await engine.wait_for_reactions(timeout_s=5)
        [seen] = engine.statistics().reactions
        assert (seen.lag_events, seen.handled) == (0, 0)


def test_names_and_events_are_each_for_one(tmp_path: Path) -> None:
    """A name is a name, an event has one handler, and no two reactions share their marks."""
    with pytest.raises(InvalidInput, match=r"handles member\.joined twice"):
        type("Twice", (Welcome,), {"again": on(Joined)(Welcome.joined), "joined": Welcome.joined})
    with pytest.raises(InvalidInput, match="the reaction name"):
        type("Bad", (Reaction,), {"name": "Not a name"})

    async def both() -> None:
        async with remanence.open_engine(tmp_path, reactions=[Welcome(), Welcome()]):
            pass

    with pytest.raises(InvalidInput, match="two reactions are called welcome"):
        trio.run(both)
