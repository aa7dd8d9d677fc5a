"""The semantic index: the vectors of every scope that is asked about, kept in step with the memories view.

For recall, what it offers is this; a *row* is a number that stands for one memory of a scope as long as it is there:

    index = SemanticIndex(engine, StaticEmbedder())
    space = index.space()                                # of the embedder that counts now; one for each query
    query = space.query("where does Ada live?")          # a vector; pass it on as often as is needed
    block = space.block(("ada",))                        # in step with the memories view as it is now
    block.similarities(query, radii=(0, 1, 2, 3))        # a cosine for each radius and row: windows of neighbours
    block.similarities(query, (0, 1), among=rows)        # of some rows alone, which cost what they are
    block.exactly(query, rows, (0, 1, 2, 3))             # above 8,192 rows `similarities` estimates: settle the best
    block.nearest(query, 10, among=rows)                 # ids and cosines
    block.places_of(ids); block.ids[row]; block.living   # from ids to rows and back; which rows are taken

Filters come first and are exact: whoever filters gives the rows that are left. A block is for the asking now: take it
anew for the next query, because a change of memories changes its rows.

Vectors of two embedders never meet: a space has one. The vectors of a pure embedder are computed from the texts; those
of a model are recorded (`actors/embedding`), and until every memory has one, recall goes on with the embedder that was
chosen before, if it was given, or else with a pure one. A model's `query` asks the model: call it in a thread.

It has no state that could be lost: a scope is read from its file, or from the views, the first time it is asked about,
and the events since then are taken in before each answer, those of an append that was just acknowledged included.

This module needs numpy and nothing that `import remanence` loads may import it.
"""

from __future__ import annotations

from threading import Lock
from typing import Any

from numpy.typing import NDArray

from ...core.embedder import Embedder, is_pure
from ...core.errors import InvalidInput, NotFound
from .block import VectorBlock
from .files import VectorFiles
from .space import SemanticSpace, Source
from .vectors import CHOSEN, Vectors

__all__ = ["SemanticIndex"]


class SemanticIndex:
    """Finds memories by what their texts mean. Made for one engine, live, read-only or past."""

    def __init__(self, source: Source, *embedders: Embedder) -> None:
        """Prepare; nothing is read yet.

        Args:
            source: the engine whose memories these are.
            embedders: whose vectors to go by, the one that is wanted first. A model counts once its vectors are
                recorded for every memory; the others stand in until then, so let the last one be pure.

        Raises:
            InvalidInput: none of them is pure.
        """
        self._source = source
        self._embedders = embedders
        self._space: SemanticSpace | None = None
        self._files: VectorFiles | None = None
        self._keeps = False
        self._lock = Lock()
        if not any(map(is_pure, embedders)):
            message = "give a pure embedder as the last one: what stands in until a model's vectors are there"
            raise InvalidInput(message)

    def space(self) -> SemanticSpace:
        """The vectors of the embedder that counts now. Take it anew for each query: embedders change."""
        with self._lock:
            embedder = self._counting()
            if self._space is None or self._space.embedder is not embedder:
                self._space = SemanticSpace(self._source, embedder, self._files, keeps=self._keeps)
            return self._space

    def query(self, text: str) -> NDArray[Any]:
        """`space().query(text)`, for those with one pure embedder."""
        return self.space().query(text)

    def block(self, scope: tuple[str, ...]) -> VectorBlock:
        """`space().block(scope)`, for those with one pure embedder."""
        return self.space().block(scope)

    def keep_in(self, files: VectorFiles, *, at_once: bool) -> None:
        """Keep vectors in files, and begin from those that are there.

        Args:
            files: where.
            at_once: keep what was made for a question too, and not only what `keep` is called for.
        """
        with self._lock:
            self._space, self._files, self._keeps = None, files, at_once

    def advance(self, scope: tuple[str, ...]) -> bool:
        """As `SemanticSpace.advance`."""
        return self.space().advance(scope)

    def keep(self, scope: tuple[str, ...]) -> bool:
        """As `SemanticSpace.keep`."""
        return self.space().keep(scope)

    def let_go(self, scope: tuple[str, ...]) -> None:
        """As `SemanticSpace.let_go`."""
        self.space().let_go(scope)

    def _counting(self) -> Embedder:
        chosen: str | None = None
        for embedder in self._embedders:
            if is_pure(embedder):
                return embedder
            chosen = self._chosen() if chosen is None else chosen
            if str(embedder.identity) == chosen:
                return embedder
        raise AssertionError  # one is pure

    def _chosen(self) -> str:
        try:
            row = self._source.view(Vectors).embedders.get(CHOSEN)
        except NotFound:  # opened without recorded vectors
            return ""
        return "" if row is None else row.embedder
