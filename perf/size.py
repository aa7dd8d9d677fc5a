"""Workload `size`: the log's file after a transcript was imported, against the events' JSON, a line for each.

The log holds what the JSON says, what makes it verifiable, and the dictionaries that it was compressed with. These
weigh on a short conversation like the one that ships with the package; the goal is for those of a usual length.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import attrs
import trio

from remanence.memory import sizes
from remanence.memory.imports import import_transcript
from remanence.opening.opening import open_memory

from .checks import check_same
from .harness import BYTES, Case, Contender, Goal, Plan, Sample

__all__ = ["size"]


def size(plan: Plan) -> Iterator[Case]:
    """Import a transcript with default settings, as the command line does, and weigh what came of it."""
    name, data = _transcript(plan)
    runs = _Runs(plan.folder, name, data)
    contenders = [Contender("remanence", runs.log), Contender("JSON lines", runs.json)]
    goals = [] if plan.data is None else [Goal(most=0.45, over="JSON lines")]
    yield Case(f"size of {name}", "", contenders, goals, BYTES)


def _transcript(plan: Plan) -> tuple[str, bytes]:
    if plan.data is not None:
        return plan.data.stem, plan.data.read_bytes()
    return "conversation", (resources.files("remanence") / "data" / "conversation.jsonl").read_bytes()


@attrs.define
class _Runs:
    """One import gives both sizes."""

    folder: Path
    name: str
    data: bytes
    json_bytes: int = 0

    def log(self) -> Sample:
        with TemporaryDirectory(dir=self.folder) as folder:
            began = perf_counter()
            found = trio.run(partial(_import, Path(folder), self.name, self.data))
            seconds = perf_counter() - began
        self.json_bytes = found.json_bytes
        return Sample(found.log_bytes, seconds)

    def json(self) -> Sample:
        return Sample(self.json_bytes, 0.0)


async def _import(folder: Path, name: str, data: bytes) -> sizes.Sizes:
    async with open_memory(folder / "memory") as memory:
        report = await import_transcript(memory, data, name=name)
        check_same("lines that were not taken", (report.bad, report.changed), ((), ()))
        check_same("turns taken", report.new > 0, expected=True)
        found = sizes.measure(memory.engine.log)
        check_same("events", found.events, report.new + 1)
    async with open_memory(folder / "memory") as memory:
        again = await import_transcript(memory, data, name=name)
        check_same("turns that the log knows when it is opened again", (again.new, again.known), (0, report.new))
    return found
