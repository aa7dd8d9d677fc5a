"""Workload `rebuild`: the memories view folded from its log, against a loop by hand and `eventsourcing`'s projections.

The loop ends with the same bytes. It knows what the view's declaration says (its fields, its indexes and which rows
they hold), puts what a batch of events makes in sorted order, as the engine does, and checks nothing. None of the three
flushes: a view can always be rebuilt.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from functools import partial
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Final

import lmdb
from blake3 import blake3

from ..codecs.converter import make_converter
from ..projections.memories.events import MemoryRemembered
from ..projections.memories.view import Memories
from ..projections.views import View, Views, view_path
from .bare import MAP_BYTES, bare_log, payload_decoder, unpacker
from .checks import check_same
from .harness import Case, Contender, Goal, Plan, Sample
from .logs import memories_log, opened
from .material import memories
from .peer_projection import open_projected
from .rebuild_by_hand import HandMade, time_of

__all__ = ["digest", "rebuild"]

_BATCH: Final = 1_024
_PEER_EVENTS: Final = 5_000


def rebuild(plan: Plan) -> Iterator[Case]:
    """The view of memories."""
    folder = memories_log(plan)
    expected: list[str] = []
    contenders = [
        Contender("remanence", partial(_engine, folder, plan, expected)),
        Contender("bare loop", partial(_bare, folder, plan, expected)),
    ]
    goals = [Goal(least=0.6, over="bare loop")]
    if plan.peers:
        contenders.append(Contender("eventsourcing", partial(_eventsourcing, plan)))
        goals.append(Goal(least=5.0, over="eventsourcing"))
    yield Case("rebuild the memories view", "events", contenders, goals)


def _engine(folder: Path, plan: Plan, expected: list[str]) -> Sample:
    with TemporaryDirectory(dir=plan.folder) as root, opened(folder) as log:
        with closing(View(Path(root), Memories, log.store.log_id, make_converter())) as view:
            began = perf_counter()
            Views([view]).catch_up(log)
            seconds = perf_counter() - began
        _check(view_path(Path(root), Memories), plan.events, expected)
    return Sample(plan.events, seconds)


def _bare(folder: Path, plan: Plan, expected: list[str]) -> Sample:
    decode = payload_decoder(MemoryRemembered)
    databases = Memories.databases()
    with TemporaryDirectory(dir=plan.folder) as root, bare_log(folder) as (env, frames):
        unpack = unpacker(env)
        with lmdb.open(root, max_dbs=len(databases), map_size=MAP_BYTES, sync=False) as view:
            dbs = {name: view.open_db(name.encode()) for name in databases}
            began = perf_counter()
            with env.begin() as reading:
                found = enumerate(reading.cursor(frames).iternext(keys=False), 1)
                while batch := list(islice(found, _BATCH)):
                    made = HandMade()
                    for position, frame in batch:
                        made.add(position, time_of(frame), decode(unpack(frame))[-1])
                    with view.begin(write=True) as txn:
                        for name, items in made.databases.items():
                            txn.cursor(dbs[name]).putmulti(sorted(items))
            seconds = perf_counter() - began
        _check(Path(root), plan.events, expected)
    return Sample(plan.events, seconds)


def _eventsourcing(plan: Plan) -> Sample:
    """The same memories, but not as many of them: it gets slower the more there are."""
    events = min(plan.events, _PEER_EVENTS)
    with TemporaryDirectory(dir=plan.folder) as folder, open_projected(Path(folder)) as peer:
        peer.fill(islice(memories(plan.events), events))
        began = perf_counter()
        taken = peer.catch_up()
        seconds = perf_counter() - began
        check_same("events taken", taken, events)
        wanted = [(told.id, told.text) for told in islice(memories(plan.events), events)]
        check_same("rows of the peer", peer.rows(), wanted)
    return Sample(events, seconds)


def _check(path: Path, events: int, expected: list[str]) -> None:
    """Every run of every contender ends with a row for each event, and with the bytes of the first run."""
    rows, found = digest(path)
    check_same("rows", rows, events)
    if not expected:
        expected.append(found)
    check_same("digest of rows and index entries", found, expected[0])


def digest(path: Path) -> tuple[int, str]:
    """Number of rows, and digest of everything that a view's tables keep, read by LMDB alone."""
    hasher = blake3()
    rows = 0
    databases = Memories.databases()
    with lmdb.open(str(path), readonly=True, max_dbs=len(databases) + 1, map_size=MAP_BYTES) as env:
        for name in databases:
            db = env.open_db(name.encode(), create=False)
            with env.begin() as txn:
                entries: int = txn.stat(db)["entries"]
                rows = entries if name == databases[0] else rows
                hasher.update(f"{name} {entries}".encode())
                for key, value in txn.cursor(db):
                    hasher.update(b"%d %d" % (len(key), len(value)) + key + value)
    return rows, hasher.hexdigest()
