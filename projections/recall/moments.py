"""Moments: mean and spread of scores over a whole scope, by which scores of different kinds become comparable."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import attrs
import numpy as np
from numpy.typing import NDArray

__all__ = ["Moments"]

Floats = NDArray[np.float32]
NOISE: Final = 1e-5
"""Scores that lie no farther apart than this part of their mean are alike: they were only added up in other ways."""
NOISE_LEAST: Final = 1e-6


@attrs.frozen(eq=False)
class Moments:
    """What standardises scores.

    Attributes:
        means: of all memories of the scope, a column: one for each way to score.
        shares: one over their spreads; 0 where all are alike.
    """

    means: Floats
    shares: Floats

    @staticmethod
    def of(means: Sequence[float], squares: Sequence[float]) -> Moments:
        """From the means of scores and of their squares, one for each way to score."""
        shares: list[float] = []
        for mean, square in zip(means, squares, strict=True):
            spread = math.sqrt(max(0.0, square - mean * mean))
            shares.append(1 / spread if spread > max(NOISE * abs(mean), NOISE_LEAST) else 0.0)
        columns = np.array((means, shares), np.float32)[:, :, None]
        return Moments(columns[0], columns[1])

    def standardised(self, scores: NDArray[Any]) -> Floats:
        """How many spreads above the mean scores are, a line for each way; nought where all are alike."""
        found: Floats = scores - self.means
        found *= self.shares
        return found
