"""The guard: calls something that may fail or hang, with a deadline, again after a pause, and not at all for a while.

| state     | a call                              | leaves it when                                          |
|-----------|-------------------------------------|---------------------------------------------------------|
| closed    | is made, again if it fails          | five attempts in a row failed → open                    |
| open      | is refused at once                  | a minute has passed → half-open                         |
| half-open | is made once                        | it succeeds → closed; it fails → open                   |

All time is Trio's. One call at a time: who shares a guard waits for the other.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from random import Random
from typing import Final, TypeVar

import attrs
import trio

__all__ = ["CLOSED", "HALF_OPEN", "OPEN", "Guard", "GuardSettings", "Refused"]

T = TypeVar("T")
_logger = logging.getLogger(__name__)
CLOSED: Final = "closed"
OPEN: Final = "open"
HALF_OPEN: Final = "half-open"


class Refused(Exception):
    """The call was not made, or failed as often as it is tried; `__cause__` says why."""


@attrs.frozen
class GuardSettings:
    """How patient a guard is.

    Attributes:
        deadline_s: how long one attempt may take, in seconds.
        attempts: how often a call is made before it counts as failed.
        first_pause_s: the pause before the second attempt; it doubles, and is spread by up to a fifth.
        pause_s_max: the longest pause.
        failures: so many failed attempts in a row open the circuit.
        rest_s: how long it stays open.
    """

    deadline_s: float = 30.0
    attempts: int = 3
    first_pause_s: float = 0.5
    pause_s_max: float = 30.0
    failures: int = 5
    rest_s: float = 60.0


class Guard:
    """Stands between us and something that isn't ours."""

    def __init__(self, name: str, settings: GuardSettings | None = None, random: Random | None = None) -> None:
        """Guard what is called `name`; `random` spreads the pauses, and is seeded by the name unless given."""
        self.name = name
        self.settings = settings or GuardSettings()
        self._random = Random(name) if random is None else random  # noqa: S311 - no secret hangs on it
        self._lock = trio.Lock()
        self._failed = 0
        self._open_until = -float("inf")

    @property
    def state(self) -> str:
        """closed, open or half-open."""
        if self._failed < self.settings.failures:
            return CLOSED
        return OPEN if trio.current_time() < self._open_until else HALF_OPEN

    @property
    def open_for_s(self) -> float:
        """For how long it will refuse calls, in seconds."""
        return max(0.0, self._open_until - trio.current_time()) if self.state == OPEN else 0.0

    async def call(self, work: Callable[[], Awaitable[T]], *, attempts: int | None = None) -> T:
        """Do the work and return what it returns; at most so many times, by default as often as the settings say.

        Raises:
            Refused: the circuit is open, or it failed as often as it is tried.
        """
        async with self._lock:
            return await self._call(work, self.settings.attempts if attempts is None else attempts)

    async def _call(self, work: Callable[[], Awaitable[T]], attempts: int) -> T:
        attempts = 1 if self.state == HALF_OPEN else attempts
        last: Exception | None = None
        for attempt in range(attempts):
            if self.state == OPEN:
                break
            if attempt:
                await trio.sleep(self._pause_s(attempt))
            try:
                with trio.fail_after(self.settings.deadline_s):
                    result = await work()
            except Exception as error:  # noqa: BLE001 - whatever it raises, we go on without it
                last = error
                self._note_failure(error)
            else:
                self._failed = 0
                return result
        message = f"{self.name} is not asked for now" if last is None else f"{self.name} failed: {last!r}"
        raise Refused(message) from last

    def _pause_s(self, attempt: int) -> float:
        pause_s = min(self.settings.pause_s_max, self.settings.first_pause_s * 2.0 ** (attempt - 1))
        return pause_s * self._random.uniform(0.8, 1.2)

    def _note_failure(self, error: Exception) -> None:
        self._failed += 1
        _logger.warning("%s failed: %r", self.name, error)
        if self._failed >= self.settings.failures:
            self._open_until = trio.current_time() + self.settings.rest_s
            _logger.warning("%s is given a rest of %g s", self.name, self.settings.rest_s)
