"""What happens to embedders whose vectors are recorded. Stored for ever: a changed class needs a new version.

The vectors themselves are `memory.embedded` (`projections/clusters/events.py`), whoever had them made.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import attrs

from ...core.events import event
from ..clusters.events import MemoryEmbedded

__all__ = ["SEMANTIC_EVENTS", "EmbedderBegun", "EmbedderChosen"]

_TAG: Final = "embedder"


@event("embedder.begun")
@attrs.frozen
class EmbedderBegun:
    """From now on, vectors of this embedder are made for every memory. Recall goes on with those it has.

    Attributes:
        embedder: `name/dimension/digest`.
    """

    embedder: str

    def about(self) -> Iterator[str]:
        yield _TAG


@event("embedder.chosen")
@attrs.frozen
class EmbedderChosen:
    """Every memory has a vector of this embedder: recall goes by them from now on, and the others' are let go.

    Attributes:
        embedder: `name/dimension/digest`.
    """

    embedder: str

    def about(self) -> Iterator[str]:
        yield _TAG


SEMANTIC_EVENTS: Final = (MemoryEmbedded, EmbedderBegun, EmbedderChosen)
