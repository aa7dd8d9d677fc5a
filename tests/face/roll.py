"""The club's roll, whose projection can be told to fail: for the tests of rebuilding. No expectation lives here."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, ClassVar

import pytest

import remanence
from remanence import Engine, Projection, Recorded, Settings, Table, ViewFailed, on
from remanence.actors import keeper
from remanence.projections.generations import view_path

from .club import EVENTS, Joined, Member

NAMES = [f"{number:02}" for number in range(20)]
both = pytest.mark.parametrize("is_async", [False, True], ids=["inline", "async"])
"""A view of the commits, and one that follows the log."""


@pytest.fixture
def afresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small batches, and nothing left of the test before."""
    monkeypatch.setattr(keeper, "BATCH", 4)
    Roll.folded.clear()
    Roll.bad.clear()


class Roll(Projection):
    """Who joined; it counts what it is given, and can be told to fail."""

    members = Table(Member, key="name")
    folded: ClassVar[list[str]] = []
    bad: ClassVar[set[str]] = set()

    @on(Joined)
    def joined(self, event: Recorded[Joined]) -> None:
        """In."""
        self.folded.append(event.data.name)
        if event.data.name in self.bad:
            raise LookupError(event.data.name)
        self.members.put(Member(event.data.name, event.data.club, event.position))


def club(path: Path, *, is_async: bool, **options: Any) -> AbstractAsyncContextManager[Engine]:
    """The club, with its roll in the commits or behind them."""
    options.setdefault("settings", Settings(retrain=False))
    options["async_projections" if is_async else "projections"] = [Roll]
    return remanence.open_engine(path, events=EVENTS, **options)


def names(engine: Engine) -> list[str]:
    """Who is on the roll."""
    return [row.name for row in engine.view(Roll).members.select()]


def folders(path: Path) -> list[str]:
    """The folders of the view, beyond its first name."""
    base = view_path(Path(), Roll).name
    return sorted(each.name.removeprefix(base) for each in (path / "views").glob(f"{base}*"))


async def fill(engine: Engine) -> None:
    """Twenty members."""
    await engine.append(*map(Joined, NAMES))
    await engine.wait_for(Roll)


async def park(engine: Engine) -> None:
    """Twenty members, of whom the roll can't take the seventh; then it could."""
    Roll.bad.add("07")
    await engine.append(*map(Joined, NAMES))
    with pytest.raises(ViewFailed):
        await engine.wait_for(Roll)
    Roll.bad.clear()
