"""Workload `cluster`: what being lazy saves. Real clustering in both arms, of the same memories in the same order.

An agent runs four plugins in turn, twenty runs a session, and remembers each run: what it was for, which plugin ran,
how it went. One arm takes every memory into the clusters as soon as it is written; the other takes in ten together, or
five: what the clusterer does when memories come faster than its timer. Timed is the taking in, from the waiting change
to the decision that is durable and that the view shows; the remembering is the same for both and is not. Each arm ends
with everything taken in, and its clusters must be those of the other, member by member.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from random import Random
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Final

import attrs
import trio

from remanence.actors.clustering.deciding import Work
from remanence.actors.clustering.taking_in import TakingIn
from remanence.opening.opening import open_engine
from remanence.projections.clusters.content import ContentEmbedder
from remanence.projections.clusters.events import CLUSTER_EVENTS
from remanence.projections.clusters.view import Clusters
from remanence.projections.memories.events import MEMORY_EVENTS, MemoryRemembered

from .checks import check_same
from .harness import Case, Contender, Goal, Plan, Sample

__all__ = ["cluster"]

_SESSIONS: Final = range(1, 11)
"""At least and at most, as there are 20,000 events in the logs that other workloads read."""
_RUNS: Final = 20
_SCOPE: Final = ("agent",)
_PLUGINS: Final = {
    "summarizer": "condensed the report into five lines",
    "translator": "rendered the letter from Spanish into English",
    "scheduler": "moved the meeting with the vendor to Friday",
    "researcher": "collected papers about battery chemistry",
}
_GOALS: Final = ("quarterly review", "vendor contract", "conference talk", "hiring round", "budget forecast")
_OUTCOMES: Final = ("success at the first attempt", "success after one retry", "failure: the source timed out")
_EAGER: Final = "every write"
Clustering = tuple[tuple[str, ...], ...]
"""The clusters as groups of memories: how they are called depends on where in the log they were founded."""


@attrs.define(eq=False)
class _Seen:
    """What the arms ended with, to be compared, and how much each did."""

    clusters: Clustering | None = None
    work: dict[int, Work] = attrs.field(factory=dict[int, Work])


def cluster(plan: Plan) -> Iterator[Case]:
    """The time for each memory, and what was done for them all."""
    seen = _Seen()
    sessions = min(max(plan.events // 20_000, _SESSIONS[0]), _SESSIONS[-1])
    arm = partial(_arm, plan, sessions, seen)
    time = [
        Contender("remanence", partial(arm, 10, None)),
        Contender(_EAGER, partial(arm, 1, None)),
        Contender("five at a time", partial(arm, 5, None)),
    ]
    yield Case("cluster memories, ten at a time", "memories", time, [Goal(least=5.0, over=_EAGER)])
    saved: list[tuple[str, Callable[[Work], int]]] = [
        ("passes over what waits", lambda work: work.passes),
        ("events of decisions", lambda work: work.events),
        ("clusters written", lambda work: work.clusters),
    ]
    for what, counted in saved:
        for every in (10, 5):
            lazy = Contender("remanence", partial(arm, every, counted))
            goals = [Goal(most=0.2, over=_EAGER)] if counted is saved[0][1] else []
            eager = Contender(_EAGER, partial(arm, 1, counted))
            yield Case(f"{what}, {every} at a time", "operations", [lazy, eager], goals, unit="operations")


def _arm(plan: Plan, sessions: int, seen: _Seen, every: int, counted: Callable[[Work], int] | None) -> Sample:
    """One run of an arm; or, counted, what its last run did."""
    if counted is not None and every in seen.work:
        return Sample(counted(seen.work[every]), 1.0)
    with TemporaryDirectory(dir=plan.folder) as folder:
        seconds, clusters, work = trio.run(_cluster, folder, sessions, every)
    check_same("number of memories", sum(map(len, clusters)), sessions * _RUNS)
    if seen.clusters is None:
        seen.clusters = clusters
    check_same("clusters", clusters, seen.clusters)
    seen.work[every] = work
    return Sample(sessions * _RUNS, seconds) if counted is None else Sample(counted(work), 1.0)


async def _cluster(folder: str, sessions: int, every: int) -> tuple[float, Clustering, Work]:
    events = (*MEMORY_EVENTS, *CLUSTER_EVENTS)
    async with open_engine(folder, events=events, async_projections=[Clusters]) as engine:
        taking = TakingIn(engine, engine.view(Clusters), ContentEmbedder())
        seconds = 0.0
        runs = list(_runs(sessions))
        for start in range(0, len(runs), every):
            for run in runs[start : start + every]:
                await engine.append(run)
            await engine.wait_for(Clusters)
            began = perf_counter()
            taken = await taking.all()
            seconds += perf_counter() - began
            check_same("memories taken in", taken, len(runs[start : start + every]))
        found: dict[str, list[str]] = {}
        for member in engine.view(Clusters).members.iterate():
            found.setdefault(member.cluster, []).append(member.id)
        return seconds, tuple(sorted(map(tuple, found.values()))), taking.work


def _runs(sessions: int) -> Iterator[MemoryRemembered]:
    """What is remembered of each run."""
    random = Random(2)  # noqa: S311 - made-up runs, no secret
    numbers = count()
    for _ in range(sessions):
        goal = random.choice(_GOALS)
        for _ in range(_RUNS):
            number = next(numbers)
            plugin = list(_PLUGINS)[number % len(_PLUGINS)]
            text = f"For the {goal} the {plugin} {_PLUGINS[plugin]}: {random.choice(_OUTCOMES)}, run {number}."
            yield MemoryRemembered(f"run{number:05}", _SCOPE, "procedure", text, tags=(plugin,))
