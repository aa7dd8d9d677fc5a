"""Workload `find`: pages of 20 memories by a compound index, in its order; against an LMDB cursor that knows the way.

The bare loop has its bounds packed beforehand, plans nothing, and reads the same entries and rows. Every page is a
snapshot of its own, for both, at a place of its own: the 20 newest memories of one kind before a moment.
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

from remanence.opening.opening import open_engine
from remanence.projections.memories.events import MEMORY_EVENTS
from remanence.projections.memories.view import Memories, MemoryRow
from remanence.projections.views import view_path

from ..codecs import keys
from ..projections.conditions import lt
from .bare import MAP_BYTES
from .checks import check_same
from .harness import Case, Contender, Goal, Plan, Sample
from .logs import VIEWS, memories_log

__all__ = ["find"]

_CALLS: Final = 2_000
_PAGE: Final = 20
Wanted = list[tuple[tuple[str, ...], str, int, list[str]]]
"""Scope, kind and moment to ask for, and the ids of the page."""


def find(plan: Plan) -> Iterator[Case]:
    """Pages at 2,000 places at most."""
    folder = memories_log(plan)
    wanted = trio.run(_places, folder)
    contenders = [
        Contender("remanence", partial(_engine, folder, wanted)),
        Contender("bare LMDB", partial(_bare, folder, wanted)),
    ]
    yield Case("find 20 memories by a compound index", "pages", contenders, [Goal(least=1 / 3, over="bare LMDB")])


async def _places(folder: Path) -> Wanted:
    """Places in the index that have a full page before them, in no order, and the page by a look at every row."""
    async with open_engine(folder, events=MEMORY_EVENTS, projections=[Memories]) as engine:
        found: dict[tuple[tuple[str, ...], str], list[tuple[int, str]]] = {}
        for row in engine.view(Memories).rows.iterate():
            found.setdefault((row.scope, row.kind), []).append((row.time_ns, row.id))
    wanted: Wanted = []
    for (scope, kind), timed in found.items():
        timed.sort()
        for end in range(_PAGE, len(timed), max(1, len(timed) // _CALLS)):
            before = [entry for entry in timed[max(0, end - 2 * _PAGE) : end] if entry[0] < timed[end][0]]
            if len(before) >= _PAGE:
                wanted.append((scope, kind, timed[end][0], [each for _, each in reversed(before[-_PAGE:])]))
    Random(len(wanted)).shuffle(wanted)  # noqa: S311 - the order of look-ups, no secret
    return wanted[:_CALLS]


def _engine(folder: Path, wanted: Wanted) -> Sample:
    return trio.run(_ask_engine, folder, wanted)


async def _ask_engine(folder: Path, wanted: Wanted) -> Sample:
    async with open_engine(folder, events=MEMORY_EVENTS, projections=[Memories]) as engine:
        rows = engine.view(Memories).rows
        right = 0
        began = perf_counter()
        for scope, kind, before, ids in wanted:
            page = rows.find(scope=scope, kind=kind, time_ns=lt(before), order="-time_ns", limit=_PAGE)
            right += [row.id for row in page] == ids
        seconds = perf_counter() - began
    check_same("right pages", right, len(wanted))
    return Sample(right, seconds)


def _bare(folder: Path, wanted: Wanted) -> Sample:
    packed = [(keys.pack((scope, kind)), keys.pack((scope, kind, before)), ids) for scope, kind, before, ids in wanted]
    decode = msgspec.msgpack.Decoder(MemoryRow).decode
    path = view_path(folder / VIEWS, Memories)
    with lmdb.open(str(path), readonly=True, max_dbs=len(Memories.databases()) + 1, map_size=MAP_BYTES) as env:
        rows, index = env.open_db(b"rows", create=False), env.open_db(b"rows.by_kind", create=False)
        right = 0
        began = perf_counter()
        for low, high, ids in packed:
            page: list[MemoryRow] = []
            with env.begin() as txn:
                cursor = txn.cursor(index)
                if cursor.prev() if cursor.set_range(high) else cursor.last():
                    for key, value in cursor.iterprev():
                        if key < low or len(page) == _PAGE:
                            break
                        stored = txn.get(key[-int.from_bytes(value, "big") :], db=rows)
                        if stored is not None:
                            page.append(decode(stored))
            right += [row.id for row in page] == ids
        seconds = perf_counter() - began
    check_same("right pages", right, len(wanted))
    return Sample(right, seconds)
