"""Surroundings: what the actors of one supervisor share, and what tells an engine's from those that have none."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from .feeding import Source
from .host import Host
from .letters import DeadLetters

__all__ = ["Surroundings"]


@attrs.frozen
class Surroundings:
    """What the cells of one supervisor share.

    Attributes:
        letters: where messages go that reach nobody.
        source: where subscribed events come from.
        host: the engine that they work for.
        changed: told when an actor has handled something, begins a life, or crashes.
    """

    letters: DeadLetters = attrs.field(factory=DeadLetters)
    source: Source | None = None
    host: Host | None = None
    changed: Callable[[], None] = lambda: None
