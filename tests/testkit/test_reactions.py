"""Scenarios with reactions and actors: what these make happen belongs to the outcome, how they keep their place not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import pytest

from remanence import Actor, Engine, Reaction, Recorded, Request, on
from remanence.testkit import given

from .harbour import Berths, Moored, Sailed, TideTurned, moor


class Pilot(Reaction):
    """Sends a ship on when there is no room: ships from number 9 on sail again."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    @on(Moored)
    async def moored(self, event: Recorded[Moored]) -> list[object]:
        """Looks at the berth."""
        self.calls.append(event.data.ship)
        if event.data.berth < 0:
            raise ValueError(event.data.berth)
        return [Sailed(event.data.ship)] if event.data.berth >= 9 else []


class Endless(Reaction):
    """Each tide brings another."""

    since: ClassVar[int | None] = 0

    @on(TideTurned)
    async def turned(self, _: Recorded[TideTurned]) -> list[object]:
        """Turns it."""
        return [TideTurned()]


class Caller(Actor[Recorded[Moored]]):
    """Turns the tide for each ship, and keeps its place."""

    async def started(self) -> None:
        self.subscribe(Moored, after=self.marked())

    async def handle(self, batch: Sequence[Recorded[Moored]]) -> None:
        await self.engine.append(*(TideTurned() for _ in batch), self.mark(batch[-1].position), by="caller")


def test_what_an_actor_records_is_part_of_the_outcome() -> None:
    """As with reactions: after what the command recorded, and without its marks."""
    scenario = given(Moored("ata", 1), events=[TideTurned], actors=[Caller])
    scenario.when(lambda engine: lie(engine, "sula", 2)).then(Moored("sula", 2), TideTurned())


async def lie(engine: Engine, ship: str, berth: int) -> None:
    """Moor a ship and do nothing else."""
    await engine.append(Moored(ship, berth))


def test_what_a_reaction_records_is_part_of_the_outcome() -> None:
    """With its cause, after what the command recorded; its marks aren't."""
    pilot = Pilot()
    scenario = given(projections=[Berths], events=[Sailed], reactions=[pilot]).when(
        lambda engine: lie(engine, "sula", 9)
    )
    outcome = scenario.then(Moored("sula", 9), Sailed("sula"))
    assert outcome.events[1].cause == outcome.events[0].position
    assert outcome.events[1].by == "reaction:pilot"
    assert pilot.calls == ["sula"]


def test_what_was_told_has_been_handled_before_the_command() -> None:
    """A command finds the world as reactions have left it."""
    scenario = given(Moored("gannet", 9), projections=[Berths], events=[Sailed], reactions=[Pilot()])
    assert scenario.when(lambda engine: engine.view(Berths).berths.count()).then().result == 0
    scenario.when(lambda engine: moor(engine, "sula", 9)).then(Moored("sula", 9), Request([Sailed("sula")], cause=5))


def test_a_failure_shows() -> None:
    """It is an event of the outcome like any other, so that no test passes over it."""
    scenario = given(projections=[Berths], reactions=[Pilot()]).when(lambda engine: lie(engine, "sula", -1))
    with pytest.raises(AssertionError, match="ValueError: -1"):
        scenario.then(Moored("sula", -1))


def test_reactions_that_never_end_are_told() -> None:
    """Each sets the other going: a test of them ends too."""
    with pytest.raises(AssertionError, match="do endless set each other going"):
        given(TideTurned(), reactions=[Endless()]).when(lambda _: None).then()
