"""How good recall is: on conversations with questions and the turns that answer them, and on abstracts with judgements.

    python -m remanence.perf.recall_quality --locomo FILE --cranfield FOLDER [--wordnet FOLDER]
                                            [--embedder FOLDER [--vectors FILE]]

Prints a table of what each part adds, in per cent. LoCoMo: a scope for each conversation, the question alone as the
query; coverage@10 is the share of a question's evidence among the first ten, averaged over questions; for sessions,
ranked by their best turn.
Cranfield: nDCG@10 with binary gains, each abstract a memory.

With `--embedder`, a folder that `remanence.embedders.bert` reads, meaning is that model's. FILE keeps its vectors,
which take a minute for a thousand turns. With `--wordnet`, a folder of its files, there is a row of what it adds.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import trio

from remanence.embedders.bert import BertEmbedder
from remanence.memory.memory import Memory
from remanence.opening.opening import open_memory
from remanence.projections.recall.plugs import RecallSettings

from ..projections.recall.wordnet import WordNet
from .kept_vectors import KeptVectors
from .recall_cranfield import cranfield
from .recall_judging import HEADS, coverage, gain, remember_abstracts, remember_turns
from .recall_locomo import conversations

__all__ = ["main"]

PARTS: Final = ("feedback", "reach", "meaning", "speaker", "session", "length", "asks", "dates")
BARE: Final = dict.fromkeys(PARTS, 0)
WORDS: Final = BARE | {"reach": 3}
PRIORS: Final = {"speaker": 1.5, "session": 0.5, "length": 0.5, "asks": 0.5, "dates": 4.0}
STEPS: Final[Mapping[str, Mapping[str, Any]]] = {
    "words (BM25)": {"weights": BARE},
    "meaning alone": {"weights": BARE | {"words": 0.0, "meaning": 1.0}},
    "words ±1": {"weights": BARE | {"reach": 1}},
    "words ±2": {"weights": BARE | {"reach": 2}},
    "words ±3": {"weights": WORDS},
    "words ±3 and all five": {"weights": WORDS | PRIORS},
    "words ±3, meaning ±3": {"weights": WORDS | {"meaning": 1.0}},
    "balanced: all of it": {},
    "… without speaker": {"weights": {"speaker": 0.0}},
    "… without session": {"weights": {"session": 0.0}},
    "… without length": {"weights": {"length": 0.0}},
    "… without asks": {"weights": {"asks": 0.0}},
    "… without dates": {"weights": {"dates": 0.0}},
    "… without feedback": {"weights": {"feedback": 0.0}},
    "fast": {"preset": "fast"},
    "accurate": {"preset": "accurate"},
    "balanced + WordNet": {"weights": {"related": 0.25}},
    "balanced, fused by max": {"fusion": "max"},
    "balanced, harmonic": {"fusion": "harmonic"},
    "balanced, geometric": {"fusion": "geometric"},
    "balanced, reciprocal ranks": {"fusion": "reciprocal"},
    "balanced + recency 0.5": {"weights": {"recency": 0.5}},
}
ABSTRACTS: Final = (
    "words (BM25)",
    "meaning alone",
    "… without feedback",
    "balanced: all of it",
    "accurate",
    "balanced + WordNet",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is there; returns the exit code."""
    parser = ArgumentParser("python -m remanence.perf.recall_quality", description="Measure how good recall is.")
    parser.add_argument("--locomo", type=Path, metavar="FILE", help="LoCoMo's JSON")
    parser.add_argument("--cranfield", type=Path, metavar="FOLDER", help="cran.all.1400, cran.qry and cranqrel")
    parser.add_argument("--embedder", type=Path, metavar="FOLDER", help="a model that remanence.embedders.bert reads")
    parser.add_argument("--vectors", type=Path, metavar="FILE", help="where its vectors are kept, an .npz file")
    parser.add_argument("--wordnet", type=Path, metavar="FOLDER", help="the files of WordNet, as wordnet-base has them")
    options = parser.parse_args(arguments)
    embedder = None if options.embedder is None else KeptVectors(BertEmbedder(options.embedder), options.vectors)
    settings = RecallSettings(thesaurus=None if options.wordnet is None else WordNet(options.wordnet))
    for path, measure in ((options.locomo, _locomo), (options.cranfield, _cranfield)):
        if path is not None:
            with TemporaryDirectory(prefix="remanence-quality-") as folder:
                trio.run(measure, path, Path(folder), embedder, settings)
    if embedder is not None:
        embedder.save()
    return 0


async def _embedded(memory: Memory, embedder: KeptVectors | None) -> str:
    """Have every memory embedded; what meaning is measured with."""
    if embedder is None:
        return "no model"
    await memory.engine.actor("embedding").ask("all", timeout_s=3600)
    embedder.save()
    return embedder.identity.name


async def _locomo(path: Path, folder: Path, embedder: KeptVectors | None, settings: RecallSettings) -> None:
    samples = conversations(path)
    async with open_memory(folder / "memory", embedder=embedder, recall=settings) as memory:
        asked = [each for sample in samples for each in await remember_turns(memory, sample)]
        what = f"{len(asked)} questions of {len(samples)} conversations, {await _embedded(memory, embedder)}"
        print(f"\nLoCoMo, {what}, coverage@10\n")
        print(f"|  | {' | '.join(HEADS)} |\n|---|{'---:|' * len(HEADS)}")
        for name, options in _steps(STEPS, settings):
            found = coverage(memory, asked, options)
            cells = (f"{found[head]:.1f}" if head in found else "" for head in HEADS)
            print(f"| {name} | {' | '.join(cells)} |", flush=True)
        for preset in ("balanced", "accurate"):
            options = {"preset": preset, "weights": {"related": 0.0}}
            each = {
                sample.name: coverage(memory, [one for one in asked if one.scope == sample.name], options)
                for sample in samples
            }
            print(f"\n{preset}: {', '.join(f'{name} {found[HEADS[0]]:.1f}' for name, found in each.items())}")


async def _cranfield(path: Path, folder: Path, embedder: KeptVectors | None, settings: RecallSettings) -> None:
    collection = cranfield(path)
    async with open_memory(folder / "memory", embedder=embedder, recall=settings) as memory:
        asked = await remember_abstracts(memory, collection)
        what = f"{len(asked)} queries over {len(collection.abstracts)} abstracts, {await _embedded(memory, embedder)}"
        print(f"\nCranfield, {what}, nDCG@10\n\n| | nDCG@10 |\n|---|---:|")
        for step, options in _steps(ABSTRACTS, settings):
            print(f"| {step} | {gain(memory, asked, options):.1f} |", flush=True)


def _steps(names: Iterable[str], settings: RecallSettings) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """What to measure: without related words, unless a step is about them."""
    for name in names:
        options = STEPS[name]
        weights = {"related": 0.0} | options.get("weights", {})
        if settings.thesaurus is not None or not weights["related"]:
            yield name, {**options, "weights": weights}


if __name__ == "__main__":
    sys.exit(main())
