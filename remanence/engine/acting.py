"""Acting: what an engine's users do with its actors: tell them, ask them, see how they are."""

from __future__ import annotations

from abc import abstractmethod

import trio

from ..actors.actor_statistics import ActorStatistics
from ..actors.address import Address
from ..actors.letters import DeadLetter
from ..actors.supervisor import Supervisor
from ..actors.writer import Writer
from ..core.errors import Closed, InvalidInput

__all__ = ["Acting"]


class Acting:
    """The part of an engine that reaches its actors."""

    @property
    @abstractmethod
    def head(self) -> int:
        """Position of the last event."""

    def __init__(self) -> None:
        self.supervisor: Supervisor | None = None

    def actor(self, name: str) -> Address:
        """An actor's address, to tell and to ask.

        Raises:
            NotFound: the engine was opened without it.
            Closed: the engine is read-only: its actors don't run.
            InvalidInput: it is the writer's: that takes appends alone.
        """
        if name == Writer.name:
            message = "the writer takes no messages; use `append`"
            raise InvalidInput(message)
        if self.supervisor is None:
            message = f"the actor {name} doesn't run: the engine was opened read-only"
            raise Closed(message)
        return self.supervisor.address(name)

    async def wait_for_actors(self, position: int | None = None, *, timeout_s: float | None = None) -> None:
        """Wait until every actor that subscribes to events has handled those up to a position.

        Args:
            position: what an append returned; by default, the last that is acknowledged.
            timeout_s: how long to wait, in seconds; None is for ever.

        Raises:
            Behind: one isn't there in time.
            Closed: one stopped first, or the engine was closed.
        """
        begun = trio.current_time()
        for address in () if self.supervisor is None else self.supervisor.addresses():
            if address.position is not None:
                left_s = None if timeout_s is None else max(0.0, timeout_s - (trio.current_time() - begun))
                await address.wait_for(self.head if position is None else position, timeout_s=left_s)

    def dead_letters(self) -> tuple[DeadLetter, ...]:
        """The last messages that reached no actor, 100 at most, the oldest first."""
        return () if self.supervisor is None else self.supervisor.dead_letters()

    def actor_statistics(self) -> tuple[ActorStatistics, ...]:
        """How every actor is doing."""
        return () if self.supervisor is None else self.supervisor.statistics()
