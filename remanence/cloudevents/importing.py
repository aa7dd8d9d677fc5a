"""Importing: a file of CloudEvents into a log, all of it or nothing, and nothing twice.

Invariants:
- the file is read twice: nothing is written before every line of it has been found good;
- an event is known by the key that it had, or else by its source and id: what is here already isn't written again, so
  an import that was interrupted is completed by running it again;
- events stand in the order of the file, and a cause is the position that it has here;
- a batch is staged without a break, in the Trio loop as the writer does it, and looked for after it was flushed.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import BinaryIO, Final

import attrs
import trio

from ..codecs.frames import body_of
from ..core.appends import Append
from ..core.errors import InvalidInput, StorageFailed
from ..core.log import Progress
from ..engine.engine import Engine
from .checking import AHEAD_NS, check, encode_group
from .groups import Complain, groups
from .model import Line
from .standing import Standing

__all__ = ["Imported", "import_events"]

BATCH_EVENTS: Final = 256
BATCH_BYTES: Final = 8 << 20
"""What is staged before it is flushed: enough to fill commits, few enough that other appends need not wait for long."""
_CHECKED_AT_ONCE: Final = 32


@attrs.frozen
class Imported:
    """What became of a file.

    Attributes:
        name: what it is called.
        new: events that were added.
        known: events that were here already.
        first: position of the first of its events, or None if it has none.
        last: position of the last of them, or None.
        uncaused: new events whose cause is neither in the file nor here, and that have none now.
        moved: new events that have a later time than their own, because times in a log never run backward.
        ignored: attributes that Remanence has no place for, with how many lines have them.
    """

    name: str
    new: int
    known: int
    first: int | None
    last: int | None
    uncaused: int
    moved: int
    ignored: Mapping[str, int]


async def import_events(
    engine: Engine, file: BinaryIO, *, name: str = "the file", partial: bool = False, progress: Progress | None = None
) -> Imported:
    """Add the events of a file of CloudEvents, a line of JSON for each: an export of a log, or what others wrote.

    Args:
        engine: where to.
        file: the file, opened for reading bytes; it is read twice from its beginning.
        name: what to call it when something is wrong.
        partial: the file is a part of an export, such as chosen lines: that its last line is missing is no fault.
        progress: told what was read of how many bytes, then what was taken of how many events.

    Returns:
        What became of it. Importing it again adds nothing.

    Raises:
        InvalidInput: lines are damaged, missing or can't be events here; the text names them, and nothing was written.
        StorageFailed, Closed: as the engine says. What was written by then stays; import again for the rest.
        OSError: the file can't be read.
    """
    await engine.flush()  # what is accepted is known, and an engine that can't write says so before all the work
    size = file.seek(0, os.SEEK_END)
    count = 0

    async def pause(read_bytes: int) -> None:
        nonlocal count
        count += 1
        if count % _CHECKED_AT_ONCE == 0:
            if progress is not None:
                progress("bytes", read_bytes, size)
            await trio.lowlevel.checkpoint()

    standing, latest_ns = Standing.of(engine.log), engine.clock() + AHEAD_NS
    checked = await check(standing, file, pause, latest_ns=latest_ns, partial=partial)
    if checked.fault_count:
        raise InvalidInput(checked.refusal(name))
    taking = _Taking(engine, standing, checked.events, progress)
    for group in groups(file, _changed(name), partial=True):
        taking.add(group)
        if taking.is_full:
            await taking.write()
    await taking.write()
    return taking.report(name, checked.ignored)


@attrs.define
class _Taking:
    """The second pass."""

    engine: Engine
    standing: Standing
    total: int
    progress: Progress | None
    new: int = 0
    known: int = 0
    first: int | None = None
    last: int | None = None
    uncaused: int = 0
    moved: int = 0
    _waiting: list[Sequence[Line]] = attrs.field(factory=list[Sequence[Line]])
    _events: int = 0
    _bytes: int = 0
    _places: dict[str, dict[str, int]] = attrs.field(factory=lambda: defaultdict[str, dict[str, int]](dict))

    @property
    def is_full(self) -> bool:
        return self._events >= BATCH_EVENTS or self._bytes >= BATCH_BYTES

    def add(self, group: Sequence[Line]) -> None:
        self._waiting.append(group)
        self._events += len(group)
        self._bytes += sum(len(line.data) for line in group)

    async def write(self) -> None:
        """Stage what is waiting, make it durable, and see that it is there.

        Raises:
            KeyReused: another task has meanwhile used a key for something else.
            StorageFailed, Closed: as the engine says.
        """
        waiting, self._waiting, self._events, self._bytes = self._waiting, [], 0, 0
        newest = self._newest()
        last: tuple[Append, int] | None = None
        try:
            for group in waiting:
                last, newest = self._stage(group, newest) or last, max(newest, group[0].time_ns or 0)
        finally:
            await self.engine.flush()
        if last is not None and not self._is_there(*last):
            message = "the disk refused a part of the import; what came before stays, import again for the rest"
            raise StorageFailed(message)
        if self.progress is not None:
            self.progress("events", self.new + self.known, self.total)

    def _stage(self, group: Sequence[Line], newest_ns: int) -> tuple[Append, int] | None:
        """Decide an append; returns it with its last position if it is new."""
        log, head = self.engine.log, group[0]
        position = None if head.by_content else self.standing.position(head.identity)
        if position is not None:
            self._note(group, (position,), is_new=False)
            return None
        causes = [None if line.cause is None else self._cause(line.source, line.cause) for line in group]
        append = encode_group(log, group, causes, self.engine.entropy)
        appended = log.stage(append)
        is_new = not appended.is_duplicate
        self._note(group, appended.positions, is_new=is_new)
        if not is_new:
            return None
        self.uncaused += sum(
            line.cause is not None and cause is None for line, cause in zip(group, causes, strict=True)
        )
        self.moved += len(group) * (head.time_ns is not None and head.time_ns < newest_ns)
        return append, appended.position

    def _cause(self, source: str, event_id: str) -> int | None:
        """Where an event stands here, if it does."""
        place = self._places[source].get(event_id)
        return self.standing.cause(source, event_id) if place is None else place

    def _note(self, group: Sequence[Line], positions: Sequence[int], *, is_new: bool) -> None:
        for line, position in zip(group, positions, strict=True):
            self._places[line.source][line.id] = position
        self.first = min(self.first or positions[0], positions[0])
        self.last = max(self.last or 0, positions[-1])
        self.new += len(group) * is_new
        self.known += len(group) * (not is_new)

    def _newest(self) -> int:
        event = self.engine.log.get(self.engine.head)
        return 0 if event is None else event.time_ns

    def _is_there(self, append: Append, position: int) -> bool:
        """Whether an append is in the log: no other has the same salt."""
        found = self.engine.log.store.read(position, position)
        return bool(found) and body_of(found[0]) == append.bodies[-1]

    def report(self, name: str, ignored: Mapping[str, int]) -> Imported:
        return Imported(
            name, self.new, self.known, self.first, self.last, self.uncaused, self.moved, dict(sorted(ignored.items()))
        )


def _changed(name: str) -> Complain:
    def complain(number: int, reason: str) -> None:
        message = f"{name} was changed while it was imported: line {number}: {reason}"
        raise InvalidInput(message)

    return complain
