"""Workload `verify`: everything in a log computed again, and its catalog compared: frames, chain, payloads, tags, keys.

There is no peer: what it does is particular to the format. It is what somebody waits for who wants to be sure.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from time import perf_counter

from ..core.verify import verify as verify_log
from .checks import check_same
from .harness import Case, Contender, Goal, Plan, Sample
from .logs import memories_log, opened

__all__ = ["verify"]


def verify(plan: Plan) -> Iterator[Case]:
    """A log of events with three tags each."""
    run = partial(_run, memories_log(plan), plan.events)
    yield Case("verify log and catalog", "events", [Contender("remanence", run)], [Goal(least=200_000)])


def _run(folder: Path, events: int) -> Sample:
    with opened(folder) as log:
        began = perf_counter()
        report = verify_log(log.store, log.catalog)
        seconds = perf_counter() - began
    check_same("the problem that was found", report.problem, None)
    check_same("sound events", report.events, events)
    check_same("events whose catalog was compared", report.catalog_checkpoint, events)
    return Sample(events, seconds)
