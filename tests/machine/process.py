"""One life of a program with its memory open: what it does, and what ought to come of it."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

import attrs
import trio

from remanence import Memory, NewMemory, NotFound, OutcomeUnknown, RemanenceError, StorageFailed
from remanence.core.queries import Condition, Query
from remanence.memory.deciding import Remembered
from remanence.projections.memories.events import (
    MemoryReinforced,
    MemoryRemembered,
    TranscriptImported,
    memory_tag,
)
from remanence.projections.memories.view import Memories

from .model import Event, Fact, Model

Command = tuple[Any, ...]
"""What to do, and with what."""
DEATH = (StorageFailed, OutcomeUnknown)
"""What a process hears that crashes: from a disk that failed for ever."""


@attrs.define(eq=False)
class Process:
    """A program at work.

    Attributes:
        memory: its memory.
        model: what ought to be so.
        is_durable: whether what is answered is durable and visible.
        certain: position up to which everything is durable, whatever crashes.
        in_doubt: number of events that the command under way may add.
    """

    memory: Memory
    model: Model
    is_durable: bool
    certain: int = 0
    in_doubt: int = 0

    async def do(self, command: Command) -> None:
        """Do one thing, and check what comes of it."""
        name, *given = command
        several = name in ("many", "at once")
        self.in_doubt = len(given[0]) if several else 1
        await getattr(self, "_" + name.replace(" ", "_"))(*given)
        self.in_doubt = 0
        if self.is_durable:
            self.check()

    def check(self) -> None:
        """What is visible is what the model has."""
        engine = self.memory.engine
        assert engine.head == engine.checkpoint(Memories) == self.model.head
        live = {row.id: Fact.of(row) for row in engine.view(Memories).rows.iterate()}
        assert live == self.model.now.facts
        for _ in range(2):  # from the disk, and from where it was kept then
            self._check_reads()
        self.certain = self.model.head

    def _check_reads(self) -> None:
        """Reading by id and by question tells the same as a look at every row."""
        facts, memory = self.model.now.facts, self.memory
        for key in {*self.model.about, "nobody"} - {""}:
            try:
                assert Fact.of(memory.get(key)) == facts[key]
            except NotFound:
                assert key not in facts
        for scope in ("main", "ada"):
            found = memory.find(scope=scope, limit=None)
            assert {row.id: Fact.of(row) for row in found} == {
                key: fact for key, fact in facts.items() if fact.scope == (scope,)
            }
            surest = memory.find(scope=scope, order="surest", limit=1)
            assert [row.confidence for row in surest] == sorted((row.confidence for row in found), reverse=True)[:1]

    async def _flush(self) -> None:
        await self.memory.engine.flush()
        self.check()

    # -- what can be foreseen

    def _pick(self, number: int) -> str:
        """An id of a memory that is or was there; or of none."""
        known = [each for each in dict.fromkeys(self.model.about) if each]
        return known[number % len(known)] if known else "nobody"

    async def _outcome(self, expected: Event | int | type[Exception], call: Awaitable[int]) -> None:
        """Await a call that ought to add an event, find one, or raise."""
        found = await _result(call)
        if isinstance(expected, type):
            assert isinstance(found, expected), repr(found)
        else:
            assert found == (expected if isinstance(expected, int) else self.model.add(expected))

    async def _remember(self, new: NewMemory) -> None:
        [result] = await self.memory.remember_each([new])
        if isinstance(result, DEATH):
            raise result
        if new.session is None:
            assert isinstance(result, Remembered), repr(result)
            event = self.model.remember(new.scope, new.kind, new.text, result.id)
            assert result == Remembered(result.id, self.model.add(event), isinstance(event, MemoryRemembered))
            return
        if new.place is None:
            await self._said_next(new, result)
            return
        expected = self.model.turn(new.scope, new.session, new.place, new.text)
        if isinstance(expected, type):
            assert isinstance(result, expected), repr(result)
            return
        assert isinstance(result, Remembered), repr(result)
        if isinstance(expected, int):
            assert (result.position, result.is_new) == (expected, False)
        else:
            assert result == Remembered(expected.id, self.model.add(expected), is_new=True)

    async def _said_next(self, new: NewMemory, result: object) -> None:
        """A turn without a place of its own: which one it was given, the log tells."""
        assert isinstance(result, Remembered), repr(result)
        before = self.model.now
        await self._take_up()
        fact = self.model.now.facts[result.id]
        assert (fact.text, fact.scope, fact.session) == (new.text, new.scope, new.session)
        assert before.can_be_next(new.scope, new.session or "", fact.place or 0)
        assert result == Remembered(result.id, self.model.head, is_new=True)

    async def _revise(self, number: int, text: str | None, confidence: float) -> None:
        key = self._pick(number)
        expected = self.model.revise(key, text, confidence)
        await self._outcome(expected, self.memory.revise(key, text, confidence=confidence))

    async def _reinforce(self, number: int) -> None:
        key = self._pick(number)
        await self._outcome(self.model.reinforce(key), self.memory.reinforce(key))

    async def _forget(self, number: int) -> None:
        key = self._pick(number)
        await self._outcome(self.model.forget(key), self.memory.forget(key))

    async def _note(self, number: int, back: int) -> None:
        """An append of one's own, on a condition."""
        key, after = self._pick(number), max(0, self.model.head - back)
        condition = Condition(Query.of(tags=[memory_tag(key)]), after)
        call = self.memory.engine.append(MemoryReinforced(key, ("main",)), condition=condition)
        await self._outcome(self.model.note(key, after), _position(call))

    async def _transcript(self, name: str) -> None:
        """An event that is recorded once."""
        call = self.memory.engine.append(TranscriptImported(name, "00", ("main",)))
        await self._outcome(self.model.transcript(name), _position(call))

    # -- what can't, in all its details: the model takes it from the log

    async def _many(self, several: list[NewMemory]) -> None:
        """In one call; each result is of a memory that is there."""
        results = await self.memory.remember_each(several)
        await self._take_up()
        for result in results:
            if isinstance(result, Remembered):
                assert result.id in self.model.now.facts or result.id in self.model.about[: self.certain + 1]
                assert self.model.about[result.position] == result.id

    async def _at_once(self, several: list[Command]) -> None:
        """In tasks of their own: each is whole or not at all, whatever their order."""
        async with trio.open_nursery() as nursery:
            for command in several:
                nursery.start_soon(self._without_foresight, command)
        await self._take_up()

    async def _without_foresight(self, command: Command) -> None:
        memory = self.memory
        try:
            match command:
                case ("remember", new):
                    await memory.remember_each([new])
                case ("revise", number, text, confidence):
                    await memory.revise(self._pick(number), text, confidence=confidence)
                case ("forget", number):
                    await memory.forget(self._pick(number))
                case _:
                    await memory.reinforce(self._pick(len(command)))
        except RemanenceError:
            return  # refused, or dead; the log tells

    async def _take_up(self) -> None:
        engine = self.memory.engine
        await engine.flush()
        self.model.fold(engine.read(after=self.model.head))
        self.check()


async def _result(call: Awaitable[int]) -> int | RemanenceError:
    try:
        return await call
    except DEATH:
        raise
    except RemanenceError as error:
        return error


async def _position(call: Awaitable[Any]) -> int:
    return int((await call).position)
