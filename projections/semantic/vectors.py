"""The vectors view: the recorded vectors of every memory's present text, of the embedder in use and of the next one.

Invariants:
- a vector stands for the text that its memory has now: a revised memory has none until the new text's comes, a
  forgotten one has none;
- vectors are kept of the embedder that was chosen last and of the one that was begun after it, and of no other; they
  are never compared with each other.
"""

from __future__ import annotations

from typing import Final

import attrs

from ...core.recorded import Recorded
from ..clusters.events import MemoryEmbedded
from ..memories.events import MemoryForgotten, MemoryRemembered, MemoryRevised
from ..projection import Projection, on
from ..tables import Table
from .events import EmbedderBegun, EmbedderChosen

__all__ = ["EmbedderRow", "ToldRow", "VectorRow", "Vectors"]

CHOSEN: Final = "chosen"
BEGUN: Final = "begun"


@attrs.frozen
class ToldRow:
    """A memory that is not forgotten, and which event brought its text.

    Attributes:
        id: the memory.
        scope: whose memory it is.
        told: position of that event.
    """

    id: str
    scope: tuple[str, ...]
    told: int


@attrs.frozen
class VectorRow:
    """A memory's vector.

    Attributes:
        id: the memory.
        embedder: which embedder made it.
        vector: its direction, a signed byte for each component.
    """

    id: str
    embedder: str
    vector: bytes


@attrs.frozen
class EmbedderRow:
    """An embedder.

    Attributes:
        state: chosen, or begun.
        embedder: `name/dimension/digest`.
    """

    state: str
    embedder: str


class Vectors(Projection):
    """Vectors by memory."""

    version = 1
    told = Table(ToldRow, key="id")
    vectors = Table(VectorRow, key=("id", "embedder"), indexes={"by_embedder": "embedder"})
    embedders = Table(EmbedderRow, key="state")

    @on(MemoryRemembered)
    def remembered(self, event: Recorded[MemoryRemembered]) -> None:
        """A text that has no vector yet."""
        self._tell(event.data.id, event.data.scope, event.position)

    @on(MemoryRevised)
    def revised(self, event: Recorded[MemoryRevised]) -> None:
        """A new text has no vector yet."""
        if event.data.text is not None and self.told.get(event.data.id) is not None:
            self._tell(event.data.id, event.data.scope, event.position)

    @on(MemoryForgotten)
    def forgotten(self, event: Recorded[MemoryForgotten]) -> None:
        """Gone, with its vectors."""
        self.told.delete(event.data.id)
        self._drop(event.data.id)

    @on(MemoryEmbedded)
    def embedded(self, event: Recorded[MemoryEmbedded]) -> None:
        """Kept if it is the present text's, and of an embedder that counts."""
        made = event.data
        told = self.told.get(made.id)
        if told is not None and told.told == made.told and made.embedder in self._counting():
            self.vectors.put(VectorRow(made.id, made.embedder, made.vector))

    @on(EmbedderBegun)
    def begun(self, event: Recorded[EmbedderBegun]) -> None:
        """Takes the place of another that was begun and never chosen."""
        other = self.embedders.get(BEGUN)
        chosen = self.embedders.get(CHOSEN)
        new = event.data.embedder
        if other is not None and other.embedder not in (new, "" if chosen is None else chosen.embedder):
            self._drop_all(other.embedder)
        self.embedders.put(EmbedderRow(BEGUN, new))

    @on(EmbedderChosen)
    def chosen(self, event: Recorded[EmbedderChosen]) -> None:
        """Takes the place of the one before."""
        new = event.data.embedder
        for embedder in self._counting():
            if embedder != new:
                self._drop_all(embedder)
        self.embedders.put(EmbedderRow(CHOSEN, new))
        self.embedders.delete(BEGUN)

    def _tell(self, memory_id: str, scope: tuple[str, ...], position: int) -> None:
        self.told.put(ToldRow(memory_id, scope, position))
        self._drop(memory_id)

    def _counting(self) -> list[str]:
        rows = (self.embedders.get(CHOSEN), self.embedders.get(BEGUN))
        return [row.embedder for row in rows if row is not None]

    def _drop(self, memory_id: str) -> None:
        for embedder in self._counting():
            self.vectors.delete(memory_id, embedder)

    def _drop_all(self, embedder: str) -> None:
        for row in self.vectors.select("by_embedder", embedder):
            self.vectors.delete(row.id, embedder)
