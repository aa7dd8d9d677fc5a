"""Lexical scores: BM25 of a question's words over each memory, and over it with 1, 2, 3 neighbours to either side.

One posting list serves all four: a window's count of a word is the sum of its turns' counts. A first pass over the
postings finds who says something and lets neighbours share in it; the second scores the best of those exactly.

All that follows from the whole scope (mean and spread of a score, how many windows say a word) is exact as long as no
more than `EXACT_MAX` memories are touched. Beyond, the best are counted exactly and of the rest an even sample is:
nothing that is random, and nothing that a filter changes.

Source of the formula: Robertson & Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond, 2009; k1 and b are
the usual 1.2 and 0.75.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import attrs
import numpy as np
from numpy.typing import NDArray

from .postings import Posting
from .scope_index import ScopeIndex

__all__ = ["Lexical", "Scored", "Scratch", "Touched", "standard", "touched"]

K1: Final = 1.2
B: Final = 0.75
EXACT_MAX: Final = 2048
"""Memories touched up to which everything is counted."""
BEST: Final = 512
"""Memories that are scored exactly beyond that."""
SEEDS: Final = 4096
"""Memories whose neighbours share in their words, beyond that: the best by their own."""

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


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
        self.counts: Floats = np.zeros(0, np.float32)
        self.shares: Floats = np.zeros(0, np.float32)

    def fit(self, size: int) -> None:
        """Have room for so many slots."""
        if len(self.counts) < size:
            self.counts = np.zeros(size + size // 4, np.float32)
            self.shares = np.zeros(len(self.counts), np.float32)


@attrs.frozen(eq=False)
class Touched:
    """Memories that a question's words concern.

    Attributes:
        reach: neighbours to either side that the widest window takes in: none where there are no turns.
        asked_reach: neighbours that were asked for: those wider windows are the memory itself then.
        best: the most promising of those that may answer.
        counted: those that the statistics are taken from: first those that stand for themselves, then the sample.
        alone: how many of those stand for themselves.
        times: how many each of the others stands for.
    """

    index: ScopeIndex
    scratch: Scratch
    found: Sequence[tuple[Posting, float]]
    reach: int
    asked_reach: int
    best: Ints
    counted: Ints
    alone: int
    times: float

    def score(self, slots: Ints) -> Lexical:
        """Score some slots exactly."""
        index, tally = self.index, self.scratch.counts
        every = np.concatenate((self.counted, slots))
        near = _near(index, every, self.reach)
        widths, number, counted = self.reach + 1, max(1, index.count), len(self.counted)
        averages = np.maximum(index.length_sums[:widths] / number, 1e-9)
        norms = index.columns.lengths[:widths, every] * (K1 * B / averages).astype(np.float32)[:, None]
        norms += np.float32(K1 * (1 - B))
        totals = np.zeros((widths, len(every)), np.float32)
        for (of, counts), weight in self.found:
            tally[of] = counts
            windows = _windows(tally[near])
            tally[of] = 0
            having = self._sums(windows[:, :counted] > 0)
            idf = np.log1p((number - having + 0.5) / (having + 0.5)) * (weight * (K1 + 1))
            part = windows / (windows + norms)
            part *= idf.astype(np.float32)[:, None]
            totals += part
        scored = [self._scored(total, counted, number) for total in totals]
        scored += [scored[0]] * (self.asked_reach + 1 - len(scored))
        return Lexical(scored, _session(index, self.found, slots) if self.reach else None)

    def _sums(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """Sums over the whole scope, of what is nought wherever nobody was touched."""
        first = values[..., : self.alone].sum(axis=-1, dtype=np.float64)
        return np.asarray(first + self.times * values[..., self.alone :].sum(axis=-1, dtype=np.float64))

    def _scored(self, total: Floats, counted: int, number: int) -> Scored:
        some = total[:counted].astype(np.float64)
        mean = float(self._sums(some)) / number
        squares = float(self._sums(some * some)) / number
        return Scored(total[counted:], mean, math.sqrt(max(0.0, squares - mean * mean)))


def touched(
    index: ScopeIndex,
    words: Mapping[int, float],
    scratch: Scratch,
    reach: int,
    allowed: NDArray[np.bool_] | None,
) -> Touched:
    """Find who says a question's words, or stands near one who does.

    Args:
        index: the memories, settled.
        words: the words, with their weights.
        scratch: where to count.
        reach: neighbours to either side that the widest window takes in.
        allowed: which memories may answer; None if every living one may.
    """
    scratch.fit(index.columns.count)
    asked_reach, reach = reach, reach if index.turns else 0
    found = [(posting, weight) for word, weight in words.items() if len((posting := _living(index, word))[0])]
    own = _own(index, found, scratch)
    sayers = np.flatnonzero(scratch.shares[: index.columns.count])
    seeds = sayers if len(sayers) <= SEEDS else sayers[_greatest(own[sayers], SEEDS)]
    shares = own[seeds]
    all_shares = own[sayers] if allowed is not None and len(seeds) < len(sayers) else None
    own[sayers] = 0
    around, worth = _around(index, seeds, shares, reach, scratch)
    counted, alone, times = _counted(around, worth)
    if allowed is None:
        best = counted[:alone]
    else:
        if all_shares is not None:
            around, worth = _around(index, sayers, all_shares, reach, scratch)
        fits = allowed[around]
        around, worth = around[fits], worth[fits]
        best = around if len(around) <= EXACT_MAX else around[_greatest(worth, BEST)]
    return Touched(index, scratch, found, reach, asked_reach, best, counted, alone, times)


def _living(index: ScopeIndex, word: int) -> Posting:
    slots, counts = index.postings.of(word)
    if not index.dead or not len(slots):
        return slots, counts
    kept = index.columns["alive"][slots]
    return slots[kept], counts[kept]


def _own(index: ScopeIndex, found: Sequence[tuple[Posting, float]], scratch: Scratch) -> Floats:
    """What each memory's own words are worth."""
    number, shares, lengths = index.count, scratch.shares, index.columns.lengths[0]
    slope = np.float32(K1 * B / max(float(index.length_sums[0]) / max(1, number), 1e-9))
    for (slots, counts), weight in found:
        having = len(slots)
        idf = math.log1p((number - having + 0.5) / (having + 0.5))
        shares[slots] += (
            np.float32(weight * idf) * counts / (counts + lengths[slots] * slope + np.float32(K1 * (1 - B)))
        )
    return shares


