"""Kill -9: a program is killed at a random moment, again and again, and nothing that it was told is written is lost.

After each kill the folder is opened again. Every acknowledged append is there, word for word; positions are dense; no
text has become two memories and no place two turns; every view equals one that is built from scratch; a retry with a
key finds the first try; and the whole log verifies. The next program goes on where that one was killed.

    python -m tests.campaigns.kill9 --rounds 200
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import attrs
import trio

import remanence
from remanence import Engine, Memories, Memory, Projection, Recorded
from remanence.codecs.converter import make_converter
from remanence.core.events import Registry
from remanence.core.lmdb_store import LmdbStore
from remanence.core.verify import verify
from remanence.projections.catalog import VERSION, LmdbCatalog
from remanence.projections.memories.events import MEMORY_EVENTS
from remanence.projections.views import View

from . import campaign
from .workload import EVENTS, PROJECTIONS, Acknowledged, Measured, read_report

__all__ = ["Campaign", "Figures"]

ANSWERS_MAX: Final = 120
"""A program is killed after at most so many answers, and up to so long after the last of them:"""
DELAY_S: Final = 0.02
TASKS: Final = (1, 3, 8)
BUFFERED_EVERY: Final = 5
"""One program in so many writes in buffered mode, and vouches for what it has flushed."""
EARLY_EVERY: Final = 7
"""One program in so many is killed while it starts or opens its folder, or little later."""
EARLY_S: Final = 0.8


@attrs.define
class Figures(campaign.Figures):
    """What a campaign has seen.

    Attributes:
        acknowledged: appends that programs were told are durable.
        events: events in the log.
    """

    acknowledged: int = 0
    events: int = 0

    def __str__(self) -> str:
        return (
            f"{self.rounds} rounds, {self.acknowledged} acknowledged, "
            f"{self.events} events in the log, {len(self.violations)} violations"
        )


class Campaign(campaign.Campaign[Figures]):
    """Rounds of killing what writes."""

    verdict = "nothing was lost"

    def __init__(self, path: Path, seed: int) -> None:
        super().__init__(Figures(), seed)
        self._path = path
        self._keys: list[Acknowledged] = []

    def kill_and_look(self) -> None:
        answers = [read_report(line) for line in self._run_and_kill()]
        self.figures.acknowledged += len(answers)
        self._keys += [each for each in answers if each.key is not None]
        trio.run(self._look, answers)
        self._verify()

    def _run_and_kill(self) -> Iterator[bytes]:
        number = self.figures.rounds
        durability = "durable" if number % BUFFERED_EVERY else "buffered"
        options = [str(self._path), str(number), durability, str(self.random.choice(TASKS))]
        early_s = None if number % EARLY_EVERY else self.random.uniform(EARLY_S / 4, EARLY_S)
        return self.killed("workload", options, reports_max=ANSWERS_MAX, delay_s=DELAY_S, early_s=early_s)

    async def _look(self, answers: Sequence[Acknowledged]) -> None:
        async with remanence.open(self._path, events=EVENTS, projections=PROJECTIONS) as memory:
            log = memory.engine.read()
            self.figures.events = len(log)
            if [each.position for each in log] != list(range(1, len(log) + 1)):
                self.complain("positions are not dense")
            for each in answers:
                if not is_there(each, log):
                    self.complain(f"an acknowledged append is not there: {each}")
            self._look_at_memories(memory)
            for projection in (Memories, *PROJECTIONS):
                if memory.engine.digest(projection) != digest_from_scratch(projection, memory.engine, log):
                    self.complain(f"the view {projection.name} is not what the log makes")
            await self._retry(memory)
            self.figures.events = memory.engine.head

    def _look_at_memories(self, memory: Memory) -> None:
        rows = memory.find(limit=None)
        said = Counter((row.kind, row.text) for row in rows if row.session is None)
        places = Counter((row.session, row.place) for row in rows if row.session is not None)
        for what, count in (said | places).items():
            if count > 1:
                self.complain(f"{what} is there {count} times")

    async def _retry(self, memory: Memory) -> None:
        """A program that never heard the answer appends again: the events are there once."""
        for each in self.random.sample(self._keys, min(3, len(self._keys))):
            events = [Measured(f"s{value % 7}", value, each.text or "") for value in each.values]
            again = await memory.engine.append(*events, key=each.key)
            if not again.is_duplicate or list(again.positions) != each.positions:
                self.complain(f"a retry was written again: {each.key}")

    def _verify(self) -> None:
        store = LmdbStore(self._path / "log", read_only=True)
        catalog = LmdbCatalog(self._path / "views" / f"catalog-{VERSION}", store.log_id, read_only=True)
        report = verify(store, catalog, registry=Registry((*MEMORY_EVENTS, *EVENTS)))
        catalog.close()
        store.close()
        if report.problem is not None:
            self.complain(f"the log does not verify: {report.problem.text}")
        if report.events != self.figures.events or report.catalog_checkpoint != report.events:
            self.complain(f"verified are {report.events} events, the catalog to {report.catalog_checkpoint}")


def is_there(each: Acknowledged, log: Sequence[Recorded[Any]]) -> bool:
    """Whether the log has what was acknowledged, word for word."""
    if not all(1 <= position <= len(log) for position in each.positions):
        return False
    found = [log[position - 1] for position in each.positions]
    if any(event.type != each.type for event in found):
        return False
    if each.id is None:
        told = [(f"s{value % 7}", value, each.text) for value in each.values]
        return [(event.data.sensor, event.data.value, event.data.note) for event in found] == told
    return all(event.data.id == each.id and each.text in (None, getattr(event.data, "text", None)) for event in found)


def digest_from_scratch(projection: type[Projection], engine: Engine, log: Sequence[Recorded[Any]]) -> str:
    """Digest of a view that is built of the log in one go."""
    with TemporaryDirectory() as folder:
        view = View(Path(folder), projection, engine.log.store.log_id, make_converter())
        view.apply(log)
        digest = view.digest()
        view.close()
    return digest


if __name__ == "__main__":
    description = "Kill a program that writes, again and again, and look what is left."
    sys.exit(campaign.run(lambda folder, seed: Campaign(folder / "memory", seed), description))
