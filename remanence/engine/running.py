"""Running: an engine's actors at work around a body, and stopped in order at its end.

The order is that of needs. Views that follow the log start first and stop last, because they take what the writer
leaves; then the writer; then all who need it, users' actors among them.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Iterable, Sequence
from functools import partial
from random import Random
from typing import Any

import attrs
import trio

from ..actors.actor import Actor
from ..actors.bulletin import BulletinFile, Publisher
from ..actors.feeding import LogSource
from ..actors.keeper import Keeper
from ..actors.letters import DeadLetters
from ..actors.supervisor import Group, Maker, Supervisor, supervised
from ..actors.surroundings import Surroundings
from ..actors.writer import Writer
from ..core.clock import system_clock
from .engine import Engine

__all__ = ["running"]


@contextlib.asynccontextmanager
async def running(
    engine: Engine, writer: Writer, own: Sequence[Actor[Any]], users: Iterable[Maker | Group], *, stop_s: float
) -> AsyncGenerator[None, None]:
    """Run the actors of an engine.

    What the body raises comes out as it is; an actor that crashes too often cancels it, and its error comes out.

    Args:
        engine: the engine.
        writer: its writer.
        own: those who work beside the writer. They are begun again as they are.
        users: its users'.
        stop_s: how long stopping waits for what is under way, in seconds.
    """
    letters = DeadLetters(system_clock)  # the engine's own clock is for events
    publisher = Publisher(BulletinFile(engine.path / "views"), system_clock, engine.actor_statistics, letters.kept)
    around = Surroundings(letters, LogSource(engine.log, writer), engine, publisher.note)
    writer.needs = [each.name for each in own if isinstance(each, Keeper) and each.view.is_async]
    ours: list[Actor[Any]] = [publisher, writer, *own]
    members: list[Maker | Group] = [partial(_itself, each) for each in ours]
    for each in users:
        group = each if isinstance(each, Group) else Group([each])
        members.append(attrs.evolve(group, needs=(*group.needs, writer.name)))
    dice = Random(engine.log.store.log_id)  # noqa: S311 - it spreads pauses; the engine's own entropy is for events
    engine.supervisor = Supervisor(members, around=around, random=dice)
    try:
        async with supervised(engine.supervisor, stop_s=stop_s):
            yield
    finally:
        with trio.CancelScope(shield=True):
            await trio.to_thread.run_sync(publisher.close)


def _itself(actor: Actor[Any]) -> Actor[Any]:
    return actor
