"""Token tables: a vector for each piece of a vocabulary, in one file. Pure, but that the file is mapped, not read.

    file   := magic pieces(u32) dimension(u32) words(u32) scales rows vocabulary     little-endian, no padding
    magic  := "RMNTABL1"
    scales := pieces x f32        what a step of the row's whole numbers is
    rows   := pieces x dimension x i8
    vocabulary := words bytes     UTF-8, the pieces in their order, one a line

A row is its whole numbers times its scale: the greatest of them is 127 or -127, so that frequent words, which weigh
little, are told as finely as rare ones. A row of zeros has scale zero. Downside: the file says nothing of how it was
made; `perf/build_table.py` does.

This module needs numpy and nothing that `import remanence` loads may import it.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import attrs
import numpy as np
from numpy.typing import NDArray

from .digests import short_digest
from .errors import Damaged

__all__ = ["TokenTable", "pack_table", "read_table"]

MAGIC: Final = b"RMNTABL1"
GREATEST: Final = 127
_HEAD: Final = struct.Struct("<8sIII")


@attrs.frozen(eq=False)
class TokenTable:
    """A table.

    Attributes:
        vocabulary: the number of each piece.
        rows: a row of signed bytes for each piece.
        scales: what a step of each row is.
        digest: of the whole file, as hex.
    """

    vocabulary: Mapping[str, int]
    rows: NDArray[np.int8]
    scales: NDArray[np.float32]
    digest: str

    @property
    def dimension(self) -> int:
        """How many components a vector has."""
        return int(self.rows.shape[1])


def pack_table(vocabulary: Sequence[str], vectors: NDArray[Any]) -> bytes:
    """A table as a file's bytes.

    Args:
        vocabulary: the pieces; none holds a line break.
        vectors: one vector a row, in the same order.
    """
    greatest = np.abs(vectors).max(axis=1)
    scales = (greatest / GREATEST).astype(np.float32)
    steps = np.where(scales > 0, scales, np.float32(1))
    rows = np.clip(np.rint(vectors / steps[:, None]), -GREATEST, GREATEST).astype(np.int8)
    words = "\n".join(vocabulary).encode()
    head = _HEAD.pack(MAGIC, len(vocabulary), vectors.shape[1], len(words))
    return b"".join((head, scales.astype("<f4").tobytes(), rows.tobytes(), words))


def read_table(path: Path) -> TokenTable:
    """A table from its file, whose rows stay on the disk until they are looked at.

    Raises:
        Damaged: this is no table, or not all of it.
    """
    data: NDArray[np.uint8]
    try:
        data = np.memmap(path, dtype=np.uint8, mode="r")
    except ValueError:  # an empty file can't be mapped
        data = np.empty(0, dtype=np.uint8)
    if len(data) < _HEAD.size:
        message = f"{path.name} is no token table: it has {len(data)} bytes"
        raise Damaged(message)
    magic, pieces, dimension, words = _HEAD.unpack(data[: _HEAD.size].tobytes())
    rows_at = _HEAD.size + 4 * pieces
    words_at = rows_at + pieces * dimension
    if magic != MAGIC or len(data) != words_at + words:
        message = f"{path.name} is no token table, or not all of one: {len(data)} bytes, {magic!r}"
        raise Damaged(message)
    scales = np.frombuffer(data[_HEAD.size : rows_at].tobytes(), dtype="<f4")
    rows = np.frombuffer(data, dtype=np.int8, count=pieces * dimension, offset=rows_at).reshape(pieces, dimension)
    listed = data[words_at:].tobytes().decode(errors="replace").split("\n")
    if len(listed) != pieces:
        message = f"{path.name} has {pieces} rows for {len(listed)} pieces"
        raise Damaged(message)
    vocabulary = {piece: number for number, piece in enumerate(listed)}
    return TokenTable(vocabulary, rows, scales, short_digest(data.tobytes()).hex())
