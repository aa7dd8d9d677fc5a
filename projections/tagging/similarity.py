"""Similarity: when two texts say the same in nearly the same words. Pure.

The similarity of two texts is the Jaccard index of their sets of trigrams: three signs in a row of the words in
normal form, without accents, one blank between them. Two texts are near-duplicates if it is 0.85 or more *and* no fact
was replaced: the same numbers, denied alike, and the content words of the shorter one all found, in order, in the
other. A changed name in a long sentence leaves it similar and makes it another memory.

Candidates are found by MinHash (Broder, "On the resemblance and containment of documents", 1997): 40 permutations in
10 bands of 4. Two texts share a band with probability 1 - (1 - s^4)^10: 0.9994 at 0.85, 0.48 at 0.5, 0.001 at 0.1.
Every candidate is then compared exactly.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from struct import Struct
from typing import Final

from blake3 import blake3

from ...codecs.digests import short_digest
from .words import is_negated, plain_of, words_of

__all__ = ["NEAR", "bands_of", "is_near_duplicate", "similarity"]

NEAR: Final = 0.85
"""From here on two texts are near-duplicates, unless a fact was replaced."""
_GRAM: Final = 3
_BANDS: Final = 10
_ROWS: Final = 4
_BAND_BYTES: Final = 8
_WORD_BYTES: Final = 4
_VALUES: Final = Struct(f"<{_BANDS * _ROWS}I")
_SHINGLES_MAX: Final = 4096
"""Of a longer text the beginning is compared: what is pasted in whole is the same from its first sign on."""
_STEM_LEAST: Final = 4
_ENDING_MOST: Final = 2
"""Two words are akin if they differ in an ending of two letters at most, or in one letter of six or more."""
_TYPO_LEAST: Final = 6


def similarity(one: str, other: str) -> float:
    """How alike two texts are in their trigrams, 0 to 1; 0 if both have no word."""
    return _jaccard(shingles_of(one), shingles_of(other))


def is_near_duplicate(one: str, other: str) -> float | None:
    """The similarity of two texts that are near-duplicates; None if they aren't."""
    first, second = words_of(one), words_of(other)
    alike = _jaccard(shingles_of(one), shingles_of(other))
    if alike < NEAR or is_negated(first) != is_negated(second):
        return None
    if [word.normal for word in first if word.is_number] != [word.normal for word in second if word.is_number]:
        return None
    said, also = [[plain_of(word.normal) for word in words if not word.is_stop] for words in (first, second)]
    shorter, longer = (said, also) if len(said) <= len(also) else (also, said)
    return alike if _is_within(shorter, longer) else None


def bands_of(text: str) -> tuple[bytes, ...]:
    """The MinHash bands of a text: near-duplicates share one, hardly anything else does. () for no words."""
    rows = [_permuted(shingle) for shingle in shingles_of(text)]
    if not rows:
        return ()
    least = _VALUES.pack(*map(min, *rows)) if len(rows) > 1 else _VALUES.pack(*rows[0])
    size = _ROWS * _WORD_BYTES
    return tuple(
        short_digest(bytes((band,)), least[band * size : (band + 1) * size])[:_BAND_BYTES] for band in range(_BANDS)
    )


@lru_cache(maxsize=256)
def shingles_of(text: str) -> frozenset[str]:
    """The trigrams of a text; kept for a while, because who has candidates compares it with each."""
    line = " ".join(plain_of(word.normal) for word in words_of(text))[:_SHINGLES_MAX]
    if not line:
        return frozenset()
    padded = f" {line} "
    return frozenset(padded[start : start + _GRAM] for start in range(len(padded) - _GRAM + 1))


@lru_cache(maxsize=4096)
def _permuted(shingle: str) -> tuple[int, ...]:
    """What each permutation makes of a shingle: one stretch of a digest, so that no constants have to be drawn."""
    return _VALUES.unpack(blake3(shingle.encode()).digest(length=_VALUES.size))


def _jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    both = len(one & other)
    either = len(one) + len(other) - both
    return both / either if either else 0.0


def _is_within(shorter: Sequence[str], longer: Sequence[str]) -> bool:
    """Whether all of one sequence is found in the other, in order."""
    left: Iterator[str] = iter(longer)
    return all(any(_are_akin(word, found) for found in left) for word in shorter)


def _are_akin(one: str, other: str) -> bool:
    if one == other:
        return True
    if one.isdigit() or other.isdigit():
        return False
    same = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    if same >= _STEM_LEAST and max(len(one), len(other)) - same <= _ENDING_MOST:
        return True
    return len(one) == len(other) >= _TYPO_LEAST and one[same + 1 :] == other[same + 1 :]
