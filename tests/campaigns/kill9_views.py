"""Kill -9, for views: a program is killed while it writes, rebuilds, snapshots, backs up and looks at the past.

After each kill: whoever only reads finds each view whole, or is told to come back; the next program, of other code (a
version that changed, views that now follow, or no longer do), opens the folder, goes on with what was being built, and
audits: no view differs from its log in one entry. The last backup that was reported is restored, which verifies it, and
its views are those of `as_of` then.

    python -m tests.campaigns.kill9_views --rounds 200
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Final

import attrs
import trio

from remanence import Engine, NotFound, open_engine
from remanence.core.backup import restore

from .keeping import Done, options, projections, read_done

__all__ = ["Campaign", "Figures"]

ROOT: Final = Path(__file__).parents[2]
CODES: Final = 24
"""So many sorts of programs: two versions of a view, and each of three in the commits or behind them."""
REPORTS_MAX: Final = 60
"""A program is killed after at most so many reports, and up to so long after the last of them:"""
DELAY_S: Final = 0.05
EARLY_EVERY: Final = 4
"""One program in so many is killed while it starts, opens its folder and goes on with rebuilds, or little later."""
EARLY_S: Final = 1.2
SECONDS_MAX: Final = 60.0


@attrs.define
class Figures:
    """What a campaign has seen.

    Attributes:
        rounds: programs killed.
        done: what they had reported, by kind.
        resumed: rebuilds that were found begun, and gone on with.
        violations: what is not as it should be.
    """

    rounds: int = 0
    done: Counter[str] = attrs.field(factory=Counter[str])
    resumed: int = 0
    violations: list[str] = attrs.field(factory=list[str])

    def __str__(self) -> str:
        done = ", ".join(f"{count} of {what}" for what, count in sorted(self.done.items()))
        return f"{self.rounds} rounds, {done}, {self.resumed} resumed, {len(self.violations)} violations"


class Campaign:
    """Rounds of killing and looking, on one folder."""

    def __init__(self, path: Path, seed: int) -> None:
        self.figures = Figures()
        self._path = path / "log"
        self._backups = path / "backups"
        self._random = Random(seed)  # noqa: S311 - the same seed kills the same programs

    def round(self) -> None:
        """Run a program, kill it, and look at what it left."""
        self.figures.rounds += 1
        reports = self._run_and_kill()
        self.figures.done.update(each.what for each in reports)
        trio.run(self._look_only)
        trio.run(self._look, reports)
        shutil.rmtree(self._backups, ignore_errors=True)

    def _run_and_kill(self) -> list[Done]:
        code = self._random.randrange(CODES)
        given = [str(self._path), str(self._backups), str(self.figures.rounds), str(code)]
        enough, delay_s = self._random.randrange(REPORTS_MAX), self._random.uniform(0, DELAY_S)
        command = [sys.executable, "-m", "tests.campaigns.keeping", *given]
        reports: list[Done] = []
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as program:
            assert program.stdout is not None
            is_early = self.figures.rounds % EARLY_EVERY == 0
            limit_s = self._random.uniform(EARLY_S / 4, EARLY_S) if is_early else SECONDS_MAX
            limit = threading.Timer(limit_s, program.kill)
            limit.start()
            for number, line in enumerate(program.stdout):
                if number == enough:
                    threading.Timer(delay_s, program.kill).start()
                if line.endswith(b"}\n"):
                    reports.append(read_done(line))
            limit.cancel()
        if program.returncode != -9:
            self._complain(f"the program ended by itself, with {program.returncode}")
        return reports

    async def _look_only(self) -> None:
        """As a reader that finds what the dead left, with code of any sort."""
        try:
            async with open_engine(self._path, read_only=True, **options(self._random.randrange(CODES))) as engine:
                await self._audit(engine, "a reader")
        except NotFound:
            pass  # the view has to be brought up to date first

    async def _look(self, reports: Sequence[Done]) -> None:
        code = self._random.randrange(CODES)
        async with open_engine(self._path, **options(code)) as engine:
            log = engine.read()
            if [each.position for each in log] != list(range(1, len(log) + 1)):
                self._complain("positions are not dense")
            if any(each.position > len(log) for each in reports):
                self._complain("what was acknowledged is not there")
            for projection in projections(code):
                await engine.wait_for(projection, timeout_s=SECONDS_MAX)
                if engine.views.of(projection).is_rebuild_pending():
                    self.figures.resumed += 1
                    while engine.views.of(projection).is_rebuild_pending():  # noqa: ASYNC110 - nobody tells its end
                        await trio.sleep(0.005)
                if engine.checkpoint(projection) != len(log):
                    self._complain(f"the view {projection.name} has not caught up")
            await self._audit(engine, "the next program")
            backups = [each for each in reports if each.what == "backup"]
            if backups:
                await self._restore(engine, backups[-1], code)

    async def _audit(self, engine: Engine, who: str) -> None:
        for audit in await engine.audit():
            if not audit.is_sound:
                self._complain(f"{who}: the view {audit.view} differs at {audit.position}: {audit.difference}")

    async def _restore(self, engine: Engine, backup: Done, code: int) -> None:
        """A backup that was reported holds all that was acknowledged before it, and is the past."""
        with TemporaryDirectory() as folder:
            copy = Path(folder) / "copy"
            report = restore(self._backups / backup.name, copy)
            if report.problem is not None or report.events < backup.position:
                self._complain(f"a backup of event {backup.position} holds {report.events}: {report.problem}")
            async with open_engine(copy, **options(code)) as other, engine.as_of(report.events) as past:
                for projection in projections(code):
                    await other.wait_for(projection)
                    if other.digest(projection) != past.digest(projection):
                        self._complain(f"the view {projection.name} of a backup is not that of event {report.events}")

    def _complain(self, violation: str) -> None:
        self.figures.violations.append(f"round {self.figures.rounds}: {violation}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a campaign, a line for every ten rounds; 0 when every view was whole."""
    parser = argparse.ArgumentParser(description="Kill a program that keeps views, again and again, and audit them.")
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    begun = time.monotonic()
    with TemporaryDirectory() as folder:
        campaign = Campaign(Path(folder), given.seed)
        for number in range(1, given.rounds + 1):
            campaign.round()
            if number % 10 == 0 or number == given.rounds:
                _say(f"{campaign.figures}, {time.monotonic() - begun:.0f} s")
    for violation in campaign.figures.violations:
        _say(violation)
    _say("every view was whole" if not campaign.figures.violations else "something is wrong")
    return bool(campaign.figures.violations)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
