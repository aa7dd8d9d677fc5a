"""Hosts: what an actor may do with the engine that it works for. An engine is one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol, TypeVar

from ..core.appends import Appended
from ..core.clock import Entropy, WallClock
from ..core.log import Log
from ..core.queries import Condition, Query
from ..core.recorded import Recorded
from ..projections.projection import Projection
from .address import Address

__all__ = ["Host"]

P = TypeVar("P", bound=Projection)


class Host(Protocol):
    """An engine, as its actors see it; each method as in `Engine`."""

    log: Log
    clock: WallClock
    entropy: Entropy

    @property
    def head(self) -> int:
        """Position of the last event."""
        ...

    async def append(
        self,
        *events: object,
        tags: Iterable[str] = (),
        by: str | None = None,
        cause: int | None = None,
        key: str | None = None,
        condition: Condition | None = None,
        timeout_s: float | None = None,
    ) -> Appended:
        """Record events, all or nothing."""
        ...

    async def flush(self) -> None:
        """Make everything accepted so far durable and visible."""
        ...

    def read(
        self,
        *,
        after: int = 0,
        before: int | None = None,
        types: Iterable[type | str] = (),
        tags: Iterable[str] = (),
        query: Query | None = None,
        limit: int | None = None,
        backward: bool = False,
        decoded: bool = False,
    ) -> list[Recorded[Any]]:
        """Events in the order of their positions."""
        ...

    def view(self, projection: type[P]) -> P:
        """A projection's tables, to read from."""
        ...

    async def wait_for(
        self, projection: type[Projection], position: int | None = None, *, timeout_s: float | None = None
    ) -> None:
        """Wait until a view shows everything up to a position."""
        ...

    def actor(self, name: str) -> Address:
        """Another actor, to tell and to ask."""
        ...
