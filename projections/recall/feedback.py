"""Feedback: words that a question's best answers have in common are asked for as well.

It pays where memories are long (abstracts, documents) and costs where they are turns of a conversation: it is for the
former alone. Source: RM3, Abdul-Jaleel et al., UMass at TREC 2004; the numbers are the usual ones.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import Final

import attrs

from .asking import Asked
from .scope_index import ScopeIndex

__all__ = ["MEMORIES", "expanded", "pays"]

MEMORIES: Final = 10
"""Answers that are read."""
WORDS: Final = 30
"""Words that are taken from them."""
SHARE: Final = 0.5
"""What part of the weight they get."""
HEAT: Final = 4.0
"""How far apart scores have to be for one answer to count e times as much as another."""
LONG: Final = 40
"""Words that memories have on average where it pays."""


def pays(index: ScopeIndex) -> bool:
    """Whether a scope's memories are such as feedback is good for."""
    return not index.turns and float(index.length_sums[0]) >= LONG * max(1, index.count)


def expanded(
    question: Asked, ids: Sequence[str], scores: Sequence[float], words_of: Callable[[str], Sequence[int]]
) -> Asked:
    """A question with the words of its best answers.

    Args:
        question: what was asked first.
        ids: what was answered, the best first.
        scores: what each is worth.
        words_of: the words of a memory, by its id.
    """
    weights: defaultdict[int, float] = defaultdict(float)
    shares = [math.exp((score - scores[0]) / HEAT) for score in scores]
    for memory_id, share in zip(ids, shares, strict=True):
        words = words_of(memory_id)
        for word, count in Counter(words).items():
            weights[word] += share * count / len(words)
    chosen = sorted(weights.items(), key=lambda item: (-item[1], item[0]))[:WORDS]
    gained, asked = sum(weight for _, weight in chosen), sum(question.words.values())
    if not gained:
        return question
    together = {word: (1 - SHARE) * weight / asked for word, weight in question.words.items()}
    for word, weight in chosen:
        together[word] = together.get(word, 0.0) + SHARE * weight / gained
    return attrs.evolve(question, words=together)
