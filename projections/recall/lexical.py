"""Lexical scores: BM25 of a question's words over each memory, and over it with 1, 2, 3 neighbours to either side.

One posting list serves all four: a window's count of a word is the sum of its turns' counts. A first pass over the
postings finds who says something and lets neighbours share in it; the second scores the best of those exactly.

All that follows from the whole scope (mean and spread of a score, how many windows say a word) is exact as long as no
more than `EXACT_MAX` memories are touched. Beyond, the best are counted exactly; of the others that stand near them,
and of all the rest of the scope, an even sample is: nothing that is random, and nothing that a filter changes.

Source of the formula: Robertson & Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond, 2009; k1 and b are
the usual 1.2 and 0.75.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

import attrs
import numpy as np
from numpy.typing import NDArray

from .postings import Counts
from .scope_index import ScopeIndex

__all__ = ["Lexical", "Scored", "Scratch", "Touched", "standard", "touched"]

K1: Final = 1.2
B: Final = 0.75
EXACT_MAX: Final = 1536
"""Memories touched up to which everything is counted."""
BEST: Final = 256
"""Memories that are scored exactly beyond that."""
SAMPLE: Final = 256
"""Memories that are counted of those near them, and of the rest."""
SEEDS: Final = 1024
"""Memories whose neighbours share in their words, beyond that: about so many, the best by their own."""

SAMPLED: Final = 4096
"""Values from which it is told how great the greatest are."""
_LEAST: Final = np.nextafter(np.float32(0), np.float32(1))

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Living = tuple[NDArray[np.intp], Counts]
"""A posting without what is gone: slots, and how often each says the word."""


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
        self.places: Ints = np.zeros(0, np.int64)

    def fit(self, size: int) -> None:
        """Have room for so many slots."""
        if len(self.counts) < size:
            self.counts = np.zeros(size + size // 4, np.float32)
            self.shares = np.zeros(len(self.counts), np.float32)
            self.places = np.zeros(len(self.counts), np.int64)

    def joined(self, slots: Ints, more: Ints) -> tuple[Ints, Ints]:
        """Some slots, then those of others that aren't among them; and where each of the others is in that."""
        places = self.places
        places[slots] = np.arange(1, len(slots) + 1)
        both = np.concatenate((slots, more[places[more] == 0]))
        places[both] = np.arange(1, len(both) + 1)
        found = places[more] - 1
        places[both] = 0
        return both, found


@attrs.frozen(eq=False)
class Touched:
    """Memories that a question's words concern.

    Attributes:
        reach: neighbours to either side that the widest window takes in: none where there are no turns.
        asked_reach: neighbours that were asked for: those wider windows are the memory itself then.
        best: the most promising of those that may answer.
        counted: those that the statistics are taken from.
        times: how many memories each of those stands for.
    """

    index: ScopeIndex
    scratch: Scratch
    found: Sequence[tuple[Living, float]]
    reach: int
    asked_reach: int
    best: Ints
    counted: Ints
    times: NDArray[np.float64]

    def score(self, slots: Ints) -> Lexical:
        """Score some slots exactly."""
        index = self.index
        every, places = self.scratch.joined(self.counted, slots)
        widths, number, counted = self.reach + 1, max(1, index.count), len(self.counted)
        averages = np.maximum(index.length_sums[:widths] / number, 1e-9)
        norms = index.columns.lengths[:widths, every] * (K1 * B / averages).astype(np.float32)[:, None]
        norms += np.float32(K1 * (1 - B))
        windows = _windows(self._said(_near(index, every, self.reach)))
        having = (windows[..., :counted] > 0).astype(np.float32) @ self.times
        weights = np.array([weight for _, weight in self.found]) * (K1 + 1)
        weights = weights * np.log1p((number - having + 0.5) / (having + 0.5))
        totals: Floats = np.matmul(weights.astype(np.float32)[:, None], windows / (windows + norms[:, None]))[:, 0]
        scored = self._scored(totals, places, number)
        scored += [scored[0]] * (self.asked_reach + 1 - len(scored))
        return Lexical(scored, _session(index, self.found, slots) if self.reach else None)

    def _said(self, near: Ints) -> Floats:
        """How often slots say each word: by place in `near`, word and slot."""
        tally = self.scratch.counts
        said = np.empty((len(near), len(self.found), near.shape[1]), np.float32)
        for number, ((of, counts), _) in enumerate(self.found):
            tally[of] = counts
            said[:, number] = tally[near]
            tally[of] = 0
        return said

    def _scored(self, totals: Floats, places: Ints, number: int) -> list[Scored]:
        some = totals[:, : len(self.counted)].astype(np.float64)
        means = some @ self.times / number
        squares = (some * some) @ self.times / number
        spreads = np.sqrt(np.maximum(0.0, squares - means * means))
        scores = totals[:, places]
        return [Scored(*each) for each in zip(scores, means.tolist(), spreads.tolist(), strict=True)]


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
    own = _own(index, found, scratch)[: index.columns.count]
    has_many = np.count_nonzero(own) > EXACT_MAX
    seeds = most(own, SEEDS) if has_many else np.flatnonzero(own)
    around, worth = _around(index, seeds, own[seeds], reach, scratch)
    counted, times = _counted(index, around, worth, scratch)
    if allowed is not None:
        fits = allowed[around]
        if has_many and np.count_nonzero(fits) < BEST:
            seeds = np.flatnonzero(own)
            around, worth = _around(index, seeds, own[seeds], reach, scratch)
            fits = allowed[around]
        around, worth = around[fits], worth[fits]
    own[:] = 0
    best = around if len(around) <= EXACT_MAX else around[_greatest(worth, BEST)]
    return Touched(index, scratch, found, reach, asked_reach, best, counted, times)


