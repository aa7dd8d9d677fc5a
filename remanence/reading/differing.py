"""Differing: what became of memories between two moments. One fold: up to the first, and on to the second."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import attrs

from ..core.errors import InvalidInput
from ..core.events import event_type_of
from ..core.log import Log, Progress
from ..core.past import Moment, past_log, position_at
from ..core.queries import Query
from ..projections.memories.events import MemoryForgotten, MemoryReinforced, MemoryRemembered, MemoryRevised
from ..projections.memories.view import Memories, MemoryRow
from ..projections.replaying import replayed

__all__ = ["MemoryChange", "MemoryDiff", "difference"]

BATCH_EVENTS: Final = 1024
_CHANGES: Final = (MemoryRemembered, MemoryReinforced, MemoryRevised, MemoryForgotten)


@attrs.frozen
class MemoryChange:
    """A memory at two moments."""

    before: MemoryRow
    after: MemoryRow


@attrs.frozen
class MemoryDiff:
    """What became of memories from one position to another. Each list is in the order in which its memories came to be.

    Attributes:
        start: the first position; what happened at it is not in the difference.
        end: the second position; what happened at it is.
        added: memories that weren't there, as they are at the end.
        revised: memories at both ends that were revised.
        reinforced: memories at both ends that were reinforced, also those that were revised too.
        forgotten: memories that are no longer there, as they were at the start.
    """

    start: int
    end: int
    added: tuple[MemoryRow, ...]
    revised: tuple[MemoryChange, ...]
    reinforced: tuple[MemoryChange, ...]
    forgotten: tuple[MemoryRow, ...]

    @property
    def is_empty(self) -> bool:
        """Whether nothing differs."""
        return not (self.added or self.revised or self.reinforced or self.forgotten)


def difference(
    log: Log,
    start: Moment,
    end: Moment | None,
    scope: tuple[str, ...] | None,
    *,
    snapshots: Path | None = None,
    progress: Progress | None = None,
) -> MemoryDiff:
    """What became of memories between two moments; see `MemoryReader.diff`.

    Raises:
        InvalidInput: the log has no such position, or the first moment comes after the second.
        Damaged, StorageFailed: as the log or the disk says.
    """
    past = past_log(log, log.head)
    first, last = position_at(past, start), past.head if end is None else position_at(past, end)
    if first > last:
        message = (
            f"the first moment is event {first}, after the second, which is event {last}; give the earlier one first"
        )
        raise InvalidInput(message)
    touched = sorted(set(_touched(past, first, last)))
    with contextlib.closing(replayed(log, (Memories,), first, snapshots=snapshots, progress=progress)) as replay:
        rows = replay.views.of(Memories).rows.rows
        before = {name: row for name in touched if (row := rows.get(name)) is not None}
        replay.advance(last, progress)
        after = {name: row for name in touched if (row := rows.get(name)) is not None}
    if scope is not None:
        before = {name: row for name, row in before.items() if row.scope == scope}
        after = {name: row for name, row in after.items() if row.scope == scope}
    return _compared(first, last, before, after)


def _compared(first: int, last: int, before: dict[str, MemoryRow], after: dict[str, MemoryRow]) -> MemoryDiff:
    both = [MemoryChange(before[name], after[name]) for name in before.keys() & after.keys()]
    both.sort(key=lambda change: change.before.position)
    return MemoryDiff(
        first,
        last,
        added=tuple(sorted((after[name] for name in after.keys() - before.keys()), key=_position)),
        revised=tuple(each for each in both if each.after.revised != each.before.revised),
        reinforced=tuple(each for each in both if each.after.reinforced != each.before.reinforced),
        forgotten=tuple(sorted((before[name] for name in before.keys() - after.keys()), key=_position)),
    )


def _position(row: MemoryRow) -> int:
    return row.position


def _touched(past: Log, first: int, last: int) -> Iterator[str]:
    """Ids of the memories that something happened to."""
    query = Query.of([event_type_of(each).name for each in _CHANGES])
    while True:
        batch = past.read(query, after=first, before=last + 1, limit=BATCH_EVENTS)
        yield from (event.data.id for event in batch if not event.is_erased)
        if len(batch) < BATCH_EVENTS:
            return
        first = batch[-1].position
