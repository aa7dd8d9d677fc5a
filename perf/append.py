"""Workload `append`: durable appends by clients that each wait for their answer, against UmaDB and `eventsourcing`.

Every contender gets the same events from as many clients and makes each append durable before it answers; its log is
new for each run. Afterwards each is asked for what it was given: how many there are, single events by their own tag,
sessions by theirs. And once more every client appends, and reads what it wrote as soon as it is told that it is there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from .append_engine import run_engine
from .append_journal import Load
from .append_threads import run_threads
from .harness import Case, Contender, Goal, Plan, Sample
from .peer_eventsourcing import open_eventsourcing
from .peer_umadb import open_umadb

__all__ = ["append"]

_LOADS: Final = ((1, 1, 1.2), (32, 1, 2.5), (8, 100, 1.4))
"""Clients, events of an append, and how many times UmaDB's rate is the goal."""
_EVENTSOURCING: Final = 10.0


def append(plan: Plan) -> Iterator[Case]:
    """A case for each load."""
    for clients, events, goal in _LOADS:
        load = Load(clients, events, plan.seconds)
        contenders = [Contender("remanence", partial(_in_folder, plan.folder, partial(run_engine, load)))]
        goals: list[Goal] = []
        if plan.peers:
            uma, es = (partial(run_threads, load, peer) for peer in (open_umadb, open_eventsourcing))
            contenders.append(Contender("UmaDB", partial(_in_folder, plan.folder, uma)))
            contenders.append(Contender("eventsourcing", partial(_in_folder, plan.folder, es)))
            goals = [Goal(least=goal, over="UmaDB"), Goal(least=_EVENTSOURCING, over="eventsourcing")]
        yield Case(f"append {clients} x {events}", "events", contenders, goals)


def _in_folder(root: Path, run: Callable[[Path], Sample]) -> Sample:
    with TemporaryDirectory(dir=root) as folder:
        return run(Path(folder))
