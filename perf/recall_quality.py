"""How good recall is: on conversations with questions and the turns that answer them, and on abstracts with judgements.

    python -m remanence.perf.recall_quality --locomo FILE --cranfield FOLDER

Prints a table of what each part adds, in per cent. LoCoMo: a scope for each conversation, the question alone as the
query; coverage@10 is the share of a question's evidence among the first ten, averaged over questions; for sessions,
ranked by their best turn.
Cranfield: nDCG@10 with binary gains, each abstract a memory.
"""

from __future__ import annotations

import math
import sys
from argparse import ArgumentParser
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory
from typing import Any, Final

import attrs
import trio

from remanence.memory.memory import Memory
from remanence.opening.opening import open_memory
from remanence.reading.identity import NewMemory
from remanence.reading.reading import MemoryReader

from .recall_cranfield import cranfield
from .recall_locomo import KINDS, Conversation, conversations

__all__ = ["main"]

BARE: Final = {"feedback": 0.0, "reach": 0, "meaning": 0.0, "speaker": 0.0, "session": 0.0, "length": 0.0, "asks": 0.0}
WORDS: Final = BARE | {"reach": 3}
PRIORS: Final = {"speaker": 1.0, "session": 0.5, "length": 0.5, "asks": 0.5}
STEPS: Final[Mapping[str, Mapping[str, Any]]] = {
    "words (BM25)": {"weights": BARE},
    "meaning alone": {"weights": BARE | {"words": 0.0, "meaning": 1.0}},
    "words ±1": {"weights": BARE | {"reach": 1}},
    "words ±2": {"weights": BARE | {"reach": 2}},
    "words ±3": {"weights": WORDS},
    "words ±3, speaker": {"weights": WORDS | {"speaker": 1.0}},
    "words ±3, speaker, session": {"weights": WORDS | {"speaker": 1.0, "session": 0.5}},
    "words ±3, speaker, session, length": {"weights": WORDS | PRIORS | {"asks": 0.0}},
    "words ±3 and all four": {"weights": WORDS | PRIORS},
    "words ±3, meaning ±3": {"weights": WORDS | {"meaning": 1.0}},
    "balanced: all of it": {},
    "no feedback": {"weights": {"feedback": 0.0}},
    "fast": {"preset": "fast"},
    "balanced, fused by max": {"fusion": "max"},
    "balanced, harmonic": {"fusion": "harmonic"},
    "balanced, geometric": {"fusion": "geometric"},
    "balanced, reciprocal ranks": {"fusion": "reciprocal"},
    "balanced + recency 0.5": {"weights": {"recency": 0.5}},
}


@attrs.frozen
class Asked:
    """A question and what answers it."""

    scope: str
    query: str
    answers: frozenset[str]
    kind: str


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is there; returns the exit code."""
    parser = ArgumentParser("python -m remanence.perf.recall_quality", description="Measure how good recall is.")
    parser.add_argument("--locomo", type=Path, metavar="FILE", help="LoCoMo's JSON")
    parser.add_argument("--cranfield", type=Path, metavar="FOLDER", help="cran.all.1400, cran.qry and cranqrel")
    options = parser.parse_args(arguments)
    for path, measure in ((options.locomo, _locomo), (options.cranfield, _cranfield)):
        if path is not None:
            with TemporaryDirectory(prefix="remanence-quality-") as folder:
                trio.run(measure, path, Path(folder))
    return 0


async def _locomo(path: Path, folder: Path) -> None:
    samples = conversations(path)
    async with open_memory(folder / "memory") as memory:
        asked = [each for sample in samples for each in await _told(memory, sample)]
        print(f"\nLoCoMo, {len(asked)} questions of {len(samples)} conversations, coverage@10\n")
        heads = ["", "all", "without adversarial", *KINDS.values(), "sessions"]
        print(f"| {' | '.join(heads)} |\n|---|{'---:|' * (len(heads) - 1)}")
        for name, options in STEPS.items():
            print(f"| {name} | {' | '.join(_coverage(memory, asked, options))} |", flush=True)


async def _told(memory: Memory, conversation: Conversation) -> list[Asked]:
    """Bring a conversation in; its questions."""
    scope = conversation.name
    new = [
        NewMemory(turn.text, scope, "turn", session=turn.session, place=turn.place, speaker=turn.speaker)
        for turn in conversation.turns
    ]
    ids = dict(zip((turn.name for turn in conversation.turns), await memory.remember_many(new), strict=True))
    return [
        Asked(scope, question.text, frozenset(ids[name] for name in question.answers), question.kind)
        for question in conversation.questions
    ]


def _coverage(memory: Memory, asked: Sequence[Asked], options: Mapping[str, Any]) -> list[str]:
    found: dict[str, list[float]] = defaultdict(list)
    sessions: list[float] = []
    for each in asked:
        hits = MemoryReader.recall(memory, each.query, scope=each.scope, limit=200, **options)
        found[each.kind].append(len(each.answers & {hit.id for hit in hits[:10]}) / len(each.answers))
        ranked = list(dict.fromkeys(hit.memory.session for hit in hits))[:10]
        wanted = {memory.get(answer).session for answer in each.answers}
        sessions.append(len(wanted & set(ranked)) / len(wanted))
    every = [value for values in found.values() for value in values]
    honest = [value for kind, values in found.items() if kind != "adversarial" for value in values]
    return [
        f"{100 * mean(values):.1f}" for values in (every, honest, *(found[kind] for kind in KINDS.values()), sessions)
    ]


async def _cranfield(path: Path, folder: Path) -> None:
    collection = cranfield(path)
    told = collection.abstracts
    async with open_memory(folder / "memory") as memory:
        ids = dict(
            zip(await memory.remember_many(NewMemory(text, "cranfield") for text in told.values()), told, strict=True)
        )
        what = f"{len(collection.questions)} queries over {len(told)} abstracts"
        print(f"\nCranfield, {what}, nDCG@10\n\n| | nDCG@10 |\n|---|---:|")
        for step in ("words (BM25)", "meaning alone", "no feedback", "balanced: all of it"):
            values: list[float] = []
            for query, judged in collection.questions.values():
                hits = MemoryReader.recall(memory, query, scope="cranfield", **STEPS[step])
                values.append(_ndcg([ids[hit.id] in judged for hit in hits], len(judged)))
            print(f"| {step} | {100 * mean(values):.1f} |", flush=True)


def _ndcg(right: Sequence[bool], wanted: int) -> float:
    best = sum(1 / math.log2(rank + 2) for rank in range(min(10, wanted)))
    return sum(1 / math.log2(rank + 2) for rank, is_right in enumerate(right[:10]) if is_right) / best if best else 0.0


if __name__ == "__main__":
    sys.exit(main())
