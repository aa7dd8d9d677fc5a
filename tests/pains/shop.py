"""A shop for the tests of this folder: events, projections, and programs that die on cue. No expectation lives here."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import AbstractAsyncContextManager, contextmanager
from pathlib import Path
from typing import Any, Final

import attrs
import trio

from remanence import Engine, Index, Projection, Recorded, Settings, Table, event, on, open_engine

ROOT: Final = Path(__file__).resolve().parents[2]
DEADLY: Final = "poison"


@event("item.sold")
@attrs.frozen
class Sold:
    """So many of an item were sold."""

    item: str
    count: int = 1

    def about(self) -> tuple[str, ...]:
        """The item."""
        return (f"item:{self.item}",)


@event("item.seen", dedup=True)
@attrs.frozen
class Seen:
    """An item is known; telling it twice says nothing new."""

    item: str

    def about(self) -> tuple[str, ...]:
        """The item."""
        return (f"item:{self.item}",)


EVENTS: Final = (Sold, Seen)


@attrs.frozen
class Sale:
    """How many of an item were sold."""

    item: str
    count: int
    last: int


class Sales(Projection):
    """Items by how often they were sold."""

    sales = Table(Sale, key="item", indexes={"by_count": Index(("count",))})

    @on(Sold)
    def sold(self, event: Recorded[Sold]) -> None:
        """More of it."""
        before = self.sales.get(event.data.item)
        count = event.data.count + (before.count if before else 0)
        self.sales.put(Sale(event.data.item, count, event.position))


class Brittle(Sales):
    """As `Sales`, with a handler that can't take poison."""

    @on(Sold)
    def sold(self, event: Recorded[Sold]) -> None:
        """More of it, unless it is poison."""
        if event.data.item == DEADLY:
            raise LookupError(DEADLY)
        super().sold(event)


class Mended(Brittle):
    """The same view, whose programmer has learnt."""

    name = "brittle"

    @on(Sold)
    def sold(self, event: Recorded[Sold]) -> None:
        """More of it, poison too."""
        Sales.sold(self, event)


class Doubling(Sales):
    """As `Sales`, in its second version: counts double."""

    name = "sales"
    version = 2

    @on(Sold)
    def sold(self, event: Recorded[Sold]) -> None:
        """Twice as many."""
        before = self.sales.get(event.data.item)
        count = 2 * event.data.count + (before.count if before else 0)
        self.sales.put(Sale(event.data.item, count, event.position))


class Deadly(Doubling):
    """The second version, which kills the process when it meets poison."""

    name = "sales"
    version = 2

    @on(Sold)
    def sold(self, event: Recorded[Sold]) -> None:
        """More of it, or the end."""
        if event.data.item == DEADLY:
            os.kill(os.getpid(), signal.SIGKILL)
        super().sold(event)


def shop(path: Path, *projections: type[Projection], **options: Any) -> AbstractAsyncContextManager[Engine]:
    """The shop's engine."""
    return open_engine(path, events=EVENTS, projections=projections or [Sales], **options)


def counts(engine: Engine, projection: type[Sales] = Sales) -> dict[str, int]:
    """What a view shows."""
    return {row.item: row.count for row in engine.view(projection).sales.select()}


def run(mode: str, path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run one of the programs below to its end."""
    command = [sys.executable, "-m", "tests.pains.shop", mode, str(path)]
    return subprocess.run(
        command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=False, timeout=60
    )


@contextmanager
def program(mode: str, path: Path, module: str = "tests.pains.shop") -> Generator[Callable[[], str]]:
    """A program of the shop's at work; asking it a question gives its answer. It is killed at the end."""
    command = [sys.executable, "-m", module, mode, str(path)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        questions, answers = process.stdin, process.stdout
        assert answers.readline() == "ready\n"

        def ask() -> str:
            questions.write("\n")
            questions.flush()
            return answers.readline().strip()

        try:
            yield ask
        finally:
            process.kill()


async def _rebuild(path: Path) -> None:
    """Open with the second version, and die of it."""
    async with shop(path, Deadly):
        pass


async def _sell(path: Path) -> None:
    """Die between the commit of an append and its answer."""
    async with shop(path, Deadly) as engine:
        await engine.append(Sold("tea", 3), Sold(DEADLY), key="order 7")


async def _digest(path: Path) -> None:
    """Print the digest of a view that is built from nothing."""
    async with shop(path, Sales) as engine:
        print(engine.digest(Sales), flush=True)  # noqa: T201 - its answer


async def _read(path: Path) -> None:
    """Answer every line of input with the head and the view, in a map that began small."""
    async with shop(path, read_only=True, settings=Settings(map_bytes=1 << 20)) as engine:
        print("ready", flush=True)  # noqa: T201 - its answer
        for _ in sys.stdin:
            print(engine.head, sum(counts(engine).values()), flush=True)  # noqa: T201 - its answer


async def _pin(path: Path) -> None:
    """Stop half-way through reading a view, with its snapshot in hand."""
    async with shop(path, read_only=True) as engine:
        rows = engine.view(Sales).sales.iterate()
        next(rows)
        print("ready", flush=True)  # noqa: T201 - its answer
        sys.stdin.read()


PROGRAMS: Final = {"pin": _pin, "rebuild": _rebuild, "sell": _sell, "digest": _digest, "read": _read}

if __name__ == "__main__":
    trio.run(PROGRAMS[sys.argv[1]], Path(sys.argv[2]))
