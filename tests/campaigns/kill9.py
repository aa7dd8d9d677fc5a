"""Kill -9: a program is killed at a random moment, again and again, and nothing that it was told is written is lost.

After each kill the folder is opened again. Every acknowledged append is there, word for word; positions are dense; no
text has become two memories and no place two turns; every view equals one that is built from scratch; a retry with a
key finds the first try; and the whole log verifies. The next program goes on where that one was killed.

    python -m tests.campaigns.kill9 --rounds 200
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import IO, Any, Final

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

from .workload import EVENTS, PROJECTIONS, Acknowledged, Measured, read_report

__all__ = ["Campaign", "Figures"]

ROOT: Final = Path(__file__).parents[2]
ANSWERS_MAX: Final = 120
"""A program is killed after at most so many answers, and up to so long after the last of them:"""
DELAY_S: Final = 0.02
TASKS: Final = (1, 3, 8)
BUFFERED_EVERY: Final = 5
"""One program in so many writes in buffered mode, and vouches for what it has flushed."""
EARLY_EVERY: Final = 7
"""One program in so many is killed while it starts or opens its folder, or little later."""
EARLY_S: Final = 0.8
SECONDS_MAX: Final = 60.0


@attrs.define
class Figures:
    """What a campaign has seen.

    Attributes:
        rounds: programs killed.
        acknowledged: appends that they were told are durable.
        events: events in the log.
        violations: what should not have been, one sentence each.
    """

    rounds: int = 0
    acknowledged: int = 0
    events: int = 0
    violations: list[str] = attrs.field(factory=list[str])

    def __str__(self) -> str:
        return (
            f"{self.rounds} rounds, {self.acknowledged} acknowledged, "
            f"{self.events} events in the log, {len(self.violations)} violations"
        )


class Campaign:
    """Rounds of killing and looking, on one folder."""

    def __init__(self, path: Path, seed: int) -> None:
        self.figures = Figures()
        self._path = path
        self._random = Random(seed)  # noqa: S311 - the same seed kills the same programs
        self._keys: list[Acknowledged] = []

    def round(self) -> None:
        """Run a program, kill it, and look at what it left."""
        self.figures.rounds += 1
        answers = list(self._run_and_kill())
        self.figures.acknowledged += len(answers)
        self._keys += [each for each in answers if each.key is not None]
        trio.run(self._look, answers)
        self._verify()

    def _run_and_kill(self) -> Iterator[Acknowledged]:
        """Run a program until it has had some answers, and a little longer."""
        durability = "durable" if self.figures.rounds % BUFFERED_EVERY else "buffered"
        options = [str(self._path), str(self.figures.rounds), durability, str(self._random.choice(TASKS))]
        enough, delay_s = self._random.randrange(ANSWERS_MAX), self._random.uniform(0, DELAY_S)
        is_early = self.figures.rounds % EARLY_EVERY == 0
        limit_s = self._random.uniform(EARLY_S / 4, EARLY_S) if is_early else SECONDS_MAX
        command = [sys.executable, "-m", "tests.campaigns.workload", *options]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as program:
            assert program.stdout is not None
            limit = threading.Timer(limit_s, program.kill)
            limit.start()
            yield from _answers(program.stdout, enough, lambda: _kill_soon(program, delay_s))
            limit.cancel()
        if program.returncode != -9:
            self._complain(f"the program ended by itself, with {program.returncode}")

    async def _look(self, answers: Sequence[Acknowledged]) -> None:
        async with remanence.open(self._path, events=EVENTS, projections=PROJECTIONS) as memory:
            log = memory.engine.read()
            self.figures.events = len(log)
            if [each.position for each in log] != list(range(1, len(log) + 1)):
                self._complain("positions are not dense")
            for each in answers:
                if not is_there(each, log):
                    self._complain(f"an acknowledged append is not there: {each}")
            self._look_at_memories(memory)
            for projection in (Memories, *PROJECTIONS):
                if memory.engine.digest(projection) != digest_from_scratch(projection, memory.engine, log):
                    self._complain(f"the view {projection.name} is not what the log makes")
            await self._retry(memory)
            self.figures.events = memory.engine.head

    def _look_at_memories(self, memory: Memory) -> None:
        rows = memory.find(limit=None)
        said = Counter((row.kind, row.text) for row in rows if row.session is None)
        places = Counter((row.session, row.place) for row in rows if row.session is not None)
        for what, count in (said | places).items():
            if count > 1:
                self._complain(f"{what} is there {count} times")

    async def _retry(self, memory: Memory) -> None:
        """A program that never heard the answer appends again: the events are there once."""
        for each in self._random.sample(self._keys, min(3, len(self._keys))):
            events = [Measured(f"s{value % 7}", value, each.text or "") for value in each.values]
            again = await memory.engine.append(*events, key=each.key)
            if not again.is_duplicate or list(again.positions) != each.positions:
                self._complain(f"a retry was written again: {each.key}")

    def _verify(self) -> None:
        store = LmdbStore(self._path / "log", read_only=True)
        catalog = LmdbCatalog(self._path / "views" / f"catalog-{VERSION}", store.log_id, read_only=True)
        report = verify(store, catalog, registry=Registry((*MEMORY_EVENTS, *EVENTS)))
        catalog.close()
        store.close()
        if report.problem is not None:
            self._complain(f"the log does not verify: {report.problem.text}")
        if report.events != self.figures.events or report.catalog_checkpoint != report.events:
            self._complain(f"verified are {report.events} events, the catalog to {report.catalog_checkpoint}")

    def _complain(self, violation: str) -> None:
        self.figures.violations.append(f"round {self.figures.rounds}: {violation}")


def _answers(lines: IO[bytes], enough: int, kill: Callable[[], None]) -> Iterator[Acknowledged]:
    """What a program reports until it is dead; a line that was cut off is none."""
    for number, line in enumerate(lines):
        if number == enough:
            kill()
        if line.endswith(b"}\n"):
            yield read_report(line)


def _kill_soon(program: subprocess.Popen[bytes], delay_s: float) -> None:
    threading.Timer(delay_s, program.kill).start()


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


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a campaign, a line for every ten rounds; 0 when nothing was lost."""
    parser = argparse.ArgumentParser(description="Kill a program that writes, again and again, and look what is left.")
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    begun = time.monotonic()
    with TemporaryDirectory() as folder:
        campaign = Campaign(Path(folder) / "memory", options.seed)
        for number in range(1, options.rounds + 1):
            campaign.round()
            if number % 10 == 0 or number == options.rounds:
                _say(f"{campaign.figures}, {time.monotonic() - begun:.0f} s")
    for violation in campaign.figures.violations:
        _say(violation)
    _say("nothing was lost" if not campaign.figures.violations else "something is wrong")
    return bool(campaign.figures.violations)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
