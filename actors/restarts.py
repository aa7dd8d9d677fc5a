"""Restarts: how long to wait before an actor is begun again, and when to give it up. Pure but for the dice given in.

Each actor has a budget of its own: what one uses up is not missing for its siblings.
"""

from __future__ import annotations

from collections import deque
from random import Random
from typing import Final

import attrs

from ..core.errors import InvalidInput

__all__ = ["NO_RESTART", "Budget", "Restart", "pause_s"]


@attrs.frozen
class Restart:
    """When a crashed actor is begun again.

    Attributes:
        limit: so many crashes within `within_s` are forgiven; the next one ends everything, with its error.
        within_s: how long a crash counts, in seconds.
        first_pause_s: the longest pause after the first of them, in seconds; each further one is twice as long.
        pause_s_max: the longest pause, in seconds.
    """

    limit: int = 10
    within_s: float = 60.0
    first_pause_s: float = 0.1
    pause_s_max: float = 30.0

    def __attrs_post_init__(self) -> None:
        if self.limit < 0 or not (self.within_s > 0 and self.first_pause_s >= 0 and self.pause_s_max >= 0):
            message = f"a restart's limit and times are 0 or more, within_s more than 0, not {self!r}"
            raise InvalidInput(message)


NO_RESTART: Final = Restart(limit=0)


def pause_s(failures: int, random: Random, *, first_s: float, longest_s: float) -> float:
    """How long to wait after so many failures: twice as long each time, and spread, so that few come back at once."""
    doublings = min(failures - 1, 60)  # far beyond any longest pause, and no float runs over
    return min(longest_s, first_s * 2.0**doublings) * random.uniform(0.5, 1.0)


class Budget:
    """One actor's crashes."""

    def __init__(self, policy: Restart, random: Random) -> None:
        self._policy = policy
        self._random = random
        self._crashes: deque[float] = deque()

    def crashed(self, now: float) -> float | None:
        """Note a crash.

        Args:
            now: Trio's clock.

        Returns:
            How long to wait before the restart, in seconds; None when it has crashed too often.
        """
        policy, crashes = self._policy, self._crashes
        crashes.append(now)
        while now - crashes[0] > policy.within_s:
            crashes.popleft()
        if len(crashes) > policy.limit:
            return None
        return pause_s(len(crashes), self._random, first_s=policy.first_pause_s, longest_s=policy.pause_s_max)
