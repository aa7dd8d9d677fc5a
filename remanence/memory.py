"""Memory: what an agent remembers, on the engine.

Writing is asynchronous and returns when it is durable and visible; reading is synchronous, from a view.
The same text in one scope and kind is one memory: telling it again reinforces it. A turn of a conversation is its own
memory whatever its words: its session and place make it what it is.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal

import attrs

from .core.appends import Appended
from .core.clock import to_ns, ulid
from .core.errors import Conflict, InvalidInput, KeyReused, NotFound, RemanenceError
from .core.queries import Condition, Query
from .core.recorded import Recorded
from .engine import Engine, Request, Statistics, open_engine
from .identity import NewMemory, as_scope, check_metadata, check_share, turn_id, turn_key
from .projections.memories.events import (
    MEMORY_EVENTS,
    MemoryForgotten,
    MemoryReinforced,
    MemoryRemembered,
    MemoryRevised,
    Scalar,
    content_tag,
    memory_tag,
    session_tag,
)
from .projections.memories.view import Memories, MemoryRow

__all__ = ["Memory", "Order", "Remembered", "open_memory"]

Order = Literal["newest", "oldest", "surest"]
TRIES: Final = 100
"""Times that a decision is made anew because somebody else's came first. Each try means that another one succeeded."""


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


