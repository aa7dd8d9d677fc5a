"""Workload `semantic`: vectors of texts, and the nearest of them; against numpy that does the same and nothing else.

The bare embedder is told beforehand which pieces each text has, and adds up float32 rows: what it doesn't do is cutting
words. The bare search multiplies a float32 matrix of unit vectors and picks the best: it has no ids, can't change, and
takes four times the memory. It is exact, so how many of its ten are found is what is right. Texts are put together from
the same sentences, which makes many of them equally near: a harder case than texts that people write.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from time import perf_counter
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..codecs.wordpiece import WordPiece
from ..projections.semantic.block import VectorBlock
from ..projections.semantic.static import StaticEmbedder, shipped
from .checks import check_same
from .harness import PERCENT, Case, Contender, Goal, Plan, Sample
from .material import memories

__all__ = ["semantic"]

Floats = NDArray[np.float32]
_TEXTS_MAX: Final = 100_000
_EMBEDDED: Final = 5_000
_QUERIES: Final = 50
_LIMIT: Final = 10
_BATCH: Final = 1024


def semantic(plan: Plan) -> Iterator[Case]:
    """Embedding, then searching among as many vectors as there are events, 100,000 at most."""
    texts = [each.text for each in memories(min(plan.events, _TEXTS_MAX))]
    some = texts[:_EMBEDDED]
    bare = Contender("bare numpy", partial(_bare_embedding, some))
    yield Case(
        "embed a text",
        "texts",
        [Contender("remanence", partial(_embedding, some)), bare],
        [Goal(least=0.1, over="bare numpy")],
    )
    vectors = np.concatenate([StaticEmbedder().embed(texts[at : at + _BATCH]) for at in range(0, len(texts), _BATCH)])
    unit: Floats = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), np.float32(1e-9))
    block = VectorBlock(vectors.shape[1])
    for at in range(0, len(texts), _BATCH):
        end = min(len(texts), at + _BATCH)
        block.put(
            [str(row) for row in range(at, end)], vectors[at:end], [(str(row // 40), row) for row in range(at, end)]
        )
    queries = vectors[:: max(1, len(texts) // _QUERIES)][:_QUERIES]
    ours = [
        Contender("remanence", partial(_nearest, block, queries)),
        Contender("bare numpy", partial(_bare_nearest, unit, queries)),
        Contender("all windows of neighbours", partial(_windows, block, queries)),
    ]
    yield Case(f"find the 10 nearest of {len(texts):,}", "queries", ours, [Goal(least=0.7, over="bare numpy")])
    right = [Contender("remanence", partial(_right, block, unit, queries))]
    yield Case("which of them are the 10 nearest", "", right, [Goal(least=90)], unit=PERCENT)


def _embedding(texts: list[str]) -> Sample:
    embedder = StaticEmbedder()
    began = perf_counter()
    vectors = embedder.embed(texts)
    seconds = perf_counter() - began
    check_same("shape", vectors.shape, (len(texts), embedder.identity.dimension))
    return Sample(len(texts), seconds)


def _bare_embedding(texts: list[str]) -> Sample:
    table = shipped()[0]
    rows: Any = table.rows * table.scales[:, None]
    cutter = WordPiece(table.vocabulary)
    pieces = [np.array(cutter.pieces(text)) for text in texts]
    began = perf_counter()
    vectors = np.array([rows[each].sum(axis=0) for each in pieces])
    seconds = perf_counter() - began
    check_same("vectors", bool(np.allclose(vectors, StaticEmbedder().embed(texts), atol=1e-4)), True)  # noqa: FBT003 - what is expected
    return Sample(len(texts), seconds)


def _nearest(block: VectorBlock, queries: Floats) -> Sample:
    began = perf_counter()
    found = [block.nearest(query, _LIMIT) for query in queries]
    seconds = perf_counter() - began
    check_same("answers", min(map(len, found)), min(_LIMIT, len(block)))
    return Sample(len(found), seconds)


def _bare_nearest(unit: Floats, queries: Floats) -> Sample:
    began = perf_counter()
    found = [_exact(unit, query) for query in queries]
    seconds = perf_counter() - began
    check_same("answers", min(map(len, found)), min(_LIMIT, len(unit)))
    return Sample(len(found), seconds)


def _windows(block: VectorBlock, queries: Floats) -> Sample:
    began = perf_counter()
    shapes = {block.similarities(query, (0, 1, 2, 3)).shape for query in queries}
    seconds = perf_counter() - began
    check_same("shapes", shapes, {(4, block.size)})
    return Sample(len(queries), seconds)


def _exact(unit: Floats, query: Floats) -> list[int]:
    cosines = unit @ query
    limit = min(_LIMIT, len(unit))
    best = np.argpartition(cosines, len(unit) - limit)[-limit:]
    return [int(row) for row in best[np.argsort(-cosines[best])]]


def _right(block: VectorBlock, unit: Floats, queries: Floats) -> Sample:
    """Answers that are as near as the tenth of the exact ones: of equally near ones any will do."""
    began = perf_counter()
    right = total = 0
    for query in queries:
        cosines = unit @ (query / np.linalg.norm(query))
        least = cosines[_exact(unit, query)[-1]] - 1e-3
        found = [int(name) for name, _ in block.nearest(query, _LIMIT)]
        right += sum(bool(cosines[row] >= least) for row in found)
        total += len(found)
    return Sample(right, perf_counter() - began, of=total)
