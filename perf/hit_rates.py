"""Hit rates: how often each policy finds what is asked for, on recorded traces, beside plain LRU of the same size.

    python -m remanence.perf.hit_rates [locomo.json]

Each read that finds nothing is followed by putting the entry in, as a cache does. The last columns are the Markov
model: the share of its predictions that were right, and plain LRU's hit rate when what is predicted is put in too.
"""

from __future__ import annotations

import sys
from collections.abc import Hashable, Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Final

import attrs

from ..projections.caching.policies import POLICIES, PolicyName
from ..projections.caching.pools import ENTRY_BYTES, Budget, Pool
from ..projections.caching.prediction import Markov
from .traces import locomo, polluted, routines, uniform, zipf

__all__ = ["Rates", "b1_3", "rates", "traces"]

KEYS: Final = 10_000
READS: Final = 200_000
FOUND: Final = "it"
SIZES: Final = (0.05, 0.1, 0.3)
"""What share of the keys there is room for."""


@attrs.frozen
class Rates:
    """What came out for one trace and one size.

    Attributes:
        entries: for how many there was room.
        hits: by policy, the share of reads that found something.
        predicted: the share of reads that were predicted.
        accuracy: the share of predictions that were right; None if there were none.
        with_prediction: the share of reads that found something under LRU, with what was predicted put in.
    """

    entries: int
    hits: Mapping[str, float]
    predicted: float
    accuracy: float | None
    with_prediction: float


def rates(trace: Sequence[Hashable], entries: int) -> Rates:
    """Play a trace against every policy."""
    hits: Mapping[str, float] = {policy: _play(trace, entries, policy, None) for policy in POLICIES}
    markov = Markov()
    both = _play(trace, entries, "lru", markov)
    return Rates(entries, hits, markov.predictions / len(trace), markov.accuracy, both)


def _play(trace: Sequence[Hashable], entries: int, policy: PolicyName, markov: Markov | None) -> float:
    pool: Pool[str] = Pool("trace", Budget(entries * (ENTRY_BYTES + 100)), policy=policy)
    found = 0
    for key in trace:
        if pool.get(key):
            found += 1
        else:
            pool.put(key, FOUND, 100)
        if markov is not None:
            likely = markov.observe(key)
            if likely is not None and likely not in pool:
                pool.put(likely, FOUND, 100)
    return found / len(trace)


def b1_3() -> float:
    """The earlier system's own workload: 400 of 500 stored keys were read before; then 1,000 reads at random."""
    random = Random(13)  # noqa: S311 - made-up reads, no secrets
    pool: Pool[str] = Pool("b1.3", Budget(1 << 20), policy="adaptive")
    for key in range(400):
        pool.put(key, FOUND, 100)
    found = 0
    for key in uniform(500, 1000, random):
        if pool.get(key):
            found += 1
        else:
            pool.put(key, FOUND, 100)
    return found / 1000


def traces(conversations: Path | None) -> Iterator[tuple[str, list[Hashable]]]:
    """Each trace with its name."""
    made = {"uniform": uniform, "Zipf 0.99": zipf, "scan-polluted": polluted, "routines": routines}
    for number, (name, make) in enumerate(made.items()):
        yield name, list(make(KEYS, READS, Random(number)))  # noqa: S311 - made-up reads, no secrets
    if conversations is not None and conversations.exists():
        yield "LoCoMo questions", list(locomo(conversations))


def main(words: Sequence[str]) -> None:
    """Print the table."""
    say = sys.stdout.write
    say(f"{'trace':18}{'room':>8}{'lru':>8}{'lfu':>8}{'adaptive':>10}{'right':>8}{'of reads':>10}{'lru+markov':>12}\n")
    for name, trace in traces(Path(words[0]) if words else None):
        keys = len(set(trace))
        for size in SIZES:
            found = rates(trace, max(20, int(min(keys, KEYS) * size)))
            say(f"{name:18}{found.entries:8,}" + "".join(f"{found.hits[each]:8.1%}" for each in ("lru", "lfu")))
            accuracy = "-" if found.accuracy is None else f"{found.accuracy:.1%}"
            say(f"{found.hits['adaptive']:10.1%}{accuracy:>8}{found.predicted:10.1%}{found.with_prediction:12.1%}\n")
    say(f"400 of 500 read before, 1,000 reads at random: {b1_3():.1%}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
