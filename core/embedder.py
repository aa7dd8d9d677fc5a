"""Embedders: what turns texts into vectors whose angles tell how near their meanings are.

An embedder has an identity, because vectors of two embedders can't be compared: it is recorded with every vector.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import attrs

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Embedder", "EmbedderIdentity", "as_said", "is_pure"]


@attrs.frozen
class EmbedderIdentity:
    """Which embedder made a vector.

    Attributes:
        name: what it is called.
        dimension: how many components its vectors have.
        digest: of everything that its vectors depend on, tables and code, as hex.
    """

    name: str
    dimension: int
    digest: str

    def __str__(self) -> str:
        """`name/dimension/digest`: how it stands in events."""
        return f"{self.name}/{self.dimension}/{self.digest}"


class Embedder(Protocol):
    """Turns texts into vectors. Called in a thread, one call at a time."""

    @property
    def identity(self) -> EmbedderIdentity:
        """Which embedder this is."""
        ...

    def embed(self, texts: Sequence[str]) -> NDArray[Any]:
        """A matrix of floats: a row for each text, with as many columns as the identity says."""
        ...


def as_said(text: str, speaker: str | None) -> str:
    """What a model is given of a turn: who said it, and what. Who reads in context finds by it who is meant by "I"."""
    return text if speaker is None else f'{speaker} said, "{text}"'


def is_pure(embedder: Embedder) -> bool:
    """Whether an embedder says, by an attribute `is_pure`, that its vectors follow from the text and its identity.

    The vectors of such a one are no decisions and needn't be recorded. A model's are, unless somebody knows better: the
    same weights give other numbers on another machine.
    """
    return getattr(embedder, "is_pure", False) is True
