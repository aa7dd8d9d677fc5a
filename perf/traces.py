"""Traces: what is read in which order. Made the same way each time; the last one is from real conversations."""

from __future__ import annotations

import re
from bisect import bisect_left
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import Any, Final

import msgspec

__all__ = ["locomo", "polluted", "routines", "uniform", "zipf"]

SKEW: Final = 0.99
"""As YCSB has it."""
WHOLE: Final = 0.8
"""What part of the routines is gone through to the end."""
_TURN: Final = re.compile(r"D:?(\d+):(\d+)")


def uniform(keys: int, count: int, random: Random) -> list[int]:
    """Every key as likely as any other: what no cache can do anything about."""
    return [random.randrange(keys) for _ in range(count)]


def zipf(keys: int, count: int, random: Random) -> list[int]:
    """Few keys often and many seldom."""
    sums = list(accumulate(rank**-SKEW for rank in range(1, keys + 1)))
    names = list(range(keys))
    random.shuffle(names)
    return [names[bisect_left(sums, random.random() * sums[-1])] for _ in range(count)]


def polluted(keys: int, count: int, random: Random) -> list[int]:
    """As `zipf`, and a third of all reads are scans of keys that are never read again."""
    hot = iter(zipf(keys, count, random))
    trace: list[int] = []
    unread = keys
    while len(trace) < count:
        trace += (next(hot) for _ in range(400))
        trace += range(unread, unread + 200)
        unread += 200
    return trace[:count]


def routines(keys: int, count: int, random: Random) -> list[int]:
    """An agent's routines: sequences of eight reads, gone through again and again in any order, now and then left."""
    length = 8
    known = [random.sample(range(keys), length) for _ in range(keys // length)]
    trace: list[int] = []
    while len(trace) < count:
        routine = random.choice(known)
        trace += routine if random.random() < WHOLE else routine[: random.randrange(1, length)]
    return trace[:count]


def locomo(path: Path) -> list[str]:
    """The turns that answer the questions of conversations, in the order in which they are asked."""
    trace: list[str] = []
    samples: list[dict[str, Any]] = msgspec.json.decode(path.read_bytes())
    for sample in samples:
        for question in sample["qa"]:
            for session, turn in _TURN.findall(" ".join(question.get("evidence", ()))):
                trace.append(f"{sample['sample_id']}/{int(session)}:{int(turn)}")
    return trace
