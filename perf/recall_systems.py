"""Systems that recall: what all of them have to be able to do to be measured, and ours.

A system stores texts in a folder, and answers questions with the names of the ten texts that it thinks best. Everybody
embeds with the same table, ours; texts and questions alike, inside the measured time, because users wait for that too.
Everybody gives the text of what it found, not only its name.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

import attrs
import trio

from remanence.opening.opening import open_memory
from remanence.reading.reading import MemoryReader
from remanence.reading.recalling import ALONE

from .recall_material import Told, as_memory

__all__ = ["ALONE", "BATCH", "LIMIT", "SCOPE", "Ask", "Remanence", "System", "forget_index"]

T = TypeVar("T")
Ask = Callable[[str], Sequence[str]]
"""From a question to the names of the texts that answer it best."""
LIMIT: Final = 10
BATCH: Final = 1_000
"""Texts that are told at once."""
SCOPE: Final = ("team", "research")


def _nobody(_done: int) -> None:
    """Nobody is told."""


def forget_index(folder: Path) -> None:
    """Have nothing of what recall keeps of ours beside the views: the next question makes it."""
    for kept in (folder / "views").glob("recall-*"):
        shutil.rmtree(kept)


class System(Protocol):
    """Something that recalls."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    @property
    def store(self) -> str:
        """What it stores: systems with the same share it."""
        ...

    @property
    def is_semantic(self) -> bool:
        """Whether it looks for the nearest vectors and nothing else, so that it is known which ten those are."""
        ...

    @property
    def takes_speakers(self) -> bool:
        """Whether it is told who said a text beside it, and not in it."""
        ...

    @property
    def texts_max(self) -> int | None:
        """More texts than that take it too long to store; None if there is no such number."""
        ...

    def build(self, folder: Path, told: Sequence[Told]) -> None:
        """Store the texts in a new folder, ready to be asked."""
        ...

    def asked(self, folder: Path, session: Callable[[Ask], T]) -> T:
        """Open what is stored, let somebody ask, and close it again."""
        ...


@attrs.frozen
class Remanence:
    """Ours, with whatever options `recall` takes."""

    name: str = "remanence"
    options: Mapping[str, Any] = attrs.field(factory=dict[str, Any])
    is_semantic: bool = False
    takes_speakers: bool = True
    store: str = "remanence"
    texts_max: int | None = None

    def build(self, folder: Path, told: Sequence[Told]) -> None:
        """Remember the texts, durably, and have the index made, by asking it something."""
        trio.run(self.remember, folder, told)

    async def remember(self, folder: Path, told: Sequence[Told], tell: Callable[[int], None] = _nobody) -> None:
        """The same in Trio; `tell` is told how many have been remembered."""
        rest, done = iter(told), 0
        async with open_memory(folder) as memory:
            while batch := list(islice(rest, BATCH)):
                await memory.remember_many(as_memory(each, SCOPE) for each in batch)
                done += len(batch)
                tell(done)
            MemoryReader.recall(memory, "ready", scope=SCOPE)

    def asked(self, folder: Path, session: Callable[[Ask], T]) -> T:
        return trio.run(self._asked, folder, session)

    async def _asked(self, folder: Path, session: Callable[[Ask], T]) -> T:
        async with open_memory(folder) as memory:
            return session(partial(self.names, memory))

    def names(self, memory: MemoryReader, question: str) -> Sequence[str]:
        """The names of the texts that answer a question best, by an open memory."""
        hits = MemoryReader.recall(memory, question, scope=SCOPE, limit=LIMIT, **self.options)
        return [f"{hit.memory.session}:{hit.memory.place}" for hit in hits]
