"""Workload `open`: until an engine over a log that exists can be asked, its memories as they were left, or lost.

Lost means that a crash of the machine took the view's files: they are then begun with the newest snapshot, here one
that lies at the log's end. What it takes without a snapshot is what `rebuild` measures.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Final

import trio

from remanence.codecs.converter import make_converter
from remanence.opening.opening import open_engine
from remanence.projections.memories.events import MEMORY_EVENTS
from remanence.projections.memories.view import Memories
from remanence.projections.snapshots import FOLDER, take
from remanence.projections.views import View, view_path

from .checks import check_same
from .harness import MICROSECONDS, Case, Contender, Goal, Plan, Sample
from .logs import VIEWS, memories_log, opened

__all__ = ["opening"]

_MOST_US: Final = 1_000_000


def opening(plan: Plan) -> Iterator[Case]:
    """A log with its memories, and a snapshot of them."""
    folder = memories_log(plan)
    trio.run(_open, folder, plan.events)
    with opened(folder) as log, closing(View(folder / VIEWS, Memories, log.store.log_id, make_converter())) as view:
        take(folder / VIEWS / FOLDER, view, log.store.log_id)
    contenders = [
        Contender("remanence", partial(_left, folder, plan.events)),
        Contender("view lost", partial(_lost, folder, plan.events)),
    ]
    yield Case("open a log with snapshots", "times", contenders, [Goal(most=_MOST_US)], MICROSECONDS)


def _left(folder: Path, events: int) -> Sample:
    return trio.run(_open, folder, events)


def _lost(folder: Path, events: int) -> Sample:
    shutil.rmtree(view_path(folder / VIEWS, Memories))
    return trio.run(_open, folder, events)


async def _open(folder: Path, events: int) -> Sample:
    began = perf_counter()
    async with open_engine(folder, events=MEMORY_EVENTS, projections=[Memories]) as engine:
        seconds = perf_counter() - began
        view = engine.view(Memories)
        check_same("events", engine.log.head, events)
        check_same("memories", view.rows.count(), events)
    return Sample(1, seconds)