def _around(index: ScopeIndex, seeds: Ints, shares: Floats, reach: int, scratch: Scratch) -> tuple[Ints, Floats]:
    """Who stands near the seeds, and what all the windows about each are worth, roughly.

    For one distance no two memories have the same neighbour, so assignments by slot add up rightly.
    """
    total = scratch.counts
    columns = index.columns
    before = after = seeds
    total[seeds] = shares * (reach + 1)
    for distance in range(1, reach + 1):
        before, after = columns["before"][before], columns["after"][after]
        part = shares * (reach + 1 - distance)
        total[before] += part
        total[after] += part
    total[0] = 0
    around = np.flatnonzero(total[: columns.count])
    worth = total[around]
    total[around] = 0
    return around, worth


def _counted(around: Ints, worth: Floats) -> tuple[Ints, int, float]:
    """Those that the statistics are taken from: all, or the best and an even sample of the rest."""
    if len(around) <= EXACT_MAX:
        return around, len(around), 1.0
    is_best = np.zeros(len(around), np.bool_)
    is_best[_greatest(worth, BEST)] = True
    rest = around[~is_best]
    sample = rest[:: max(1, len(rest) // BEST)]
    return np.concatenate((around[is_best], sample)), int(is_best.sum()), len(rest) / len(sample)


def _greatest(values: Floats, count: int) -> Ints:
    """Where the greatest are, in order of place, with all that equal the least of them."""
    if len(values) <= count:
        return np.arange(len(values))
    return np.flatnonzero(values >= np.partition(values, len(values) - count)[len(values) - count])


def _near(index: ScopeIndex, slots: Ints, reach: int) -> Ints:
    """Slots, and below them their neighbours: one before, one after, two before, …; 0 for nobody."""
    rows = [slots]
    before = after = slots
    for _ in range(reach):
        before, after = index.columns["before"][before], index.columns["after"][after]
        rows += [before, after]
    return np.stack(rows).astype(np.intp)


def _windows(said: Floats) -> Floats:
    """How often windows say a word, from how often each of their turns does."""
    windows = np.empty(((len(said) + 1) // 2, said.shape[1]), np.float32)
    windows[0] = said[0]
    for width in range(1, len(windows)):
        np.add(said[2 * width - 1], said[2 * width], out=windows[width])
        windows[width] += windows[width - 1]
    return windows


def _session(index: ScopeIndex, found: Sequence[tuple[Posting, float]], slots: Ints) -> Scored | None:
    """BM25 over whole sessions."""
    if not index.turns:
        return None
    of = index.columns["session"]
    said, living = index.session_words()
    number = int(living.sum())
    norm = K1 * (1 - B + B * said / max(float(said.sum()) / max(1, number), 1e-9))
    totals = np.zeros(len(said))
    for (posted, counts), weight in found:
        count = np.bincount(of[posted], counts, len(said))
        count[0] = 0
        having = int(np.count_nonzero(count))
        totals += weight * (K1 + 1) * math.log1p((number - having + 0.5) / (having + 0.5)) * count / (count + norm)
    mean, spread = float(totals[living].mean()), float(totals[living].std())
    totals[0] = mean  # what is in no session has neither a good one nor a bad one
    return Scored(totals[of[slots]].astype(np.float32), mean, spread)
