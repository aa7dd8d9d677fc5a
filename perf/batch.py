"""Workload `batch`: appends of 1,000 events, against a bare loop that makes the same events durable and does no more.

Both encode by msgspec, compress with the starter dictionary, and flush once for each 1,000 events. Neither trains a
dictionary of its own meanwhile: it would come at another moment in every run.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from remanence.opening.opening import Settings

from .append_engine import run_engine
from .append_journal import Load
from .append_threads import run_threads
from .harness import Case, Contender, Goal, Plan, Sample
from .peer_lmdb import open_lmdb

__all__ = ["batch"]

EVENTS: Final = 1_000


def batch(plan: Plan) -> Iterator[Case]:
    """One client that appends a thousand events at a time."""
    load = Load(1, EVENTS, plan.seconds)
    contenders = [
        Contender("remanence", partial(_engine, load, plan.folder)),
        Contender("bare LMDB", partial(_bare, load, plan.folder)),
    ]
    yield Case(f"append 1 x {EVENTS:,}", "events", contenders, [Goal(least=0.5, over="bare LMDB")])


def _engine(load: Load, root: Path) -> Sample:
    with TemporaryDirectory(dir=root) as folder:
        return run_engine(load, Path(folder), Settings(retrain=False))


def _bare(load: Load, root: Path) -> Sample:
    with TemporaryDirectory(dir=root) as folder:
        return run_threads(load, open_lmdb, Path(folder))
