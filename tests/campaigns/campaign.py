"""A campaign: programs are killed at random moments, one after the other, and what each leaves is looked at.

What all campaigns share: running a program until it has reported enough and a little longer, the figures that stay, and
the command line. What is run and what is looked for is each campaign's own.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import IO, Final, Generic, TypeVar

import attrs

__all__ = ["Campaign", "Figures", "run"]

ROOT: Final = Path(__file__).parents[2]
SECONDS_MAX: Final = 60.0
"""A program that doesn't report is killed after this."""


@attrs.define
class Figures:
    """What a campaign has seen.

    Attributes:
        rounds: programs killed.
        violations: what should not have been, one sentence each.
    """

    rounds: int = 0
    violations: list[str] = attrs.field(factory=list[str])


F = TypeVar("F", bound=Figures)


class Campaign(ABC, Generic[F]):
    """Rounds of killing and looking, on one folder."""

    verdict: str
    """What is said at the end, if it is so."""

    def __init__(self, figures: F, seed: int) -> None:
        self.figures = figures
        self.random = Random(seed)  # noqa: S311 - the same seed kills the same programs

    def round(self) -> None:
        """Run a program, kill it, and look at what it left."""
        self.figures.rounds += 1
        self.kill_and_look()

    @abstractmethod
    def kill_and_look(self) -> None:
        """Do that."""

    def killed(
        self, program: str, given: Sequence[str], *, reports_max: int, delay_s: float, early_s: float | None
    ) -> Iterator[bytes]:
        """Run a program until it has made some reports, and a little longer; a line that was cut off is no report.

        Args:
            program: a module beside this one.
            given: its arguments.
            reports_max: it is killed after fewer reports than these,
            delay_s: and up to so long after the last of them, in seconds.
            early_s: or this long after it was begun, in seconds.
        """
        enough, delay_s = self.random.randrange(reports_max), self.random.uniform(0, delay_s)
        command = [sys.executable, "-m", f"tests.campaigns.{program}", *given]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as running:
            assert running.stdout is not None
            limit = threading.Timer(SECONDS_MAX if early_s is None else early_s, running.kill)
            limit.start()
            yield from _reports(running.stdout, enough, lambda: threading.Timer(delay_s, running.kill).start())
            limit.cancel()
        if running.returncode != -9:
            self.complain(f"the program ended by itself, with {running.returncode}")

    def complain(self, violation: str) -> None:
        """Note what should not have been."""
        self.figures.violations.append(f"round {self.figures.rounds}: {violation}")


def run(make: Callable[[Path, int], Campaign[F]], description: str, arguments: Sequence[str] | None = None) -> int:
    """Run a campaign, a line for every ten rounds; 0 when nothing was violated."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    begun = time.monotonic()
    with TemporaryDirectory() as folder:
        campaign = make(Path(folder), options.seed)
        for number in range(1, options.rounds + 1):
            campaign.round()
            if number % 10 == 0 or number == options.rounds:
                _say(f"{campaign.figures}, {time.monotonic() - begun:.0f} s")
    for violation in campaign.figures.violations:
        _say(violation)
    _say("something is wrong" if campaign.figures.violations else campaign.verdict)
    return bool(campaign.figures.violations)


def _reports(lines: IO[bytes], enough: int, kill: Callable[[], None]) -> Iterator[bytes]:
    for number, line in enumerate(lines):
        if number == enough:
            kill()
        if line.endswith(b"}\n"):
            yield line


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
