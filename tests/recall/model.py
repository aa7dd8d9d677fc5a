"""The model: what recall's words score, computed the long way from rows, with plain dicts and sums."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from remanence import MemoryRow
from remanence.projections.recall.words import words_of

K1, B = 1.2, 0.75


def row(
    memory_id: str,
    text: str,
    *,
    kind: str = "fact",
    tags: Sequence[str] = (),
    session: str | None = None,
    place: int | None = None,
    speaker: str | None = None,
    time_ns: int = 0,
    confidence: float = 0.8,
    changed: int = 1,
) -> MemoryRow:
    """A memory, as the view would have it."""
    return MemoryRow(
        id=memory_id,
        scope=("main",),
        kind=kind,
        text=text,
        confidence=confidence,
        importance=0.5,
        tags=tuple(tags),
        metadata={},
        session=session,
        place=place,
        speaker=speaker,
        time_ns=time_ns,
        position=changed,
        changed=changed,
    )


def windows(rows: Sequence[MemoryRow], reach: int) -> dict[str, list[int]]:
    """The words of each memory and of its neighbours, by its id."""
    found: dict[str, list[int]] = {}
    for each in rows:
        near = [each]
        if each.session is not None:
            turns = sorted((one for one in rows if one.session == each.session), key=lambda one: (one.place, one.id))
            at = turns.index(each)
            near = turns[max(0, at - reach) : at + reach + 1]
        found[each.id] = [word for one in near for word in words_of(one.text)[0]]
    return found


def bm25(documents: dict[str, list[int]], words: Counter[int]) -> dict[str, float]:
    """BM25 of every document, by the formula."""
    average = sum(map(len, documents.values())) / len(documents)
    counts = {name: Counter(said) for name, said in documents.items()}
    scores = dict.fromkeys(documents, 0.0)
    for word, weight in words.items():
        having = sum(word in count for count in counts.values())
        idf = math.log1p((len(documents) - having + 0.5) / (having + 0.5))
        for name, count in counts.items():
            norm = K1 * (1 - B + B * len(documents[name]) / max(average, 1e-9))
            scores[name] += weight * idf * count[word] * (K1 + 1) / (count[word] + norm)
    return scores


def standard(scores: dict[str, float]) -> dict[str, float]:
    """How many spreads above the mean each is."""
    mean = sum(scores.values()) / len(scores)
    spread = math.sqrt(sum((each - mean) ** 2 for each in scores.values()) / len(scores))
    return {name: (each - mean) / spread if spread > 1e-9 else 0.0 for name, each in scores.items()}
