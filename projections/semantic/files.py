"""Files: a scope's vectors as they stood at a position, kept so that the next program need not embed every text again.

    views/recall-<version>/<digest of the scope>-<digest of the embedder>.npz

They lie beside the index of the scope's words, so that there is one place to drop them from: `Indexes.erase`. No text
stands in them; of memories that are gone, nothing: neither a vector, nor an id, nor a session's name. What a file is
and what it isn't, `projections/kept_arrays.py` says.

This module needs numpy and nothing that `import remanence` loads may import it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from ...codecs.digests import short_digest
from ...core.embedder import EmbedderIdentity
from ..kept_arrays import KeptArrays, Noted, Unplaced, name_of
from .block import VectorBlock

__all__ = ["VectorFiles"]

VERSION: Final = 1
"""Grows with every change of what is kept."""
Scope = tuple[str, ...]


class VectorFiles:
    """The files of one log's vectors."""

    def __init__(self, kept: KeptArrays) -> None:
        """Keep vectors where the scopes' other arrays are kept."""
        self._kept = kept

    def load(
        self, scope: Scope, embedder: EmbedderIdentity, position_max: int
    ) -> tuple[VectorBlock, int, dict[str, int]] | None:
        """Vectors, the position at which they stood, and which event brought each text, if that is known.

        None if there are none that fit the log and aren't beyond a position.
        """
        found = self._kept.load(_name(scope, embedder), _about(scope, embedder), position_max)
        try:
            if found is None:
                return None
            head, arrays = found
            block = VectorBlock.restored(embedder.dimension, head["sessions"], arrays)
            told = dict(zip(head["told"], arrays["told"].tolist(), strict=True))
            return block, int(head["position"]), told
        except (ValueError, KeyError, IndexError, TypeError):
            return None  # of another program

    def noted(
        self, scope: Scope, embedder: EmbedderIdentity, block: VectorBlock, position: int, told: Mapping[str, int]
    ) -> Noted:
        """A copy of a scope's vectors as they are now, to write."""
        names, arrays = block.stored()
        head = {**_about(scope, embedder), "sessions": names, "told": list(told)}
        arrays["told"] = np.array(list(told.values()), np.int64)
        return Noted(_name(scope, embedder), position, head, arrays)

    def write(self, noted: Noted) -> Unplaced | None:
        """Write what was noted.

        Raises:
            OSError: the disk refuses.
        """
        return self._kept.write(noted)


def _name(scope: Scope, embedder: EmbedderIdentity) -> str:
    return f"{name_of(scope)}-{short_digest(str(embedder).encode()).hex()[:16]}"


def _about(scope: Scope, embedder: EmbedderIdentity) -> dict[str, Any]:
    return {"scope": list(scope), "embedder": str(embedder), "version": VERSION}
