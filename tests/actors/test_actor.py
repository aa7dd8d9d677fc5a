"""Actors under a supervisor: batches, lives, ends, and what becomes of messages meanwhile."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import attrs
import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from remanence.actors.actor import Actor
from remanence.actors.address import Address
from remanence.actors.asks import Ask
from remanence.actors.restarts import Restart
from remanence.actors.supervisor import Group, Supervisor, supervised
from remanence.core.errors import Closed, InvalidInput, NotFound, Unanswered


@attrs.define(eq=False)
class Book:
    """What clerks write down: it outlasts their lives."""

    batches: list[list[Any]] = attrs.field(factory=list[list[Any]])
    lives: int = 0
    ends: list[str] = attrs.field(factory=list[str])
    gate: trio.Event = attrs.field(factory=trio.Event)

    @property
    def handled(self) -> list[Any]:
        """All messages, in order."""
        return [message for batch in self.batches for message in batch]


class Clerk(Actor[int | Ask[object, int]]):
    """Writes down what it gets, as soon as it may; answers with how much there is; crashes over 13."""

    def __init__(self, book: Book) -> None:
        self.book = book

    async def started(self) -> None:
        self.book.lives += 1

    async def handle(self, batch: Sequence[int | Ask[object, int]]) -> None:
        await self.book.gate.wait()
        for message in batch:
            match message:
                case Ask(request=13) | 13:
                    raise ZeroDivisionError("13")
                case Ask():
                    message.reply(len(self.book.handled))
                case _:
                    pass
        self.book.batches.append([each for each in batch if not isinstance(each, Ask)])

    async def stopped(self) -> None:
        self.book.ends.append("stopped")

    async def ended(self) -> None:
        self.book.ends.append("ended")


@asynccontextmanager
async def clerk(book: Book, stop_s: float = 30, **attributes: Any) -> AsyncGenerator[Address]:
    """A clerk at work."""
    kind = type("Clerk", (Clerk,), attributes)
    supervisor = Supervisor([lambda: kind(book)], random=Random(1))  # noqa: S311 - dice
    async with supervised(supervisor, stop_s=stop_s):
        yield supervisor.address("clerk")


@pytest.fixture
def book() -> Book:
    """A book that may be written in."""
    book = Book()
    book.gate.set()
    return book


async def test_messages_are_handled_in_batches_one_at_a_time(book: Book) -> None:
    """What arrives while a batch is handled is the next batch."""
    book.gate = trio.Event()
    async with clerk(book) as address:
        assert await address.tell(1)
        await wait_all_tasks_blocked()
        for number in (2, 3, 4):
            assert address.tell_nowait(number)
        book.gate.set()
        await wait_all_tasks_blocked()
        assert book.batches == [[1], [2, 3, 4]]


async def test_stopping_handles_what_is_in_the_mailbox(book: Book) -> None:
    """Stopping takes no more, finishes the rest, then what is under way."""
    async with clerk(book) as address:
        for number in range(5):
            await address.tell(number)
    assert book.handled == [0, 1, 2, 3, 4]
    assert book.ends == ["stopped", "ended"]


async def test_what_is_not_done_by_the_deadline_is_cancelled(
    book: Book, autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    """Stopping ends at its deadline whatever the actor waits for, and says so; what is left is among the dead."""
    del autojump_clock
    book.gate = trio.Event()
    with caplog.at_level(logging.WARNING):
        async with clerk(book, stop_s=30) as address:
            await address.tell(1)
            await wait_all_tasks_blocked()
            await address.tell(2)
            begun = trio.current_time()
    assert trio.current_time() - begun == pytest.approx(30)
    assert book.ends == ["ended"]
    assert [(letter.message, letter.reason) for letter in address.dead_letters()] == [(1, "stopped"), (2, "stopped")]
    assert "the clerk did not finish by its deadline" in caplog.text


async def test_a_message_that_crashes_its_actor_does_so_twice_at_most(book: Book, autojump_clock: MockClock) -> None:
    """It goes to the dead letters with its error; the others of its batch are handled, and the actor is a new one."""
    del autojump_clock
    book.gate = trio.Event()
    async with clerk(book) as address:
        for number in (12, 13, 14):
            await address.tell(number)
        await wait_all_tasks_blocked()
        book.gate.set()
        await trio.sleep(1)
        assert await address.ask("how many?") == 2
    assert book.batches[:2] == [[12], [14]]
    assert book.lives == 3
    [letter] = address.dead_letters()
    assert (letter.message, letter.reason, letter.error) == (13, "poison", "ZeroDivisionError: 13")


async def test_an_ask_that_crashes_its_actor_is_told(book: Book, autojump_clock: MockClock) -> None:
    """Its caller gets the error at once, and the next ask is answered by the next life."""
    del autojump_clock
    async with clerk(book) as address:
        with pytest.raises(Unanswered, match="crashed over this") as caught:
            await address.ask(13)
        assert isinstance(caught.value.__cause__, ZeroDivisionError)
        assert caught.value.is_taken
        assert await address.ask("how many?") == 0


async def test_crashing_too_often_ends_everything(book: Book, autojump_clock: MockClock) -> None:
    """The error comes out of the body, as it is, and whoever asks is told."""
    del autojump_clock
    addresses: list[Address] = []

    async def crash() -> None:
        async with clerk(book, restart=Restart(limit=1)) as address:
            addresses.append(address)
            for _ in range(2):
                await address.tell(13)
            await trio.sleep_forever()

    with pytest.raises(ZeroDivisionError):
        await crash()
    assert book.lives == 2
    with pytest.raises(Closed):
        await addresses[0].ask("how many?")
    assert not await addresses[0].tell(1)


def refusal(make: Callable[[], Supervisor]) -> str:
    """What a supervisor says to what it can't take."""
    with pytest.raises(InvalidInput) as caught:
        make()
    return str(caught.value)


def test_names_and_needs_must_fit(book: Book) -> None:
    """Two of one name, a need that isn't there, and needs in a circle are refused before anything begins."""

    def other(name: str, *needs: str) -> Callable[[], Clerk]:
        kind = type("Other", (Clerk,), {"name": name, "needs": needs})
        return lambda: kind(book)

    assert "two actors are called" in refusal(lambda: Supervisor([other("a"), Group([other("a")])]))
    assert "needs b" in refusal(lambda: Supervisor([other("a", "b")]))
    assert "need each other: a, b" in refusal(lambda: Supervisor([other("a", "b"), other("b", "a")]))
    with pytest.raises(InvalidInput, match="the actor name"):
        type("Bad", (Clerk,), {"name": "Not a name"})
    with pytest.raises(NotFound, match="there are: a"):
        Supervisor([other("a")]).address("b")
