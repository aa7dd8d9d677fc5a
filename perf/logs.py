"""Logs to read from: made once in a run, of the same memories each time, by the engine's own log without the actors."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing, contextmanager
from itertools import count, islice
from pathlib import Path
from typing import Final

from ..codecs.converter import make_converter
from ..core.events import Registry
from ..core.lmdb_store import LmdbStore
from ..core.log import Log
from ..projections.catalog import VERSION, LmdbCatalog
from ..projections.memories.events import MEMORY_EVENTS
from ..projections.view_store import leaves_of
from .harness import Plan
from .material import memories

__all__ = ["APPEND_EVENTS", "FIRST_NS", "STEP_NS", "VIEWS", "memories_log", "opened"]

VIEWS: Final = "views"
FIRST_NS: Final = 1_767_225_600_000_000_000
STEP_NS: Final = 1_000_000
"""Each append is so much later than the one before."""
APPEND_EVENTS: Final = 1_000


def memories_log(plan: Plan) -> Path:
    """The folder of a log of as many memories as planned, one event with three tags each; made if it isn't there."""
    folder = plan.folder / f"memories-{plan.events}"
    if not folder.exists():
        made = memories(plan.events)
        with opened(folder) as log:
            while batch := list(islice(made, APPEND_EVENTS)):
                log.append(*batch)
    return folder


@contextmanager
def opened(folder: Path) -> Generator[Log]:
    """A log with its catalog, where the engine has them."""
    ticks = count(FIRST_NS, STEP_NS)
    store = LmdbStore(folder / "log")
    catalog = LmdbCatalog(folder / VIEWS / f"catalog-{VERSION}", store.log_id, leaf_at=leaves_of(store))
    log = Log(store, catalog, Registry(MEMORY_EVENTS, (), make_converter()), clock=lambda: next(ticks))
    with closing(log):
        yield log
