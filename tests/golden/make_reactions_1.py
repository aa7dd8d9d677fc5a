"""Writes `reactions-1/`, a log in which a reaction failed when that was noted without a traceback.

`python -m tests.golden.make_reactions_1`. Run once. The files stay for ever: they are what the disks hold of those who
had reactions before `reaction.failed` became version 2.
"""

from __future__ import annotations

import contextlib
import itertools
import shutil
from pathlib import Path
from random import Random
from typing import Final

import attrs

from remanence.actors.reaction import ReactionMarked
from remanence.core.catalogs import MemoryCatalog
from remanence.core.events import Registry, event
from remanence.core.lmdb_store import LmdbStore
from remanence.core.log import Log

from .orders import UPCASTERS, OrderPlaced

STORE: Final = Path(__file__).with_name("reactions-1")
START_NS: Final = 1_780_000_000_000_000_000
SECOND_NS: Final = 1_000_000_000
BY: Final = "reaction:shipping"


@event("reaction.failed")
@attrs.frozen
class ReactionFailed1:
    """A failure as it was noted first."""

    reaction: str
    position: int
    error: str

    def about(self) -> tuple[str, ...]:
        """The reaction."""
        return (f"reaction:{self.reaction}",)


def main() -> None:
    """Write the log."""
    shutil.rmtree(STORE, ignore_errors=True)
    work = STORE.with_name("reactions-1.work")
    seconds, random = itertools.count(START_NS, SECOND_NS), Random(1)  # noqa: S311 - the same files every time
    registry = Registry((OrderPlaced, ReactionMarked, ReactionFailed1), UPCASTERS)
    with contextlib.closing(LmdbStore(work, entropy=random.randbytes)) as store:
        log = Log(store, MemoryCatalog(), registry, clock=seconds.__next__, entropy=random.randbytes)
        log.append(ReactionMarked("shipping", 0), by=BY)
        for position, article in ((2, "pen"), (5, "ink")):
            placed = log.append(OrderPlaced(article, (article,), 200, "EUR")).position
            assert placed == position
            log.append(ReactionMarked("shipping", placed), by=BY, cause=placed)
            failed = ReactionFailed1("shipping", placed, f"LookupError: no box for {article}")
            log.append(failed, by=BY, cause=placed, key=f"{BY}:{placed}")
        store.backup(STORE)
    shutil.rmtree(work)


if __name__ == "__main__":
    main()
