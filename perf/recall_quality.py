"""How good recall is: on conversations with questions and the turns that answer them, and on abstracts with judgements.

    python -m remanence.perf.recall_quality --locomo FILE --cranfield FOLDER

Prints a table of what each part adds, in per cent. LoCoMo: a scope for each conversation, the question alone as the
query; coverage@10 is the share of a question's evidence among the first ten, averaged over questions; for sessions,
ranked by their best turn.
Cranfield: nDCG@10 with binary gains, each abstract a memory.
"""

from __future__ import annotations

import json
import math
import re
import sys
from argparse import ArgumentParser
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
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
KINDS: Final = {1: "multi-hop", 2: "temporal", 3: "open-domain", 4: "single-hop", 5: "adversarial"}
_EVIDENCE: Final = re.compile(r"D:?(\d+):(\d+)")


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
    samples = json.loads(path.read_bytes())  # noqa: ASYNC240 - nobody waits
    async with open_memory(folder / "memory") as memory:
        asked = [each for sample in samples for each in await _told(memory, sample)]
        print(f"\nLoCoMo, {len(asked)} questions of {len(samples)} conversations, coverage@10\n")
        heads = ["", "all", "without adversarial", *KINDS.values(), "sessions"]
        print(f"| {' | '.join(heads)} |\n|---|{'---:|' * (len(heads) - 1)}")
        for name, options in STEPS.items():
            print(f"| {name} | {' | '.join(_coverage(memory, asked, options))} |", flush=True)


async def _told(memory: Memory, sample: Any) -> list[Asked]:
    """Bring a conversation in; its questions."""
    scope, conversation = sample["sample_id"], sample["conversation"]
    ids: dict[str, str] = {}
    sessions = sorted(
        (name for name in conversation if re.fullmatch(r"session_\d+", name)), key=lambda name: int(name[8:])
    )
    for session in sessions:
        turns = conversation[session]
        new = [
            NewMemory(_said(turn), scope, "turn", session=session, place=place, speaker=turn["speaker"])
            for place, turn in enumerate(turns, 1)
        ]
        ids |= dict(zip((turn["dia_id"] for turn in turns), await memory.remember_many(new), strict=True))
    return list(_questions(scope, sample["qa"], ids))


def _said(turn: Mapping[str, str]) -> str:
    return turn["text"] + (f" and shared {turn['blip_caption']}" if turn.get("blip_caption") else "")


def _evidence(question: Mapping[str, Any]) -> list[str]:
    """What a question names as its evidence; several turns may stand in one text."""
    return question.get("evidence") or []


def _questions(scope: str, questions: Sequence[Any], ids: Mapping[str, str]) -> Iterator[Asked]:
    for question in questions:
        named = [f"D{int(one)}:{int(two)}" for each in _evidence(question) for one, two in _EVIDENCE.findall(each)]
        answers = frozenset(ids[each] for each in named if each in ids)
        if answers:
            yield Asked(scope, question["question"], answers, KINDS[question["category"]])


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
    abstracts = {int(number): fields["W"] for number, fields in _records(path / "cran.all.1400")}
    queries = [fields["W"] for _, fields in _records(path / "cran.qry")]
    judged: dict[int, set[int]] = defaultdict(set)
    for line in (path / "cranqrel").read_text().splitlines():
        judge, abstract, grade = map(int, line.split()[:3])
        if grade > 0:
            judged[judge].add(abstract)
    async with open_memory(folder / "memory") as memory:
        told = {number: text for number, text in abstracts.items() if text.strip()}
        ids = dict(
            zip(await memory.remember_many(NewMemory(text, "cranfield") for text in told.values()), told, strict=True)
        )
        print(f"\nCranfield, {len(queries)} queries over {len(told)} abstracts, nDCG@10\n\n| | nDCG@10 |\n|---|---:|")
        for step in ("words (BM25)", "meaning alone", "no feedback", "balanced: all of it"):
            values: list[float] = []
            for at, query in enumerate(queries, 1):
                hits = MemoryReader.recall(memory, query, scope="cranfield", **STEPS[step])
                values.append(_ndcg([ids[hit.id] in judged[at] for hit in hits], len(judged[at])))
            print(f"| {step} | {100 * mean(values):.1f} |", flush=True)


def _records(path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Records of `.I number` and fields of a letter each."""
    for record in re.split(r"^\.I ", path.read_text(), flags=re.MULTILINE)[1:]:
        number, *fields = re.split(r"^\.([TABW])$", record, flags=re.MULTILINE)
        yield (
            number.strip(),
            {name: " ".join(text.split()) for name, text in zip(fields[::2], fields[1::2], strict=True)},
        )


def _ndcg(right: Sequence[bool], wanted: int) -> float:
    best = sum(1 / math.log2(rank + 2) for rank in range(min(10, wanted)))
    return sum(1 / math.log2(rank + 2) for rank, is_right in enumerate(right[:10]) if is_right) / best if best else 0.0


if __name__ == "__main__":
    sys.exit(main())
