"""Exact arithmetic on vectors of whole numbers: why a batch decides what its changes would decide one by one.

Floating point adds up differently in another order, and a product of matrices has no order of its own. Here every sum
and product is a whole number below 2^53, where float64 makes no error: so it doesn't matter how many vectors are
multiplied at once. What is rounded at all (a root, a quotient) is rounded from exact numbers, one operation at a time,
as IEEE 754 says; so other machines decide the same. `members_max` is what keeps the numbers small enough.
"""

from __future__ import annotations

from math import isqrt
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ...codecs.vectors import GREATEST

__all__ = ["Floats", "cosines", "members_max", "products"]

Floats = NDArray[np.float64]
"""Whole numbers, kept as floats for the sake of speed."""
EXACT_MAX: Final = 1 << 53

BLOCK: Final = 1 << 18
"""Multiplications up to which OpenBLAS keeps to one thread (65,536 times 4, by `interface/gemm.c`)."""


def members_max(dimension: int) -> int:
    """How many members a cluster can have before arithmetic is no longer exact: about 46,000 with 256 components.

    Up to there the square of its sum's length is exact, and so is every product of two sums: by Cauchy and Schwarz no
    partial sum of it is greater.
    """
    return isqrt(EXACT_MAX // (dimension * GREATEST**2))


def products(left: Floats, right: Floats) -> Floats:
    """The inner product of each row of one matrix with each row of another.

    In blocks that BLAS multiplies in the calling thread: its other threads take longer to wake than such a block takes,
    and keep processors busy while they wait for the next one.
    """
    found: Floats = np.empty((len(left), len(right)))
    step = max(1, BLOCK // max(1, left.size))
    for start in range(0, len(right), step):
        np.matmul(left, right[start : start + step].T, out=found[:, start : start + step])
    return found


def cosines(inner: Any, square: Any, squares: Any) -> Floats:
    """Cosines from inner products and squares of lengths; 0 where there is no direction."""
    length: Any = np.sqrt(square) * np.sqrt(squares)
    found: Floats = np.zeros_like(np.asarray(inner, dtype=np.float64))
    np.divide(inner, length, out=found, where=length > 0)
    return found
