"""How much of what was asked for is found: of LoCoMo's evidence, and of Cranfield's judgements, in percent.

Coverage@10 is the share of a question's evidence among the first ten, averaged over questions; for sessions, ranked by
their best turn. nDCG@10 has binary gains. Invariant: what is judged is what `recall` answers, asked as users ask.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from statistics import mean
from typing import Any, Final

import attrs

from remanence.memory.memory import Memory
from remanence.reading.identity import NewMemory
from remanence.reading.reading import MemoryReader

from .recall_cranfield import Cranfield
from .recall_locomo import KINDS, Conversation
from .recall_material import as_memory

__all__ = ["HEADS", "Asked", "coverage", "gain", "remember_abstracts", "remember_turns"]

Tell = Callable[[], None]
"""Told after each question."""
HEADS: Final = ("all", "without adversarial", *KINDS.values(), "sessions")
CRANFIELD: Final = "cranfield"
LIMIT: Final = 10
DEEP: Final = 200
"""So many hits, at most, to find ten sessions in."""


@attrs.frozen
class Asked:
    """A question and what answers it."""

    scope: str
    query: str
    answers: frozenset[str]
    kind: str


def _nobody() -> None:
    """Nobody is told."""


async def remember_turns(memory: Memory, conversation: Conversation) -> list[Asked]:
    """Bring a conversation in, as a scope of its own; its questions."""
    scope = conversation.name
    new = [as_memory(turn, scope) for turn in conversation.turns]
    ids = dict(zip((turn.name for turn in conversation.turns), await memory.remember_many(new), strict=True))
    return [
        Asked(scope, question.text, frozenset(ids[name] for name in question.answers), question.kind)
        for question in conversation.questions
    ]


async def remember_abstracts(memory: Memory, collection: Cranfield) -> list[Asked]:
    """Bring the collection in, each abstract a memory; its questions."""
    texts = collection.abstracts
    new = [NewMemory(text, CRANFIELD) for text in texts.values()]
    ids = dict(zip(texts, await memory.remember_many(new), strict=True))
    return [
        Asked(CRANFIELD, query, frozenset(ids[number] for number in judged if number in ids), CRANFIELD)
        for query, judged in collection.questions.values()
    ]


def coverage(
    memory: Memory, asked: Sequence[Asked], options: Mapping[str, Any], tell: Tell = _nobody
) -> dict[str, float]:
    """Coverage@10 of all questions, of those of each kind, and of sessions: by the names in `HEADS`."""
    found: dict[str, list[float]] = defaultdict(list)
    sessions: list[float] = []
    for each in asked:
        hits = MemoryReader.recall(memory, each.query, scope=each.scope, limit=DEEP, **options)
        found[each.kind].append(len(each.answers & {hit.id for hit in hits[:LIMIT]}) / len(each.answers))
        ranked = list(dict.fromkeys(hit.memory.session for hit in hits))[:LIMIT]
        wanted = {memory.get(answer).session for answer in each.answers}
        sessions.append(len(wanted & set(ranked)) / len(wanted))
        tell()
    every = [value for values in found.values() for value in values]
    honest = [value for kind, values in found.items() if kind != "adversarial" for value in values]
    pairs = zip(HEADS, (every, honest, *(found[kind] for kind in KINDS.values()), sessions), strict=True)
    return {head: 100 * mean(values) for head, values in pairs if values}


def gain(memory: Memory, asked: Sequence[Asked], options: Mapping[str, Any], tell: Tell = _nobody) -> float:
    """nDCG@10, averaged over questions."""
    values: list[float] = []
    for each in asked:
        hits = MemoryReader.recall(memory, each.query, scope=each.scope, limit=LIMIT, **options)
        values.append(_ndcg([hit.id in each.answers for hit in hits], len(each.answers)))
        tell()
    return 100 * mean(values)


def _ndcg(right: Sequence[bool], wanted: int) -> float:
    best = sum(1 / math.log2(rank + 2) for rank in range(min(LIMIT, wanted)))
    gained = sum(1 / math.log2(rank + 2) for rank, is_right in enumerate(right[:LIMIT]) if is_right)
    return gained / best if best else 0.0
