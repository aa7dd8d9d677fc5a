"""Append runs of our own engine, with its default settings: one task for each client."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter

import attrs
import trio

from remanence.engine.engine import Engine
from remanence.opening.opening import Settings, open_engine

from .append_journal import Journal, Load, check_answers
from .harness import Sample
from .material import NoteTaken, note_tag, session_tag

__all__ = ["EngineReader", "run_engine"]


@attrs.frozen
class EngineReader:
    """Asks an engine for notes, through the tags that they bear."""

    engine: Engine

    def count(self) -> int:
        """How many events the log holds."""
        return self.engine.head

    def note(self, note_id: str) -> NoteTaken | None:
        """The note that bears the tag of this id."""
        found = self.engine.read(tags=[note_tag(note_id)])
        return found[0].data if len(found) == 1 else None

    def session(self, session: str) -> set[str] | None:
        """The ids of the notes that bear the session's tag."""
        return {recorded.data.id for recorded in self.engine.read(tags=[session_tag(session)])}


def run_engine(load: Load, folder: Path, settings: Settings | None = None) -> Sample:
    """Append for a while from as many tasks as there are clients, and check what came of it.

    Raises:
        WrongAnswer: the engine lost, invented or changed something.
    """
    return trio.run(_run, load, folder, settings)


async def _run(load: Load, folder: Path, settings: Settings | None) -> Sample:
    journals = [Journal(number, load.events) for number in range(load.clients)]
    async with open_engine(folder / "engine", events=[NoteTaken], settings=settings) as engine:
        reader = EngineReader(engine)
        await _all_until(engine, journals, perf_counter() + load.seconds / 10)
        for journal in journals:
            journal.begin()
        began = perf_counter()
        await _all_until(engine, journals, began + load.seconds)
        seconds = perf_counter() - began
        measured = sum(journal.measured for journal in journals)
        latencies = [latency for journal in journals for latency in journal.latencies_s]
        async with trio.open_nursery() as nursery:
            for journal in journals:
                nursery.start_soon(_append_and_read, engine, journal, reader)
        check_answers(journals, reader)
    return Sample(measured, seconds, latencies)


async def _all_until(engine: Engine, journals: list[Journal], stop: float) -> None:
    async with trio.open_nursery() as nursery:
        for journal in journals:
            nursery.start_soon(_append_until, engine, journal, stop)


async def _append_until(engine: Engine, journal: Journal, stop: float) -> None:
    while True:
        batch = journal.next()
        began = perf_counter()
        appended = await engine.append(*batch)
        now = perf_counter()
        journal.took(appended.positions, now - began)
        if now >= stop:
            return


async def _append_and_read(engine: Engine, journal: Journal, reader: EngineReader) -> None:
    batch = journal.next()
    appended = await engine.append(*batch)
    journal.took(appended.positions, 0.0)
    journal.check_last(reader, batch[-1])
