"""Plans: what was found, and how. Facts for users, without a handle to the disk."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

import attrs

__all__ = ["Found", "Plan", "Step"]

R = TypeVar("R")


class Found(list[R]):
    """The rows of one page, as a list.

    It knows the page after it: `cursor`, which `find` takes as `after`. Once it is None, there is nothing more.
    """

    def __init__(self, rows: Iterable[R], cursor: Callable[[], str] | None = None) -> None:
        super().__init__(rows)
        self.later = cursor
        """What tells `cursor`; None when there is nothing more."""

    @property
    def cursor(self) -> str | None:
        """The place of the last row, if the page is full; the page after it may turn out to be empty."""
        return None if self.later is None else self.later()


@attrs.frozen
class Step:
    """One index that a query goes through.

    Attributes:
        index: its name; None for the rows' keys.
        serves: the fields whose conditions it sees to.
        filters: the fields whose conditions are checked row by row.
        expected: entries in its ranges: counted if they are few (64), guessed if they are many.
    """

    index: str | None
    serves: tuple[str, ...]
    filters: tuple[str, ...]
    expected: int

    def __str__(self) -> str:
        text = self.index or "the rows' keys"
        if self.serves:
            text += f" by {', '.join(self.serves)}"
        if self.filters:
            text += f", then checking {', '.join(self.filters)}"
        return f"{text} ({self.expected:,} expected)"


@attrs.frozen
class Plan:
    """How a query is answered, and what that took.

    Attributes:
        table: the table.
        steps: the index that it goes through; several for the branches of an `or`.
        sorts: whether all rows that fit are gathered and sorted, because no index has them in order.
        backward: whether the index is read from its end.
        scanned: index entries, or rows where there is no index, that were really passed.
        rows_read: rows that were really read.
        found: rows that were given.
    """

    table: str
    steps: tuple[Step, ...]
    sorts: bool
    backward: bool
    scanned: int
    rows_read: int
    found: int

    @property
    def index(self) -> str | None:
        """Name of the index, or of the several, by commas; None if it goes by the rows' keys."""
        return (
            ", ".join(step.index or "the rows' keys" for step in self.steps if step.index or len(self.steps) > 1)
            or None
        )

    @property
    def expected(self) -> int:
        """Entries that lie in the ranges: as many are passed at most, without a limit exactly so many."""
        return sum(step.expected for step in self.steps)

    def __str__(self) -> str:
        text = f"{self.table}: {' or '.join(map(str, self.steps))}"
        text += ", sorted" if self.sorts else ", backward" if self.backward else ""
        return f"{text}; {self.scanned:,} scanned, {self.rows_read:,} read, {self.found:,} found"
