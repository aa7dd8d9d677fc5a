"""A desk for tagging without an engine: a log in memory, two views that are folded at once, taggers that misbehave.

No expectation lives here. Everything runs on one thread in virtual time, so that a hung model hangs for no time at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import attrs
import trio

from remanence.actors.tagger import Tags, ToTag
from remanence.actors.tagging import Decision
from remanence.codecs.converter import make_converter
from remanence.core.appends import Appended
from remanence.core.catalogs import MemoryCatalog
from remanence.core.errors import Conflict, KeyReused
from remanence.core.events import Registry
from remanence.core.log import Log
from remanence.core.queries import Condition, Query
from remanence.core.stores import MemoryStore
from remanence.projections.memories.events import (
    MEMORY_EVENTS,
    MemoryRemembered,
    memory_tag,
)
from remanence.projections.memories.view import Memories, MemoryRow
from remanence.projections.rows import Rows
from remanence.projections.tagging.events import TAGGING_EVENTS, MemoryTagged
from remanence.projections.tagging.view import MemoryTags, TagRow
from remanence.projections.views import View

UNDONE = ("memory.revised", "memory.forgotten")


class Crash(BaseException):
    """The process dies here."""


class PaperDesk:
    """A log in memory with its views, and the faults that a test asks for."""

    def __init__(self, folder: Path) -> None:
        times = iter(range(10**18, 10**18 + 10**13, 10**9))
        self.log = Log(
            MemoryStore(), MemoryCatalog(), Registry((*MEMORY_EVENTS, *TAGGING_EVENTS)), clock=lambda: next(times)
        )
        converter = make_converter()
        self._memories = View(folder, Memories, bytes(16), converter)
        self._tags = View(folder, MemoryTags, bytes(16), converter)
        self._news = trio.Event()
        self.crash_before_record = False
        self.crash_after_record = False
        self.refusals: list[Exception] = []
        self.records = 0

    @property
    def tags(self) -> MemoryTags:
        return self._tags.rows

    @property
    def memories(self) -> Rows[MemoryRow]:
        return self._memories.rows.rows

    def checkpoint(self) -> int:
        return self.log.head

    async def shows(self, position: int) -> None:
        await trio.lowlevel.checkpoint()
        while self.log.head < position:
            await self._news.wait()

    async def record(self, decisions: Sequence[Decision]) -> list[int]:
        await trio.lowlevel.checkpoint()
        self.records += 1
        if self.crash_before_record:
            raise Crash
        if self.refusals:
            raise self.refusals.pop(0)
        positions: list[int] = []
        for each in decisions:
            still = Condition(Query.of(UNDONE, [memory_tag(each.event.id)]), each.after)
            try:
                appended = self._append(each.event, cause=each.cause, key=each.key, condition=still)
            except KeyReused as error:
                positions.extend(error.positions)
            except Conflict:
                continue
            else:
                positions.append(appended.position)
        if self.crash_after_record:
            raise Crash
        return positions

    def tell(self, *events: object) -> None:
        """Record what somebody else does."""
        for event in events:
            self._append(event)

    def _append(
        self, event: object, *, cause: int | None = None, key: str | None = None, condition: Condition | None = None
    ) -> Appended:
        appended = self.log.append(event, cause=cause, key=key, condition=condition)
        new = self.log.read(after=self._memories.checkpoint)
        if new:
            self._memories.apply(new)
            self._tags.apply(new)
        self._news.set()
        self._news = trio.Event()
        return appended

    def row(self, key: str) -> TagRow:
        """What the view of tags shows of a memory."""
        row = self.tags.rows.get(key)
        assert row is not None
        return row

    def decisions(self) -> list[MemoryTagged]:
        """All that was ever recorded by a tagger."""
        return [each.data for each in self.log.read(Query.of(["memory.tagged"]))]

    def close(self) -> None:
        """Let go of the views."""
        self._memories.close()
        self._tags.close()


def told(number: int, text: str | None = None) -> MemoryRemembered:
    """A memory."""
    words = text or f"note {number}: the {number}th lighthouse stands on island {number * 7}"
    return MemoryRemembered(f"m{number}", ("main",), "fact", words)


@attrs.define
class Model:
    """A tagger that does what a test tells it to.

    Attributes:
        version: its version.
        fails: the next calls raise; -1 is for ever.
        hangs: the next calls never return; -1 is for ever.
        poison: it raises whenever a text holds this.
        takes_s: how long a call takes.
        calls: the ids it was asked about, call by call.
    """

    version: int = 1
    fails: int = 0
    hangs: int = 0
    poison: str | None = None
    takes_s: float = 0.0
    answer: object = None
    calls: list[list[str]] = attrs.field(factory=list[list[str]])
    name: str = "model"

    async def tag(self, texts: Sequence[ToTag]) -> Sequence[Tags | None]:
        """Tags by the model."""
        self.calls.append([text.id for text in texts])
        await trio.sleep(self.takes_s)
        if self.hangs:
            self.hangs -= 1
            await trio.sleep_forever()
        if self.fails:
            self.fails -= 1
            raise RuntimeError("the model is out of order")
        if self.poison is not None and any(self.poison in text.text for text in texts):
            raise ValueError("indigestible")
        if self.answer is not None:
            return self.answer  # type: ignore[return-value]
        return [Tags([f"by model {self.version}"], "data", 0.9) for _ in texts]
