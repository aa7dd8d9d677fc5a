"""Running workloads: what `python -m remanence.perf` and `remanence bench run` have in common."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from .harness import Plan, Result, Say, measure
from .workloads import WORKLOADS

__all__ = ["planned", "results_of"]

_ROUNDS: Final = (7, 3)
_SECONDS: Final = (2.0, 0.25)
_EVENTS: Final = (200_000, 20_000)
"""In full, and when it is to be quick."""


def planned(
    folder: Path,
    *,
    is_quick: bool,
    rounds: int | None = None,
    seconds: float | None = None,
    events: int | None = None,
    **rest: Any,
) -> Plan:
    """A plan: what isn't said is as usual, or small if it is to be quick. `rest` is as `Plan` has it."""
    return Plan(
        folder,
        rounds=rounds or _ROUNDS[is_quick],
        seconds=seconds or _SECONDS[is_quick],
        events=events or _EVENTS[is_quick],
        **rest,
    )


def results_of(names: Iterable[str], plan: Plan, say: Say) -> Iterator[Result]:
    """What workloads come to, all of them if none is named, case by case.

    Raises:
        WrongAnswer: somebody answered wrongly.
        PeerMissing: a peer can't be measured.
    """
    for name in dict.fromkeys(names) or WORKLOADS:
        say(f"{name}: preparing")
        for case in WORKLOADS[name](plan):
            yield measure(case, plan, say)