def _living(index: ScopeIndex, word: int) -> Living:
    slots, counts = index.postings.of(word)
    if index.dead and len(slots):
        kept = index.columns["alive"][slots]
        slots, counts = slots[kept], counts[kept]
    return slots.astype(np.intp), counts  # of the type that numpy looks up by, once and for all


def _own(index: ScopeIndex, found: Sequence[tuple[Living, float]], scratch: Scratch) -> Floats:
    """What each memory's own words are worth."""
    number, shares, lengths = index.count, scratch.shares, index.columns.lengths[0]
    slope = np.float32(K1 * B / max(float(index.length_sums[0]) / max(1, number), 1e-9))
    constant = np.float32(K1 * (1 - B))
    for (slots, counts), weight in found:
        having = len(slots)
        idf = math.log1p((number - having + 0.5) / (having + 0.5))
        norms = lengths.take(slots)
        norms *= slope
        norms += constant
        norms += counts
        np.divide(counts, norms, out=norms)
        norms *= np.float32(weight * idf)
        norms += shares.take(slots)
        shares[slots] = norms
    return shares


def _around(index: ScopeIndex, seeds: Ints, shares: Floats, reach: int, scratch: Scratch) -> tuple[Ints, Floats]:
    """Who stands near the seeds, and what all the windows about each are worth, roughly.

    For one distance no two memories have the same neighbour, so assignments by slot add up rightly.
    """
    total = scratch.counts
    arrays = index.columns.arrays
    before = after = seeds
    total[seeds] = shares * (reach + 1)
    for distance in range(1, reach + 1):
        part = shares * (reach + 1 - distance)
        before, after = arrays["before"].take(before).astype(np.intp), arrays["after"].take(after).astype(np.intp)
        for each in (before, after):
            total[each] = total.take(each) + part
    total[0] = 0
    around = np.flatnonzero(total[: index.columns.count] > 0)
    worth = total[around]
    total[around] = 0
    return around, worth


def _counted(index: ScopeIndex, around: Ints, worth: Floats, scratch: Scratch) -> tuple[Ints, NDArray[np.float64]]:
    """Those that the statistics are taken from, and how many each stands for.

    All that are touched, and if there are too many the best of them, a sample of the others, and one of the rest.
    """
    if len(around) <= EXACT_MAX:
        return around, np.ones(len(around))
    near = np.zeros(len(around), np.bool_)
    near[_greatest(worth, BEST)] = True
    best, others = around[near], around[~near]
    others_some = others[:: max(1, len(others) // SAMPLE)]
    places = scratch.places
    places[around] = 1
    living = index.columns["alive"]
    rest = np.arange(1, len(living), max(1, len(living) // SAMPLE) | 1)
    rest = rest[living[rest] & (places[rest] == 0)]
    places[around] = 0
    rest_count = index.count - len(around)
    parts = ((best, len(best)), (others_some, len(others)), (rest, rest_count))
    times = [np.full(len(some), count / max(1, len(some))) for some, count in parts]
    return np.concatenate([some for some, _ in parts]), np.concatenate(times)


def most(values: Floats, count: int) -> Ints:
    """Where the greatest are: about so many, of values of which more are above nought."""
    sample = values[:: max(1, len(values) // SAMPLED) | 1]
    at = len(sample) - 1 - count * len(sample) // len(values)
    return np.flatnonzero(values >= max(np.partition(sample, at)[at], _LEAST))


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
    """How often windows say each word, from how often each of their turns does: one window for each width."""
    windows = said[::2].copy() if len(said) > 1 else said
    for width in range(1, len(windows)):
        windows[width] += said[2 * width - 1]
        windows[width] += windows[width - 1]
    return windows


def _session(index: ScopeIndex, found: Sequence[tuple[Living, float]], slots: Ints) -> Scored | None:
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
    mean = float(totals.sum()) / max(1, number)  # where nobody lives there is nought
    spread = math.sqrt(max(0.0, float(totals @ totals) / max(1, number) - mean * mean))
    totals[0] = mean  # what is in no session has neither a good one nor a bad one
    return Scored(totals[of[slots]].astype(np.float32), mean, spread)