class Memory:
    """An agent's memory. Made by `remanence.open`."""

    def __init__(self, engine: Engine, by: str | None = None) -> None:
        self.engine = engine
        self._by = by
        self._rows = engine.view(Memories).rows

    # -- writing

    async def remember(  # noqa: PLR0913 - the fields of a memory, by name
        self,
        text: str,
        *,
        scope: str | Sequence[str] = "main",
        kind: str = "fact",
        tags: Iterable[str] = (),
        confidence: float = 1.0,
        importance: float = 0.5,
        metadata: Mapping[str, Scalar] | None = None,
        session: str | None = None,
        place: int | None = None,
        speaker: str | None = None,
        said_at: datetime | None = None,
        cause: int | None = None,
    ) -> str:
        """Remember a text.

        Args:
            text: what to remember.
            scope: whose memory it is, as a path: `"ada/project-x"`.
            kind: fact, event, preference, procedure, reflection, turn, or a word of your own.
            tags: labels to find it by.
            confidence: how sure it is, 0 to 1.
            importance: how much it matters, 0 to 1.
            metadata: whatever else is known of it.
            session: the conversation it is a turn of.
            place: its place in that conversation, from 1; the next one unless given.
            speaker: who said it.
            said_at: when it was said or happened; an aware datetime.
            cause: position of the event that led to it.

        Returns:
            The memory's id. The same text in the same scope and kind has the same one, and is reinforced.

        Raises:
            InvalidInput: something can't be taken; nothing was written.
            KeyReused: that place of that session is taken by other words.
            StorageFailed, Closed: as the engine says.
        """
        new = NewMemory(
            text,
            scope,
            kind,
            tags,
            confidence,
            importance,
            {} if metadata is None else metadata,
            session,
            place,
            speaker,
            said_at,
        )
        return (await self._remember(new, cause)).id

    async def remember_many(self, memories: Iterable[NewMemory | str], *, cause: int | None = None) -> list[str]:
        """Remember many at once, in their order and in few commits; each for itself.

        Returns:
            Their ids, in order.

        Raises:
            InvalidInput: one can't be taken; nothing was written.
            RemanenceError: the first error that one of them met; the others are remembered.
        """
        found = await self.remember_each([one if isinstance(one, NewMemory) else NewMemory(one) for one in memories], cause=cause)
        for result in found:
            if isinstance(result, RemanenceError):
                raise result
        return [result.id for result in found if isinstance(result, Remembered)]

    async def remember_each(self, memories: Sequence[NewMemory], *, cause: int | None = None) -> list[Remembered | RemanenceError]:
        """As `remember_many`, with the outcome of each."""
        first: dict[str, str] = {}
        drafts = [self._draft(new, first) for new in memories]
        requests = [Request((draft.event,), by=self._by, cause=cause, key=draft.key, condition=draft.condition) for draft in drafts]
        results = await self.engine.append_all(requests)
        outcomes: list[Remembered | RemanenceError] = []
        for new, draft, result in zip(memories, drafts, results, strict=True):
            if isinstance(result, Conflict) or (isinstance(result, KeyReused) and new.place is None):
                try:
                    outcomes.append(await self._remember(new, cause))
                except RemanenceError as error:
                    outcomes.append(error)
            else:
                outcomes.append(result if isinstance(result, RemanenceError) else draft.outcome(result))
        return outcomes

    async def revise(
        self,
        memory_id: str,
        text: str | None = None,
        *,
        confidence: float | None = None,
        importance: float | None = None,
        tags: Iterable[str] | None = None,
        metadata: Mapping[str, Scalar] | None = None,
        reason: str | None = None,
        cause: int | None = None,
    ) -> int:
        """Change what a memory says. What isn't given stays; the old words stay in its history.

        Returns:
            The position of the event.

        Raises:
            NotFound: there is no such memory.
            InvalidInput: something can't be taken, or another memory says that already.
        """
        for _ in range(TRIES):
            after, row = self._checkpoint(), self.get(memory_id)
            event = _revision(row, text, confidence, importance, tags, metadata, reason)
            guard = Query.of(tags=[memory_tag(memory_id)])
            if event.text is not None and row.session is None:
                content = content_tag(row.scope, row.kind, event.text)
                twin = self._same(content, event.text)
                if twin is not None and twin.id != memory_id:
                    message = f"the memory {twin.id} says that already; reinforce it and forget {memory_id}"
                    raise InvalidInput(message)
                guard |= Query.of(tags=[content])
            with contextlib.suppress(Conflict):
                return await self._append(event, cause, Condition(guard, after))
            await self._catch_up()
        raise _restless()

    async def reinforce(self, memory_id: str, *, note: str | None = None, cause: int | None = None) -> int:
        """Confirm a memory: it becomes surer.

        Returns:
            The position of the event.

        Raises:
            NotFound: there is no such memory.
        """
        return await self._on_memory(memory_id, lambda row: MemoryReinforced(row.id, row.scope, note), cause)

    async def forget(self, memory_id: str, *, reason: str | None = None, cause: int | None = None) -> int:
        """Hide a memory from every answer. Its history stays.

        Returns:
            The position of the event.

        Raises:
            NotFound: there is no such memory.
        """
        return await self._on_memory(memory_id, lambda row: MemoryForgotten(row.id, row.scope, reason), cause)

    # -- reading

    def get(self, memory_id: str) -> MemoryRow:
        """The memory with this id, as it is now.

        Raises:
            NotFound: there is none, or it has been forgotten.
        """
        row = self._rows.get(memory_id)
        if row is None:
            known = self.engine.read(tags=[memory_tag(memory_id)], limit=1) if _is_tag(memory_id) else []
            message = f"the memory {memory_id} has been forgotten; its history is there" if known else f"there is no memory {memory_id!r}"
            raise NotFound(message)
        return row

    def find(
        self,
        *,
        scope: str | Sequence[str] = "main",
        kind: str | None = None,
        tags: Iterable[str] = (),
        session: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        min_confidence: float = 0.0,
        order: Order = "newest",
        limit: int | None = 100,
    ) -> list[MemoryRow]:
        """Memories of a scope that fit all that is said, by index.

        Args:
            scope: whose memories.
            kind: only of this kind.
            tags: only with all these tags.
            session: only turns of this conversation, which come in its order whatever `order` says.
            since: only from this time on.
            until: only before this time.
            min_confidence: only this sure or surer.
            order: "newest" or "oldest" first by time, or "surest" first by confidence.
            limit: at most so many; None for all.

        Raises:
            InvalidInput: something can't be taken.
        """
        wanted = tuple(tags) if not isinstance(tags, str) else (tags,)
        path = as_scope(scope)
        if order not in ("newest", "oldest", "surest"):
            message = f"order is 'newest', 'oldest' or 'surest', not {order!r}"
            raise InvalidInput(message)
        if limit is not None and limit < 1:
            message = f"limit is 1 or more, or None for all, not {limit}"
            raise InvalidInput(message)
        low = None if since is None else to_ns(since)
        high = None if until is None else to_ns(until)
        start, stop, backward = low, high, order == "newest"
        if session is not None:
            index, values, start, stop, backward = "by_session", (path, session), None, None, False
        elif order == "surest":
            index, values, start, stop, backward = "by_confidence", (path,), float(min_confidence), None, True
        elif wanted:
            index, values = "by_tag", (path, wanted[0])
        elif kind is not None:
            index, values = "by_kind", (path, kind)
        else:
            index, values = "by_time", (path,)
        found: list[MemoryRow] = []
        for row in self._rows.iterate(index, *values, start=start, stop=stop, backward=backward):
            if (
                (kind is None or row.kind == kind)
                and row.confidence >= min_confidence
                and (low is None or row.time_ns >= low)
                and (high is None or row.time_ns < high)
                and set(wanted) <= set(row.tags)
            ):
                found.append(row)
                if len(found) == limit:
                    break
        return found

    def history(self, memory_id: str) -> list[Recorded[Any]]:
        """Every event that made the memory what it is, oldest first; also after it has been forgotten.

        Raises:
            NotFound: there never was such a memory.
        """
        found = self.engine.read(tags=[memory_tag(memory_id)]) if _is_tag(memory_id) else []
        if not found:
            message = f"there is no memory {memory_id!r}"
            raise NotFound(message)
        return found

    def why(self, memory_id: str) -> list[Recorded[Any]]:
        """The chain of causes: the memory's newest event, the event that led to it, and so on to the first.

        Raises:
            NotFound: there never was such a memory.
        """
        chain = [self.history(memory_id)[-1]]
        while (cause := chain[-1].cause) is not None and cause < chain[-1].position:
            found = self.engine.log.get(cause)
            if found is None:
                break
            chain.append(found)
        return chain

    def events(
        self,
        *,
        after: int = 0,
        types: Iterable[type | str] = (),
        tags: Iterable[str] = (),
        live: bool = True,
    ) -> AsyncIterator[Recorded[Any]]:
        """Every event that matches: first those there are, then each new one as it is committed (`Engine.events`)."""
        return self.engine.events(after=after, types=types, tags=tags, live=live)

    def stats(self) -> Statistics:
        """What the memory holds and how it is doing."""
        return self.engine.statistics()

    # -- deciding

    async def _remember(self, new: NewMemory, cause: int | None) -> Remembered:
        for _ in range(TRIES):
            draft = self._draft(new, {})
            try:
                appended = await self.engine.append(
                    draft.event, by=self._by, cause=cause, key=draft.key, condition=draft.condition
                )
            except (Conflict, KeyReused) as error:
                if isinstance(error, KeyReused) and new.place is not None:
                    message = f"place {new.place} of session {new.session!r} says something else already; revise {draft.id}"
                    raise KeyReused(message, key=error.key, positions=error.positions) from error
                await self._catch_up()
                continue
            return draft.outcome(appended)
        raise _restless()

    def _draft(self, new: NewMemory, first: dict[str, str]) -> _Draft:
        """Decide from what is visible what remembering would add, and under which condition that holds.

        Args:
            new: what to remember.
            first: ids of new memories by content that are decided on, but not visible yet.
        """
        after = self._checkpoint()
        if new.session is not None:
            return self._draft_turn(new, after)
        content = content_tag(new.scope, new.kind, new.text)
        twin = self._same(content, new.text)
        known = first.get(content) if twin is None else twin.id
        if known is not None:
            return _Draft(known, MemoryReinforced(known, new.scope), None, Condition(self._undoing(known), after), is_new=False)
        memory_id = first[content] = self._new_id()
        return _Draft(memory_id, _told(new, memory_id), None, Condition(Query.of(tags=[content]), after), is_new=True)

    def _draft_turn(self, new: NewMemory, after: int) -> _Draft:
        assert new.session is not None  # that is what makes it a turn
        if new.place is not None:
            memory_id = turn_id(new.scope, new.session, new.place)
            return _Draft(memory_id, _told(new, memory_id), turn_key(new.scope, new.session, new.place), None, is_new=True)
        last = self._rows.select("by_session", new.scope, new.session, backward=True, limit=1)
        place = 1 + (last[0].place or 0) if last else 1
        memory_id = self._new_id()
        event = _told(attrs.evolve(new, place=place), memory_id)
        guard = Condition(Query.of(tags=[session_tag(new.scope, new.session)]), after)
        return _Draft(memory_id, event, turn_key(new.scope, new.session, place), guard, is_new=True)

    def _undoing(self, memory_id: str) -> Query:
        return self.engine.query(types=[MemoryForgotten, MemoryRevised], tags=[memory_tag(memory_id)])

    def _same(self, content: str, text: str) -> MemoryRow | None:
        return next((row for row in self._rows.iterate("by_content", content) if row.text == text), None)

    async def _on_memory(self, memory_id: str, make: Any, cause: int | None) -> int:
        for _ in range(TRIES):
            after, row = self._checkpoint(), self.get(memory_id)
            guard = self.engine.query(types=[MemoryForgotten], tags=[memory_tag(memory_id)])
            with contextlib.suppress(Conflict):
                return await self._append(make(row), cause, Condition(guard, after))
            await self._catch_up()
        raise _restless()

    async def _append(self, event: object, cause: int | None, condition: Condition) -> int:
        return (await self.engine.append(event, by=self._by, cause=cause, condition=condition)).position

    def _checkpoint(self) -> int:
        """What is visible now. Read before deciding, so that whatever comes later fails the condition."""
        return self.engine.checkpoint(Memories)

    async def _catch_up(self) -> None:
        """Make visible what stood in the way."""
        await self.engine.flush()

    def _new_id(self) -> str:
        return ulid(self.engine.clock, self.engine.entropy)


