"""Keywords: what somebody would look for a text by. Pure, given how rare each word is.

A content word weighs its inverse document frequency (Spärck Jones, 1972), `ln((texts + 1) / (in + 0.5))`, with 1 at
least; more for a name, which is written large in the middle of a sentence, or what has digits; less for a verb that
tells what is done and for very short words. Content words that stand side by side make a phrase, as in RAKE (Rose et
al., 2010): it weighs as much as its best word. The best five are taken, down to half of the first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import log
from typing import Final

from .cxd import is_act
from .words import Word, width

__all__ = ["KEYWORDS_MAX", "Rarity", "keywords_of", "rarity"]

Rarity = Callable[[str], float]
"""How rare a word's normal form is among the texts of the log: 1 or more."""
KEYWORDS_MAX: Final = 5
_PHRASE_MAX: Final = 3
_SHARE: Final = 0.5
"""What a keyword weighs at least, beside the first."""
_NAME: Final = 1.4
_CODE: Final = 1.2
_ACT: Final = 0.5
_SHORT: Final = 0.6
_SHORT_WIDTH: Final = 3
_WIDTH_MAX: Final = 60
"""Longer words are digests and addresses: nobody looks for those by typing them, and an index key has its limit."""
_WORDS_MAX: Final = 2000


def rarity(texts: int, containing: int) -> float:
    """Inverse document frequency of a word that so many of the texts contain."""
    return max(1.0, log((texts + 1) / (containing + 0.5)))


def keywords_of(text: str, words: Sequence[Word], rare: Rarity) -> tuple[str, ...]:
    """The keywords of a text in normal form, the best first; at most five."""
    words = words[:_WORDS_MAX]
    weights: dict[str, float] = {}
    for index, word in enumerate(words):
        if _is_content(word):
            shape = _shape(word, opens=_opens(text, words, index))
            weights[word.normal] = max(weights.get(word.normal, 0.0), rare(word.normal) * shape)
    if not weights:
        return ()
    floor = max(weights.values()) * _SHARE
    phrases: dict[str, tuple[float, int]] = {}
    for run in _runs(text, words, lambda word: weights.get(word.normal, 0.0) >= floor):
        phrase = " ".join(word.normal for word in run)
        phrases.setdefault(phrase, (-max(weights[word.normal] for word in run), run[0].start))
    ranked = sorted(phrases, key=phrases.__getitem__)
    inside = [set(phrase.split()) for phrase in ranked]
    kept = [
        phrase
        for at, phrase in enumerate(ranked)
        if not any(inside[at] < other or (inside[at] == other and at > before) for before, other in enumerate(inside))
    ]
    return tuple(kept[:KEYWORDS_MAX])


def _is_content(word: Word) -> bool:
    return (
        not word.is_stop
        and not word.is_number
        and 1 < width(word.normal) <= _WIDTH_MAX
        and any(sign.isalpha() for sign in word.normal)
    )


def _shape(word: Word, *, opens: bool) -> float:
    shape = 1.0
    if not opens and word.shown[:1].isupper():
        shape *= _NAME
    elif any(sign.isdigit() for sign in word.normal):
        shape *= _CODE
    elif is_act(word.normal):
        shape *= _ACT
    return shape * (_SHORT if width(word.normal) < _SHORT_WIDTH else 1.0)


def _opens(text: str, words: Sequence[Word], index: int) -> bool:
    """Whether a word begins a sentence, where large letters say nothing."""
    before = text[words[index - 1].end : words[index].start] if index else "."
    return any(sign in ".!?:;\n\u3002\uff01\uff1f\u00a1\u00bf\"'(" for sign in before)


def _runs(text: str, words: Sequence[Word], is_wanted: Callable[[Word], bool]) -> list[list[Word]]:
    """Wanted words side by side, three at most, with nothing but a blank or a hyphen between them."""
    runs: list[list[Word]] = []
    for word in words:
        if not is_wanted(word):
            continue
        last = runs[-1][-1] if runs else None
        joins = last is not None and text[last.end : word.start] in {" ", "-", ""}
        if joins and len(runs[-1]) < _PHRASE_MAX:
            runs[-1].append(word)
        else:
            runs.append([word])
    return runs
