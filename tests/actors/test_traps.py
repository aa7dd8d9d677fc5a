"""Traps that other actor libraries have fallen into, each with what happens here instead."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from functools import partial, wraps
from typing import Any

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from remanence.actors.actor import Actor
from remanence.actors.mailbox import WhenFull
from remanence.actors.restarts import Restart
from remanence.actors.supervisor import Supervisor, supervised
from remanence.core.errors import Closed, Unanswered
from remanence.testkit import run_scheduled

from ..effort import IS_LONG

Handle = Callable[[Any, Any], Any]
SCHEDULES = 5_000 if IS_LONG else 200
Test = Callable[..., Awaitable[None]]


def any_schedule(test: Test) -> Callable[..., None]:
    """Run a test in virtual time under many schedules."""

    @wraps(test)
    def run(*args: Any, **fixtures: Any) -> None:
        for seed in range(SCHEDULES):
            try:
                run_scheduled(partial(test, *args, **fixtures), seed=seed)
            except BaseException as error:
                error.add_note(f"seed {seed}")
                raise

    return run


class Scripted(Actor[Any]):
    """Does what its script says, with each message and at its start."""

    def __init__(self, script: Handle | None = None, start: Handle | None = None, end: Handle | None = None) -> None:
        self.script = script
        self.start = start
        self.end = end
        self.handled: list[Any] = []

    async def started(self) -> None:
        if self.start is not None:
            await self.start(self, None)

    async def stopped(self) -> None:
        if self.end is not None:
            await self.end(self, None)

    async def handle(self, batch: Sequence[Any]) -> None:
        for message in batch:
            if self.script is not None:
                await self.script(self, message)
            self.handled.append(message)


def kind(name: str, **attributes: Any) -> type[Scripted]:
    """Scripted actors of a name."""
    return type(name, (Scripted,), {"name": name, "batch_limit": 1, **attributes})


async def crash(_actor: Scripted, _message: object) -> None:
    """A script that crashes."""
    raise ZeroDivisionError


@any_schedule
async def test_a_constructor_that_raises_leaves_no_zombie() -> None:
    """The first time nothing is begun; in a restart it is a crash like others, and the next attempt may succeed."""
    attempts: list[str] = []

    def make() -> Scripted:
        attempts.append("made")
        if len(attempts) in {2, 3}:
            raise OSError("not now")
        return kind("a")(crash if len(attempts) == 1 else None)

    def fail() -> Scripted:
        raise OSError("never")

    with pytest.raises(OSError, match="never"):
        Supervisor([make, fail])
    attempts.clear()
    supervisor = Supervisor([make])
    async with supervised(supervisor):
        await supervisor.address("a").tell(1)
        await trio.sleep(10)
        [seen] = supervisor.statistics()
        assert (seen.state, seen.restarts, seen.last_error) == ("running", 3, "OSError: not now")
    assert len(attempts) == 4


@any_schedule
async def test_a_first_start_that_raises_comes_out() -> None:
    """Nobody gets an engine whose actor has never begun; those that had begun are ended."""
    ends: list[str] = []

    async def end() -> None:
        ends.append("b")

    first = kind("b")()
    first.ended = end  # type: ignore[method-assign]

    async def run() -> None:
        async with supervised(Supervisor([lambda: first, lambda: kind("a", needs=("b",))(start=crash)])):
            raise AssertionError("it has begun")

    with pytest.raises(ZeroDivisionError):
        await run()
    assert ends == ["b"]


@any_schedule
async def test_a_draining_actor_does_not_spin() -> None:
    """While its last messages wait for something, everything is at rest."""
    gate = trio.Event()

    async def wait(_actor: Scripted, _message: object) -> None:
        await gate.wait()

    supervisor = Supervisor([lambda: kind("a")(wait)])
    async with trio.open_nursery() as nursery:
        await nursery.start(supervisor.run)
        await supervisor.address("a").tell(1)
        await supervisor.address("a").tell(2)
        nursery.start_soon(supervisor.stop, trio.current_time() + 30)
        await wait_all_tasks_blocked()  # it would not come back if anything ran on and on
        gate.set()


@any_schedule
async def test_no_restart_without_a_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """It says who, how often, when it goes on, and why."""
    caplog.clear()
    supervisor = Supervisor([lambda: kind("a")(crash)])
    with caplog.at_level(logging.ERROR):
        async with supervised(supervisor):
            await supervisor.address("a").tell(1)
            await trio.sleep(10)
    lines = [record.getMessage() for record in caplog.records]
    assert [line[:34] for line in lines] == [f"the actor a crashed (restart {number}, in"[:34] for number in (1, 2)]
    assert all("ZeroDivisionError" in line for line in lines)


@any_schedule
async def test_siblings_do_not_share_a_budget_of_restarts() -> None:
    """Two that crash as often as each may are both still there."""
    policy = Restart(limit=6)
    supervisor = Supervisor([partial(kind(name, restart=policy), crash) for name in ("a", "b")])
    async with supervised(supervisor):
        for number in range(3):
            await supervisor.address("a").tell(number)
            await supervisor.address("b").tell(number)
        await trio.sleep(30)
        assert [(each.state, each.restarts) for each in supervisor.statistics()] == [("running", 6)] * 2


@any_schedule
async def test_old_crashes_are_forgiven() -> None:
    """The budget is for a window of time: an actor that crashes once a day is begun again every day."""
    supervisor = Supervisor([lambda: kind("a", restart=Restart(limit=2, within_s=60))(crash)])
    async with supervised(supervisor):
        for _ in range(5):
            await supervisor.address("a").tell(1)
            await trio.sleep(61)
        assert supervisor.statistics()[0].restarts == 10


@any_schedule
async def test_a_full_mailbox_does_not_raise_into_the_sender() -> None:
    """Who tells an actor that refuses learns it by the answer, and the message is among the dead letters."""
    gate = trio.Event()

    async def wait(_actor: Scripted, _message: object) -> None:
        await gate.wait()

    supervisor = Supervisor([lambda: kind("a", capacity=1, when_full=WhenFull.REFUSE)(wait)])
    async with supervised(supervisor):
        address = supervisor.address("a")
        assert await address.tell(0)
        await wait_all_tasks_blocked()
        taken = [number for number in range(1, 10) if await address.tell(number)]
        with pytest.raises(Unanswered, match="is full") as caught:
            await address.ask("?")
        assert not caught.value.is_taken
        assert [letter.message for letter in address.dead_letters()] == [n for n in range(1, 10) if n not in taken]
        assert {letter.reason for letter in address.dead_letters()} == {"full"}
        gate.set()


@any_schedule
async def test_stopping_has_one_deadline_for_all() -> None:
    """A slow one is not abandoned by a time-out of its own, as long as all together are in time."""
    ends: list[str] = []

    async def slow(actor: Scripted, _: object) -> None:
        await trio.sleep(8)
        ends.append(actor.name)

    needs: dict[str, tuple[str, ...]] = {"a": (), "b": ("a",), "c": ("b",)}
    for stop_s, expected in ((30, ["c", "b", "a"]), (20, ["c", "b"])):
        ends.clear()
        begun = trio.current_time()
        async with supervised(
            Supervisor([partial(kind(name, needs=needs[name]), end=slow) for name in needs]), stop_s=stop_s
        ):
            pass
        assert ends == expected
        assert trio.current_time() - begun == min(stop_s, 24)


@any_schedule
async def test_a_tiny_mailbox_at_the_start_is_no_deadlock() -> None:
    """Who is needed by another, and tells it much while starting, does not wait for it: what does not fit is dead."""

    async def tell_much(actor: Scripted, _: object) -> None:
        for number in range(5):
            await supervisor.address("b").tell(number)
        for number in range(5):
            await actor.cell.address.tell(number)

    tiny = {"capacity": 1}
    supervisor = Supervisor([lambda: kind("a", **tiny)(start=tell_much), kind("b", needs=("a",), **tiny)])
    with trio.fail_after(1):
        async with supervised(supervisor):
            await wait_all_tasks_blocked()
            assert [(each.handled, each.dead_letters) for each in supervisor.statistics()] == [(1, 4), (1, 4)]


@any_schedule
async def test_asking_one_that_has_stopped_while_draining_is_no_deadlock() -> None:
    """A child that asks its parent, which waits for the child, is told; its tells still go through."""
    errors: list[str] = []

    async def ask_other(actor: Scripted, message: Any) -> None:
        other = "parent" if actor.name == "child" else "child"
        if message == "go":
            await trio.sleep(1)
            assert await supervisor.address("parent").tell("told") or actor.name == "parent"
            try:
                await supervisor.address(other).ask("?", timeout_s=5)
            except (Closed, Unanswered) as error:
                errors.append(type(error).__name__)
        elif message != "told":
            try:
                await supervisor.address(other).ask("back?", timeout_s=5)
            except (Closed, Unanswered) as error:
                errors.append(type(error).__name__)
            message.reply(1)

    supervisor = Supervisor([lambda: kind("parent")(ask_other), lambda: kind("child", needs=("parent",))(ask_other)])
    begun = trio.current_time()
    async with supervised(supervisor):
        await supervisor.address("parent").tell("go")
        await supervisor.address("child").tell("go")
    assert errors
    assert trio.current_time() - begun <= 15


@any_schedule
async def test_stopping_oneself_at_the_start_is_no_deadlock() -> None:
    """It ends in order, and whoever asks is told."""

    async def stop(actor: Scripted, _: object) -> None:
        actor.stop()

    supervisor = Supervisor([lambda: kind("a")(start=stop)])
    with trio.fail_after(1):
        async with supervised(supervisor):
            await wait_all_tasks_blocked()
            assert supervisor.statistics()[0].state == "stopped"
            with pytest.raises(Closed):
                await supervisor.address("a").ask("?")


@any_schedule
async def test_a_sender_that_waits_holds_up_nobody_else() -> None:
    """Waiting for room is awaiting: other tasks and other actors go on meanwhile."""
    gate = trio.Event()

    async def wait(_actor: Scripted, _message: object) -> None:
        await gate.wait()

    async def reply(_actor: Scripted, message: Any) -> None:
        message.reply("here")

    supervisor = Supervisor([lambda: kind("full", capacity=1)(wait), lambda: kind("free")(reply)])
    async with supervised(supervisor), trio.open_nursery() as nursery:
        for number in range(4):
            nursery.start_soon(supervisor.address("full").tell, number)
        await wait_all_tasks_blocked()
        assert supervisor.statistics()[0].blocked_senders > 0
        assert await supervisor.address("free").ask("?") == "here"
        gate.set()


@any_schedule
async def test_a_deadline_that_has_passed_keeps_nothing_out_of_a_mailbox_with_room() -> None:
    """Sending without waiting needs no time."""
    supervisor = Supervisor([kind("a")])
    async with supervised(supervisor):
        with trio.fail_after(0):
            assert await supervisor.address("a").tell(1)
        await wait_all_tasks_blocked()
        assert supervisor.statistics()[0].handled == 1


@pytest.mark.parametrize("length", [1, 2, 3])
@any_schedule
async def test_a_circle_of_actors_that_ask_each_other_is_broken(length: int) -> None:
    """The ask that would close it is refused at once, the others are answered; so too with tells and full mailboxes."""
    names = [f"a{number}" for number in range(length)]
    refused: list[str] = []

    async def ask_next(actor: Scripted, message: Any) -> None:
        follower = names[(names.index(actor.name) + 1) % length]
        try:
            await supervisor.address(follower).ask("?", timeout_s=None)
        except Unanswered as error:
            refused.append(str(error))
        message.reply(actor.name)

    supervisor = Supervisor([partial(kind(name), ask_next) for name in names])
    with trio.fail_after(1):
        async with supervised(supervisor):
            assert await supervisor.address("a0").ask("?", timeout_s=None) == "a0"
    [text] = refused
    assert "they would wait for ever" in text


@any_schedule
async def test_two_that_flood_each_other_do_not_wait_for_ever() -> None:
    """Of two that wait for room at each other's, one's message is dead, and both go on."""

    async def flood(actor: Scripted, message: Any) -> None:
        if message == "go":
            other = supervisor.address("b" if actor.name == "a" else "a")
            for number in range(20):
                await other.tell(number)

    supervisor = Supervisor([partial(kind(name, capacity=1), flood) for name in "ab"])
    with trio.fail_after(1):
        async with supervised(supervisor):
            await supervisor.address("a").tell("go")
            await supervisor.address("b").tell("go")
        a, b = supervisor.statistics()
        assert a.handled + b.handled + a.dead_letters + b.dead_letters == 42


@any_schedule
async def test_an_answer_to_nobody_is_a_dead_letter() -> None:
    """Its caller's deadline passed while the actor was at work on it."""

    async def late(_actor: Scripted, message: Any) -> None:
        await trio.sleep(2)
        message.reply("late")

    supervisor = Supervisor([lambda: kind("a")(late)])
    async with supervised(supervisor):
        with pytest.raises(Unanswered, match="took the question up, but did not answer within 1 s") as caught:
            await supervisor.address("a").ask("?", timeout_s=1)
        assert caught.value.is_taken
        await trio.sleep(2)
        [letter] = supervisor.dead_letters()
        assert (letter.actor, letter.message, letter.reason) == ("a", "?", "unheard")


@any_schedule
async def test_a_cancelled_ask_is_dropped_before_it_is_handled() -> None:
    """Its actor never sees it; it is counted."""
    gate = trio.Event()

    async def wait(_actor: Scripted, _message: object) -> None:
        await gate.wait()

    actor = kind("a")(wait)
    supervisor = Supervisor([lambda: actor])
    async with supervised(supervisor):
        await supervisor.address("a").tell(1)
        await wait_all_tasks_blocked()
        with trio.move_on_after(1) as scope:
            await supervisor.address("a").ask("?")
        assert scope.cancelled_caught
        gate.set()
    assert actor.handled == [1]
    assert supervisor.statistics()[0].dropped == 1
