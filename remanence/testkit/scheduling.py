"""Schedules: run a Trio program in virtual time, its tasks in an order that a seed decides.

Trio runs the tasks that are ready in an arbitrary order. With a seed that order is the same every time; with another
seed it is another one. So what goes wrong in one schedule of a thousand can be found, and then looked at again.

    for seed in range(200):
        run_scheduled(main, seed=seed)
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import Final, TypeVar

import trio
from trio._core import _run as scheduler  # pyright: ignore[reportPrivateUsage] - there is no public way to load its dice
from trio.testing import MockClock

__all__ = ["run_scheduled"]

T = TypeVar("T")
_SWITCH: Final = "_ALLOW_DETERMINISTIC_SCHEDULING"
"""Trio's own: with it the dice alone decide the order."""


def run_scheduled(main: Callable[..., Awaitable[T]], *args: object, seed: int) -> T:
    """Run an async function to its end. Waiting takes no time: the clock jumps to whatever is due next.

    What runs in other threads is not scheduled, and the clock does not wait for it: leave threads out.

    Args:
        main: the function.
        args: its arguments.
        seed: decides the schedule.

    Returns:
        What the function returns.
    """
    with _seeded(seed):
        return trio.run(main, *args, clock=MockClock(autojump_threshold=0))


@contextmanager
def _seeded(seed: int) -> Generator[None]:
    """Let a seed decide Trio's schedule, and leave everything as it was."""
    dice = scheduler._r  # pyright: ignore[reportPrivateUsage]  # noqa: SLF001 - as above
    state, was_allowed = dice.getstate(), getattr(scheduler, _SWITCH)
    setattr(scheduler, _SWITCH, True)
    dice.seed(seed)
    try:
        yield
    finally:
        dice.setstate(state)
        setattr(scheduler, _SWITCH, was_allowed)
