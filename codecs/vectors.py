"""Vectors as bytes: the direction of each, one signed byte a component. Pure.

Whoever compares vectors by their angle needs no length, so none is kept: a vector of d floats takes d bytes, a quarter
of what float32 takes. The greatest component becomes 127 or -127, the others in proportion, rounded half to even. No
direction at all, the zero vector, is all zeros. What is unpacked are whole numbers, so sums and products of them are
exact.

This module needs numpy and nothing that `import remanence` loads may import it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .errors import Damaged, InvalidInput

__all__ = ["GREATEST", "pack_directions", "quantised", "unpack_directions"]

GREATEST: Final = 127
_TWO_DIMENSIONS: Final = 2


def pack_directions(vectors: NDArray[Any]) -> list[bytes]:
    """The directions of vectors.

    Args:
        vectors: one vector a row.

    Raises:
        InvalidInput: it isn't a matrix, or a component isn't a finite number.
    """
    if vectors.ndim != _TWO_DIMENSIONS:
        message = f"vectors come as a matrix with one vector a row, not with {vectors.ndim} dimensions"
        raise InvalidInput(message)
    exact = vectors.astype(np.float64)
    if not np.isfinite(exact).all():
        message = "a vector has a component that is not a finite number"
        raise InvalidInput(message)
    return [row.tobytes() for row in quantised(exact)[0]]


def quantised(vectors: NDArray[Any]) -> tuple[NDArray[np.int8], NDArray[Any]]:
    """Vectors in steps of a 127th of their greatest component.

    Args:
        vectors: one vector of finite floats a row.

    Returns:
        For each component, how many steps it is; and for each vector, its greatest component, 0 if all are zeros.
    """
    greatest: NDArray[Any] = np.abs(vectors).max(axis=1, initial=0.0)
    # Divided before it is multiplied, so that neither the greatest nor the least of numbers overflows.
    whole: NDArray[Any] = np.where(greatest > 0, greatest, greatest.dtype.type(1))
    return np.rint(vectors / whole[:, np.newaxis] * GREATEST).astype(np.int8), greatest


def unpack_directions(packed: Sequence[bytes], dimension: int) -> NDArray[np.int8]:
    """A matrix of small whole numbers, one packed direction a row.

    Raises:
        Damaged: one has another length.
    """
    for one in packed:
        if len(one) != dimension:
            message = f"a vector has {len(one)} components, not {dimension}"
            raise Damaged(message)
    return np.frombuffer(b"".join(packed), dtype=np.int8).reshape(len(packed), dimension)
