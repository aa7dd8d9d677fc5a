"""Reading: a view's tables as its projection's instance has them: each look finds those that the view shows now."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .rows import Rows

__all__ = ["Reading"]


class Reading(Mapping[str, Rows[Any]]):
    """Tables by name, looked up anew each time."""

    def __init__(self, current: Callable[[], Mapping[str, Rows[Any]]]) -> None:
        self._current = current

    def __getitem__(self, name: str) -> Rows[Any]:
        return self._current()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._current())

    def __len__(self) -> int:
        return len(self._current())
