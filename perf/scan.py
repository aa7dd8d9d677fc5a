"""Workload `scan`: a whole log read in order, once for its envelopes and once for its events, decoded.

The engine checks every frame's checksum and names its type; the bare loop for envelopes takes frames from LMDB's cursor
and looks into none, the one for events decompresses and decodes each into the same class.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from time import perf_counter

from ..codecs.frames import HEADER_BYTES
from ..core.events import event_type_of
from ..core.log import Log
from ..projections.memories.events import MemoryRemembered
from .bare import bare_log, payload_decoder, unpacker
from .checks import check_same
from .harness import Case, Contender, Goal, Plan, Sample
from .logs import APPEND_EVENTS, FIRST_NS, STEP_NS, memories_log, opened
from .material import memories

__all__ = ["scan"]


def scan(plan: Plan) -> Iterator[Case]:
    """Envelopes, then events."""
    folder = memories_log(plan)
    expected = _Expected(plan.events)
    yield Case(
        "scan, envelopes",
        "envelopes",
        [
            Contender("remanence", partial(_envelopes, folder, expected)),
            Contender("bare cursor", partial(_bare_frames, folder, expected)),
        ],
        [Goal(least=800_000)],
    )
    yield Case(
        "scan, decoded",
        "events",
        [
            Contender("remanence", partial(_events, folder, expected)),
            Contender("bare loop", partial(_bare_events, folder, expected)),
        ],
        [Goal(least=200_000)],
    )


class _Expected:
    """What a scan has to see, known from how the log was made and not from reading it."""

    def __init__(self, events: int) -> None:
        made = [(memory.id, len(memory.text)) for memory in memories(events)]
        self.type = event_type_of(MemoryRemembered).name
        self.events = events
        self.ids = [memory_id for memory_id, _ in made]
        self.text_length = sum(length for _, length in made)
        self.positions = events * (events + 1) // 2
        self.times = sum(FIRST_NS + STEP_NS * (index // APPEND_EVENTS) for index in range(events))


def _envelopes(folder: Path, expected: _Expected) -> Sample:
    with opened(folder) as log:
        began = perf_counter()
        found, positions, times = _sums(log, expected.type)
        seconds = perf_counter() - began
    check_same("envelopes of the type", found, expected.events)
    check_same("sum of the positions", positions, expected.positions)
    check_same("sum of the times", times, expected.times)
    return Sample(found, seconds)


def _sums(log: Log, wanted: str) -> tuple[int, int, int]:
    found = positions = times = 0
    for batch in log.scan():
        for recorded in batch:
            if recorded.type == wanted:
                found += 1
            positions += recorded.position
            times += recorded.time_ns
    return found, positions, times


def _bare_frames(folder: Path, expected: _Expected) -> Sample:
    with bare_log(folder) as (env, frames):
        began = perf_counter()
        found = long_enough = 0
        with env.begin() as txn:
            for frame in txn.cursor(frames).iternext(keys=False):
                found += 1
                long_enough += len(frame) > HEADER_BYTES
        seconds = perf_counter() - began
    check_same("frames", found, expected.events)
    check_same("frames with a body", long_enough, expected.events)
    return Sample(found, seconds)


def _events(folder: Path, expected: _Expected) -> Sample:
    with opened(folder) as log:
        began = perf_counter()
        right, length, ids = 0, 0, iter(expected.ids)
        for batch in log.scan(decoded=True):
            for recorded in batch:
                told: MemoryRemembered = recorded.data
                right += told.id == next(ids)
                length += len(told.text)
        seconds = perf_counter() - began
    return _checked(expected, right, length, seconds)


def _bare_events(folder: Path, expected: _Expected) -> Sample:
    decode = payload_decoder(MemoryRemembered)
    with bare_log(folder) as (env, frames):
        unpack = unpacker(env)
        began = perf_counter()
        right, length, ids = 0, 0, iter(expected.ids)
        with env.begin() as txn:
            for frame in txn.cursor(frames).iternext(keys=False):
                told: MemoryRemembered = decode(unpack(frame))[-1]
                right += told.id == next(ids)
                length += len(told.text)
        seconds = perf_counter() - began
    return _checked(expected, right, length, seconds)


def _checked(expected: _Expected, right: int, length: int, seconds: float) -> Sample:
    check_same("events with the right id", right, expected.events)
    check_same("length of their texts", length, expected.text_length)
    return Sample(right, seconds)
