"""Workload `actors`: what a message costs. Ours against the bare channel that it travels through, in one Trio loop.

An actor is told messages and drains them in batches, counts and supervision included; the contender awaits `send` and
`receive` for each message over a channel of the same size. An ask is supervised and has a deadline; the contender sends
over one channel and receives the answer over another, without either.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from typing import Final

import trio

from remanence.actors.actor import Actor
from remanence.actors.address import Address
from remanence.actors.asks import Ask
from remanence.actors.supervisor import Supervisor, supervised

from .harness import MICROSECONDS, Case, Contender, Goal, Plan, Sample, WrongAnswer

__all__ = ["actors"]

CAPACITY: Final = 1024
ROUND: Final = 1024
"""Messages between two looks at the clock."""
Play = Callable[[float], Awaitable[Sample]]


def actors(plan: Plan) -> Iterator[Case]:
    """One who tells and one who asks."""
    seconds = plan.seconds
    yield Case(
        "tell an actor",
        "messages",
        [
            Contender("remanence", partial(_run, _tell, seconds)),
            Contender("send and receive", partial(_run, _send, seconds)),
        ],
        [Goal(most=1 / 8, over="send and receive")],
        unit=MICROSECONDS,
    )
    yield Case(
        "ask an actor",
        "asks",
        [
            Contender("remanence", partial(_run, _ask, seconds)),
            Contender("two channels", partial(_run, _round_trip, seconds)),
        ],
        [Goal(most=2, over="two channels")],
        unit=MICROSECONDS,
    )


def _run(play: Play, seconds: float) -> Sample:
    return trio.run(play, seconds)


class Summer(Actor["int | Ask[int, int]"]):
    """Adds up what it is told, and answers with one more than it is asked."""

    capacity = CAPACITY
    batch_limit = CAPACITY

    def __init__(self) -> None:
        self.sum = 0

    async def handle(self, batch: Sequence[int | Ask[int, int]]) -> None:
        for each in batch:
            if isinstance(each, int):
                self.sum += each
            else:
                each.reply(each.request + 1)


async def _tell(seconds: float) -> Sample:
    summer = Summer()
    supervisor = Supervisor([lambda: summer])
    begun = time.perf_counter()
    count = 0
    async with supervised(supervisor):
        tell = supervisor.address("summer").tell
        while time.perf_counter() - begun < seconds:
            for number in range(ROUND):
                await tell(number)
            count += ROUND
    taken = time.perf_counter() - begun
    _check(summer.sum, count)
    return Sample(count, taken)


async def _send(seconds: float) -> Sample:
    send, receive = trio.open_memory_channel[int](CAPACITY)
    sums = [0]

    async def add() -> None:
        async for number in receive:
            sums[0] += number

    begun = time.perf_counter()
    count = 0
    async with trio.open_nursery() as nursery:
        nursery.start_soon(add)
        async with send:
            while time.perf_counter() - begun < seconds:
                for number in range(ROUND):
                    await send.send(number)
                count += ROUND
    taken = time.perf_counter() - begun
    _check(sums[0], count)
    return Sample(count, taken)


async def _ask(seconds: float) -> Sample:
    supervisor = Supervisor([Summer])
    async with supervised(supervisor):
        return await _asks(partial(_asked, supervisor.address("summer")), seconds)


async def _asked(address: Address, number: int) -> object:
    return await address.ask(number, timeout_s=5)


async def _round_trip(seconds: float) -> Sample:
    send, receive = trio.open_memory_channel[int](CAPACITY)
    reply, replies = trio.open_memory_channel[int](CAPACITY)

    async def answer() -> None:
        async for number in receive:
            await reply.send(number + 1)

    async def ask(number: int) -> int:
        await send.send(number)
        return await replies.receive()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(answer)
        async with send:
            return await _asks(ask, seconds)


async def _asks(ask: Callable[[int], Awaitable[object]], seconds: float) -> Sample:
    begun = time.perf_counter()
    count = 0
    while time.perf_counter() - begun < seconds:
        for number in range(ROUND):
            if await ask(number) != number + 1:
                raise WrongAnswer("not one more")
        count += ROUND
    return Sample(count, time.perf_counter() - begun)


def _check(found: int, count: int) -> None:
    expected = count // ROUND * (ROUND * (ROUND - 1) // 2)
    if found != expected:
        message = f"{found} is not the sum of {count} messages, {expected}"
        raise WrongAnswer(message)
