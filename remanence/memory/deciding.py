"""Deciding: from what is visible and what is wanted to the event to append, and the condition under which that holds.

Pure: nothing here waits or writes. A decision is right as long as nothing that it looked at has changed; its condition
says what that is, so that whoever comes second is refused, looks again and decides again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import attrs

from ..core.appends import Appended
from ..core.errors import InvalidInput
from ..core.events import event_type_of
from ..core.queries import Condition, Query
from ..projections.memories.events import (
    MemoryForgotten,
    MemoryReinforced,
    MemoryRemembered,
    MemoryRevised,
    Scalar,
    content_tag,
    memory_tag,
    session_tag,
)
from ..projections.memories.view import MemoryRow
from ..projections.rows import Rows
from ..reading.identity import NewMemory, check_metadata, check_share, turn_id, turn_key

__all__ = ["Draft", "Remembered", "draft", "in_turn", "revision", "revision_guard"]

_FORGOTTEN = event_type_of(MemoryForgotten).name
_REVISED = event_type_of(MemoryRevised).name
_CHANGES = tuple(
    event_type_of(each).name for each in (MemoryRemembered, MemoryReinforced, MemoryRevised, MemoryForgotten)
)
"""What a revision may collide with. What a tagger says of a memory changes nothing that a person decides by."""


@attrs.frozen
class Remembered:
    """What became of something to remember.

    Attributes:
        id: the memory's id.
        position: the event that this added, or that was there already.
        is_new: whether the memory is new; otherwise it was reinforced, or was the same turn.
    """

    id: str
    position: int
    is_new: bool


@attrs.frozen
class Draft:
    """A decision.

    Attributes:
        id: id of the memory.
        event: what to append.
        key: its dedup key, if it has one.
        condition: what must not have happened.
        is_new: whether the memory is new.
        content: what makes it the same memory when it is told again, if it is new and that can happen.
    """

    id: str
    event: object
    key: str | None
    condition: Condition | None
    is_new: bool
    content: str | None = None

    def outcome(self, appended: Appended) -> Remembered:
        """What became of it."""
        return Remembered(self.id, appended.position, self.is_new and not appended.is_duplicate)


def draft(rows: Rows[MemoryRow], after: int, new: NewMemory, place: int, new_id: Callable[[], str]) -> Draft:
    """Decide what remembering adds.

    Args:
        rows: the memories that are visible.
        after: position up to which they are, read before them.
        new: what to remember.
        place: the least that a turn without a place of its own is given.
        new_id: makes ids.
    """
    if new.session is not None:
        return _draft_turn(rows, after, new, new.session, place=place, new_id=new_id)
    content = content_tag(new.scope, new.kind, new.text)
    twin = _same(rows, content, new.text)
    if twin is not None:
        undone = Query.of([_FORGOTTEN, _REVISED], [memory_tag(twin.id)])
        return Draft(twin.id, MemoryReinforced(twin.id, new.scope), None, Condition(undone, after), is_new=False)
    memory_id = new_id()
    told_since = Query.of(tags=[content])
    return Draft(memory_id, _told(new, memory_id), None, Condition(told_since, after), is_new=True, content=content)


def in_turn(drafts: Sequence[Draft]) -> tuple[list[int], list[int]]:
    """Which of several decisions can be recorded at once, and which wait until those are; by index, in order.

    What says the same as a new memory before it waits: it will reinforce that one, or another that came first.
    """
    now: list[int] = []
    later: list[int] = []
    told: set[str | None] = set()
    for index, each in enumerate(drafts):
        (later if each.content in told else now).append(index)
        if each.content is not None:
            told.add(each.content)
    return now, later


def _draft_turn(
    rows: Rows[MemoryRow], after: int, new: NewMemory, session: str, *, place: int, new_id: Callable[[], str]
) -> Draft:
    if new.place is not None:
        memory_id = turn_id(new.scope, session, new.place)
        return Draft(memory_id, _told(new, memory_id), turn_key(memory_id), None, is_new=True)
    last = rows.select("by_session", new.scope, session, backward=True, limit=1)
    place = max(place, 1 + (last[0].place or 0) if last else 1)
    memory_id = new_id()
    event = _told(attrs.evolve(new, place=place), memory_id)
    said_since = Query.of(tags=[session_tag(new.scope, session)])
    key = turn_key(turn_id(new.scope, session, place))
    return Draft(memory_id, event, key, Condition(said_since, after), is_new=True)


def _same(rows: Rows[MemoryRow], content: str, text: str) -> MemoryRow | None:
    return next((row for row in rows.iterate("by_content", content) if row.text == text), None)


def _told(new: NewMemory, memory_id: str) -> MemoryRemembered:
    return MemoryRemembered(
        id=memory_id,
        scope=new.scope,
        kind=new.kind,
        text=new.text,
        confidence=float(new.confidence),
        importance=float(new.importance),
        tags=new.tags,
        metadata=dict(new.metadata),
        session=new.session,
        place=new.place,
        speaker=new.speaker,
        said_at=new.said_at,
    )


def revision(
    row: MemoryRow,
    *,
    text: str | None,
    confidence: float | None,
    importance: float | None,
    tags: Iterable[str] | None,
    metadata: Mapping[str, Scalar] | None,
    reason: str | None,
) -> MemoryRevised:
    """The event that changes a memory so.

    Raises:
        InvalidInput: something can't be taken, or nothing is changed.
    """
    if all(each is None for each in (text, confidence, importance, tags, metadata)):
        message = f"nothing to revise in {row.id}: give a text, confidence, importance, tags or metadata"
        raise InvalidInput(message)
    checked = NewMemory(row.text if text is None else text, tags=row.tags if tags is None else tags)
    for name, share in (("confidence", confidence), ("importance", importance)):
        if share is not None:
            check_share(name, share)
    if metadata is not None:
        check_metadata(metadata)
    return MemoryRevised(
        id=row.id,
        scope=row.scope,
        kind=row.kind,
        text=None if text is None else checked.text,
        confidence=None if confidence is None else float(confidence),
        importance=None if importance is None else float(importance),
        tags=None if tags is None else checked.tags,
        metadata=None if metadata is None else dict(metadata),
        reason=reason,
        is_turn=row.session is not None,
    )


def revision_guard(rows: Rows[MemoryRow], row: MemoryRow, event: MemoryRevised) -> Query:
    """What must not happen before the revision is recorded: a change of the memory, or the same text elsewhere.

    Raises:
        InvalidInput: another memory of the scope and kind says it already.
    """
    guard = Query.of(_CHANGES, [memory_tag(row.id)])
    if event.text is None or row.session is not None:
        return guard
    content = content_tag(row.scope, row.kind, event.text)
    twin = _same(rows, content, event.text)
    if twin is not None and twin.id != row.id:
        message = f"the memory {twin.id} says that already; reinforce it and forget {row.id}"
        raise InvalidInput(message)
    return guard | Query.of(tags=[content])
