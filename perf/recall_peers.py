"""Workload `recall-peers`: ours beside Chroma, LanceDB and SQLite's FTS5; the same texts, questions and embedder.

For each size: how fast texts are taken in, until the first answer; how fast ours makes its index of them; how long the
median question of a run takes, opened anew and warmed; and what lies on the disk. Beside each time stands how much of
its answers is right:

- *evidence*: the part of what answers the question that is among the ten;
- *nearest*: of those that look for the nearest vectors and nothing else, how many of the ten are as near as the tenth
  nearest of all (within 0.001 of its cosine: of equal texts any will do).

With LoCoMo's file, at the end, the evidence that each finds by the data set's own procedure: each conversation alone.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from statistics import mean, median
from time import perf_counter
from typing import Final

import attrs
import numpy as np
from numpy.typing import NDArray

from ..projections.semantic.static import StaticEmbedder
from .harness import BYTES, MICROSECONDS, PER_SECOND, PERCENT, Case, Contender, Goal, Plan, Sample, WrongAnswer
from .peer_chromadb import Chroma
from .peer_fts5 import Fts5
from .peer_lancedb import LanceExact, LanceHybrid, LanceIndexed
from .recall_locomo import conversations
from .recall_material import Asked, Made, made, of_conversation
from .recall_systems import ALONE, LIMIT, Ask, Remanence, System, forget_index

__all__ = ["SIZES", "recall_peers"]

SIZES: Final = (1_000, 10_000, 100_000, 1_000_000)
WARM: Final = 10
"""So many questions are asked in other words before all of them are timed."""
NEAR: Final = 1e-3
CHUNK: Final = 4_096
P50_MOST_US: Final = {10_000: 2_000.0, 100_000: 5_000.0}
TAKEN_IN_LEAST: Final = 5_000
OURS: Final = (
    Remanence(),
    Remanence("remanence, fast", {"preset": "fast"}),
    Remanence("remanence, words alone", {"weights": {**ALONE, "meaning": 0.0}}),
    Remanence("remanence, vectors alone", {"weights": {**ALONE, "words": 0.0, "meaning": 1.0}}, is_semantic=True),
)
Floats = NDArray[np.float32]


def recall_peers(plan: Plan) -> Iterator[Case]:
    """Sizes as far as the plan goes, and then the evidence of each system."""
    for size in [size for size in SIZES if size <= plan.events] or [plan.events]:
        systems, notes = _systems(plan, size)
        side = Side(plan.folder / f"recall-peers-{size}", made(size, plan.locomo, plan.cranfield))
        side.folder.mkdir()
        yield _taking_in(side, systems, notes)
        yield _indexing(side)
        yield _answering(side, systems, notes)
        yield _keeping(side, systems, notes)
        shutil.rmtree(side.folder)
    if plan.locomo is not None:
        yield _evidence(plan, plan.locomo)


def _systems(plan: Plan, size: int) -> tuple[Sequence[System], Sequence[str]]:
    """Who can be measured, and why others can't."""
    systems: list[System] = [*OURS, Fts5()]
    notes: list[str] = []
    peers: dict[str, Sequence[System]] = {
        "chromadb": (Chroma(),),
        "lancedb": (LanceExact(), LanceIndexed(), LanceHybrid(size)),
    }
    for package, ways in peers.items():
        if not plan.peers:
            notes.append(f"{package} was left out, as asked for")
        elif find_spec(package) is None:
            notes.append(f"{package} is not installed: pip install 'remanence[peers]'")
        else:
            systems += (way for way in ways if way.texts_max is None or size <= way.texts_max)
            late = [way.name for way in ways if way.texts_max is not None and size > way.texts_max]
            notes += [f"{name} was left out: it takes too long to store {size:,} texts" for name in late]
    return systems, notes


@attrs.define
class Side:
    """What all systems are given at one size, and where they keep it."""

    folder: Path
    made: Made
    taken_in_s: dict[str, float] = attrs.field(factory=dict[str, float])
    tenths: dict[bool, Sequence[float]] = attrs.field(factory=dict[bool, Sequence[float]])

    def store(self, system: System) -> Path:
        """Where a system keeps it: stored when it is needed first."""
        folder = self.folder / system.store
        if not folder.exists():
            began = perf_counter()
            system.build(folder, self.made.told)
            self.taken_in_s[system.store] = perf_counter() - began
        return folder

    def taken_in(self, system: System) -> Sample:
        """How long it took to store everything: measured once, because it is what takes long."""
        self.store(system)
        return Sample(len(self.made.told), self.taken_in_s[system.store])

    def indexed(self, system: Remanence) -> Sample:
        """How long the first question takes of what is remembered, and has no index yet."""
        folder = self.store(system)
        forget_index(folder)

        def first(ask: Ask) -> float:
            began = perf_counter()
            ask("ready")
            return perf_counter() - began

        return Sample(len(self.made.told), system.asked(folder, first))

    def kept(self, system: System) -> Sample:
        """What is on the disk."""
        return Sample(_disk_bytes(self.store(system)), 1.0)

    def answered(self, system: System) -> Sample:
        """All questions, one after the other."""
        return system.asked(self.store(system), partial(self.ask, system))

    def ask(self, system: System, ask: Ask) -> Sample:
        """Ask all questions, and hold the answers against what is known.

        Raises:
            WrongAnswer: an answer can't be one.
        """
        for each in self.made.asked[:WARM]:
            ask(" ".join(reversed(each.text.split())))  # not itself: answers may be kept
        latencies: list[float] = []
        answers: list[Sequence[str]] = []
        for each in self.made.asked:
            began = perf_counter()
            answers.append(ask(each.text))
            latencies.append(perf_counter() - began)
        self._check(system, answers)
        shares = {"evidence": 100 * evidence(self.made, answers)}
        if system.is_semantic:
            shares["nearest"] = 100 * self.nearest(system, answers)
        return Sample(1, median(latencies), latencies, shares=shares)

    def _check(self, system: System, answers: Sequence[Sequence[str]]) -> None:
        """Make sure that an answer is of different texts that were told, ten at most, and that there are answers."""
        known = {each.name for each in self.made.told}
        for names in answers:
            if len(set(names)) != len(names) or len(names) > LIMIT or not known.issuperset(names):
                message = f"{system.name}: {names!r:.200} are not ten texts at most that were told"
                raise WrongAnswer(message)
        if not any(answers):
            message = f"{system.name}: no question was answered"
            raise WrongAnswer(message)

    def nearest(self, system: System, answers: Sequence[Sequence[str]]) -> float:
        """The part of the ten nearest that a system found, from 0 to 1: what is as near as the tenth."""
        read = [each.text if system.takes_speakers else each.line for each in self.made.told]
        if system.takes_speakers not in self.tenths:
            self.tenths[system.takes_speakers] = _tenths(read, self.made.asked)
        tenths = self.tenths[system.takes_speakers]
        texts = {each.name: text for each, text in zip(self.made.told, read, strict=True)}
        embedder = StaticEmbedder()
        right = total = 0
        for asked, names, tenth in zip(self.made.asked, answers, tenths, strict=True):
            found = _unit(embedder.embed([texts[name] for name in names])) @ _unit(embedder.embed([asked.text]))[0]
            right += int((found >= tenth - NEAR).sum())
            total += min(LIMIT, len(self.made.told))
        return right / total


