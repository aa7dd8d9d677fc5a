"""The harness: contenders take turns, round after round, and the median of the rounds' ratios is what counts.

Invariants:
- a ratio compares two runs of one round, which lie next to each other in time: what slows the machine down slows both;
- a contender times its own loop alone, checks every answer, and raises `WrongAnswer` rather than report a rate;
- before each run garbage is collected and what is left is frozen; while it runs the collector works as for users;
- nothing here decides by an absolute time: goals are looked at when all is done.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Final

import attrs

__all__ = [
    "BYTES",
    "MICROSECONDS",
    "PERCENT",
    "PER_SECOND",
    "Case",
    "Contender",
    "Goal",
    "Measured",
    "Plan",
    "Result",
    "Sample",
    "Say",
    "WrongAnswer",
    "measure",
    "result_of",
]

Say = Callable[[str], None]
"""Told what is under way."""
PER_SECOND: Final = "/s"
MICROSECONDS: Final = "µs"
BYTES: Final = "bytes"
PERCENT: Final = "%"
"""Units of values: a rate, the time of each, what is counted itself, or which part of it is right."""


class WrongAnswer(Exception):
    """A contender answered wrongly: its speed means nothing."""


@attrs.frozen
class Plan:
    """How much is to be measured.

    Attributes:
        folder: where logs and databases are made; on the disk that is meant.
        rounds: how often each contender runs.
        warm_ups: rounds before those, thrown away.
        seconds: how long a run lasts that is limited by time.
        events: events in the logs that are read.
        peers: whether those that are installed beside us are measured too.
        data: a transcript to measure sizes on, or None for the one that ships with the package.
        locomo: LoCoMo's JSON, for what is measured of recall, or None for made-up words.
        cranfield: a folder with the Cranfield collection, for the same, or None.
    """

    folder: Path
    rounds: int = 7
    warm_ups: int = 1
    seconds: float = 2.0
    events: int = 200_000
    peers: bool = True
    data: Path | None = None
    locomo: Path | None = None
    cranfield: Path | None = None


@attrs.frozen
class Sample:
    """One run.

    Attributes:
        count: how many things were done.
        seconds: how long that took.
        latencies_s: how long each call took, if calls are what users wait for.
        of: what a percentage is of.
        shares: what else is to be known of its answers, in percent by name: how much of them is right.
    """

    count: int
    seconds: float
    latencies_s: Sequence[float] = ()
    of: int = 0
    shares: Mapping[str, float] = attrs.field(factory=dict[str, float])


@attrs.frozen
class Contender:
    """Who is measured, by name, and how: `run` prepares, times, checks and cleans up."""

    name: str
    run: Callable[[], Sample]


@attrs.frozen
class Goal:
    """What our own value shall reach. A value is a rate unless its case counts microseconds or bytes.

    Attributes:
        least: our value, or its ratio to that of `over`, is to be this or more.
        most: it is to be this or less.
        over: the contender to compare with; None for our value itself.
    """

    least: float | None = None
    most: float | None = None
    over: str | None = None

    def is_met(self, value: float) -> bool:
        """Whether a value reaches it."""
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)


@attrs.frozen
class Case:
    """Contenders that do the same. Ours is the first.

    Attributes:
        name: what is done.
        things: what is counted: "events", "rows".
        contenders: who does it.
        goals: what our own shall reach.
        unit: PER_SECOND, MICROSECONDS for each, BYTES, which are the sample's count, or PERCENT, its share.
        notes: what has to be known of it, as who was left out and why.
    """

    name: str
    things: str
    contenders: Sequence[Contender]
    goals: Sequence[Goal] = ()
    unit: str = PER_SECOND
    notes: Sequence[str] = ()


@attrs.frozen
class Measured:
    """What a contender reached.

    Attributes:
        name: the contender.
        values: one for each round.
        p50_ms, p95_ms, p99_ms: half of its calls, and 95 and 99 of 100, took no longer; None if calls were not timed.
        shares: as its samples have them: the median of the rounds.
    """

    name: str
    values: tuple[float, ...]
    p50_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None
    shares: Mapping[str, float] = attrs.field(factory=dict[str, float])

    @property
    def median(self) -> float:
        """The median of its values."""
        return median(self.values)


@attrs.frozen
class Result:
    """What a case came to.

    Attributes:
        name: the case.
        unit: what the values are: "events/s", "µs", "bytes".
        measured: every contender, ours first.
        goals: what ours was to reach.
        notes: as the case has them.
    """

    name: str
    unit: str
    measured: tuple[Measured, ...]
    goals: tuple[Goal, ...] = ()
    notes: tuple[str, ...] = ()

    def ratios(self, over: str) -> tuple[float, ...]:
        """Our value divided by another contender's, round by round."""
        other = next(each for each in self.measured if each.name == over)
        return tuple(one / two for one, two in zip(self.measured[0].values, other.values, strict=True))

    def value(self, goal: Goal) -> float:
        """What a goal looks at: the median of our values, or of the ratios."""
        return self.measured[0].median if goal.over is None else median(self.ratios(goal.over))


def measure(case: Case, plan: Plan, say: Say) -> Result:
    """Run every contender of a case in turn, so many rounds."""
    samples: dict[str, list[Sample]] = {contender.name: [] for contender in case.contenders}
    for number in range(-plan.warm_ups, plan.rounds):
        what = f"round {number + 1} of {plan.rounds}" if number >= 0 else "warming up"
        for contender in case.contenders:
            say(f"{case.name}: {what}, {contender.name}")
            with _clean_slate():
                sample = contender.run()
            if number >= 0:
                samples[contender.name].append(sample)
    return result_of(case, samples)


def result_of(case: Case, samples: dict[str, list[Sample]]) -> Result:
    """Put the samples of a case's contenders together."""
    unit = case.things + case.unit if case.unit == PER_SECOND else case.unit
    measured = tuple(_measured(name, found, case.unit) for name, found in samples.items())
    return Result(case.name, unit, measured, tuple(case.goals), tuple(case.notes))


def _measured(name: str, samples: Sequence[Sample], unit: str) -> Measured:
    if unit == MICROSECONDS:
        values = tuple(sample.seconds / sample.count * 1e6 for sample in samples)
    elif unit == PERCENT:
        values = tuple(100 * sample.count / sample.of for sample in samples)
    elif unit == BYTES:
        values = tuple(float(sample.count) for sample in samples)
    else:
        values = tuple(sample.count / sample.seconds for sample in samples)
    shares = {what: median(sample.shares[what] for sample in samples) for what in samples[0].shares}
    latencies = sorted(latency for sample in samples for latency in sample.latencies_s)
    if not latencies:
        return Measured(name, values, shares=shares)
    p50, p95, p99 = (latencies[int(len(latencies) * share)] * 1e3 for share in (0.5, 0.95, 0.99))
    return Measured(name, values, p50, p95, p99, shares)


@contextmanager
def _clean_slate() -> Generator[None]:
    """No contender pays for what lies about from others."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
