"""What readers ask of tags: what is made of a memory, which memories fit, how much one matters.

All but finding works without the view of tags: what a tagger said of a memory stands in the memory's own history.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import attrs
import trio

from ..core.errors import Behind, InvalidInput, NotFound
from ..core.recorded import Recorded
from ..engine.engine import Engine
from ..projections.memories.events import MemoryReinforced, MemoryRevised, memory_tag
from ..projections.memories.view import Memories, MemoryRow
from ..projections.rows import Rows
from ..projections.tagging.events import MemoryTagged
from ..projections.tagging.verdicts import CLASSES, QUALITIES
from ..projections.tagging.view import MemoryTags, TagRow, confirmed, tagged, untagged
from .wanted import Wanted

__all__ = ["TagsWanted", "find_tagged", "tags_from", "tags_of", "wait_for_tags"]


def _even(keyword: str | None) -> str | None:
    return None if keyword is None else " ".join(keyword.casefold().split())


@attrs.frozen(kw_only=True)
class TagsWanted:
    """What is asked of a memory's tags; None is anything."""

    keyword: str | None = attrs.field(default=None, converter=_even)
    cxd: str | None = None
    quality: str | None = None

    def __attrs_post_init__(self) -> None:
        for name, value, known in (("cxd", self.cxd, CLASSES), ("quality", self.quality, QUALITIES)):
            if value is not None and value not in known:
                message = f"{name} is one of {', '.join(known)}, not {value!r}"
                raise InvalidInput(message)

    @property
    def is_anything(self) -> bool:
        """Whether nothing is asked."""
        return self.keyword is None and self.cxd is None and self.quality is None

    def fits(self, row: TagRow) -> bool:
        """Whether a memory's tags are wanted."""
        return (
            (self.keyword is None or self.keyword in row.labels)
            and (self.cxd is None or self.cxd == row.cxd)
            and (self.quality is None or self.quality == row.quality)
        )


def find_tagged(engine: Engine, wanted: Wanted, tags: TagsWanted) -> list[MemoryRow]:
    """Memories that fit both what is asked of them and of their tags, in order.

    Raises:
        NotFound: the engine was opened without the view of tags.
    """
    rows, memories = engine.view(MemoryTags).rows, engine.view(Memories).rows
    backward = wanted.order == "newest" and wanted.session is None
    found = _fitting(rows, memories, wanted, tags, backward=backward)
    if wanted.session is not None:
        in_place = sorted(found, key=lambda row: row.place or 0)
        return in_place[: wanted.limit]
    if wanted.order == "surest":
        return sorted(found, key=lambda row: (row.confidence, row.id), reverse=True)[: wanted.limit]
    return [row for _, row in zip(range(wanted.limit), found, strict=False)] if wanted.limit else list(found)


def tags_of(engine: Engine, row: MemoryRow) -> TagRow:
    """What is made of a memory, from the view of tags if there is one, else from the memory's own history."""
    try:
        found = engine.view(MemoryTags).rows.get(row.id)
    except NotFound:
        found = None
    return tags_from(engine.read(tags=[memory_tag(row.id)]), row) if found is None else found


def tags_from(history: Iterable[Recorded[Any]], row: MemoryRow) -> TagRow:
    """What is made of a memory, from its history alone."""
    found = TagRow(row.id, row.scope, row.kind, row.time_ns, row.position, row.position)
    for event in history:
        match None if event.is_erased or not event.is_known else event.data:
            case MemoryRevised(text=str()) if event.position > row.position:
                found = untagged(attrs.evolve(found, of=event.position), event.position)
            case MemoryReinforced() if event.position > row.position:
                found = confirmed(found, event.time_ns)
            case MemoryTagged() as told if told.of == found.of:
                found = tagged(found, told, event.position)
            case _:
                pass
    return found


def _fitting(
    rows: Rows[TagRow], memories: Rows[MemoryRow], wanted: Wanted, tags: TagsWanted, *, backward: bool
) -> Iterator[MemoryRow]:
    index, value = next(
        (name, value)
        for name, value in (("by_keyword", tags.keyword), ("by_class", tags.cxd), ("by_quality", tags.quality))
        if value is not None
    )
    for each in rows.iterate(index, wanted.scope, value, backward=backward):
        row = memories.get(each.id) if tags.fits(each) else None
        if row is not None and wanted.fits(row):
            yield row


async def wait_for_tags(engine: Engine, timeout_s: float | None = None) -> None:
    """Make what was accepted durable, and wait until some tagger has seen every memory that there is.

    Raises:
        Behind: not in this time.
        NotFound: the engine was opened without a tagger.
        ViewFailed, Closed: as `Engine.wait_for`.
    """
    checkpoint = 0
    with trio.move_on_after(float("inf") if timeout_s is None else timeout_s):
        await engine.flush()
        await engine.wait_for(MemoryTags)
        while True:
            checkpoint = engine.checkpoint(MemoryTags)  # before the look: what comes after it is news
            if not engine.view(MemoryTags).rows.select("by_tagger", "", limit=1):
                return
            await engine.wait_for(MemoryTags, checkpoint + 1)
    message = f"there are memories that no tagger has seen after {timeout_s} s"
    raise Behind(message, view=MemoryTags.name, checkpoint=checkpoint, position=engine.head)
