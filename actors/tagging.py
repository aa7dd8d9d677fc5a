"""Tagging: the work of keeping every memory tagged, a tick or two behind the writing, which never waits for it.

What there is to do is what the view of tags shows, and nothing else is kept: so a crash at any point is gone on from.

| a memory that                                  | is tagged                                                          |
|------------------------------------------------|--------------------------------------------------------------------|
| nobody has seen the text of                    | at once; by the built-in tagger if the model refuses or fails      |
| another tagger or an older version has tagged  | in the background, at a bounded rate, once nothing new is waiting  |

A decision is made at least once and recorded at most once: its key names memory, text and tagger. It is refused if the
memory was revised or forgotten meanwhile. What the built-in tagger stood in for counts as tagged by another, so the
model comes to it as soon as it answers again; a text that it fails on by itself is put off for longer every time.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Final, Protocol

import attrs
import trio

from ..core.errors import Closed, NotFound, OutcomeUnknown, StorageFailed, ViewFailed
from ..projections.memories.view import MemoryRow
from ..projections.rows import Rows
from ..projections.tagging.events import MemoryTagged
from ..projections.tagging.view import MemoryTags, TagRow
from .guard import Guard, GuardSettings, Refused
from .tagger import Tagger, Tags, ToTag, checked
from .word_tagger import NAME, VERSION, WordTagger, joined

__all__ = ["Decision", "Desk", "Tagging", "TaggingStatistics"]

_logger = logging.getLogger(__name__)
BATCH: Final = 32
"""Memories handed to a tagger at once: a model's usual batch, and a bound on what a crash has to decide anew."""
RETAGS_PER_S: Final = 50.0
"""How fast what has tags already is tagged anew: 10,000 memories in three minutes, and hardly felt meanwhile."""
PAUSE_S: Final = 1.0
"""Before trying again what the disk or a view refused."""
PUT_OFF_S_MAX: Final = 86_400.0
PUT_OFF_MAX: Final = 10_000
"""Texts of which it is remembered that a model failed on them; of the oldest it is forgotten, and it is asked again."""


@attrs.frozen
class Decision:
    """What a tagger says, ready to be recorded.

    Attributes:
        event: what it says.
        key: the same for the same memory, text and tagger.
        cause: position of the event that made it due.
        after: position up to which the memory was looked at.
    """

    event: MemoryTagged
    key: str
    cause: int
    after: int


class Desk(Protocol):
    """What tagging works with."""

    @property
    def tags(self) -> MemoryTags:
        """The view of tags, as it is now."""
        ...

    @property
    def memories(self) -> Rows[MemoryRow]:
        """The memories, as they are now."""
        ...

    def checkpoint(self) -> int:
        """Position up to which the view of tags has come."""
        ...

    async def shows(self, position: int) -> None:
        """Wait until the view of tags shows a position."""
        ...

    async def record(self, decisions: Sequence[Decision]) -> list[int]:
        """Record each that still holds; their positions, and of what was recorded before under their keys."""
        ...


@attrs.frozen
class TaggingStatistics:
    """How tagging is doing.

    Attributes:
        tagger: name of the tagger.
        version: its version.
        circuit: closed, open or half-open.
        untagged: memories that no tagger has seen yet; counted up to 1,000.
        outdated: memories that another tagger or an older version has tagged; counted up to 1,000.
        recorded: decisions recorded since it began.
        stood_in: how many of those the built-in tagger made in a model's place.
        put_off: texts that a model failed on by themselves.
        last_error: what went wrong last, or None.
    """

    tagger: str
    version: int
    circuit: str
    untagged: int
    outdated: int
    recorded: int
    stood_in: int
    put_off: int
    last_error: str | None


COUNTED_MAX: Final = 1_000
WAITING_MAX: Final = PUT_OFF_MAX + 1
"""Among so many that are outdated there is one that is not put off."""
LEAST_NAP_S: Final = 0.01
"""However much there seems to do, when the last step found nothing that it could."""


