"""Many clients of one writer under a schedule that a seed decides, and the history that they make together.

Everything runs in virtual time on one thread: the commits too. The same seed makes the same history.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import attrs
import outcome
import trio

from remanence.actors.supervisor import Supervisor
from remanence.actors.writer import Durability, Writer
from remanence.core.appends import Appended
from remanence.core.catalogs import MemoryCatalog
from remanence.core.errors import RemanenceError
from remanence.core.events import Registry
from remanence.core.log import Log
from remanence.core.queries import Condition, Query
from remanence.testkit import run_scheduled

from .scene import Disk, Noted, Seen, Shown

CLIENTS = 8
OPERATIONS = 6
SEATS = 4
KEYS = 4


@attrs.define(eq=False)
class Operation:
    """One append that a client made.

    Attributes:
        text: what the note says; nobody else's says the same, unless it has the same key.
        key: its dedup key.
        seat: the tag that it may be the first to bear.
        patience_s: how long its client waits for the answer.
        begun: when it was made: a count of all that happened.
        ended: when its outcome was known.
        answer: its outcome: positions, an error, or None when its caller left.
    """

    text: str
    key: str | None
    seat: str | None
    patience_s: float | None
    begun: int
    ended: int = 0
    answer: Appended | RemanenceError | None = None


@attrs.define(eq=False)
class History:
    """What a run made.

    Attributes:
        log: the log at its end.
        operations: every append, in the order of their making.
        was_in_time: whether the writer stopped before its deadline.
        durability: how it was written.
    """

    log: Log
    durability: str
    operations: list[Operation] = attrs.field(factory=list[Operation])
    was_in_time: bool = False
    _count: int = 0

    def tick(self) -> int:
        """The next moment."""
        self._count += 1
        return self._count

    def trace(self) -> list[tuple[Any, ...]]:
        """The history as plain values, to compare."""
        return [(each.text, each.begun, each.ended, repr(each.answer)) for each in self.operations]


class ScheduledThread:
    """A commit thread that takes as long as the dice say, in virtual time."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._send, self._receive = trio.open_memory_channel[
            "tuple[Callable[[], Any], Callable[[outcome.Outcome[Any]], None]]"
        ](100)
        self._stopped = trio.Event()
        trio.lowlevel.spawn_system_task(self._run)

    def submit(self, job: Callable[[], Any], done: Callable[[outcome.Outcome[Any]], None]) -> None:
        """As `CommitThread.submit`."""
        self._send.send_nowait((job, done))

    async def stop(self) -> None:
        """As `CommitThread.stop`."""
        self._send.close()
        await self._stopped.wait()

    async def _run(self) -> None:
        async for job, done in self._receive:
            await trio.sleep(self._random.choice((0, 0.001, 0.01, 0.2)))
            result = outcome.capture(job)
            await trio.sleep(self._random.choice((0, 0.001)))
            done(result)
        self._stopped.set()


def play(seed: int, install: Callable[[Callable[[str], ScheduledThread]], None]) -> History:
    """Run clients and writer to their end.

    Args:
        seed: decides the schedule, what clients do, how long commits take and which of them fail.
        install: puts a maker of commit threads in the place of the writer's own.
    """
    random = Random(seed)  # noqa: S311 - dice, not a secret
    install(lambda _name: ScheduledThread(random))
    return run_scheduled(_main, random, seed=seed)


async def _main(random: Random) -> History:
    durability = random.choice((Durability.DURABLE, Durability.DURABLE, Durability.BUFFERED))
    disk = Disk()
    if durability == Durability.DURABLE and random.random() < 0.5:
        disk.cues.extend(random.choice(("before", "after", "ok")) if turn % 2 else "ok" for turn in range(100))
    ticks = iter(range(1, 1 << 30))
    log = Log(disk, MemoryCatalog(), Registry((Noted, Seen)), clock=lambda: next(ticks), entropy=bytes)
    history = History(log, durability)
    with trio.fail_after(3600):
        async with trio.open_nursery() as nursery:
            writer = Writer(log, Shown(), durability=durability, capacity=random.choice((1, 3, 1024)))
            supervisor = Supervisor([lambda: writer])
            await nursery.start(supervisor.run)
            async with trio.open_nursery() as clients:
                for client in range(CLIENTS):
                    clients.start_soon(_client, client, random, writer, history)
            history.was_in_time = await supervisor.stop(trio.current_time() + 30)
            nursery.cancel_scope.cancel()
    return history


async def _client(client: int, random: Random, writer: Writer, history: History) -> None:
    for turn in range(OPERATIONS):
        await trio.sleep(random.choice((0, 0, 0.001, 0.05)))
        if random.random() < 0.1:
            await _flush(writer)
            continue
        kind = random.choice(("plain", "keyed", "seat"))
        number = random.randrange(KEYS)
        operation = Operation(
            text=f"key {number}" if kind == "keyed" else f"{client}.{turn}",
            key=f"k{number}" if kind == "keyed" else None,
            seat=f"seat:{random.randrange(SEATS)}" if kind == "seat" else None,
            patience_s=random.choice((None, None, 0, 0.005, 0.1)),
            begun=history.tick(),
        )
        history.operations.append(operation)
        with trio.move_on_after(random.choice((1e9, 1e9, 0, 0.003))):
            await _append(operation, writer, history)
        operation.ended = history.tick()


async def _append(operation: Operation, writer: Writer, history: History) -> None:
    tags = () if operation.seat is None else (operation.seat,)
    condition = None if operation.seat is None else Condition(Query.of(tags=tags))
    append = history.log.encode([Noted(operation.text, tags)], key=operation.key, condition=condition)
    try:
        operation.answer = await writer.append(append, timeout_s=operation.patience_s)
    except RemanenceError as error:
        operation.answer = error


async def _flush(writer: Writer) -> None:
    try:
        await writer.flush()
    except RemanenceError:
        return  # it was told that something failed; what matters here is that it was told
