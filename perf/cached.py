"""Workload `cached`: what caches save: the same reads of the same memory with its caches on and off.

Every answer is checked inside the timed loop. One thread works and nothing waits, so its own processor time is what is
counted: what else the machine does falls out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from random import Random
from time import thread_time
from typing import Final

import trio

import remanence
from remanence import Memory, Settings

from .checks import check_same
from .harness import BYTES, Case, Contender, Goal, Plan, Sample
from .logs import memories_log
from .material import memories
from .resident import resident_bytes
from .traces import zipf

__all__ = ["cached"]

CALLS: Final = 100_000
WAVE: Final = 1_000
QUESTIONS: Final = 20
Wanted = list[tuple[str, int]]
"""Ids to ask for, and the positions that their memories came to be at."""
Work = Callable[[Memory], tuple[int, float]]


def cached(plan: Plan) -> Iterator[Case]:
    """By id, by question, and how much room that takes."""
    folder = memories_log(plan)
    stored = [(memory.id, position) for position, memory in enumerate(memories(plan.events), 1)]
    random = Random(plan.events)  # noqa: S311 - the order of look-ups, no secret
    thousand = random.sample(stored, min(WAVE, len(stored)))
    calls, kept = min(CALLS, 100 * plan.events), min(10_000, plan.events)
    waves = [random.choice(thousand) for _ in range(calls)]
    skewed = [stored[number] for number in zipf(min(20_000, len(stored)), calls // 5, random)]
    off = "remanence without caches"
    yield Case(
        "get a memory that was read lately",
        "gets",
        _both(folder, partial(_gets, waves), warm=thousand),
        [Goal(least=1_000_000), Goal(least=5, over=off)],
    )
    yield Case(
        "mixed operations: 1,000 stored memories in waves of 1,000, nothing read before",
        "gets",
        _both(folder, partial(_waves, waves)),
        [Goal(least=172_000)],
    )
    yield Case("get a memory of 20,000, skewed, nothing read before", "gets", _both(folder, partial(_gets, skewed)))
    once = random.sample(stored, min(calls // 5, len(stored)))
    yield Case("get memories of which none is read again", "gets", _both(folder, partial(_gets, once)))
    yield Case("find 20 memories, asked again", "pages", _both(folder, _finds), [Goal(least=5, over=off)])
    yield Case(
        f"resident after reading {kept:,} memories",
        "bytes",
        [Contender("remanence", partial(resident_bytes, plan.folder / "resident", kept))],
        [Goal(most=100 * 1024 * 1024)],
        unit=BYTES,
    )


def _both(folder: Path, work: Work, *, warm: Wanted | None = None) -> list[Contender]:
    """The same work with the caches that there are by default, and without."""
    return [
        Contender("remanence", partial(_run, folder, work, "default", warm or [])),
        Contender("remanence without caches", partial(_run, folder, work, "off", warm or [])),
    ]


def _run(folder: Path, work: Work, cache: str, warm: Wanted) -> Sample:
    return trio.run(_work, folder, work, cache, warm)


async def _work(folder: Path, work: Work, cache: str, warm: Wanted) -> Sample:
    async with remanence.open(folder, settings=Settings(cache=cache)) as memory:
        for memory_id, _ in warm:
            memory.get(memory_id)
        return Sample(*work(memory))


def _gets(wanted: Wanted, memory: Memory) -> tuple[int, float]:
    get = memory.get
    right = 0
    began = thread_time()
    for memory_id, position in wanted:
        right += get(memory_id).position == position
    seconds = thread_time() - began
    check_same("right answers", right, len(wanted))
    return right, seconds


def _waves(wanted: Wanted, memory: Memory) -> tuple[int, float]:
    """As the earlier system's benchmark: a wave's answers are gathered, then looked at, one by one."""
    get = memory.get
    right = 0
    began = thread_time()
    for start in range(0, len(wanted), WAVE):
        wave = wanted[start : start + WAVE]
        rows = [get(memory_id) for memory_id, _ in wave]
        for row, (memory_id, position) in zip(rows, wave, strict=True):
            right += row.position == position and row.id == memory_id
    seconds = thread_time() - began
    check_same("right answers", right, len(wanted))
    return right, seconds


def _finds(memory: Memory) -> tuple[int, float]:
    first = memory.find(limit=1, scope="ada") or memory.find(limit=1)
    scope = first[0].scope if first else "main"
    pages = [memory.find(scope=scope, kind="fact", limit=20, min_confidence=n / 100) for n in range(QUESTIONS)]
    right = count = 0
    began = thread_time()
    for _ in range(50):
        for number, page in enumerate(pages):
            right += memory.find(scope=scope, kind="fact", limit=20, min_confidence=number / 100) == page
            count += 1
    seconds = thread_time() - began
    check_same("right pages", right, count)
    return right, seconds
