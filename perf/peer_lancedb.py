"""LanceDB: columns on disk, with vectors and words searched apart or together. In this process, over the same texts.

Three ways, because which is best depends on how much there is: exactly, through an index of its own kind (a graph in
every partition, vectors of a byte for each component, the best looked at again exactly), and vectors and words fused by
reciprocal ranks, which is its default. The last one takes the index from 100,000 texts on, as its guide advises.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, Final, TypeVar

import attrs

from ..projections.semantic.static import DIMENSION, StaticEmbedder
from .recall_material import Told
from .recall_systems import BATCH, LIMIT, Ask

__all__ = ["LanceExact", "LanceHybrid", "LanceIndexed"]

T = TypeVar("T")
_TABLE: Final = "memories"
_INDEXED_LEAST: Final = 100_000
_REFINE: Final = 4
"""Forty candidates of the index are compared exactly: with fewer it misses too many of the ten."""


@attrs.frozen
class LanceExact:
    """Vectors alone, each of them compared."""

    name: str = "lancedb"
    store: str = "lancedb"
    is_semantic: bool = True
    takes_speakers: bool = False
    texts_max: int | None = None

    def build(self, folder: Path, told: Sequence[Told]) -> None:
        _build(folder, told, is_indexed=False)

    def asked(self, folder: Path, session: Callable[[Ask], T]) -> T:
        return session(partial(_nearest, _open(folder), StaticEmbedder()))


@attrs.frozen
class LanceIndexed:
    """Vectors alone, through an index."""

    name: str = "lancedb, indexed"
    store: str = "lancedb-indexed"
    is_semantic: bool = True
    takes_speakers: bool = False
    texts_max: int | None = 100_000

    def build(self, folder: Path, told: Sequence[Told]) -> None:
        _build(folder, told, is_indexed=True)

    def asked(self, folder: Path, session: Callable[[Ask], T]) -> T:
        return session(partial(_nearest, _open(folder), StaticEmbedder(), refine=_REFINE))


@attrs.frozen
class LanceHybrid:
    """Vectors and words."""

    size: int
    name: str = "lancedb, hybrid"
    is_semantic: bool = False
    takes_speakers: bool = False
    texts_max: int | None = 100_000

    @property
    def store(self) -> str:
        """The one that its size asks for."""
        return "lancedb-indexed" if self.size >= _INDEXED_LEAST else "lancedb"

    def build(self, folder: Path, told: Sequence[Told]) -> None:
        _build(folder, told, is_indexed=self.size >= _INDEXED_LEAST)

    def asked(self, folder: Path, session: Callable[[Ask], T]) -> T:
        reranker = import_module("lancedb.rerankers").RRFReranker()
        return session(partial(_fused, _open(folder), StaticEmbedder(), reranker))


def _build(folder: Path, told: Sequence[Told], *, is_indexed: bool) -> None:
    lancedb, arrow, index = (import_module(name) for name in ("lancedb", "pyarrow", "lancedb.index"))
    embedder = StaticEmbedder()
    vector = arrow.list_(arrow.float32(), DIMENSION)
    schema = arrow.schema([("name", arrow.string()), ("text", arrow.string()), ("vector", vector)])

    def batches() -> Any:
        for start in range(0, len(told), BATCH):
            some = told[start : start + BATCH]
            texts = [each.line for each in some]
            vectors = arrow.FixedSizeListArray.from_arrays(arrow.array(embedder.embed(texts).ravel()), DIMENSION)
            columns = [arrow.array([each.name for each in some]), arrow.array(texts), vectors]
            yield arrow.record_batch(columns, schema=schema)

    reader = arrow.RecordBatchReader.from_batches(schema, batches())
    table = lancedb.connect(folder).create_table(_TABLE, reader)
    table.create_index("text", config=index.FTS())
    if is_indexed:
        table.create_index("vector", config=index.HnswSq(distance_type="cosine"))


def _open(folder: Path) -> Any:
    return import_module("lancedb").connect(folder).open_table(_TABLE)


def _nearest(table: Any, embedder: StaticEmbedder, question: str, *, refine: int | None = None) -> Sequence[str]:
    search = table.search(embedder.embed([question])[0]).distance_type("cosine")
    if refine is not None:
        search = search.refine_factor(refine)
    names: Sequence[str] = search.select(["name", "text", "_distance"]).limit(LIMIT).to_arrow()["name"].to_pylist()
    return names


def _fused(table: Any, embedder: StaticEmbedder, reranker: Any, question: str) -> Sequence[str]:
    search = table.search(query_type="hybrid").vector(embedder.embed([question])[0]).text(question)
    names: Sequence[str] = search.distance_type("cosine").rerank(reranker).limit(LIMIT).to_arrow()["name"].to_pylist()
    return names