def evidence(made_: Made, answers: Sequence[Sequence[str]]) -> float:
    """The part of each question's evidence that was found, averaged."""
    pairs = zip(made_.asked, answers, strict=True)
    return mean(len(asked.answers & set(names)) / len(asked.answers) for asked, names in pairs)


def _stores(systems: Sequence[System]) -> list[System]:
    """The first system of those that share what is stored."""
    first: dict[str, System] = {}
    for system in systems:
        first.setdefault(system.store, system)
    return list(first.values())


def _taking_in(side: Side, systems: Sequence[System], notes: Sequence[str]) -> Case:
    contenders = [Contender(system.name, partial(side.taken_in, system)) for system in _stores(systems)]
    goals = [Goal(least=TAKEN_IN_LEAST)]
    return Case(f"take in {len(side.made.told):,} memories", "memories", contenders, goals, PER_SECOND, notes)


def _indexing(side: Side) -> Case:
    contenders = [Contender(OURS[0].name, partial(side.indexed, OURS[0]))]
    goals = [Goal(least=TAKEN_IN_LEAST)]
    return Case(f"index {len(side.made.told):,} memories, words and vectors", "memories", contenders, goals, PER_SECOND)


def _answering(side: Side, systems: Sequence[System], notes: Sequence[str]) -> Case:
    size = len(side.made.told)
    contenders = [Contender(system.name, partial(side.answered, system)) for system in systems]
    goals = [Goal(most=1, over=system.name) for system in systems if system not in OURS]
    if size in P50_MOST_US:
        goals.append(Goal(most=P50_MOST_US[size]))
    return Case(f"recall 10 of {size:,} memories", "questions", contenders, goals, MICROSECONDS, notes)


def _keeping(side: Side, systems: Sequence[System], notes: Sequence[str]) -> Case:
    contenders = [Contender(system.name, partial(side.kept, system)) for system in _stores(systems)]
    return Case(f"{len(side.made.told):,} memories on the disk", "", contenders, (), BYTES, notes)


def _evidence(plan: Plan, locomo: Path) -> Case:
    """What each system finds of LoCoMo's evidence, each conversation by itself."""
    parts = [of_conversation(conversation) for conversation in conversations(locomo)]
    systems, notes = _systems(plan, SIZES[0])
    contenders = [Contender(system.name, _found(plan.folder, parts, system)) for system in systems]
    goals = [Goal(least=1, over=system.name) for system in systems if system not in OURS]
    return Case("LoCoMo's evidence among the first ten", "", contenders, goals, PERCENT, notes)


def _found(folder: Path, parts: Sequence[Made], system: System) -> Callable[[], Sample]:
    @cache
    def found() -> Sample:
        shares: list[float] = []
        for number, part in enumerate(parts):
            place = folder / f"locomo-{number}"
            system.build(place, part.told)

            def session(ask: Ask, part: Made = part) -> Sequence[Sequence[str]]:
                return [ask(each.text) for each in part.asked]

            answers = system.asked(place, session)
            shutil.rmtree(place)
            shares += [evidence(part, answers)] * len(part.asked)
        return Sample(round(mean(shares) * 1e6), 1.0, of=1_000_000)

    return found


def _tenths(read: Sequence[str], asked: Sequence[Asked]) -> Sequence[float]:
    """The cosine of the tenth nearest text of each question, all of them compared."""
    embedder = StaticEmbedder()
    questions = _unit(embedder.embed([each.text for each in asked]))
    best: Floats = np.full((len(questions), 0), -1, np.float32)
    for start in range(0, len(read), CHUNK):
        texts = _unit(embedder.embed(read[start : start + CHUNK]))
        best = -np.sort(-np.hstack([best, questions @ texts.T]), axis=1)[:, :LIMIT]
    return [float(row[-1]) for row in best]


def _unit(vectors: Floats) -> Floats:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Floats = (vectors / np.maximum(lengths, 1e-9)).astype(np.float32)
    return unit


def _disk_bytes(folder: Path) -> int:
    """What the files take on the disk: blocks, because a file of LMDB has holes."""
    return sum(path.stat().st_blocks * 512 for path in folder.rglob("*") if path.is_file())
