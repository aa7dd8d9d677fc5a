"""Feedback: words that a question's best answers have in common are asked for as well.

It pays where memories are long (abstracts, documents). The best turns of a conversation have less in common: there
few words are taken, of few turns and those beside them, and only for who asks for it (`hop`). Source: RM3, Abdul-Jaleel
et al., UMass at TREC 2004; the numbers for long memories are the usual ones.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from typing import Final

import attrs

from .asking import Asked
from .scope_index import ScopeIndex

__all__ = ["LONG", "TURNS", "Feedback", "around", "expanded", "names_of", "pays"]


@attrs.frozen
class Feedback:
    """How much is learnt from the first answers.

    Attributes:
        memories: answers that are read.
        words: words that are taken from them.
        share: what part of the weight they get.
    """

    memories: int
    words: int
    share: float


LONG: Final = Feedback(memories=10, words=30, share=0.5)
TURNS: Final = Feedback(memories=5, words=10, share=0.3)
HEAT: Final = 4.0
"""How far apart scores have to be for one answer to count e times as much as another."""
LONG_WORDS: Final = 40
"""Words that memories have on average where it pays."""


def pays(index: ScopeIndex) -> bool:
    """Whether a scope's memories are such as feedback is good for."""
    return not index.turns and float(index.length_sums[0]) >= LONG_WORDS * max(1, index.count)


def around(index: ScopeIndex, memory_id: str) -> list[str]:
    """A memory and the turns right beside it."""
    slot = index.slot_of.get(memory_id, 0)
    beside = (slot, int(index.columns["before"][slot]), int(index.columns["after"][slot]))
    return [index.ids[each] for each in beside if each]


def names_of(index: ScopeIndex) -> set[int]:
    """The words of the speakers' names: everybody says them, and they tell nothing."""
    texts = (index.speakers.texts[number] for number, count in index.speakers_alive.items() if count)
    return {word for text in texts for word in index.words.of(text)[0]}


def expanded(
    question: Asked,
    found: Sequence[tuple[Sequence[int], float]],
    how: Feedback,
    without: Collection[int] = (),
) -> Asked:
    """A question with the words of its best answers.

    Args:
        question: what was asked first.
        found: the words of what was answered, and what each is worth, the best first.
        how: how much is learnt.
        without: words that aren't taken.
    """
    weights: defaultdict[int, float] = defaultdict(float)
    for words, score in found:
        share = math.exp((score - found[0][1]) / HEAT)
        for word, count in Counter(words).items():
            if word not in without:
                weights[word] += share * count / len(words)
    chosen = sorted(weights.items(), key=lambda item: (-item[1], item[0]))[: how.words]
    gained, asked = sum(weight for _, weight in chosen), sum(question.words.values())
    if not gained:
        return question
    together = {word: (1 - how.share) * weight / asked for word, weight in question.words.items()}
    for word, weight in chosen:
        together[word] = together.get(word, 0.0) + how.share * weight / gained
    return attrs.evolve(question, words=together)
