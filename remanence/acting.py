"""Acting: what an engine's users do with its actors: tell them, ask them, see how they are."""

from __future__ import annotations

from .actors.actor_statistics import ActorStatistics
from .actors.address import Address
from .actors.letters import DeadLetter
from .actors.supervisor import Supervisor
from .core.errors import Closed

__all__ = ["Acting"]


class Acting:
    """The part of an engine that reaches its actors."""

    def __init__(self) -> None:
        self.supervisor: Supervisor | None = None

    def actor(self, name: str) -> Address:
        """An actor's address, to tell and to ask.

        Raises:
            NotFound: the engine was opened without it.
            Closed: the engine is read-only: its actors don't run.
        """
        if self.supervisor is None:
            message = f"the actor {name} doesn't run: the engine was opened read-only"
            raise Closed(message)
        return self.supervisor.address(name)

    def dead_letters(self) -> tuple[DeadLetter, ...]:
        """The last messages that reached no actor, 100 at most, the oldest first."""
        return () if self.supervisor is None else self.supervisor.dead_letters()

    def actor_statistics(self) -> tuple[ActorStatistics, ...]:
        """How every actor is doing."""
        return () if self.supervisor is None else self.supervisor.statistics()
