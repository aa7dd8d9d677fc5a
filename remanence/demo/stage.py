"""The stage: what the demonstration needs of whoever shows it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from ..core.recorded import Recorded
from ..engine.causes import Caused
from ..memory.sizes import Sizes
from ..projections.memories.view import MemoryRow

__all__ = ["Stage"]


class Stage(Protocol):
    """Where the demonstration is shown."""

    def act(self, title: str) -> None:
        """Begin an act."""
        ...

    def say(self, text: str) -> None:
        """Say something."""
        ...

    def memory(self, row: MemoryRow) -> None:
        """Show a memory."""
        ...

    def events(self, events: Iterable[Recorded[Any]]) -> None:
        """Show events."""
        ...

    def causes(self, row: MemoryRow, found: Iterable[Caused]) -> None:
        """Show why a memory is as it is."""
        ...

    def sizes(self, sizes: Sizes) -> None:
        """Show what events take."""
        ...

    def check(self, promise: str, *, holds: bool) -> None:
        """Show whether a promise holds."""
        ...
