"""Embedders of models in this process, with stand-ins that keep the packages' contracts."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from remanence import InvalidInput
from remanence.embedders.local import FastEmbedder, TransformerEmbedder


class Transformer:
    """As `SentenceTransformer.encode`."""

    def encode(self, sentences: list[str], *, convert_to_numpy: bool, show_progress_bar: bool) -> np.ndarray:
        """The lengths of texts, in three components."""
        assert (convert_to_numpy, show_progress_bar) == (True, False)
        return np.array([[len(text), 1, 0] for text in sentences], np.float32)


class Fast:
    """As `fastembed.TextEmbedding.embed`: a generator."""

    def embed(self, documents: list[str]) -> Iterator[np.ndarray]:
        """The same."""
        yield from Transformer().encode(documents, convert_to_numpy=True, show_progress_bar=False)


@pytest.mark.parametrize(
    "made",
    [TransformerEmbedder(Transformer(), name="tiny", version="7"), FastEmbedder(Fast(), name="tiny", version="7")],
)
def test_a_loaded_model_is_an_embedder(made: TransformerEmbedder | FastEmbedder) -> None:
    """Its name and version are given, its dimension is found out, and each text has a row."""
    assert str(made.identity) == "tiny/3/7"
    assert made.embed(["ab", "c"]).tolist() == [[2, 1, 0], [1, 1, 0]]


def test_what_makes_no_vectors_is_refused_when_it_is_given() -> None:
    """A model that gives a number for a text is none."""

    class Number(Transformer):
        def encode(self, sentences: list[str], *, convert_to_numpy: bool, show_progress_bar: bool) -> np.ndarray:
            return super().encode(sentences, convert_to_numpy=convert_to_numpy, show_progress_bar=show_progress_bar)[
                :, 0
            ]

    with pytest.raises(InvalidInput, match="no vector"):
        TransformerEmbedder(Number(), name="tiny")
