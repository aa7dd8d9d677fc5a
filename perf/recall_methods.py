"""Workload `recall-methods`: what each way of recalling costs and finds, in memories of the sizes that agents have.

Words alone, vectors alone, both without anything else, and the presets; at 175, 500, 1,000 and 5,000 memories, in four
conditions:

- *warm*: questions that weren't asked before, of a memory that has been asked others;
- *asked again*: the same questions once more, the second time counts;
- *cold*: the first question of a memory that has just been opened, its index on the disk; opening counts;
- *first of all*: the same with nothing on the disk but the log and its views: the index is made.

Answers are the same in all conditions, and are compared. Beside each time stands how much of the evidence is found.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Final

import attrs
import trio

from remanence.opening.opening import open_memory
from remanence.reading.recalling import ALONE

from .checks import check_same
from .harness import MICROSECONDS, Case, Contender, Plan, Sample
from .recall_material import Made, made
from .recall_peers import evidence
from .recall_systems import Ask, Remanence, forget_index

__all__ = ["METHODS", "recall_methods"]

SIZES: Final = (175, 500, 1_000, 5_000)
OPENINGS: Final = 3
"""How often a memory is opened in a run, each time with another first question; once in a plan of fewer memories."""
METHODS: Final = (
    Remanence(),
    Remanence("accurate", {"preset": "accurate"}),
    Remanence("fast", {"preset": "fast"}),
    Remanence("words", {"weights": {**ALONE, "meaning": 0.0}}),
    Remanence("vectors", {"weights": {**ALONE, "words": 0.0, "meaning": 1.0}}),
    Remanence("words and vectors", {"weights": ALONE}),
    Remanence("words and neighbours", {"weights": {**ALONE, "meaning": 0.0, "reach": 3}}),
)
"""The first is the default, `balanced`."""


def recall_methods(plan: Plan) -> Iterator[Case]:
    """Every size that the plan's events allow, in each condition."""
    for size in [size for size in SIZES if size <= plan.events] or [plan.events]:
        openings = OPENINGS if size in SIZES else 1
        shelf = Shelf(plan.folder / f"recall-methods-{size}", made(size, plan.locomo, plan.cranfield), openings)
        METHODS[0].build(shelf.folder, shelf.made.told)
        for condition, run in (
            ("warm", shelf.warm),
            ("asked again", shelf.again),
            ("cold", shelf.cold),
            ("first of all", shelf.first),
        ):
            contenders = [Contender(method.name, partial(run, method)) for method in METHODS]
            yield Case(f"recall 10 of {size:,} memories, {condition}", "questions", contenders, unit=MICROSECONDS)
        shutil.rmtree(shelf.folder)


@attrs.define
class Shelf:
    """A memory and questions about it, and the answers that each method gave when it was asked first."""

    folder: Path
    made: Made
    openings: int
    answers: dict[str, Sequence[Sequence[str]]] = attrs.field(factory=dict[str, Sequence[Sequence[str]]])

    def warm(self, method: Remanence) -> Sample:
        """Each question once."""
        return method.asked(self.folder, partial(self._timed, method, times=1))

    def again(self, method: Remanence) -> Sample:
        """Each question twice in a row; the second counts."""
        return method.asked(self.folder, partial(self._timed, method, times=2))

    def cold(self, method: Remanence) -> Sample:
        """Opened, and asked one question."""
        return self._opened(method, forget=False)

    def first(self, method: Remanence) -> Sample:
        """Opened without an index on the disk, and asked one question."""
        return self._opened(method, forget=True)

    def _timed(self, method: Remanence, ask: Ask, *, times: int) -> Sample:
        ask("what is warm by now?")
        latencies: list[float] = []
        answers: list[Sequence[str]] = []
        for each in self.made.asked:
            for _ in range(times - 1):
                ask(each.text)
            began = perf_counter()
            answers.append(ask(each.text))
            latencies.append(perf_counter() - began)
        check_same(f"answers of {method.name}", answers, self.answers.setdefault(method.name, answers))
        return self._sample(answers, latencies)

    def _opened(self, method: Remanence, *, forget: bool) -> Sample:
        latencies: list[float] = []
        for number, each in enumerate(islice(self.made.asked, self.openings)):
            if forget:
                forget_index(self.folder)
            began = perf_counter()
            names, seconds = trio.run(_open_and_ask, self.folder, method, each.text, began)
            latencies.append(seconds)
            if method.name in self.answers:
                check_same(f"a cold answer of {method.name}", names, self.answers[method.name][number])
        return Sample(1, median(latencies), latencies)

    def _sample(self, answers: Sequence[Sequence[str]], latencies: Sequence[float]) -> Sample:
        shares = {"evidence": 100 * evidence(self.made, answers)}
        return Sample(1, median(latencies), latencies, shares=shares)


async def _open_and_ask(folder: Path, method: Remanence, question: str, began: float) -> tuple[Sequence[str], float]:
    """The answer, and the seconds until it was there; closing doesn't count."""
    async with open_memory(folder, read_only=True) as memory:
        names = method.names(memory, question)
        return names, perf_counter() - began
