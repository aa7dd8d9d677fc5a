"""The embedder that needs nothing: hashed words and pieces of words (`codecs.hashing`), without the stop words.

It stands in until a better one is given. It needs numpy, so nothing that `import remanence` loads may import it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from numpy.typing import NDArray

from ...codecs.digests import short_digest
from ...codecs.hashing import RECIPE, hashed
from ...core.embedder import EmbedderIdentity
from .concepts import STOP_WORDS

__all__ = ["HashingEmbedder"]

DIMENSION: Final = 256
_DIGEST: Final = short_digest(RECIPE.encode(), "\n".join(sorted(STOP_WORDS)).encode()).hex()[:16]


class HashingEmbedder:
    """Texts that share words or pieces of words get vectors that point the same way."""

    identity = EmbedderIdentity("hashing", DIMENSION, _DIGEST)
    is_pure = True

    def embed(self, texts: Sequence[str]) -> NDArray[Any]:
        return hashed(texts, DIMENSION, STOP_WORDS)
