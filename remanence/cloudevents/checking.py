"""Checking: the first pass over a file. It writes nothing, and says of every line whether it can go in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import BinaryIO, Final, cast

import attrs

from ..core.appends import Append, user_key
from ..core.errors import InvalidInput
from ..core.log import Log
from ..core.raw import RawEvent, encode_raw
from .groups import groups
from .model import HOUSEKEEPING, Line
from .standing import Standing

__all__ = ["AHEAD_NS", "Checked", "check", "encode_group"]

AHEAD_NS: Final = 3600 * 10**9
"""How far clocks may differ. A log's times never run backward: one event from next year makes all after it so."""
FAULTS_TOLD: Final = 5
"""Bad lines that are named one by one."""
_NO_SALTS: Final = bytes


@attrs.define
class Checked:
    """What the first pass found.

    Attributes:
        events: how many events the file has.
        faults: the first few lines that can't go in, by number, with what is wrong.
        fault_count: how many there are.
        ignored: attributes that Remanence has no place for, with how many lines have them.
    """

    events: int = 0
    faults: list[tuple[int, str]] = attrs.field(factory=list[tuple[int, str]])
    fault_count: int = 0
    ignored: Counter[str] = attrs.field(factory=Counter[str])
    _seen: dict[bytes, tuple[int, bytes]] = attrs.field(factory=dict[bytes, tuple[int, bytes]])

    def complain(self, number: int, reason: str) -> None:
        """Note a line that can't go in."""
        self.fault_count += 1
        if len(self.faults) < FAULTS_TOLD:
            self.faults.append((number, reason))

    def refusal(self, name: str) -> str:
        """Why nothing goes in."""
        told = "; ".join(f"line {number}: {reason}" for number, reason in sorted(self.faults))
        more = self.fault_count - len(self.faults)
        return f"nothing was imported from {name}: {told}" + (f"; and {more:,} more lines" if more else "")

    def meet(self, line: Line, append: Append) -> None:
        """Hold an append against those before it in the file that are known by the same."""
        if append.key is None:
            return
        number, content = self._seen.setdefault(user_key(append.key), (line.number, append.content))
        if content != append.content:
            self.complain(line.number, f"it is known by the same as line {number}, and says something else")


async def check(
    standing: Standing, file: BinaryIO, pause: Callable[[int], Awaitable[None]], *, latest_ns: int, partial: bool
) -> Checked:
    """Read a whole file and find everything that is in the way of its import.

    Args:
        standing: the log where it is to go.
        file: the file.
        pause: awaited after each group, with the bytes read so far.
        latest_ns: the latest time that an event can have.
        partial: the file is a part of an export.
    """
    checked, read_bytes = Checked(), 0

    def read(count: int) -> None:
        nonlocal read_bytes
        read_bytes += count

    for group in groups(file, checked.complain, partial=partial, read=read):
        checked.events += len(group)
        checked.ignored.update(name for line in group for name in line.ignored)
        _check_group(standing, group, checked, latest_ns)
        await pause(read_bytes)
    return checked


def _check_group(standing: Standing, group: Sequence[Line], checked: Checked, latest_ns: int) -> None:
    """Complain of an append that can't go in."""
    for line in group:
        if line.type in HOUSEKEEPING:
            checked.complain(line.number, f"{line.type} is about the views and reactions of the log that it comes from")
        if line.time_ns is not None and line.time_ns > latest_ns:
            what = "its time lies in the future; set the clock of this machine right, or mend the time"
            checked.complain(line.number, what)
    try:
        append = encode_group(standing.log, group, [None] * len(group), _NO_SALTS)
    except InvalidInput as error:
        checked.complain(group[0].number, str(error))
        return
    checked.meet(group[0], append)
    other = None if append.key is None else standing.contradiction(append.key, append.content)
    if other is not None:
        what = "the same source and id" if group[0].key is None else f"its key, {append.key!r:.80},"
        checked.complain(group[0].number, f"event {other} of this log has {what} and says something else")


def encode_group(
    log: Log, group: Sequence[Line], causes: Sequence[int | None], entropy: Callable[[int], bytes]
) -> Append:
    """An append of lines, with the positions of their causes here.

    Raises:
        InvalidInput: it can't be taken.
    """
    head = group[0]
    events: list[RawEvent] = []
    for line, cause in zip(group, causes, strict=True):
        try:
            events.append(_raw(log, line, cause))
        except Exception as error:  # whatever a class's validators, or its `about`, raise
            message = f"its data is no {line.type}: {error}"
            raise InvalidInput(message) from error
    return encode_raw(
        log,
        events,
        key=None if head.by_content else head.identity,
        by_content=head.by_content,
        entropy=entropy,
        time_ns=head.time_ns,
    )


def _raw(log: Log, line: Line, cause: int | None) -> RawEvent:
    known = log.registry.named(line.type)
    version = line.version or (1 if known is None else known.version)
    event = RawEvent(line.type, version, line.data, line.tags, line.by, cause)
    if line.tags or line.is_ours or known is None or version > known.version:
        return event
    about = getattr(known.decode(version, event.packed()).data, "about", None)
    return attrs.evolve(event, tags=tuple(cast("Callable[[], Sequence[str]]", about)())) if callable(about) else event
