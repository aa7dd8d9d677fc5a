"""Asking: what is asked of an index, taken apart: which words, who is named, and which memories may answer.

Filters are exact, and come before any choice: a memory that doesn't fit is no candidate at all.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Final

import attrs
import numpy as np
from numpy.typing import NDArray

from .plugs import Thesaurus
from .scope_index import ScopeIndex
from .words import STOP_WORDS

__all__ = ["Asked", "Filters", "asked"]

WORDS_MAX: Final = 64
"""Words that a question is answered by: of a longer one, those that the fewest memories say."""
NAMED_WITHIN: Final = 1000
"""Words of a question that are looked at for names."""
NAME_WORDS_MAX: Final = 4
LOOKED_UP: Final = 64
"""Words of a question that a thesaurus is asked about."""
_WORD: Final = re.compile(r"\w+")


@attrs.frozen(kw_only=True)
class Filters:
    """Which memories of a scope may answer; what is empty or None filters nothing.

    Attributes:
        kinds: one of these kinds.
        tags: with all these tags.
        sessions: turns of one of these conversations.
        since_ns, until_ns: from this time on, and before this time; unix time in nanoseconds.
        min_confidence: this sure or surer.
        without: not this memory.
    """

    kinds: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    sessions: tuple[str, ...] = ()
    since_ns: int | None = None
    until_ns: int | None = None
    min_confidence: float = 0.0
    without: str | None = None

    def allowed(self, index: ScopeIndex) -> NDArray[np.bool_] | None:
        """For each slot whether its memory may answer; None if every living one may."""
        if self == EVERYTHING:
            return None
        columns = index.columns
        fits = columns["alive"].copy()
        if self.kinds:
            fits &= _one_of(columns["kind"], [index.kinds.known(each) for each in self.kinds])
        if self.sessions:
            fits &= _one_of(columns["session"], [index.sessions.known(each) for each in self.sessions])
        if self.since_ns is not None:
            fits &= columns["time_ns"] >= self.since_ns
        if self.until_ns is not None:
            fits &= columns["time_ns"] < self.until_ns
        if self.min_confidence:
            fits &= columns["confidence"] >= self.min_confidence
        for tag in self.tags:
            bearing = np.zeros(len(fits), np.bool_)
            bearing[index.tagged(tag)] = True
            fits &= bearing
        slot = index.slot_of.get(self.without or "")
        if slot is not None:
            fits[slot] = False
        return fits


EVERYTHING: Final = Filters()


def _one_of(numbers: NDArray[np.int32], wanted: list[int]) -> NDArray[np.bool_]:
    fits = np.zeros(len(numbers), np.bool_)
    for number in set(wanted) - {0}:
        fits |= numbers == number
    return fits


@attrs.frozen
class Asked:
    """A question, as an index of these memories understands it.

    Attributes:
        words: the words to look for, with their weights.
        speaker: number of the one speaker whom it names; 0 if it names none, or several.
        is_bare: whether it is of stop words only.
    """

    words: Mapping[int, float]
    speaker: int
    is_bare: bool = False


def asked(
    index: ScopeIndex, text: str, *, names: bool = True, thesaurus: Thesaurus | None = None, related: float = 0.0
) -> Asked:
    """Take a question apart.

    Args:
        index: the memories.
        text: the question.
        names: whether a speaker's name asks for what they said, instead of for those who say the name.
        thesaurus: what knows words that are said instead, if anything does.
        related: what each of those counts, where a word that was asked counts 1.
    """
    named = _named(index, text) if names else {}
    asking = _without(text, named)
    said, stops = index.words.of(asking)
    if not said:
        said, stops = index.words.of(text)
    words: dict[int, float] = dict(Counter(said or stops))
    if thesaurus is not None and related and said:
        words = dict.fromkeys(_related(index, asking, thesaurus), related) | words
    speaker = next(iter(named.values())) if len(set(named.values())) == 1 else 0
    if len(words) > WORDS_MAX:
        rarest = sorted(words, key=lambda word: (index.postings.count(word) or len(index.ids), word))[:WORDS_MAX]
        words = {word: words[word] for word in rarest}
    return Asked(words, speaker, is_bare=not said)


def _related(index: ScopeIndex, text: str, thesaurus: Thesaurus) -> list[int]:
    """The numbers of the words that are said instead of a question's."""
    words = dict.fromkeys(found[0].lower() for found in islice(_WORD.finditer(text), LOOKED_UP))
    found = (other for word in words if word not in STOP_WORDS for other in thesaurus.related(word))
    return [number for each in found for number in index.words.of(each)[0]]


def _named(index: ScopeIndex, text: str) -> dict[tuple[int, int], int]:
    """Where a text names speakers who have said something, and whom."""
    if not index.speakers_alive:
        return {}
    words = [found.span() for found in islice(_WORD.finditer(text), NAMED_WITHIN)]
    folded = text == text.lower()  # who writes no capitals at all doesn't leave them out of names only
    found: dict[tuple[int, int], int] = {}
    for at, (start, first_end) in enumerate(words):
        if not index.speakers.begins(text[start:first_end]):
            continue
        for _, end in reversed(words[at : at + NAME_WORDS_MAX]):
            number = index.speakers.known(text[start:end], folded=folded)
            if number and index.speakers_alive.get(number):
                found[start, end] = number
                break
    return found


def _without(text: str, places: Iterable[tuple[int, int]]) -> str:
    parts: list[str] = []
    at = 0
    for start, end in places:
        if start >= at:
            parts.append(text[at:start])
            at = end
    return " ".join([*parts, text[at:]])
