"""The static embedder: a text's vector is the sum of its pieces' vectors, from a table that ships with the package.

The table (`codecs/minilm.table`) was made by `perf/build_table.py` from the public weights of all-MiniLM-L6-v2: what
that model thinks of each piece by itself. A text takes some 40 microseconds, no model and no download. It knows that
words are alike; it doesn't know their order.

Invariants:
- pure: the same text gives the same vector, as long as the identity is the same. So its vectors are no decisions, and
  are not recorded;
- additive: the vector of texts put together is the sum of their vectors, so a turn among its neighbours costs a sum;
- a text without a known piece gives the zero vector, which is similar to nothing.

It needs numpy, so nothing that `import remanence` loads may import it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...codecs.token_tables import TokenTable, read_table
from ...codecs.wordpiece import WordPiece
from ...core.embedder import EmbedderIdentity
from ...core.errors import Damaged

__all__ = ["StaticEmbedder", "shipped"]

TABLE: Final = "minilm.table"
TABLE_DIGEST: Final = "9bfb9f7b0f330e0abef19c6f72119a05"
"""BLAKE3 of the table's file, 16 bytes: what `perf/build_table.py` printed."""
DIMENSION: Final = 256
RECIPE: Final = 1
"""Raised when the same table gives other vectors, because texts are cut in another way."""


class StaticEmbedder:
    """Texts about alike things get vectors that point the same way."""

    identity = EmbedderIdentity("minilm-static", DIMENSION, f"{TABLE_DIGEST[:16]}.{RECIPE}")
    is_pure = True

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """A row for each text: the sum of its pieces' vectors, the longer the more it says.

        Raises:
            Damaged: the installed table is not the one that belongs to this release.
        """
        table, cutter = shipped()
        rows, scales = table.rows, table.scales
        made = np.zeros((len(texts), DIMENSION), np.float32)
        for number, text in enumerate(texts):
            pieces = cutter.pieces(text)
            if pieces:
                made[number] = _summed(rows, scales, np.array(pieces, dtype=np.intp))
        return made


_AT_ONCE: Final = 4096
"""Pieces whose rows are looked up at once: four megabytes, however long a text is."""


def _summed(rows: NDArray[np.int8], scales: NDArray[np.float32], pieces: NDArray[np.intp]) -> NDArray[np.float32]:
    if len(pieces) <= _AT_ONCE:
        return scales.take(pieces) @ rows.take(pieces, axis=0).astype(np.float32)  # a third of what rows[pieces] takes
    total = np.zeros(rows.shape[1], np.float32)
    for start in range(0, len(pieces), _AT_ONCE):
        total += _summed(rows, scales, pieces[start : start + _AT_ONCE])
    return total


@cache
def shipped() -> tuple[TokenTable, WordPiece]:
    """The table that ships with the package, once it is needed."""
    package = __name__.rpartition(".projections.")[0]
    with resources.as_file(resources.files(f"{package}.codecs").joinpath(TABLE)) as path:
        table = read_table(Path(path))
    if table.digest != TABLE_DIGEST or table.dimension != DIMENSION:
        message = f"{TABLE} is not what this release came with: its digest is {table.digest}; install the package anew"
        raise Damaged(message)
    return table, WordPiece(table.vocabulary)
