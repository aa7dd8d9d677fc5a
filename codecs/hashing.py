"""The hashing embedder: a text's words and the pieces of its words, counted in hashed places. Pure and deterministic.

No table, no model, no download: texts that share words or parts of words point the same way. Feature hashing with signs
is Weinberger et al., "Feature Hashing for Large Scale Multitask Learning", ICML 2009; pieces of three to five letters
as in scikit-learn's `char_wb` make inflected words alike. It knows nothing of meaning.

This module needs numpy and nothing that `import remanence` loads may import it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from .digests import short_digest

__all__ = ["hashed"]

WORDS_MAX: Final = 2048
"""Words of a text that count: what comes after these has long lost its place among 256 components."""
WORD_LENGTH_MAX: Final = 40
_WORD: Final = re.compile(r"\w+")
_PIECES: Final = (3, 4, 5)
_WORDS_KEPT: Final = 1 << 15
"""Words whose places are kept: a vocabulary, in about 30 MB at most."""
_PIECES_SHARE: Final = 0.5
"""What the pieces of a word weigh together, beside the word's own weight of 1."""
RECIPE: Final = short_digest(b"hashing 1", b"crc32", str((_PIECES, _PIECES_SHARE, WORDS_MAX)).encode()).hex()[:16]
"""Digest of everything that the vectors depend on."""


def hashed(texts: Sequence[str], dimension: int, ignored: frozenset[str]) -> NDArray[Any]:
    """Vectors of texts.

    Args:
        texts: the texts.
        dimension: how many components a vector has.
        ignored: words in lower case that don't count.
    """
    places: list[NDArray[np.int64]] = []
    weights: list[NDArray[np.float64]] = []
    counts: list[int] = []
    for text in texts:
        words = _WORD.findall(text.lower())[:WORDS_MAX]
        found = [_places(word[:WORD_LENGTH_MAX], dimension) for word in words if word not in ignored]
        places += [place for place, _ in found]
        weights += [weight for _, weight in found]
        counts.append(sum(map(len, places[len(places) - len(found) :])))
    if not places:
        return np.zeros((len(texts), dimension))
    rows = np.repeat(np.arange(len(texts)) * dimension, counts)
    whole = np.concatenate(places) + rows
    counted = np.bincount(whole, weights=np.concatenate(weights), minlength=len(texts) * dimension)
    return counted.reshape(len(texts), dimension)


@lru_cache(maxsize=_WORDS_KEPT)
def _places(word: str, dimension: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The places of a word and its pieces, and what is added to each."""
    framed = f"<{word}>"
    pieces = [framed[at : at + size] for size in _PIECES for at in range(len(framed) - size + 1)]
    hashes = [crc32(framed.encode()), *(crc32(piece.encode()) for piece in pieces)]
    share = _PIECES_SHARE / max(1, len(pieces))
    # The sign comes from a bit that the place doesn't come from.
    weights = [(1.0 if index == 0 else share) * (1.0 if each >> 31 else -1.0) for index, each in enumerate(hashes)]
    return np.array([each % dimension for each in hashes], dtype=np.int64), np.array(weights)
