"""Actors of users on an engine: they read, subscribe, append, and are told and asked."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path
from typing import Any

import attrs
import pytest
import trio

import remanence
from remanence import Actor, Ask, Behind, Closed, Engine, Reaction, Recorded, Restart, Settings, Unanswered, event, on
from remanence.actors import retrainer as retrainers
from remanence.actors.bulletin import Publisher
from remanence.actors.cacher import Cacher
from remanence.actors.keeper import Keeper
from remanence.actors.reacting import Reacting
from remanence.actors.retrainer import Retrainer
from remanence.actors.snapshotter import Snapshotter

from .club import EVENTS, Joined, Members


@event("member.greeted")
@attrs.frozen
class Greeted:
    """A member was greeted."""

    name: str


class Greeter(Actor[Recorded[Joined] | Ask[str, int]]):
    """Greets each new member once, whatever crashes: greeting and mark are one append."""

    async def started(self) -> None:
        self.subscribe(Joined, after=self.marked())

    async def handle(self, batch: Sequence[Recorded[Joined] | Ask[str, int]]) -> None:
        for message in batch:
            match message:
                case Recorded(position=position):
                    self.engine.view(Members)
                    await self.engine.append(Greeted(message.data.name), self.mark(position), cause=position)
                case Ask(request="marked?"):
                    message.reply(self.marked())
                case _:
                    raise LookupError(message)


def club(path: Path, **options: Any) -> AbstractAsyncContextManager[Engine]:
    """The club, with a greeter."""
    given: dict[str, Any] = {
        "settings": Settings(retrain=False),
        "projections": [Members],
        "actors": [Greeter],
        **options,
    }
    return remanence.open_engine(path, events=(*EVENTS, Greeted), **given)


async def test_an_actor_subscribes_appends_and_answers(tmp_path: Path) -> None:
    """It is given each event once, over restarts of the program too; waiting for it is waiting for what it made."""
    async with club(tmp_path) as engine:
        await engine.append(Joined("ada"))
        joined = await engine.append(Joined("bo"))
        await engine.actor("greeter").wait_for(joined.position, timeout_s=30)
        assert await engine.actor("greeter").ask("marked?") == joined.position
    async with club(tmp_path) as engine:
        joined = await engine.append(Joined("cy"))
        await engine.actor("greeter").wait_for(joined.position, timeout_s=30)
        assert greeted(engine) == ["ada", "bo", "cy"]
        names = [each.name for each in engine.statistics().actors]
        assert names == ["publisher", "writer", "view:members", "cacher", "snapshotter", "greeter"]
    with pytest.raises(Closed):
        await engine.actor("greeter").wait_for(10**6)


def joined_last(engine: Engine) -> int:
    """Position of the last member's coming."""
    return engine.read(types=[Joined], backward=True, limit=1)[0].position


def greeted(engine: Engine) -> list[str]:
    """Who has been greeted, in order."""
    return [each.data.name for each in engine.read(types=[Greeted])]


MEMBERS = [f"member {number}" for number in range(20)]
STEPS = ("make", "started", "handle", "after", "knocked", "spawned", "stopped", "ended")
OURS: tuple[tuple[type[Actor[Any]], str], ...] = (
    (Keeper, "knocked"),
    (Retrainer, "knocked"),
    (Snapshotter, "knocked"),
    (Cacher, "knocked"),
    (Reacting, "handle"),
    (Publisher, "knocked"),
)


class Silent(Reaction):
    """Does nothing about new members."""

    @on(Joined)
    async def joined(self, event: Recorded[Joined]) -> None:
        """Nothing."""


class Fault:
    """Raises once, when it is armed."""

    def __init__(self, step: str) -> None:
        self.step = step
        self.is_armed = False
        self.count = 0

    def at(self, step: str) -> None:
        """We are at a step."""
        if self.is_armed and step == self.step:
            self.is_armed = False
            self.count += 1
            raise ZeroDivisionError(step)


class Fragile(Greeter):
    """Crashes where its fault says."""

    name = "greeter"
    restart = Restart(first_pause_s=0)

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        fault.at("make")

    async def started(self) -> None:
        await super().started()
        self.fault.at("started")

    async def handle(self, batch: Sequence[Recorded[Joined] | Ask[str, int]]) -> None:
        self.fault.at("handle")
        await super().handle(batch)
        self.fault.at("after")
        self.spawn(self.beside)

    async def knocked(self) -> None:
        self.fault.at("knocked")

    async def beside(self) -> None:
        """What runs beside its handling."""
        self.fault.at("spawned")

    async def stopped(self) -> None:
        self.fault.at("stopped")

    async def ended(self) -> None:
        self.fault.at("ended")


