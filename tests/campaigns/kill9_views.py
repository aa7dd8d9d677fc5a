"""Kill -9, for views: a program is killed while it writes, rebuilds, snapshots, backs up and looks at the past.

After each kill: whoever only reads finds each view whole, or is told to come back; the next program, of other code (a
version that changed, views that now follow, or no longer do), opens the folder, goes on with what was being built, and
audits: no view differs from its log in one entry. The last backup that was reported is restored, which verifies it, and
its views are those of `as_of` then.

    python -m tests.campaigns.kill9_views --rounds 200
"""

from __future__ import annotations

import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import attrs
import trio

from remanence import Engine, NotFound, open_engine
from remanence.core.backup import restore

from . import campaign
from .keeping import Done, options, projections, read_done

__all__ = ["Campaign", "Figures"]

CODES: Final = 24
"""So many sorts of programs: two versions of a view, and each of three in the commits or behind them."""
REPORTS_MAX: Final = 60
"""A program is killed after at most so many reports, and up to so long after the last of them:"""
DELAY_S: Final = 0.05
EARLY_EVERY: Final = 4
"""One program in so many is killed while it starts, opens its folder and goes on with rebuilds, or little later."""
EARLY_S: Final = 1.2
CAUGHT_UP_S: Final = 60.0


@attrs.define
class Figures(campaign.Figures):
    """What a campaign has seen.

    Attributes:
        done: what programs had reported, by kind.
        resumed: rebuilds that were found begun, and gone on with.
    """

    done: Counter[str] = attrs.field(factory=Counter[str])
    resumed: int = 0

    def __str__(self) -> str:
        done = ", ".join(f"{count} of {what}" for what, count in sorted(self.done.items()))
        return f"{self.rounds} rounds, {done}, {self.resumed} resumed, {len(self.violations)} violations"


class Campaign(campaign.Campaign[Figures]):
    """Rounds of killing what keeps views."""

    verdict = "every view was whole"

    def __init__(self, path: Path, seed: int) -> None:
        super().__init__(Figures(), seed)
        self._path = path / "log"
        self._backups = path / "backups"

    def kill_and_look(self) -> None:
        reports = [read_done(line) for line in self._run_and_kill()]
        self.figures.done.update(each.what for each in reports)
        trio.run(self._look_only)
        trio.run(self._look, reports)
        shutil.rmtree(self._backups, ignore_errors=True)

    def _run_and_kill(self) -> Iterator[bytes]:
        number, code = self.figures.rounds, self.random.randrange(CODES)
        given = [str(self._path), str(self._backups), str(number), str(code)]
        early_s = None if number % EARLY_EVERY else self.random.uniform(EARLY_S / 4, EARLY_S)
        return self.killed("keeping", given, reports_max=REPORTS_MAX, delay_s=DELAY_S, early_s=early_s)

    async def _look_only(self) -> None:
        """As a reader that finds what the dead left, with code of any sort."""
        try:
            async with open_engine(self._path, read_only=True, **options(self.random.randrange(CODES))) as engine:
                await self._audit(engine, "a reader")
        except NotFound:
            pass  # the view has to be brought up to date first

    async def _look(self, reports: Sequence[Done]) -> None:
        code = self.random.randrange(CODES)
        async with open_engine(self._path, **options(code)) as engine:
            log = engine.read()
            if [each.position for each in log] != list(range(1, len(log) + 1)):
                self.complain("positions are not dense")
            if any(each.position > len(log) for each in reports):
                self.complain("what was acknowledged is not there")
            for projection in projections(code):
                await engine.wait_for(projection, timeout_s=CAUGHT_UP_S)
                if engine.views.of(projection).is_rebuild_pending():
                    self.figures.resumed += 1
                    while engine.views.of(projection).is_rebuild_pending():  # noqa: ASYNC110 - nobody tells its end
                        await trio.sleep(0.005)
                if engine.checkpoint(projection) != len(log):
                    self.complain(f"the view {projection.name} has not caught up")
            await self._audit(engine, "the next program")
            backups = [each for each in reports if each.what == "backup"]
            if backups:
                await self._restore(engine, backups[-1], code)

    async def _audit(self, engine: Engine, who: str) -> None:
        for audit in await engine.audit():
            if not audit.is_sound:
                self.complain(f"{who}: the view {audit.view} differs at {audit.position}: {audit.difference}")

    async def _restore(self, engine: Engine, backup: Done, code: int) -> None:
        """A backup that was reported holds all that was acknowledged before it, and is the past."""
        with TemporaryDirectory() as folder:
            copy = Path(folder) / "copy"
            report = restore(self._backups / backup.name, copy)
            if report.problem is not None or report.events < backup.position:
                self.complain(f"a backup of event {backup.position} holds {report.events}: {report.problem}")
            async with open_engine(copy, **options(code)) as other, engine.as_of(report.events) as past:
                for projection in projections(code):
                    await other.wait_for(projection)
                    if other.digest(projection) != past.digest(projection):
                        self.complain(f"the view {projection.name} of a backup is not that of event {report.events}")


if __name__ == "__main__":
    description = "Kill a program that keeps views, again and again, and audit them."
    sys.exit(campaign.run(Campaign, description))
