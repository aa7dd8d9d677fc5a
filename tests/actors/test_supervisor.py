"""Supervisors: who is begun again with whom, what an actor may do with its life, and the order of the end."""

from __future__ import annotations

import logging
from collections.abc import Hashable, Sequence
from functools import partial
from typing import Any

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from remanence.actors.actor import Actor
from remanence.actors.asks import Ask
from remanence.actors.mailbox import WhenFull
from remanence.actors.supervisor import Group, Strategy, Supervisor, supervised
from remanence.core.errors import Closed, InvalidInput, Unanswered


class Worker(Actor["str | int | Ask[str, int]"]):
    """Notes what it does in a diary that outlasts it."""

    def __init__(self, diary: list[str]) -> None:
        self.diary = diary

    def note(self, what: object) -> None:
        """Write it down."""
        self.diary.append(f"{self.name} {what}")

    async def started(self) -> None:
        self.note("started")

    async def handle(self, batch: Sequence[str | int | Ask[str, int]]) -> None:
        for each in batch:
            what = each.request if isinstance(each, Ask) else each
            self.note(what)
            if what == "crash":
                raise ZeroDivisionError
            if what == "wait":
                await trio.sleep(5)

    async def stopped(self) -> None:
        self.note("stopped")


def worker(name: str, diary: list[str], **attributes: Any) -> partial[Worker]:
    """One of a name."""
    return partial(type("Worker", (Worker,), {"name": name, "batch_limit": 1, **attributes}), diary)