@pytest.mark.parametrize("step", STEPS)
async def test_a_crash_at_any_step_loses_nothing(tmp_path: Path, step: str, caplog: pytest.LogCaptureFixture) -> None:
    """Everybody is greeted once, what was acknowledged is there, and appends went on meanwhile."""
    caplog.set_level(logging.CRITICAL)
    fault = Fault(step)
    async with club(tmp_path, actors=[partial(Fragile, fault)]) as engine:
        greeter = engine.actor("greeter")
        await engine.append(Joined(MEMBERS[0]))
        fault.is_armed = True
        if step in {"make", "started", "ended"}:
            await greeter.tell("what nobody understands")  # it crashes over that, and again where the fault is
        for member in MEMBERS[1:]:
            await engine.append(Joined(member))
        await greeter.wait_for(joined_last(engine), timeout_s=30)
        assert greeted(engine) == MEMBERS
    assert fault.count == 1
    async with club(tmp_path, actors=[]) as engine:
        assert [each.data.name for each in engine.read(types=[Joined])] == greeted(engine) == MEMBERS


@pytest.mark.parametrize(("kind", "step"), OURS)
async def test_a_crash_of_one_of_ours_is_its_own_affair(
    tmp_path: Path,
    kind: type[Actor[Any]],
    step: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Views, reactions and appends go on; it is begun again."""
    caplog.set_level(logging.CRITICAL)
    monkeypatch.setattr(retrainers, "FIRST_EVENTS", 1)
    inner: Any = getattr(kind, step)
    fault = Fault(step)
    fault.is_armed = True

    async def fragile(self: Any, *args: Any) -> None:
        fault.at(step)
        await inner(self, *args)

    monkeypatch.setattr(kind, step, fragile)
    options: dict[str, Any] = {"projections": [], "async_projections": [Members], "reactions": [Silent()]}
    async with club(tmp_path, settings=Settings(snapshot_events=1), **options) as engine:
        for member in MEMBERS:
            await engine.append(Joined(member))
        last = joined_last(engine)
        await engine.wait_for(Members, timeout_s=30)
        await engine.wait_for_reactions(last, timeout_s=30)
        await engine.actor("greeter").wait_for(last, timeout_s=30)
        assert greeted(engine) == MEMBERS
    assert fault.count == 1


class Hanging(Actor[str | Ask[str, int]]):
    """Calls something that never answers."""

    async def handle(self, batch: Sequence[str | Ask[str, int]]) -> None:
        assert batch
        await trio.sleep_forever()


async def test_one_that_hangs_holds_up_nobody(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Who asks it is told at the deadline, appends go on, and closing takes no longer than it may and loses nothing."""
    caplog.set_level(logging.CRITICAL)
    settings = Settings(retrain=False, shutdown_s=0.1)
    async with club(tmp_path, actors=[Hanging, Greeter], settings=settings) as engine:
        hanging = engine.actor("hanging")
        with pytest.raises(Unanswered, match="did not answer within"):
            await hanging.ask("?", timeout_s=0.05)
        assert await hanging.tell("and this?")
        last = await engine.append(Joined("ada"))
        await engine.actor("greeter").wait_for(last.position, timeout_s=30)
        with pytest.raises(Behind):
            await engine.actor("greeter").wait_for(10**6, timeout_s=0)
        await engine.wait_for_actors(timeout_s=30)
    reasons = [(letter.actor, letter.message, letter.reason) for letter in engine.dead_letters()]
    assert reasons == [("hanging", "?", "unheard"), ("hanging", "and this?", "stopped")]
    async with club(tmp_path, actors=[]) as engine:
        assert greeted(engine) == ["ada"]


async def test_an_actor_that_can_not_begin_keeps_the_engine_closed(tmp_path: Path) -> None:
    """Its error comes out of opening, and everything that was taken is let go: the next one opens."""

    class Broken(Greeter):
        async def started(self) -> None:
            raise LookupError("no model")

    async def run() -> None:
        async with club(tmp_path, actors=[Broken]):
            raise AssertionError("it is open")

    with pytest.raises(LookupError, match="no model"):
        await run()
    async with club(tmp_path) as engine:
        await engine.append(Joined("ada"))


async def test_read_only_there_are_no_actors(tmp_path: Path) -> None:
    """They would have to write."""
    async with club(tmp_path):
        pass
    async with club(tmp_path, read_only=True) as engine:
        with pytest.raises(Closed, match="read-only"):
            engine.actor("greeter")
        assert engine.statistics().actors == ()