@attrs.frozen
class _Draft:
    id: str
    event: object
    key: str | None
    condition: Condition | None
    is_new: bool

    def outcome(self, appended: Appended) -> Remembered:
        return Remembered(self.id, appended.position, self.is_new and not appended.is_duplicate)


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


def _revision(  # noqa: PLR0913 - what `revise` was told
    row: MemoryRow,
    text: str | None,
    confidence: float | None,
    importance: float | None,
    tags: Iterable[str] | None,
    metadata: Mapping[str, Scalar] | None,
    reason: str | None,
) -> MemoryRevised:
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


def _is_tag(memory_id: str) -> bool:
    return 0 < len(memory_id) <= 200 and "\0" not in memory_id  # noqa: PLR2004 - far beyond any id


def _restless() -> Conflict:
    message = f"others changed the same memory {TRIES} times in a row while this change was being decided; try again"
    return Conflict(message, position=0)


@contextlib.asynccontextmanager
async def open_memory(path: Path | str, *, by: str | None = None, **options: Any) -> AsyncGenerator[Memory, None]:
    """Open a memory, making it if it isn't there.

    Args:
        path: its folder.
        by: who remembers; noted on every event.
        options: whatever `open_engine` takes; events and projections of your own come beside memory's.

    Raises:
        Locked: another process writes to it.
        NotFound, Damaged, StorageFailed, InvalidInput: as `open_engine`.
    """
    events = (*MEMORY_EVENTS, *options.pop("events", ()))
    projections = (Memories, *options.pop("projections", ()))
    async with open_engine(path, events=events, projections=projections, **options) as engine:
        yield Memory(engine, by)
