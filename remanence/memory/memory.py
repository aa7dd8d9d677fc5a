"""Memory: what an agent remembers, on the engine.

Writing is asynchronous and returns when it is durable and visible; reading is synchronous, from a view.
The same text in one scope and kind is one memory: telling it again reinforces it. A turn of a conversation is its own
memory whatever its words: its session and place make it what it is.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal, Unpack, overload

from ..core.clock import ulid
from ..core.errors import Conflict, InvalidInput, KeyReused, RemanenceError
from ..core.queries import Condition
from ..engine.appending import Request
from ..engine.engine import Engine
from ..projections.memories.events import (
    MemoryForgotten,
    MemoryReinforced,
    MemoryRemembered,
    Scalar,
    memory_tag,
    session_tag,
)
from ..projections.memories.view import Memories, MemoryRow
from ..reading.clustering import ClusterTaking
from ..reading.histories import is_id
from ..reading.identity import NewMemory
from ..reading.reading import MemoryReader
from ..reading.recalling import Hit, RecallOptions, recalled
from ..reading.wanted import Order
from .deciding import Remembered, draft, in_turn, revision, revision_guard

__all__ = ["Memory", "Order", "Remembered"]

TRIES: Final = 100
"""Times that a decision is made anew because somebody else's came first. Each try means that another one succeeded."""