class Tagging:
    """Keeps memories tagged."""

    def __init__(
        self,
        desk: Desk,
        tagger: Tagger | None = None,
        *,
        guard: GuardSettings | None = None,
        retags_per_s: float = RETAGS_PER_S,
        went_wrong: Callable[[Exception], None] = lambda _: None,
    ) -> None:
        """Tag with `tagger`, or with the built-in one alone.

        Args:
            desk: what it works with.
            tagger: a model, whose failures are made good for.
            guard: how patient to be with it.
            retags_per_s: how many memories that have tags are tagged anew in a second.
            went_wrong: told of every failure that it goes on from.
        """
        self._desk = desk
        self._model = tagger
        self._name, self._version = (NAME, VERSION) if tagger is None else (tagger.name, tagger.version)
        self._guard = Guard(f"the tagger {self._name}", guard)
        self._rate = retags_per_s
        self._went_wrong = went_wrong
        self._retag_at = -float("inf")
        self._retag_size = BATCH
        self._put_off: dict[tuple[str, int], tuple[float, int]] = {}
        self._recorded = 0
        self._stood_in = 0
        self._last_error: str | None = None

    async def run(self) -> None:
        """Tag until cancelled, or until the log takes no more."""
        while True:
            try:
                await self._desk.shows(0)  # not while it is built for the first time
                seen = self._desk.checkpoint()
                if await self.step():
                    continue
                with trio.move_on_after(self._nap_s()):
                    await self._desk.shows(seen + 1)
            except Closed:
                return
            except (StorageFailed, OutcomeUnknown, ViewFailed, NotFound) as error:
                self._note(error)
                await trio.sleep(PAUSE_S)

    async def step(self) -> int:
        """Tag the next few memories; how many decisions are in the log now that were not shown before.

        Raises:
            StorageFailed, OutcomeUnknown, ViewFailed, Closed: as the log says; do it again.
        """
        after = self._desk.checkpoint()
        due = list(self._untagged(BATCH))
        if due:
            decided = await self._tag_new(due)
        elif trio.current_time() >= self._retag_at and not self._guard.open_for_s:
            due = list(self._outdated(self._retag_size))
            decided = await self._tag_again(due)
        else:
            decided = []
        await trio.lowlevel.checkpoint()
        if not decided:
            return 0
        positions = await self._desk.record([self._decision(event, row.due, after) for row, event in decided])
        for row, _ in decided:
            self._put_off.pop((row.id, row.due), None)
        self._recorded += len(positions)
        if positions:
            await self._desk.shows(max(positions))
        return sum(position > after for position in positions)

    def statistics(self) -> TaggingStatistics:
        """How it is doing."""
        return TaggingStatistics(
            tagger=self._name,
            version=self._version,
            circuit=self._guard.state,
            untagged=sum(1 for _ in self._untagged(COUNTED_MAX)),
            outdated=sum(1 for _ in self._outdated(COUNTED_MAX, put_off=True)),
            recorded=self._recorded,
            stood_in=self._stood_in,
            put_off=len(self._put_off),
            last_error=self._last_error,
        )

    # -- what there is to do

    def _untagged(self, limit: int) -> Iterator[TagRow]:
        yield from self._desk.tags.rows.select("by_tagger", "", limit=limit)

    def _outdated(self, limit: int, *, put_off: bool = False) -> Iterator[TagRow]:
        """Memories that another tagger or an older version has tagged; a newer version's tags are left alone."""
        now, found = trio.current_time(), 0
        for name, version in self._others():
            for row in self._desk.tags.rows.iterate("by_tagger", name, version):
                if found == limit:
                    return
                if put_off or self._put_off.get((row.id, row.due), (now, 0))[0] <= now:
                    found += 1
                    yield row

    def _others(self) -> Iterator[tuple[str, int]]:
        """The taggers, by name and version, whose tags are to give way: one look into the index for each."""
        rows = self._desk.tags.rows
        name, version = "\0", 0  # the first after "", which is nobody
        while first := rows.select("by_tagger", start=name, limit=1):
            name, version = first[0].tagger, first[0].version
            while not (name == self._name and version >= self._version):
                yield name, version
                later = rows.select("by_tagger", name, start=version + 1, limit=1)
                if not later:
                    break
                version = later[0].version
            name += "\0"

    def _nap_s(self) -> float:
        """How long there will be nothing to do, if nothing happens."""
        now = trio.current_time()
        first = float("inf")
        for row in self._outdated(WAITING_MAX, put_off=True):
            first = min(first, self._put_off.get((row.id, row.due), (now, 0))[0])
            if first <= now:
                break
        return max(LEAST_NAP_S, first - now, self._retag_at - now, self._guard.open_for_s)

    # -- deciding

    async def _tag_new(self, due: Sequence[TagRow]) -> list[tuple[TagRow, MemoryTagged]]:
        """Every one is tagged: by the model, or else by the built-in tagger."""
        own = await self._tag_by_words(due)
        if self._model is None or not own:
            return own
        if not self._guard.open_for_s:
            try:  # once: what it fails on is tried again in the background
                return await self._tag_by_model(self._model, own, attempts=1)
            except Refused as refused:
                self._note(refused)
        self._stood_in += len(own)
        return own

    async def _tag_again(self, due: Sequence[TagRow]) -> list[tuple[TagRow, MemoryTagged]]:
        """As many as it works for; after a failure one at a time, so that a text that can't be tagged stands alone."""
        own = await self._tag_by_words(due)
        if own and self._model is not None:
            try:
                own = await self._tag_by_model(self._model, own)
            except Refused as refused:
                self._note(refused)
                if len(own) == 1:
                    self._delay(own[0][0])
                self._retag_size = 1
                return []
            self._retag_size = min(BATCH, self._retag_size * 2)
        self._retag_at = max(trio.current_time(), self._retag_at) + len(due) / self._rate
        return own

    async def _tag_by_words(self, due: Sequence[TagRow]) -> list[tuple[TagRow, MemoryTagged]]:
        found: list[tuple[TagRow, MemoryTagged]] = []
        for row in due:
            memory = self._desk.memories.get(row.id)
            if memory is not None:  # else it has been forgotten, which the view of tags will show in a moment
                words = WordTagger(self._desk.tags, self._desk.memories)  # a rebuilt view has tables of its own
                found.append((row, words.tag(row, memory.text)))
            await trio.lowlevel.checkpoint()
        return found

    async def _tag_by_model(
        self, model: Tagger, own: Sequence[tuple[TagRow, MemoryTagged]], attempts: int | None = None
    ) -> list[tuple[TagRow, MemoryTagged]]:
        texts = [text for row, _ in own if (text := self._to_tag(row)) is not None]

        async def ask() -> list[Tags | None]:
            return checked(await model.tag(texts), len(texts))

        answer = await self._guard.call(ask, attempts=attempts)
        by_id = dict(zip((text.id for text in texts), answer, strict=True))
        return [(row, joined(event, by_id[row.id], self._name, self._version)) for row, event in own if row.id in by_id]

    def _to_tag(self, row: TagRow) -> ToTag | None:
        memory = self._desk.memories.get(row.id)
        if memory is None:
            return None
        return ToTag(row.id, row.scope, row.kind, memory.text, is_turn=memory.session is not None)

    def _decision(self, event: MemoryTagged, due: int, after: int) -> Decision:
        return Decision(event, f"tagged:{event.tagger}@{event.version}:{event.id}:{due}", due, after)

    def _delay(self, row: TagRow) -> None:
        key = (row.id, row.due)
        _, times = self._put_off.pop(key, (0.0, 0))
        pause_s = min(PUT_OFF_S_MAX, self._guard.settings.rest_s * 2**times)
        self._put_off[key] = (trio.current_time() + pause_s, times + 1)
        if len(self._put_off) > PUT_OFF_MAX:
            del self._put_off[next(iter(self._put_off))]

    def _note(self, error: Exception) -> None:
        self._last_error = f"{type(error).__name__}: {error}"
        self._went_wrong(error)
        _logger.warning("tagging waits: %s", error)