@pytest.mark.parametrize(
    ("strategy", "restarts"),
    [(Strategy.ONE_FOR_ONE, [0, 1, 0]), (Strategy.REST_FOR_ONE, [0, 1, 1]), (Strategy.ONE_FOR_ALL, [1, 1, 1])],
)
async def test_a_strategy_says_who_is_begun_again(
    strategy: Strategy, restarts: list[int], autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    """In the order in which they start; what waits in their mailboxes waits on, what was in hand comes again."""
    del autojump_clock
    diary: list[str] = []
    supervisor = Supervisor([Group([worker(name, diary) for name in "abc"], strategy), worker("d", diary)])
    with caplog.at_level(logging.ERROR):
        async with supervised(supervisor):
            await supervisor.address("c").tell("wait")
            await supervisor.address("c").tell("later")
            await wait_all_tasks_blocked()
            diary.clear()
            with pytest.raises(Unanswered, match="crashed over this"):
                await supervisor.address("b").ask("crash")
            await trio.sleep(0.11)
            assert [each.restarts for each in supervisor.statistics()] == [*restarts, 0]
            begun = [line for line in diary if line.endswith("started")]
            assert begun == [f"{name} started" for name, count in zip("abc", restarts, strict=True) if count]
            await trio.sleep(10)
            assert diary.count("c wait") == restarts[2]
            assert diary.count("c later") == 1
    others = "".join(f", with {name}" for name in "ac" if restarts["abc".index(name)])
    assert f"s{others})" in caplog.messages[0]


async def test_the_end_comes_in_the_order_of_needs() -> None:
    """Who is needed starts first and stops last; messages sent on the way are still handled."""
    diary: list[str] = []

    class Sender(Worker):
        name = "sender"
        needs = ("needed",)

        async def stopped(self) -> None:
            await supervisor.address("needed").tell("last words")
            self.note("stopped")

    supervisor = Supervisor([partial(Sender, diary), worker("needed", diary)])
    async with supervised(supervisor):
        pass
    expected = ["needed started", "sender started", "sender stopped", "needed last words", "needed stopped"]
    assert diary == expected


async def test_an_ask_that_is_left_without_an_answer_fails_at_once() -> None:
    """Its caller doesn't wait for nothing, unless the actor says that it answers later; then for its life only."""
    diary: list[str] = []
    supervisor = Supervisor([worker("forgets", diary), worker("keeps", diary, keeps_asks=True)])
    ends: list[str] = []

    async def ask() -> None:
        with pytest.raises(Unanswered, match="was stopped in the middle of this"):
            await supervisor.address("keeps").ask("?")
        ends.append("told")

    async with trio.open_nursery() as nursery:
        async with supervised(supervisor):
            with pytest.raises(Unanswered, match="without giving an answer"):
                await supervisor.address("forgets").ask("?")
            nursery.start_soon(ask)
            await wait_all_tasks_blocked()
            assert ends == []
        await wait_all_tasks_blocked()
        assert ends == ["told"]
    with pytest.raises(Closed):
        await supervisor.address("keeps").ask("?")


async def test_coalescing_keeps_the_latest_of_a_key(autojump_clock: MockClock) -> None:
    """A full mailbox holds one message of a key, the newest; asks are never replaced."""
    del autojump_clock
    diary: list[str] = []

    class Latest(Worker):
        name = "latest"
        batch_limit = 1
        capacity = 1
        when_full = WhenFull.COALESCE

        def key(self, message: object) -> Hashable | None:
            return None if isinstance(message, Ask) else "all"

    supervisor = Supervisor([partial(Latest, diary)])
    async with supervised(supervisor):
        address = supervisor.address("latest")
        await address.tell("wait")
        await wait_all_tasks_blocked()
        for number in range(5):
            assert await address.tell(number)
        assert address.tell_nowait(5)
    assert diary == ["latest started", "latest wait", "latest 5", "latest stopped"]
    assert supervisor.statistics()[0].coalesced == 5


async def test_a_timer_lasts_as_long_as_the_life(autojump_clock: MockClock, caplog: pytest.LogCaptureFixture) -> None:
    """A message comes after its time; one that was set in a life that crashed never does."""
    del autojump_clock
    caplog.set_level(logging.CRITICAL)
    diary: list[str] = []

    class Timed(Worker):
        name = "timed"
        batch_limit = 1

        async def started(self) -> None:
            await super().started()
            self.later(f"life {diary.count('timed started')}", 2)

    supervisor = Supervisor([partial(Timed, diary)])
    async with supervised(supervisor):
        await supervisor.address("timed").tell("crash")
        await trio.sleep(10)
        assert [line for line in diary if "life" in line] == ["timed life 3"]
        with pytest.raises(InvalidInput, match="has no log to subscribe to"):
            supervisor._kept["timed"].cell.subscribe((), (), 0)  # pyright: ignore[reportPrivateUsage]
    with pytest.raises(InvalidInput, match="is not alive"):
        supervisor._kept["timed"].cell.later("too late", 1)  # pyright: ignore[reportPrivateUsage]


async def test_without_an_engine_there_is_none() -> None:
    """An actor on a supervisor of its own is told so when it asks for it."""
    diary: list[str] = []
    made = worker("a", diary)()
    supervisor = Supervisor([lambda: made])
    async with supervised(supervisor):
        with pytest.raises(InvalidInput, match="the actor a has no engine"):
            _ = made.engine


async def test_what_the_body_raises_comes_out_as_it_is() -> None:
    """Not in a group; and everything has ended in order before."""
    diary: list[str] = []

    async def run() -> None:
        async with supervised(Supervisor([worker("a", diary)])):
            raise KeyError("body")

    with pytest.raises(KeyError):
        await run()
    assert diary == ["a started", "a stopped"]


async def test_cancelling_the_body_ends_actors_in_order(autojump_clock: MockClock) -> None:
    """What they have is handled first: whatever cancels the body has no say in that."""
    del autojump_clock
    diary: list[str] = []
    supervisor = Supervisor([worker("a", diary)])
    with trio.move_on_after(1):
        async with supervised(supervisor):
            await supervisor.address("a").tell("wait")
            await supervisor.address("a").tell("then")
            await trio.sleep_forever()
    assert diary == ["a started", "a wait", "a then", "a stopped"]