class Memory(ClusterTaking, MemoryReader):
    """An agent's memory: `MemoryReader` says what can be asked of it. Made by `remanence.open`.

    Attributes:
        engine: the engine that it stands on.
        by: who remembers; noted on every event.
    """

    def __init__(self, engine: Engine, by: str | None = None) -> None:
        super().__init__(engine)
        self.by = by

    async def remember(
        self,
        text: str,
        *,
        scope: str | Sequence[str] = "main",
        kind: str = "fact",
        tags: Iterable[str] = (),
        confidence: float = 0.8,
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
        if isinstance(memories, str):
            message = f"remember_many takes several memories, not one text: write [{memories!r:.60}]"
            raise InvalidInput(message)
        new = [one if isinstance(one, NewMemory) else NewMemory(one) for one in memories]
        found = await self.remember_each(new, cause=cause)
        for result in found:
            if isinstance(result, RemanenceError):
                raise result
        return [result.id for result in found if isinstance(result, Remembered)]

    async def remember_each(
        self, memories: Sequence[NewMemory], *, cause: int | None = None
    ) -> list[Remembered | RemanenceError]:
        """As `remember_many`, with the outcome of each."""
        after, rows = self._checkpoint(), self._rows
        drafts = [draft(rows, after, new, 1, self._new_id) for new in memories]
        now, later = in_turn(drafts)
        requests = [
            Request((each.event,), by=self.by, cause=cause, key=each.key, condition=each.condition)
            for each in map(drafts.__getitem__, now)
        ]
        outcomes: dict[int, Remembered | RemanenceError] = {}
        for index, result in zip(now, await self.engine.append_all(requests), strict=True):
            if isinstance(result, Conflict) or (isinstance(result, KeyReused) and memories[index].place is None):
                outcomes[index] = await self._outcome(memories[index], cause)
            else:
                outcomes[index] = result if isinstance(result, RemanenceError) else drafts[index].outcome(result)
        if later:
            await self._catch_up()
            again = await self.remember_each([memories[index] for index in later], cause=cause)
            outcomes.update(zip(later, again, strict=True))
        return [outcomes[index] for index in range(len(memories))]

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
            after, row = await self._look_up(memory_id)
            event = revision(
                row,
                text=text,
                confidence=confidence,
                importance=importance,
                tags=tags,
                metadata=metadata,
                reason=reason,
            )
            guard = revision_guard(self._rows, row, event)
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

    @overload
    def recall(self, query: str, *, record: Literal[False] = False, **options: Unpack[RecallOptions]) -> list[Hit]: ...
    @overload
    def recall(
        self, query: str, *, record: Literal[True], **options: Unpack[RecallOptions]
    ) -> Coroutine[Any, Any, list[Hit]]: ...
    def recall(
        self, query: str, *, record: bool = False, **options: Unpack[RecallOptions]
    ) -> list[Hit] | Coroutine[Any, Any, list[Hit]]:
        """The memories of a scope that answer a question best: `MemoryReader.recall` says what can be asked.

        Args:
            query: a question, or some words; in any language.
            record: whether to note in the log what was asked and given, as what went into a prompt deserves; then it
                is to be awaited.
            options: as `MemoryReader.recall`.

        Raises:
            InvalidInput: something can't be taken.
        """
        return self._recorded(query, options) if record else super().recall(query, **options)

    async def _recorded(self, query: str, options: RecallOptions) -> list[Hit]:
        await self.prepare_recall(query)
        hits = super().recall(query, **options)
        await self.engine.append(recalled(query, hits, options), by=self.by)
        return hits

    # -- deciding

    async def _outcome(self, new: NewMemory, cause: int | None) -> Remembered | RemanenceError:
        try:
            return await self._remember(new, cause)
        except RemanenceError as error:
            return error

    async def _remember(self, new: NewMemory, cause: int | None) -> Remembered:
        place = 1
        for _ in range(TRIES):
            decided = draft(self._rows, self._checkpoint(), new, place, self._new_id)
            try:
                appended = await self.engine.append(
                    decided.event, by=self.by, cause=cause, key=decided.key, condition=decided.condition
                )
            except (Conflict, KeyReused) as error:
                if isinstance(error, KeyReused) and new.place is not None:
                    message = (
                        f"place {new.place} of session {new.session!r} says something else already; revise {decided.id}"
                    )
                    raise KeyReused(message, key=error.key, positions=error.positions) from error
                await self._catch_up()
                if isinstance(error, KeyReused) and new.session is not None:
                    place = self._free_place(new.scope, new.session)
                continue
            return decided.outcome(appended)
        raise _restless()

    def _new_id(self) -> str:
        return ulid(self.engine.clock, self.engine.entropy)

    def _free_place(self, scope: tuple[str, ...], session: str) -> int:
        """The first place of a session beyond all that were ever taken: a forgotten turn keeps its own."""
        turns = self.engine.read(types=[MemoryRemembered], tags=[session_tag(scope, session)])
        told = [turn.data for turn in turns if not turn.is_erased]
        return 1 + max((each.place or 0 for each in told if each.session == session), default=0)

    async def _on_memory(self, memory_id: str, make: Callable[[MemoryRow], object], cause: int | None) -> int:
        for _ in range(TRIES):
            after, row = await self._look_up(memory_id)
            guard = self.engine.query(types=[MemoryForgotten], tags=[memory_tag(memory_id)])
            with contextlib.suppress(Conflict):
                return await self._append(make(row), cause, Condition(guard, after))
            await self._catch_up()
        raise _restless()

    async def _look_up(self, memory_id: str) -> tuple[int, MemoryRow]:
        """A memory to decide about, and up to where it is seen. What was accepted is made visible first."""
        if not is_id(memory_id) or self._rows.get(memory_id) is None:
            await self._catch_up()
        return self._checkpoint(), self.get(memory_id)

    async def _append(self, event: object, cause: int | None, condition: Condition) -> int:
        return (await self.engine.append(event, by=self.by, cause=cause, condition=condition)).position

    def _checkpoint(self) -> int:
        """What is visible now. Read before deciding, so that whatever comes later fails the condition."""
        return self.engine.checkpoint(Memories)

    async def _catch_up(self) -> None:
        """Make visible what stood in the way."""
        await self.engine.flush()


def _restless() -> Conflict:
    message = f"others changed the same memory {TRIES} times in a row while this change was being decided; try again"
    return Conflict(message, position=0)
