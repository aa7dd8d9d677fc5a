"""Fusion: from several scores for each memory to one. Pure.

| method     | score of a memory                                                                              |
|------------|------------------------------------------------------------------------------------------------|
| weighted   | the sum of what every signal gives, standardised, times its weight                               |
| max        | the better of what its words and its meaning are worth                                           |
| harmonic   | their harmonic mean: both have to be good                                                        |
| geometric  | their geometric mean: between the two                                                            |
| reciprocal | reciprocal rank fusion: 1 / (60 + rank in each list), scaled (Cormack, Clarke & Büttcher, 2009)   |

For all but the first, words and meaning are each brought to 0…1, and what is good by both earns the convergence bonus.
"""

from __future__ import annotations

from typing import Any, Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ...core.errors import InvalidInput

__all__ = ["METHODS", "Method", "Scores", "fuse"]

Scores = NDArray[np.float64]
Method = Literal["weighted", "max", "harmonic", "geometric", "reciprocal"]
METHODS: Final[tuple[str, ...]] = get_args(Method)
RANK_OFFSET: Final = 60
GOOD: Final = 0.75
"""What is worth so much by words and by meaning has been found twice."""


def fuse(method: Method, words: NDArray[Any], meaning: NDArray[Any], bonus: float) -> Scores:
    """Bring standardised scores of words and of meaning together, other than by their weighted sum.

    Args:
        method: how.
        words: standardised scores by words, a line for each window.
        meaning: the same by meaning; may have no lines.
        bonus: what is added for what is good by both.

    Raises:
        InvalidInput: there is no such method.
    """
    lists = [np.asarray(each.mean(axis=0), np.float64) for each in (words, meaning) if len(each)]
    if method == "reciprocal":
        return np.asarray(
            np.sum([RANK_OFFSET / (RANK_OFFSET + 1 + _ranks(each)) for each in lists], axis=0), np.float64
        )
    first, last = _share(lists[0]), _share(lists[-1])
    is_found_twice = (first >= GOOD) & (last >= GOOD) & (len(lists) > 1)
    together: Scores = np.where(is_found_twice, bonus, 0.0)
    if method == "max":
        return np.maximum(first, last) + together
    if method == "harmonic":
        return 2 * first * last / (first + last) + together
    if method == "geometric":
        return np.sqrt(first * last) + together
    message = f"there is no fusion {method!r}; there are {', '.join(METHODS)}"
    raise InvalidInput(message)


def _share(scores: Scores) -> Scores:
    """Standardised scores brought to 0…1."""
    return np.asarray(1 / (1 + np.exp(-scores)), np.float64)


def _ranks(scores: Scores) -> Scores:
    """The rank of each, from 0; equals share one."""
    distinct, at = np.unique(-scores, return_inverse=True)
    counts = np.bincount(at, minlength=len(distinct))
    return (np.cumsum(counts) - counts)[at].astype(np.float64)
