"""Workload `tagged`: the 200 events that bear a tag, among many, read and decoded; against UmaDB's read of the same.

Both have the same notes, in sessions of 200, and are asked for whole sessions in no order. UmaDB answers over the
loopback interface, which is a part of what its users wait for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import count, islice
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Final

import attrs

from ..codecs.converter import make_converter
from ..core.events import Registry
from ..core.lmdb_store import LmdbStore
from ..core.log import Log
from ..core.queries import Query
from ..projections.catalog import VERSION, LmdbCatalog
from .checks import check_same
from .harness import Case, Contender, Goal, Plan, Sample
from .logs import APPEND_EVENTS, FIRST_NS, STEP_NS, VIEWS
from .material import TYPE, NoteTaken, notes, session_tag
from .peer_umadb import open_umadb

__all__ = ["tagged"]

_SESSION: Final = 200
_CALLS: Final = 200
Ask = Callable[[str], Sequence[NoteTaken]]
"""The notes of a session, in order."""


def tagged(plan: Plan) -> Iterator[Case]:
    """Whole sessions of 200 events, of a log of as many as planned."""
    wanted = _sessions(plan.events)
    contenders = [Contender("remanence", partial(_engine, plan, wanted))]
    goals: list[Goal] = []
    if plan.peers:
        contenders.append(Contender("UmaDB", partial(_umadb, plan, wanted)))
        goals = [Goal(least=3.0, over="UmaDB")]
    yield Case("read 200 events by a tag", "queries", contenders, goals)


def _notes(events: int) -> Iterator[NoteTaken]:
    """Notes of sessions that take turns, so that a session's events lie far apart."""
    sessions = max(1, events // _SESSION)
    for number, note in enumerate(islice(notes(0), events)):
        yield attrs.evolve(note, session=f"s{number % sessions}")


def _sessions(events: int) -> list[tuple[str, list[str]]]:
    """Sessions to ask for, with the ids of their notes."""
    found: dict[str, list[str]] = {}
    for note in _notes(events):
        found.setdefault(note.session, []).append(note.id)
    wanted = list(found.items())
    Random(events).shuffle(wanted)  # noqa: S311 - the order of questions, no secret
    return wanted[:_CALLS]


def _engine(plan: Plan, wanted: Sequence[tuple[str, list[str]]]) -> Sample:
    with TemporaryDirectory(dir=plan.folder) as folder:
        root = Path(folder)
        store = LmdbStore(root / "log")
        catalog = LmdbCatalog(root / VIEWS / f"catalog-{VERSION}", store.log_id)
        ticks = count(FIRST_NS, STEP_NS)
        log = Log(store, catalog, Registry((NoteTaken,), (), make_converter()), clock=lambda: next(ticks))
        try:
            _fill(lambda batch: log.append(*batch), plan.events)

            def ask(session: str) -> list[NoteTaken]:
                query = Query.of([TYPE], [session_tag(session)])
                return [recorded.data for recorded in log.read(query, decoded=True)]

            return _timed(ask, wanted)
        finally:
            log.close()


def _umadb(plan: Plan, wanted: Sequence[tuple[str, list[str]]]) -> Sample:
    with TemporaryDirectory(dir=plan.folder) as folder, open_umadb(Path(folder)) as store:
        _fill(store.connect(), plan.events)
        return _timed(store.session_notes, wanted)


def _fill(append: Callable[[Sequence[NoteTaken]], object], events: int) -> None:
    made = _notes(events)
    while batch := list(islice(made, APPEND_EVENTS)):
        append(batch)


def _timed(ask: Ask, wanted: Sequence[tuple[str, list[str]]]) -> Sample:
    right = 0
    began = perf_counter()
    for session, ids in wanted:
        right += [note.id for note in ask(session)] == ids
    seconds = perf_counter() - began
    check_same("right answers", right, len(wanted))
    return Sample(right, seconds)
