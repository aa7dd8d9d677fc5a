"""Writes `versions-1/`, a log with one event in three versions: `python -m tests.golden.make_versions_1`.

Run once. The files stay for ever: what `test_versions.py` reads is what the disks hold of those who upgraded twice.
"""

from __future__ import annotations

import itertools
import shutil
from pathlib import Path
from random import Random
from typing import Final

import trio

from remanence import Settings, open_engine

from .orders import UPCASTERS, OrderPlaced, OrderPlaced1, OrderPlaced2

STORE: Final = Path(__file__).with_name("versions-1")
START_NS: Final = 1_780_000_000_000_000_000
SECOND_NS: Final = 1_000_000_000


async def write(work: Path) -> None:
    """Each program in its turn appends two orders, and the last one keeps a copy."""
    seconds = itertools.count(START_NS, SECOND_NS)
    random = Random(1)  # noqa: S311 - the same files whenever this is run
    first, second = UPCASTERS[1], UPCASTERS[0]
    programs = (
        (OrderPlaced1, (), (OrderPlaced1("1", "pen", 2), OrderPlaced1("2", "ink", 3))),
        (OrderPlaced2, (first,), (OrderPlaced2("3", "nib", 250), OrderPlaced2("4", "quill", 1250))),
        (OrderPlaced, (first, second), (OrderPlaced("5", ("pen", "ink"), 500, "CHF"), OrderPlaced("6", (), 0, "EUR"))),
    )
    for cls, upcasters, orders in programs:
        async with open_engine(
            work,
            events=[cls],
            upcasters=upcasters,
            clock=seconds.__next__,
            entropy=random.randbytes,
            settings=Settings(retrain=False),
        ) as engine:
            for order in orders:
                await engine.append(order)
            if cls is OrderPlaced:
                await engine.backup(STORE)


def main() -> None:
    """Write the log."""
    shutil.rmtree(STORE, ignore_errors=True)
    work = STORE.with_name("versions-1.work")
    trio.run(write, work)
    shutil.rmtree(work)


if __name__ == "__main__":
    main()
