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

from collections.abc import Mapping
from typing import Any, Final

import attrs
import numpy as np
from numpy.typing import NDArray

from .columns import REACH
from .moments import Moments
from .postings import Counts
from .scope_index import ScopeIndex

__all__ = ["Lexical", "Scratch", "Touched", "touched"]

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
DENSE: Final = 8
"""A look at every slot is worth it up to so many for each that is named."""
SAMPLED: Final = 4096
"""Values from which it is told how great the greatest are."""
_SHARED: Final = np.array([REACH + 1, *(REACH - step // 2 for step in range(2 * REACH))], np.float64)[:, None]
"""In how many windows a memory stands of its own, of those one before and one after it, two before, …: up to the widest
that there is. Those of fewer neighbours are the last of these."""
_LEAST: Final = np.nextafter(0.0, 1.0)

Floats = NDArray[np.float32]
Exact = NDArray[np.float64]
Ints = NDArray[np.int64]


@attrs.frozen(eq=False)
class Lexical:
    """What a question's words say of some memories, standardised.

    Attributes:
        windows: their scores, a line for each width of the window.
        session: their sessions' scores; None if none has a session.
    """

    windows: Floats
    session: Floats | None


class Scratch:
    """Arrays to count in, kept between questions.

    Attributes:
        size: how many slots there are.
        tally: how often each slot says a word; noughts between two uses.
        places: where each slot is in a list; anything between two uses.
    """

    def __init__(self) -> None:
        self.size = 0
        self.tally: Floats = np.zeros(0, np.float32)
        self.places: Ints = np.zeros(0, np.int64)

    def fit(self, size: int) -> None:
        """Have room for so many slots."""
        self.size = size
        if len(self.tally) < size:
            self.tally = np.zeros(size + size // 4, np.float32)
            self.places = np.zeros(len(self.tally), np.int64)

    def joined(self, slots: Ints, more: Ints) -> tuple[Ints, Ints]:
        """Some slots, then those of others that aren't among them; and where each of the others is in that."""
        places = self.places
        places[more] = -1
        places[slots] = np.arange(len(slots))
        new = more[places[more] < 0]
        places[new] = np.arange(len(slots), len(slots) + len(new))
        return np.concatenate((slots, new)), places[more]

    def summed(self, slots: Ints, values: Floats | Exact) -> tuple[Ints, Exact]:
        """Slots that may be named several times, each once and in order, and the sum of its values, above nought."""
        if self.size <= DENSE * len(slots):
            sums: Exact = np.bincount(slots, values, self.size).astype(np.float64, copy=False)
            found = np.flatnonzero(sums)
            return found, sums[found]
        places, order = self.places, np.arange(len(slots))
        places[slots] = order
        once = np.sort(slots[places[slots] == order])
        places[once] = order[: len(once)]
        return once, np.asarray(np.bincount(places[slots], values, len(once)), np.float64)

    def without(self, slots: Ints, others: Ints) -> Ints:
        """Slots that aren't among others."""
        self.places[slots] = 0
        self.places[others] = 1
        left: Ints = slots[self.places[slots] == 0]
        return left


@attrs.frozen(eq=False)
class _Said:
    """The postings of a question's words without what is gone, one word's after the other's.

    Attributes:
        slots: who says a word.
        counts: how often.
        sizes: how many say each word.
        weights: what each word counts.
    """

    slots: Ints
    counts: Counts
    sizes: Ints
    weights: Exact


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
    said: _Said
    reach: int
    asked_reach: int
    best: Ints
    counted: Ints
    times: Floats

    def score(self, slots: Ints) -> Lexical:
        """Score some slots exactly."""
        index, said = self.index, self.said
        every, places = self.scratch.joined(self.counted, slots)
        widths, number, counted = self.reach + 1, max(1, index.count), len(self.counted)
        averages = np.maximum(index.length_sums[:widths] / number, 1e-9)
        norms = index.columns.lengths[:widths].take(every, axis=1)
        norms *= (K1 * B / averages).astype(np.float32)[:, None]
        norms += np.float32(K1 * (1 - B))
        windows = self._windows(_near(index, every, self.reach))
        having = (windows[..., :counted] > 0).astype(np.float32) @ self.times
        weights = said.weights * (K1 + 1) * np.log1p((number - having + 0.5) / (having + 0.5))
        shares = windows + norms[:, None]
        np.divide(windows, shares, out=shares)
        totals: Floats = np.matmul(weights.astype(np.float32)[:, None], shares)[:, 0]
        some, times = totals[:, :counted].astype(np.float64), self.times.astype(np.float64)
        moments = Moments.of((some @ times / number).tolist(), ((some * some) @ times / number).tolist())
        scores = moments.standardised(totals.take(places, axis=1))
        if len(scores) <= self.asked_reach:
            scores = scores[[0] * (self.asked_reach + 1)]
        return Lexical(scores, _session(index, said, slots) if self.reach else None)

    def _windows(self, near: Ints) -> Floats:
        """How often windows say each word, by width, word and slot: as often as all of their turns do."""
        tally, said = self.scratch.tally, self.said
        flat = near.ravel()
        often = np.empty((len(said.weights), len(flat)), np.float32)
        end = 0
        for line, size in zip(often, said.sizes.tolist(), strict=True):
            start, end = end, end + size
            of = said.slots[start:end]
            tally[of] = said.counts[start:end]
            tally.take(flat, out=line, mode="clip")  # nothing is beyond the end; otherwise numpy copies
            tally[of] = 0
        often = often.reshape(len(often), *near.shape)
        windows = np.empty((self.reach + 1, len(often), near.shape[1]), np.float32)
        windows[0] = often[:, 0]
        beside = often[:, 1::2] + often[:, 2::2]
        for width in range(self.reach):
            np.add(windows[width], beside[:, width], out=windows[width + 1])
        return windows


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
    said = _said(index, words)
    own, shares = scratch.summed(said.slots, _own(index, said))
    has_many = len(own) > EXACT_MAX
    some = most(shares, SEEDS) if has_many else slice(None)
    around, worth = _around(index, own[some], shares[some], reach, scratch)
    best = slice(None) if len(around) <= EXACT_MAX else _greatest(worth, BEST)
    counted, times = _counted(index, around, best, scratch)
    if allowed is not None:
        fits = allowed[around]
        if has_many and np.count_nonzero(fits) < BEST:
            around, worth = _around(index, own, shares, reach, scratch)
            fits = allowed[around]
        around, worth = around[fits], worth[fits]
        best = slice(None) if len(around) <= EXACT_MAX else _greatest(worth, BEST)
    return Touched(index, scratch, said, reach, asked_reach, around[best], counted, times)


def _said(index: ScopeIndex, words: Mapping[int, float]) -> _Said:
    slots, counts, found = index.postings.together(list(words))
    sizes, weights = np.array(found, np.intp), np.array(list(words.values()), np.float64)
    if index.dead:
        kept = index.columns["alive"][slots]
        sizes = np.bincount(np.repeat(np.arange(len(sizes)), sizes)[kept], minlength=len(sizes))
        slots, counts = slots[kept], counts[kept]
    is_said = sizes > 0
    return _Said(slots, counts, sizes[is_said], weights[is_said])


def _own(index: ScopeIndex, said: _Said) -> Floats:
    """What each posting is worth to the memory itself."""
    number, sizes = index.count, said.sizes
    worth = said.weights * np.log1p((number - sizes + 0.5) / (sizes + 0.5))
    norms: Floats = index.columns.lengths[0].take(said.slots)
    norms *= np.float32(K1 * B / max(float(index.length_sums[0]) / max(1, number), 1e-9))
    norms += np.float32(K1 * (1 - B))
    norms += said.counts
    np.divide(said.counts, norms, out=norms)
    norms *= np.repeat(worth.astype(np.float32), sizes)
    return norms


def _around(index: ScopeIndex, seeds: Ints, shares: Exact, reach: int, scratch: Scratch) -> tuple[Ints, Exact]:
    """Who stands near the seeds, and what all the windows about each are worth, roughly."""
    if not reach:
        return seeds, shares
    near = _near(index, seeds, reach)
    slots, worth = scratch.summed(near.ravel(), (_SHARED[-len(near) :] * shares).ravel())
    somebody = slots > 0
    return slots[somebody], worth[somebody]


def _counted(index: ScopeIndex, around: Ints, best: Any, scratch: Scratch) -> tuple[Ints, Floats]:
    """Those that the statistics are taken from, and how many each stands for.

    All that are touched, and if there are too many the best of them, a sample of the others, and one of the rest.
    """
    if len(around) <= EXACT_MAX:
        return around, np.ones(len(around), np.float32)
    is_other = np.ones(len(around), np.bool_)
    is_other[best] = False
    others = around[is_other]
    some = others[:: max(1, len(others) // SAMPLE)]
    living = index.columns["alive"]
    rest = np.arange(1, len(living), max(1, len(living) // SAMPLE) | 1)
    rest = scratch.without(rest[living[rest]], around)
    parts = (around[best], some, rest)
    shares = (1.0, len(others) / max(1, len(some)), (index.count - len(around)) / max(1, len(rest)))
    return np.concatenate(parts), np.repeat(np.array(shares, np.float32), [len(each) for each in parts])


def most(values: Exact, count: int) -> Ints:
    """Where the greatest are: about so many, of values of which more are above nought."""
    sample = values[:: max(1, len(values) // SAMPLED) | 1]
    at = len(sample) - 1 - count * len(sample) // len(values)
    return np.flatnonzero(values >= max(np.partition(sample, at)[at], _LEAST))


def _greatest(values: Exact, count: int) -> Ints:
    """Where the greatest are, in order of place, with all that equal the least of them."""
    if len(values) <= count:
        return np.arange(len(values))
    return np.flatnonzero(values >= np.partition(values, len(values) - count)[len(values) - count])


def _near(index: ScopeIndex, slots: Ints, reach: int) -> Ints:
    """Slots, and below them their neighbours: one before, one after, two before, …; 0 for nobody."""
    return np.concatenate((slots[None], index.columns.near[: 2 * reach].take(slots, axis=1)), dtype=np.intp)


def _session(index: ScopeIndex, said: _Said, slots: Ints) -> Floats:
    """BM25 over whole sessions."""
    of, sizes = index.columns["session"], said.sizes
    lengths, number = index.session_lengths()
    norms = K1 * (1 - B) + K1 * B * lengths
    words, sessions = len(sizes), len(lengths)
    named = of.take(said.slots) + np.repeat(np.arange(0, words * sessions, sessions), sizes)
    counts = np.bincount(named, said.counts, words * sessions).reshape(words, sessions)
    counts[:, 0] = 0
    having = np.add.reduce(counts > 0, axis=1)
    weights = said.weights * (K1 + 1) * np.log1p((number - having + 0.5) / (having + 0.5))
    totals = weights @ (counts / (counts + norms))
    mean = float(np.add.reduce(totals)) / max(1, number)  # where nobody lives there is nought
    moments = Moments.of([mean], [float(totals @ totals) / max(1, number)])
    totals[0] = mean  # what is in no session has neither a good one nor a bad one
    scores: Floats = moments.standardised(totals.take(of.take(slots))[None].astype(np.float32))[0]
    return scores
