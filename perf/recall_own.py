"""How fast a memory recalls, and whether it finds again what it is asked for: any memory, nothing is written to it.

A question is four words of one of its memories, chosen by a seeded generator; that memory is to be among the ten. Ways
to recall take turns at each question, so that what slows the machine down for a while slows all of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from random import Random
from statistics import quantiles
from time import perf_counter
from typing import Final

import attrs

from remanence.projections.memories.view import Memories
from remanence.reading.identity import as_scope
from remanence.reading.reading import MemoryReader
from remanence.reading.recalling import Preset

from ..projections.recall.words import STOP_WORDS

__all__ = ["PRESETS", "Sampled", "Way", "sampled", "ways"]

PRESETS: Final[tuple[Preset, ...]] = ("fast", "balanced", "accurate")
LIMIT: Final = 10
WORDS: Final = 4
_WORD: Final = re.compile(r"\w{2,}")
_MS: Final = 1e3


@attrs.frozen
class Sampled:
    """Questions about a scope.

    Attributes:
        memories: how many the scope has.
        asked: questions, each with the id of the memory that it is of.
    """

    memories: int
    asked: Sequence[tuple[str, str]]


@attrs.frozen
class Way:
    """What a way to recall came to.

    Attributes:
        name: the preset.
        p50_ms, p95_ms, p99_ms: half of the questions, and 95 and 99 of 100, took no longer.
        found_percent: how many of the memories that were asked for were among the ten.
    """

    name: str
    p50_ms: float
    p95_ms: float
    p99_ms: float
    found_percent: float


def sampled(memory: MemoryReader, scope: str, count: int) -> Sampled:
    """Questions about so many memories of a scope, the same each time.

    Every memory of the scope is read once, and none but those that are asked about is kept.
    """
    random = Random(count)  # noqa: S311 - which memories are asked about, no secret
    rows = memory.engine.view(Memories).rows
    kept: list[tuple[str, str]] = []
    number = 0
    for number, row in enumerate(rows.iterate("by_time", as_scope(scope)), 1):
        at = number - 1 if number <= count else random.randrange(number)
        if at < len(kept):
            kept[at] = (row.text, row.id)
        elif at < count:
            kept.append((row.text, row.id))
    return Sampled(number, [(_question(text, random), memory_id) for text, memory_id in kept])


def ways(memory: MemoryReader, scope: str, asked: Sequence[tuple[str, str]], tell: Callable[[], None]) -> list[Way]:
    """Ask every question in every way; `tell` is called after each question."""
    latencies: dict[Preset, list[float]] = {preset: [] for preset in PRESETS}
    found = dict.fromkeys(PRESETS, 0)
    for preset in PRESETS:
        memory.recall("ready", scope=scope, limit=LIMIT, preset=preset)  # what is made once is made now
    for number, (question, memory_id) in enumerate(asked):
        for turn in range(len(PRESETS)):
            preset = PRESETS[(number + turn) % len(PRESETS)]
            began = perf_counter()
            hits = memory.recall(question, scope=scope, limit=LIMIT, preset=preset)
            latencies[preset].append(perf_counter() - began)
            found[preset] += any(hit.id == memory_id for hit in hits)
        tell()
    return [_way(preset, latencies[preset], found[preset]) for preset in PRESETS]


def _way(name: str, latencies: Sequence[float], found: int) -> Way:
    shares = quantiles([*latencies, *latencies], n=100, method="inclusive")  # twice: one question is enough
    p50, p95, p99 = (shares[share - 1] * _MS for share in (50, 95, 99))
    return Way(name, p50, p95, p99, 100 * found / len(latencies))


def _question(text: str, random: Random) -> str:
    """A few words of a text in their order; all of it, if it has hardly any."""
    words = list(dict.fromkeys(word for word in _WORD.findall(text) if word.lower() not in STOP_WORDS))
    if not words:
        return text
    chosen = sorted(random.sample(range(len(words)), min(WORDS, len(words))))
    return " ".join(words[at] for at in chosen)
