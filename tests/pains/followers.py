"""Views of the shop that follow the log, and programs with them that are asked questions. No expectation lives here."""

from __future__ import annotations

import sys
import threading
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, ClassVar, Final

import trio

from remanence import Engine, Projection, Recorded, Settings, ViewFailed, on, open_engine
from remanence.actors import keeper

from .shop import DEADLY, EVENTS, Sales, Sold

MODULE: Final = "tests.pains.followers"
BATCH: Final = 16
"""Events that these views take in one transaction: few, so that there are moments in between."""


class Following(Sales):
    """As `Sales`, behind the commits; it can be held up."""

    gate: ClassVar[threading.Event] = threading.Event()
    gate.set()

    @on(Sold)
    def sold(self, event: Recorded[Sold]) -> None:
        """More of it, once the way is free."""
        assert self.gate.wait(timeout=20)
        super().sold(event)


class Poisoned(Sales):
    """As `Sales`, behind the commits; it can't take poison until it is cured."""

    is_cured: ClassVar[bool] = False
    tried: ClassVar[list[int]] = []

    @on(Sold)
    def sold(self, event: Recorded[Sold]) -> None:
        """More of it, unless it is poison."""
        self.tried.append(event.position)
        if event.data.item == DEADLY and not self.is_cured:
            raise LookupError(DEADLY)
        super().sold(event)


def following(path: Path, *projections: type[Projection], **options: Any) -> AbstractAsyncContextManager[Engine]:
    """The shop's engine, with nothing in its commits but the log."""
    options.setdefault("settings", Settings(retrain=False))
    return open_engine(path, events=EVENTS, async_projections=projections or [Following], **options)


def tell(*answer: object) -> None:
    """Answer a question."""
    print(*answer, flush=True)  # noqa: T201 - its answer


async def _read(path: Path) -> None:
    """Answer every line with the head, and what the view shows: its checkpoint, its sum, its lag and its state."""
    async with following(path, read_only=True) as engine:
        tell("ready")
        for _ in sys.stdin:
            total = sum(row.count for row in engine.view(Following).sales.select())
            [seen] = engine.statistics().views
            lag_s = "unknown" if seen.lag_s is None else int(seen.lag_s)
            tell(engine.head, seen.checkpoint, total, seen.lag_events, lag_s, seen.state)


async def _wait(path: Path) -> None:
    """Answer every line with the head, and what the view shows once it has got there."""
    async with following(path, read_only=True) as engine:
        tell("ready")
        while await trio.to_thread.run_sync(sys.stdin.readline):
            head = engine.head
            await engine.wait_for(Following, head, timeout_s=20)
            tell(head, sum(row.count for row in engine.view(Following).sales.select()))


async def _park(path: Path) -> None:
    """Sell poison, and stand still."""
    async with following(path, Poisoned) as engine:
        await engine.append(Sold("tea"), Sold(DEADLY), Sold("tea"))
        try:
            await engine.wait_for(Poisoned)
        except ViewFailed:
            tell("ready")
        await trio.to_thread.run_sync(sys.stdin.read)


async def _rebuild(path: Path) -> None:
    """Build the view anew while selling goes on, and stop in the middle."""
    keeper.BATCH = BATCH  # type: ignore[misc]  # pyright: ignore[reportConstantRedefinition]
    async with following(path) as engine, trio.open_nursery() as nursery:

        async def sell() -> None:
            while True:
                await engine.append(Sold("rum"))

        def progress(_: str, done: int, __: int) -> None:
            if done >= 8 * BATCH:
                tell("ready")
                sys.stdin.read()

        nursery.start_soon(sell)
        await engine.rebuild(Following, progress=progress)


async def _again(path: Path) -> None:
    """Build the view anew at every line."""
    async with following(path) as engine:
        tell("ready")
        while await trio.to_thread.run_sync(sys.stdin.readline):
            await engine.rebuild(Following)
            tell("done")


PROGRAMS: Final = {"read": _read, "wait": _wait, "park": _park, "rebuild": _rebuild, "again": _again}

if __name__ == "__main__":
    trio.run(PROGRAMS[sys.argv[1]], Path(sys.argv[2]))
