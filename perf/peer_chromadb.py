"""Chroma: vectors in an HNSW graph, as many agents' memories are kept. In this process, on disk, with its defaults.

Distances are cosines. It is given vectors of our table for texts and questions, and would else download a model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, Final, TypeVar

import attrs

from ..projections.semantic.static import StaticEmbedder
from .recall_material import Told
from .recall_systems import BATCH, LIMIT, Ask

__all__ = ["Chroma"]

T = TypeVar("T")
_COLLECTION: Final = "memories"


@attrs.frozen
class Chroma:
    """Vectors alone, nearly exactly."""

    name: str = "chromadb"
    store: str = "chromadb"
    is_semantic: bool = True
    takes_speakers: bool = False
    texts_max: int | None = 100_000

    def build(self, folder: Path, told: Sequence[Told]) -> None:
        embedder = StaticEmbedder()
        with _client(folder) as client:
            collection = client.create_collection(
                _COLLECTION, configuration={"hnsw": {"space": "cosine"}}, embedding_function=None
            )
            for start in range(0, len(told), BATCH):
                texts = [each.line for each in told[start : start + BATCH]]
                names = [each.name for each in told[start : start + BATCH]]
                collection.add(ids=names, documents=texts, embeddings=embedder.embed(texts))

    def asked(self, folder: Path, session: Callable[[Ask], T]) -> T:
        with _client(folder) as client:
            collection = client.get_collection(_COLLECTION, embedding_function=None)
            return session(partial(_names, collection, StaticEmbedder()))


def _names(collection: Any, embedder: StaticEmbedder, question: str) -> Sequence[str]:
    vectors = embedder.embed([question])
    found = collection.query(query_embeddings=vectors, n_results=LIMIT, include=["documents", "distances"])
    names: Sequence[str] = found["ids"][0]
    return names


def _client(folder: Path) -> Any:
    chromadb = import_module("chromadb")
    settings = import_module("chromadb.config").Settings(anonymized_telemetry=False)
    return chromadb.PersistentClient(str(folder), settings)
