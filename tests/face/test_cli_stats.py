"""`remanence stats`: what other processes have left there to be told: their slow queries, and their reactions."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

import remanence
from remanence import Reaction, Recorded, Settings, on
from remanence.projections.memories.events import MemoryRemembered

from .command import call, objects, told


class Puzzled(Reaction):
    """Can't take what it doesn't like."""

    since = 0

    @on(MemoryRemembered)
    async def remembered(self, event: Recorded[MemoryRemembered]) -> None:
        """Takes tea, and nothing else."""
        if event.data.text != "tea":
            raise ValueError(event.data.text)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Two memories, a reaction that failed on the second, and a program to which every query is slow."""

    async def fill() -> None:
        settings = Settings(slow_query_s=0, retrain=False)
        async with remanence.open(tmp_path, settings=settings, reactions=[Puzzled()]) as memory:
            for text in ("tea", "mud"):
                await memory.remember(text)
            await wait_all_tasks_blocked()
            rows = memory.engine.view(remanence.Memories).rows
            rows.find(scope=("main",), kind="fact")
            [seen] = memory.engine.statistics().slow_queries
            assert (seen.view, seen.plan.found) == ("memories", 2)

    trio.run(fill)
    return tmp_path


def test_slow_queries_of_other_processes_are_listed_with_their_plans(path: Path) -> None:
    """When, how long, of which view, and how they were answered; the past had none."""
    [stats] = objects("stats", "--path", path)
    [slow] = stats["slow"]
    assert (slow["view"], slow["plan"]["steps"][0]["index"], slow["plan"]["found"]) == ("memories", "by_kind", 2)
    assert slow["seconds"] >= 0
    lines = told("stats", "--path", path)
    [head] = [number for number, line in enumerate(lines) if line.startswith("slow query")]
    assert "rows: by_kind by scope, kind" in lines[head + 1]
    assert objects("as-of", "1", "stats", "--path", path)[0]["slow"] == []


def test_only_the_newest_slow_queries_are_printed(path: Path) -> None:
    """A person is told of ten, and how many more a program is told of."""

    async def ask() -> None:
        async with remanence.open(path, settings=Settings(slow_query_s=0), read_only=True) as memory:
            for _ in range(14):
                memory.engine.view(remanence.Memories).rows.find(scope=("main",))

    trio.run(ask)
    text = call("stats", "--path", path).stdout
    assert text.count("scanned") == 10
    assert "and 5 before these" in text
    assert len(objects("stats", "--path", path)[0]["slow"]) == 15


def test_what_reactions_did_is_told_from_the_log(path: Path) -> None:
    """Events taken up, those that failed, the last one and the last error; whichever program they belong to."""
    [stats] = objects("stats", "--path", path)
    [reaction] = stats["reactions"]
    assert (reaction["name"], reaction["taken"], reaction["failed"]) == ("puzzled", 2, 1)
    last = reaction["last_failure"]
    assert (last["error"], last["position"]) == ("ValueError: mud", reaction["position"])
    assert "in remembered" in last["traceback"]
    lines = told("stats", "--path", path)
    [head] = [number for number, line in enumerate(lines) if line.startswith("reaction ")]
    assert lines[head + 1].split()[:3] == ["puzzled", "2", "1"]
    [then] = objects("as-of", "1", "stats", "--path", path)[0]["reactions"]
    assert (then["taken"], then["failed"], then["last_failure"]) == (0, 0, None)
