"""Embedders that run a model in this process: one of `sentence-transformers` or of `fastembed`, which you have loaded.

    TransformerEmbedder(SentenceTransformer("/models/all-MiniLM-L6-v2"), name="all-MiniLM-L6-v2", version="1110a243")
    FastEmbedder(TextEmbedding("BAAI/bge-small-en-v1.5"), name="bge-small-en-v1.5")

Loading is yours, because loading may download. What a model computes differs in the last bits from machine to machine,
so its vectors are recorded.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..core.embedder import EmbedderIdentity
from ..core.errors import InvalidInput

__all__ = ["FastEmbedder", "TransformerEmbedder"]


class Encoder(Protocol):
    """What is needed of a `SentenceTransformer`."""

    def encode(self, sentences: list[str], *, convert_to_numpy: bool, show_progress_bar: bool) -> Any:
        """A row for each text."""
        ...


class Generator(Protocol):
    """What is needed of a `fastembed.TextEmbedding`."""

    def embed(self, documents: list[str]) -> Iterable[Any]:
        """A vector for each text."""
        ...


class TransformerEmbedder:
    """A model of sentence-transformers."""

    def __init__(self, model: Encoder, *, name: str, version: str = "") -> None:
        """Take a model, and ask it once how long its vectors are.

        Args:
            model: the loaded model.
            name: what to call it.
            version: anything that tells it from another of its name: a revision, a digest of its weights.

        Raises:
            InvalidInput: what it makes are no vectors.
        """
        self._model = model
        self.identity = _identity(name, self.embed(["how long is a vector?"]), version)

    def embed(self, texts: Sequence[str]) -> NDArray[Any]:
        """A row for each text."""
        return np.asarray(self._model.encode(list(texts), convert_to_numpy=True, show_progress_bar=False))


class FastEmbedder:
    """A model of fastembed."""

    def __init__(self, model: Generator, *, name: str, version: str = "") -> None:
        """As `TransformerEmbedder`."""
        self._model = model
        self.identity = _identity(name, self.embed(["how long is a vector?"]), version)

    def embed(self, texts: Sequence[str]) -> NDArray[Any]:
        """A row for each text."""
        return np.asarray(list(self._model.embed(list(texts))))


def _identity(name: str, tried: NDArray[Any], version: str) -> EmbedderIdentity:
    if tried.ndim != 2 or not tried.size:  # noqa: PLR2004 - a matrix
        message = f"{name} made no vector of a text, but {tried.shape}"
        raise InvalidInput(message)
    return EmbedderIdentity(name, int(tried.shape[1]), version or "-")
