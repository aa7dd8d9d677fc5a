"""Workload `get`: memories by their ids, in random order, from a view; against LMDB's own get and msgspec.

Every get is a snapshot of its own, for both. The bare loop's keys are packed beforehand.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Final

import lmdb
import msgspec
import trio

from remanence.opening.opening import Settings, open_engine
from remanence.projections.memories.events import MEMORY_EVENTS
from remanence.projections.memories.view import Memories, MemoryRow
from remanence.projections.views import view_path

from ..codecs import keys
from .bare import MAP_BYTES
from .checks import check_same
from .harness import Case, Contender, Goal, Plan, Sample
from .logs import VIEWS, memories_log
from .material import memories

__all__ = ["get"]

_CALLS: Final = 100_000
UNCACHED: Final = Settings(cache="off")
"""What caches save is the workload `cached`; this is what lies beneath them."""
Wanted = list[tuple[str, int]]
"""Ids to ask for, and the positions that their memories came to be at."""


def get(plan: Plan) -> Iterator[Case]:
    """Every memory once, or 100,000 of them, in no order."""
    folder = memories_log(plan)
    wanted = [(memory.id, position) for position, memory in enumerate(memories(plan.events), 1)]
    Random(plan.events).shuffle(wanted)  # noqa: S311 - the order of look-ups, no secret
    wanted = wanted[:_CALLS]
    contenders = [
        Contender("remanence", partial(_engine, folder, wanted)),
        Contender("bare LMDB", partial(_bare, folder, wanted)),
    ]
    yield Case("get a memory", "gets", contenders, [Goal(least=150_000)])


def _engine(folder: Path, wanted: Wanted) -> Sample:
    return trio.run(_ask_engine, folder, wanted)


async def _ask_engine(folder: Path, wanted: Wanted) -> Sample:
    async with open_engine(folder, events=MEMORY_EVENTS, projections=[Memories], settings=UNCACHED) as engine:
        rows = engine.view(Memories).rows
        right = 0
        began = perf_counter()
        for memory_id, position in wanted:
            row = rows.get(memory_id)
            right += row is not None and row.id == memory_id and row.position == position
        seconds = perf_counter() - began
    check_same("right answers", right, len(wanted))
    return Sample(right, seconds)


def _bare(folder: Path, wanted: Wanted) -> Sample:
    packed = [(keys.pack((memory_id,)), memory_id, position) for memory_id, position in wanted]
    decode = msgspec.msgpack.Decoder(MemoryRow).decode
    path = view_path(folder / VIEWS, Memories)
    with lmdb.open(str(path), readonly=True, max_dbs=len(Memories.databases()) + 1, map_size=MAP_BYTES) as env:
        rows = env.open_db(b"rows", create=False)
        right = 0
        began = perf_counter()
        for key, memory_id, position in packed:
            with env.begin() as txn:
                found = txn.get(key, db=rows)
            row = None if found is None else decode(found)
            right += row is not None and row.id == memory_id and row.position == position
        seconds = perf_counter() - began
    check_same("right answers", right, len(wanted))
    return Sample(right, seconds)
