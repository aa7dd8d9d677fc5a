"""Exporting: a log's events as lines, in order, and a last line that says how many there were.

Invariants:
- an append that has a key is written whole or not at all, because its key stands for all of it;
- what has been erased is not written, and what a log notes of its own views and reactions neither: both are counted;
- what is written is what stood in the log when the export began.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, BinaryIO

import attrs
import msgspec
import trio
from blake3 import blake3

from ..codecs.payloads import decode_envelope
from ..core.appends import OWN_CONTENT
from ..core.log import Log, Progress
from ..core.past import Moment, position_at
from ..core.recorded import Recorded
from ..engine.engine import Engine
from .model import CLOSING_TYPE, HOUSEKEEPING, Line, log_source
from .writing import write_line

__all__ = ["Exported", "export_events"]


@attrs.frozen
class Exported:
    """What an export has written.

    Attributes:
        source: the `source` of its events: the log.
        events: how many events it has.
        first: position of the first, or None.
        last: position of the last, or None.
        erased: events that are not in it because they have been erased.
        housekeeping: events that are not in it because they are about the log's own views and reactions.
        size_bytes: size of all its lines.
    """

    source: str
    events: int
    first: int | None
    last: int | None
    erased: int
    housekeeping: int
    size_bytes: int


@attrs.define
class _Tally:
    source: str
    events: int = 0
    first: int | None = None
    last: int | None = None
    erased: int = 0
    housekeeping: int = 0
    size_bytes: int = 0


async def export_events(
    engine: Engine,
    file: BinaryIO,
    *,
    after: Moment = 0,
    until: Moment | None = None,
    types: Iterable[type | str] = (),
    tags: Iterable[str] = (),
    progress: Progress | None = None,
) -> Exported:
    """Write a log's events as CloudEvents, a line of JSON for each, while work goes on.

    Args:
        engine: whose log; it may be opened read-only, or stand in the past.
        file: where to, opened for writing bytes.
        after: only events after this position, or recorded after this time.
        until: only events up to this position, or recorded by this time; all there are now, unless given.
        types: only those of one of these types, given by class or by name.
        tags: only those with all these tags.
        progress: told the events looked at and the events there are to look at.

    Returns:
        What was written. An append with a key is written whole if any event of it is asked for.

    Raises:
        InvalidInput: a moment or a tag is none, or an event is too large for a line.
        Damaged: an event is. What was written by then lacks its last line, and no import takes it.
        OSError: the file can't be written.
    """
    log = engine.log
    query = engine.query(types=types, tags=tags)
    first, last = position_at(log, after), position_at(log, log.head if until is None else until)
    tally, lines = _Tally(log_source(log.store.log_id)), blake3()
    for looked_at, batch in enumerate(_appends(log, first, last)):
        if any(first < event.position <= last and query.matches(event.type, event.tags) for event in batch):
            for line in _lines(batch, tally):
                tally.size_bytes += file.write(write_line(line))
                lines.update((line.digest or "").encode())
        if progress is not None:
            progress("events", min(batch[-1].position, last) - first, last - first)
        if looked_at % 64 == 0:
            await trio.lowlevel.checkpoint()
    tally.size_bytes += file.write(write_line(_closing(tally, lines.hexdigest(), engine.clock())))
    return Exported(**attrs.asdict(tally))


def _appends(log: Log, after: int, until: int) -> Iterator[Sequence[Recorded[Any]]]:
    """Every append that has an event between two positions: one event each, but for those that have a key."""
    found = log.store.commits(after + 1, 1) if after < until else ()
    append: list[Recorded[Any]] = []
    wanted = 0
    for batch in log.scan(after=found[0].first - 1 if found else until, before=log.head + 1):
        for event in batch:
            if not append:
                if event.position > until:
                    return
                key = None if event.is_erased else event.key
                wanted = 1 if key is None else key[1]
            append.append(event)
            if len(append) == wanted:
                if event.position > after:
                    yield append
                append = []
    if append:  # the past of a log may end within an append
        yield append


def _lines(append: Sequence[Recorded[Any]], tally: _Tally) -> Iterator[Line]:
    erased = sum(event.is_erased for event in append)
    key = None if append[0].is_erased else append[0].key
    is_whole = key is not None and key[1] == len(append) and not erased
    tally.erased += erased
    for event in append:
        if event.type in HOUSEKEEPING:
            tally.housekeeping += 1
        elif not event.is_erased:
            line = _line(event, tally.source)
            if event is append[0] and key is not None and is_whole:
                by_content = key[0] == OWN_CONTENT
                line = attrs.evolve(line, key=None if by_content else key[0], key_events=key[1], by_content=by_content)
            tally.events += 1
            tally.first = tally.first or event.position
            tally.last = event.position
            yield attrs.evolve(line, digest=line.sum())


def _line(event: Recorded[Any], source: str) -> Line:
    envelope = decode_envelope(event.payload())
    return Line(
        number=0,
        source=source,
        id=str(event.position),
        type=event.type,
        data=envelope.data,
        version=event.version,
        time_ns=event.time_ns,
        tags=envelope.tags,
        by=envelope.by,
        cause=None if envelope.cause is None else str(envelope.cause),
    )


def _closing(tally: _Tally, digest: str, time_ns: int) -> Line:
    """The last line: an event of the export, not of the log."""
    told = {"events": tally.events, "digest": digest, "erased": tally.erased, "housekeeping": tally.housekeeping}
    data = msgspec.msgpack.encode(told, order="sorted")
    line = Line(0, tally.source, f"exported:{digest[:32]}", CLOSING_TYPE, data, version=1, time_ns=time_ns)
    return attrs.evolve(line, digest=line.sum())
