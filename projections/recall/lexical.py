"""Lexical scores: BM25 of a question's words over each memory, and over it with 1, 2, 3 neighbours to either side.

One posting list serves all four: a window's count of a word is the sum of its turns' counts, so each posting is passed
on to the neighbours by their links. For one word and one distance no two turns have the same neighbour, so plain
assignments by slot add up rightly. What is exact here: the counts, the lengths, the number of windows that say a word,
and the mean and spread over all memories of the scope, of which all but those touched have a score of zero.

Source of the formula: Robertson & Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond, 2009; k1 and b are
the usual 1.2 and 0.75.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import attrs
import numpy as np
from numpy.typing import NDArray

from .columns import WINDOWS
from .scope_index import ScopeIndex

__all__ = ["Lexical", "Scored", "lexical", "standard"]

K1: Final = 1.2
B: Final = 0.75


@attrs.frozen(eq=False)
class Scored:
    """Scores of slots, and what it takes to standardise them.

    Attributes:
        scores: one for each of the slots asked about.
        mean, spread: of all memories of the scope.
    """

    scores: NDArray[np.float32]
    mean: float
    spread: float

    def standard(self) -> NDArray[np.float32]:
        """How many spreads above the mean each is; nought where all are alike."""
        return standard(self.scores, self.mean, self.spread)


def standard(scores: NDArray[np.float32], mean: float, spread: float) -> NDArray[np.float32]:
    """Standardised scores."""
    if spread <= 0:
        return np.zeros_like(scores)
    return (scores - np.float32(mean)) * np.float32(1 / spread)


@attrs.frozen(eq=False)
class Lexical:
    """What a question's words say of some memories.

    Attributes:
        windows: their scores, for each width of the window.
        session: their sessions' scores; None if none has a session.
    """

    windows: Sequence[Scored]
    session: Scored | None


class Scratch:
    """Arrays of zeros to count in, kept between questions."""

    def __init__(self) -> None:
        self.counts: NDArray[np.float32] = np.zeros(0, np.float32)
        self.totals: NDArray[np.float32] = np.zeros((WINDOWS, 0), np.float32)

    def fit(self, size: int) -> None:
        """Have room for so many slots."""
        if len(self.counts) < size:
            self.counts = np.zeros(size + size // 4, np.float32)
            self.totals = np.zeros((WINDOWS, len(self.counts)), np.float32)


def lexical(
    index: ScopeIndex,
    words: Mapping[int, float],
    scratch: Scratch,
    reach: int,
    choose: Callable[[NDArray[np.int64]], NDArray[np.int64]],
) -> tuple[NDArray[np.int64], Lexical]:
    """Score a question's words over windows of up to `reach` neighbours to either side.

    Args:
        index: the memories, settled.
        words: the words, with their weights.
        scratch: where to count.
        reach: how wide the widest window is.
        choose: from the slots that have a score other than zero to those that are wanted.

    Returns:
        The slots that are wanted, and their scores.
    """
    columns = index.columns
    size, number = columns.count, index.count
    scratch.fit(size)
    totals = scratch.totals
    before, after, alive = columns["before"], columns["after"], columns["alive"]
    widths = reach + 1 if index.turns else 1
    sessions = _Sessions(index) if index.turns and reach else None
    norms = [_norm(columns.lengths[width], index.length_sums[width] / max(1, number)) for width in range(widths)]
    for word, weight in words.items():
        slots, counts = index.postings.of(word)
        if index.dead:
            kept = alive[slots]
            slots, counts = slots[kept], counts[kept]
        if not len(slots):
            continue
        if sessions is not None:
            sessions.add(slots, counts, weight)
        _spread(slots, counts, weight * (K1 + 1), number, (before, after), norms, scratch)
    touched = np.flatnonzero(totals[widths - 1, :size])
    wanted = choose(touched)
    windows: list[Scored] = []
    for total in totals[:widths]:
        mean, spread = _moments(total[touched], number)
        windows.append(Scored(total[wanted], mean, spread))
        total[touched] = 0
    windows += [windows[0]] * (reach + 1 - widths)
    return wanted, Lexical(windows, None if sessions is None else sessions.scored(wanted))


Norm = tuple[NDArray[np.float32], np.float32, np.float32]
"""Lengths, what every window has, and what comes to it for each word."""


def _norm(lengths: NDArray[np.float32], average: float) -> Norm:
    return lengths, np.float32(K1 * (1 - B)), np.float32(K1 * B / max(average, 1e-9))


def _idf(number: int, having: int) -> float:
    return math.log1p((number - having + 0.5) / (having + 0.5))


def _spread(  # noqa: PLR0917 - one call, in the innermost loop
    slots: NDArray[np.int32],
    counts: NDArray[np.float32],
    weight: float,
    number: int,
    links: tuple[NDArray[np.int32], NDArray[np.int32]],
    norms: Sequence[Norm],
    scratch: Scratch,
) -> None:
    """Add one word's part to the scores of every window that it is in."""
    tally = scratch.counts
    tally[0] = 1  # nobody is never new; what gathers there is wiped out below
    tally[slots] = counts
    support: NDArray[np.int32] = slots
    before = after = slots
    for width, (lengths, base, slope) in enumerate(norms):
        if width:
            before, after = links[0][before], links[1][after]
            for near in (before, after):
                fresh = near[tally[near] == 0]
                tally[near] += counts
                support = np.concatenate((support, fresh))
        found = tally[support]
        part = found / (found + (lengths[support] * slope + base))
        part *= np.float32(weight * _idf(number, len(support)))
        scratch.totals[width][support] += part
    tally[support] = 0
    tally[0] = 0


class _Sessions:
    """Scores of whole sessions."""

    def __init__(self, index: ScopeIndex) -> None:
        self._of = index.columns["session"]
        self._said = np.array(index.session_said, np.float32)
        self._living = np.array(index.session_turns) > 0
        self._number = int(self._living.sum())
        average = float(self._said.sum()) / max(1, self._number)
        self._norm = K1 * (1 - B + B * self._said / max(average, 1e-9))
        self._totals = np.zeros(len(self._said), np.float32)

    def add(self, slots: NDArray[np.int32], counts: NDArray[np.float32], weight: float) -> None:
        found = np.bincount(self._of[slots], counts, len(self._said)).astype(np.float32)
        found[0] = 0
        idf = _idf(self._number, int(np.count_nonzero(found)))
        self._totals += np.float32(weight * idf * (K1 + 1)) * found / (found + self._norm)

    def scored(self, slots: NDArray[np.int64]) -> Scored:
        living = self._totals[self._living]
        mean, spread = float(living.mean()), float(living.std())
        scores = self._totals[self._of[slots]]
        scores[self._of[slots] == 0] = mean  # what is in no session has neither a good one nor a bad one
        return Scored(scores, mean, spread)


def _moments(scores: NDArray[np.float32], number: int) -> tuple[float, float]:
    """Mean and spread over all memories: those that aren't among the scores have none."""
    total = float(scores.sum(dtype=np.float64))
    squares = float(np.square(scores, dtype=np.float64).sum())
    mean = total / max(1, number)
    return mean, math.sqrt(max(0.0, squares / max(1, number) - mean * mean))
