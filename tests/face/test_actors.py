"""Actors of users on an engine: they read, subscribe, append, and are told and asked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs
import pytest
from trio.testing import wait_all_tasks_blocked

import remanence
from remanence import Actor, Ask, Closed, Recorded, Settings, event

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


def club(path: Path, **options: Any) -> Any:
    """The club, with a greeter."""
    options.setdefault("settings", Settings(retrain=False))
    return remanence.open_engine(path, events=(*EVENTS, Greeted), projections=[Members], actors=[Greeter], **options)


async def test_an_actor_subscribes_appends_and_answers(tmp_path: Path) -> None:
    """It is given each event once, over restarts of the program too."""
    async with club(tmp_path) as engine:
        joined = await engine.append(Joined("ada"))
        await engine.append(Joined("bo"))
        await wait_all_tasks_blocked(0.05)
        assert await engine.actor("greeter").ask("marked?") >= joined.position
    async with club(tmp_path) as engine:
        await engine.append(Joined("cy"))
        await wait_all_tasks_blocked(0.05)
        assert [each.data.name for each in engine.read(types=[Greeted])] == ["ada", "bo", "cy"]
        names = [each.name for each in engine.statistics().actors]
        assert names == ["view:members", "writer", "snapshotter", "greeter"]


async def test_read_only_there_are_no_actors(tmp_path: Path) -> None:
    """They would have to write."""
    async with club(tmp_path):
        pass
    async with club(tmp_path, read_only=True) as engine:
        with pytest.raises(Closed, match="read-only"):
            engine.actor("greeter")
        assert engine.statistics().actors == ()
