"""The content embedder: what the words that a text is about mean together, from the table that ships with the package.

Recall's static embedder looks at every word, because a question may be about any. What brings memories together is what
they are about: so words that are in every conversation are left out, and the others' pieces summed.

Invariants:
- pure: the same text gives the same vector, as long as the identity is the same;
- a vector doesn't depend on the texts that it is made with: each sum is one of doubles in the order of the pieces.

It needs numpy, so nothing that `import remanence` loads may import it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import accumulate, chain, islice
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...codecs.digests import short_digest
from ...core.embedder import EmbedderIdentity
from ..semantic.static import DIMENSION, TABLE_DIGEST, shipped
from .concepts import STOP_WORDS

__all__ = ["ContentEmbedder"]

WORDS_MAX: Final = 1024
"""Words that a text's vector looks at, the first ones: what it is about has been said by then."""
_AT_ONCE: Final = 4096
"""Pieces whose vectors are looked up at once: eight megabytes."""
_WORD: Final = re.compile(r"\w+")
_RECIPE: Final = short_digest(b"content 1", TABLE_DIGEST.encode(), "\n".join(sorted(STOP_WORDS)).encode()).hex()[:16]
"""Digest of everything that the vectors depend on."""


class ContentEmbedder:
    """Texts that are about alike things get vectors that point the same way."""

    identity = EmbedderIdentity("minilm-content", DIMENSION, _RECIPE)
    is_pure = True

    def embed(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """A row for each text.

        Raises:
            Damaged: the installed table is not the one that belongs to this release.
        """
        made = np.zeros((len(texts), DIMENSION))
        pieces = [_pieces(text) for text in texts]
        start = 0
        while start < len(texts):
            stop, count = start + 1, len(pieces[start])
            while stop < len(texts) and count + len(pieces[stop]) <= _AT_ONCE:
                count += len(pieces[stop])
                stop += 1
            _sum(pieces[start:stop], made[start:stop])
            start = stop
        return made


def _pieces(text: str) -> list[int]:
    words = (word for word in _WORD.findall(text.lower()) if word not in STOP_WORDS)
    return shipped()[1].pieces(" ".join(islice(words, WORDS_MAX)))


def _sum(pieces: Sequence[list[int]], made: NDArray[np.float64]) -> None:
    """Put the sums of the pieces' vectors into rows."""
    table = shipped()[0]
    said = [number for number, each in enumerate(pieces) if each]
    if said:
        every = np.fromiter(chain.from_iterable(pieces), dtype=np.intp)
        counts = [len(pieces[number]) for number in said]
        weighed = table.rows[every] * table.scales[every, np.newaxis].astype(np.float64)
        made[said] = np.add.reduceat(weighed, [0, *accumulate(counts[:-1])], axis=0)
