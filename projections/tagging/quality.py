"""Quality: whether a text is worth keeping. Pure.

| quality   | when                                                                              |
|-----------|-----------------------------------------------------------------------------------|
| short     | fewer than 10 characters; a wide one (Han, Kana, Hangul) counts as two            |
| duplicate | a near-duplicate, from a similarity of 0.85 on, is there already (`similarity`)   |
| junk      | the score is 0.3 or less                                                          |
| doubtful  | the score is below 0.8: for a person to look at                                    |
| good      | else                                                                              |

The score begins at 1 and is multiplied down by what speaks against a text: few letters, the same words or signs again
and again, words that nobody could pronounce, filler. It is a verdict, never a deletion.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from .verdicts import DOUBTFUL, DUPLICATE, GOOD, JUNK, SHORT
from .words import Word, plain_of, width

__all__ = ["quality_of", "score_of"]

WIDTH_MIN: Final = 10
JUNK_MAX: Final = 0.3
GOOD_MIN: Final = 0.8
_LETTERS_MIN: Final = 0.5
_DISTINCT_MIN: Final = 0.5
_WORDS_JUDGED: Final = 4
"""Of fewer words nothing is said by how many are distinct or can be pronounced."""
_WORDS_COMPARED: Final = 50
"""Of more words, fewer and fewer are new ones in the best of texts."""
_HELD: Final = re.compile(r"([^\W\d_])\1{4,}|(\w{2,3})\2{3,}")
"""A sign held down, or a syllable repeated four times and more."""
_HARSH: Final = re.compile(r"[bcdfghjklmnpqrstvwxz]{5,}")
_VOWEL: Final = re.compile(r"[aeiouy]")
_LATIN: Final = re.compile(r"[a-z]{3,}")
_FILLER: Final = ("lorem ipsum", "asdf", "qwert", "foo bar baz", "test test", "blah blah")
_HARSH_MIN: Final = 4


def quality_of(text: str, words: Sequence[Word], *, is_duplicate: bool) -> tuple[str, float]:
    """The quality of a text and its score."""
    score = score_of(text, words)
    if width(text) < WIDTH_MIN:
        return SHORT, score
    if is_duplicate:
        return DUPLICATE, score
    return (JUNK if score <= JUNK_MAX else GOOD if score >= GOOD_MIN else DOUBTFUL), score


def score_of(text: str, words: Sequence[Word]) -> float:
    """What a text is worth, 0 to 1, as far as its form tells."""
    signs = [sign for sign in text if not sign.isspace()]
    if not signs:
        return 0.0
    letters = sum(sign.isalnum() for sign in signs) / len(signs)
    score = min(1.0, letters / _LETTERS_MIN)
    if len(words) >= _WORDS_JUDGED:
        head = words[:_WORDS_COMPARED]
        distinct = len({word.normal for word in head}) / len(head)
        score *= min(1.0, distinct / _DISTINCT_MIN) ** 2
    score *= 1 - _unspeakable(words)
    lower = text.casefold()
    filler = sum(len(each) * lower.count(each) for each in _FILLER) / len(lower)
    score *= max(0.0, 1 - 2 * filler)  # half of it filler: nothing is left
    held = sum(len(match.group()) for match in _HELD.finditer(lower))
    return round(score * (1 - held / len(signs)), 4)


def _unspeakable(words: Sequence[Word]) -> float:
    """The share of words of Latin letters that no mouth could say; names and abbreviations are few of them."""
    latin = [harsh for word in words if (harsh := _is_harsh(word.normal)) is not None]
    return sum(latin) / len(latin) if latin else 0.0


@lru_cache(maxsize=8192)
def _is_harsh(normal: str) -> bool | None:
    """Whether no mouth could say a word; None if it isn't of Latin letters, three or more."""
    plain = plain_of(normal)
    if not _LATIN.fullmatch(plain):
        return None
    return (not _VOWEL.search(plain) and len(plain) >= _HARSH_MIN) or _HARSH.search(plain) is not None
