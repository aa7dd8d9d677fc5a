"""Workload `recall`: the ten memories that answer best; beside SQLite's FTS5 on the same texts and questions.

Texts are words of a made-up vocabulary, as frequent as words are (Zipf), in conversations of twenty turns. A question
is four words of one memory; an answer counts as right when that memory is among the ten.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import accumulate, islice
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Any, Final

import trio

from remanence.opening.opening import open_memory
from remanence.reading.reading import MemoryReader

from ..projections.memories.events import MemoryRemembered
from .harness import MICROSECONDS, Case, Contender, Goal, Plan, Sample, WrongAnswer
from .logs import APPEND_EVENTS, opened

__all__ = ["recall"]

SCOPE: Final = ("team", "research")
VOCABULARY: Final = 50_000
WORDS: Final = 24
TURNS: Final = 20
QUESTIONS: Final = 200
RIGHT_LEAST: Final = 0.8
"""Fewer right answers than this, and a contender's speed means nothing."""
SIZES: Final = (1_000, 10_000, 100_000, 1_000_000)
Made = tuple[Path, Sequence[tuple[str, str]]]
"""The folder of a log, and questions with the memories that they are of."""


def recall(plan: Plan) -> Iterator[Case]:
    """Memories by the thousand, as far as the plan goes."""
    for size in (size for size in SIZES if size <= max(plan.events, SIZES[0])):
        made = _made(plan.folder / f"recall-{size}", size)
        ours = partial(_ours, *made)
        limit = {10_000: 2_000.0, 100_000: 5_000.0}.get(size)
        goals = [Goal(most=1, over="SQLite FTS5")] + ([] if limit is None else [Goal(most=limit)])
        contenders = [
            Contender("remanence", partial(ours, {})),
            Contender("remanence, words alone", partial(ours, {"weights": {"meaning": 0.0}})),
            Contender("SQLite FTS5", partial(_sqlite, *made)),
        ]
        yield Case(f"recall 10 of {size:,} memories", "questions", contenders, goals, MICROSECONDS)
        contenders = [
            Contender("remanence", partial(ours, {"kinds": "turn"})),
            Contender("unfiltered", partial(ours, {})),
            Contender("straight after a write", partial(ours, {}, writes=True)),
        ]
        yield Case(
            f"… of one kind, filtered ({size:,})",
            "questions",
            contenders,
            [Goal(most=1.5, over="unfiltered")],
            MICROSECONDS,
        )
        shutil.rmtree(made[0])


def _made(folder: Path, size: int) -> Made:
    """A log of so many memories, and questions about some of them."""
    random = Random(size)  # noqa: S311 - made-up words, no secrets
    weights = list(accumulate(1 / (rank + 3) for rank in range(VOCABULARY)))
    words = [f"{random.getrandbits(32):07x}q" for _ in range(VOCABULARY)]
    asked = frozenset(random.sample(range(size), min(QUESTIONS, size)))
    questions: list[tuple[str, str]] = []

    def told(number: int) -> MemoryRemembered:
        text = random.choices(words, cum_weights=weights, k=WORDS)
        memory_id = f"{number:026d}"
        if number in asked:
            questions.append((" ".join(random.sample(text, 4)), memory_id))
        return MemoryRemembered(
            id=memory_id,
            scope=SCOPE,
            kind="turn",
            text=" ".join(text),
            session=f"s{number // TURNS}",
            place=number % TURNS + 1,
            speaker=("Ada", "Juno")[number % 2],
        )

    rest = map(told, range(size))
    with opened(folder) as log:
        while batch := list(islice(rest, APPEND_EVENTS)):
            log.append(*batch)
    return folder, questions


def _ours(
    folder: Path, questions: Sequence[tuple[str, str]], options: Mapping[str, Any], *, writes: bool = False
) -> Sample:
    return trio.run(partial(_ask, folder, questions, options, writes=writes))


async def _ask(
    folder: Path, questions: Sequence[tuple[str, str]], options: Mapping[str, Any], *, writes: bool
) -> Sample:
    async with open_memory(folder) as memory:
        MemoryReader.recall(memory, "warm", scope=SCOPE, **options)  # the index is made here, or loaded
        latencies: list[float] = []
        right = 0
        for query, wanted in questions:
            if writes:
                await memory.remember(f"another {query[:7]}", scope=SCOPE, kind="note")
            began = perf_counter()
            hits = MemoryReader.recall(memory, query, scope=SCOPE, **options)
            latencies.append(perf_counter() - began)
            right += any(hit.id == wanted for hit in hits)
    return _sample(right, latencies)


def _sqlite(folder: Path, questions: Sequence[tuple[str, str]]) -> Sample:
    with sqlite3.connect(folder / "fts5.db") as db:
        if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'told'").fetchone():
            db.execute("CREATE VIRTUAL TABLE told USING fts5(id UNINDEXED, text, tokenize='porter')")
            with opened(folder) as log:
                rows = ((event.data.id, event.data.text) for batch in log.scan() for event in batch)
                db.executemany("INSERT INTO told VALUES (?, ?)", rows)
        latencies: list[float] = []
        right = 0
        for query, wanted in questions:
            began = perf_counter()
            match = " OR ".join(query.split())
            found = db.execute("SELECT id FROM told WHERE told MATCH ? ORDER BY rank LIMIT 10", (match,)).fetchall()
            latencies.append(perf_counter() - began)
            right += (wanted,) in found
    db.close()
    return _sample(right, latencies)


def _sample(right: int, latencies: Sequence[float]) -> Sample:
    if right < RIGHT_LEAST * len(latencies):
        raise WrongAnswer(f"{right} of {len(latencies)} memories were found")
    return Sample(len(latencies), sum(latencies), latencies)
