"""Control, conteXt, Data: which of the three a text is, how surely, and with what outcome; or none. Pure.

Each cue that is found adds its weight to its class, once. With `total` of the best class and `share` its part of all
the weight, the confidence is `share * total / (total + 0.5)`, 0.95 at most: one word alone never makes it sure, and
what speaks for another class counts against it. The state tells the outcome: `-` when the text tells of a failure,
else `+` from 0.7 on, `~` (partly) from 0.4, `?` (uncertain) from 0.2. Below that, between two that are equal, and
where there are hints and nothing else, it abstains.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from math import isclose
from typing import Final

import attrs

from .cues import CUES, FAILURES
from .verdicts import CLASSES
from .words import Word

__all__ = ["Cxd", "classify", "is_act", "state_of"]

SURE: Final = 0.7
PARTLY: Final = 0.4
UNCERTAIN: Final = 0.2
CONFIDENCE_MAX: Final = 0.95
_HALF: Final = 0.5
"""The weight at which a text that speaks for one class alone is half sure."""
_WORD: Final = 0.7
"""The weight of a verb or noun of the kind; what has less is a hint."""
_AMOUNT: Final = 0.3
_AMOUNTS_MAX: Final = 3
_OPENING: Final = 0.3
"""What a verb adds by opening the text: there it is an instruction, or a line of a log."""
_PREFIX: Final = 3
_WORDS_MAX: Final = 200
"""What a text is for is said at its beginning; a long one says something of everything."""

Pattern = tuple[str, ...]
Entry = tuple[Pattern, str, float]


@attrs.frozen
class Cxd:
    """What a text is for.

    Attributes:
        cxd: control, context or data.
        state: `+`, `-`, `~` or `?`.
        confidence: 0.2 to 0.95.
        evidence: the cues that spoke for it, in the text's order.
    """

    cxd: str
    state: str
    confidence: float
    evidence: tuple[str, ...]


def classify(words: Sequence[Word]) -> Cxd | None:
    """The class of a text, or None."""
    normals = [word.normal for word in words[:_WORDS_MAX]]
    found: dict[tuple[str, str], float] = {}
    for at, phrase, cxd, weight in _matches(normals, _cues_at):
        key = (cxd, phrase)
        opens = _OPENING if at == 0 and weight == _WORD else 0.0
        found[key] = max(found.get(key, 0.0), weight + opens)
    totals: dict[str, float] = dict.fromkeys(CLASSES, 0.0)
    for (cxd, _), weight in found.items():
        totals[cxd] += weight
    for cxd, weight in _signs(words).items():
        totals[cxd] += weight
    best, second = sorted(CLASSES, key=lambda cxd: -totals[cxd])[:2]
    total = totals[best]
    if isclose(total, totals[second]) or all(weight < _WORD for (cxd, _), weight in found.items() if cxd == best):
        return None
    confidence = round(min(CONFIDENCE_MAX, total / sum(totals.values()) * total / (total + _HALF)), 4)
    if confidence < UNCERTAIN:
        return None
    has_failed = next(_matches(normals, _failures_at), None) is not None
    state = "-" if has_failed else state_of(confidence)
    return Cxd(best, state, confidence, tuple(phrase for cxd, phrase in found if cxd == best))


def state_of(confidence: float) -> str:
    """The state of a class that is so sure, unless the text tells of a failure."""
    return "+" if confidence >= SURE else "~" if confidence >= PARTLY else "?"


@lru_cache(maxsize=8192)
def is_act(normal: str) -> bool:
    """Whether a word tells what is done rather than what it is done to: it is a cue of control or data."""
    return any(len(pattern) == 1 and weight >= _WORD and cxd != "context" for pattern, cxd, weight in _cues_at(normal))


def _table(entries: Iterator[Entry]) -> Mapping[str, tuple[Entry, ...]]:
    """Cues by the first letters of their first word, so that a word meets only those that it may begin."""
    table: dict[str, list[Entry]] = {}
    for entry in entries:
        table.setdefault(entry[0][0].strip("*")[:_PREFIX], []).append(entry)
    return {key: tuple(sorted(found, key=lambda entry: -entry[2])) for key, found in table.items()}


@cache
def _cue_table() -> Mapping[str, tuple[Entry, ...]]:
    """Made when it is first asked for, as not every program tags."""
    return _table(
        (pattern, cxd, weight) for cxd, lists in CUES.items() for weight, patterns in lists for pattern in patterns
    )


@cache
def _failure_table() -> Mapping[str, tuple[Entry, ...]]:
    return _table((pattern, "", 1.0) for pattern in FAILURES)


@lru_cache(maxsize=8192)
def _cues_at(normal: str) -> tuple[Entry, ...]:
    """Cues that a word is the first word of."""
    return _begun_by(normal, _cue_table())


@lru_cache(maxsize=8192)
def _failures_at(normal: str) -> tuple[Entry, ...]:
    """Failures that a word is the first word of."""
    return _begun_by(normal, _failure_table())


def _begun_by(normal: str, table: Mapping[str, tuple[Entry, ...]]) -> tuple[Entry, ...]:
    near = (entry for size in range(min(_PREFIX, len(normal)) + 1) for entry in table.get(normal[:size], ()))
    return tuple(entry for entry in near if _fits(entry[0][0], normal))


def _matches(
    normals: Sequence[str], begun_by: Callable[[str], tuple[Entry, ...]]
) -> Iterator[tuple[int, str, str, float]]:
    """Where cues stand: place, words, class, weight."""
    for at, normal in enumerate(normals):
        for pattern, cxd, weight in begun_by(normal):
            end = at + len(pattern)
            if end <= len(normals) and all(map(_fits, pattern, normals[at:end])):
                yield at, " ".join(normals[at:end]), cxd, weight


def _fits(pattern: str, normal: str) -> bool:
    if pattern.endswith("*"):
        return normal.startswith(pattern[:-1])
    return normal.endswith(pattern[1:]) if pattern.startswith("*") else normal == pattern


def _signs(words: Sequence[Word]) -> dict[str, float]:
    """What speaks without words: amounts speak for data."""
    amounts = sum(word.is_number for word in words)
    return {"data": min(amounts, _AMOUNTS_MAX) * _AMOUNT}
