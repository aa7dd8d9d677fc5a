"""Actors that misbehave where the runtime calls them: nobody else pays for it, and everything ends in any case."""

from __future__ import annotations

import logging
from collections.abc import Hashable, Sequence
from functools import partial
from typing import Any

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from remanence.actors.actor import Actor
from remanence.actors.mailbox import WhenFull
from remanence.actors.supervisor import Supervisor, supervised
from remanence.core.errors import InvalidInput, Unanswered

from .test_traps import Scripted, any_schedule, kind


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Failures are logged; where that is proved, the test says so."""
    caplog.set_level(logging.ERROR)


class Rude(Actor[Any]):
    """Raises when it is told to stop, and when it is asked for keys."""

    name = "rude"
    capacity = 1
    batch_limit = 1
    when_full = WhenFull.COALESCE

    def __init__(self) -> None:
        self.handled: list[Any] = []

    async def handle(self, batch: Sequence[Any]) -> None:
        await trio.sleep(1)
        self.handled += batch

    def key(self, message: object) -> Hashable | None:
        raise LookupError(f"no key for {message}")

    def stopping(self) -> None:
        raise ArithmeticError("no end")


@any_schedule
async def test_raising_when_told_to_stop_holds_up_nobodys_end() -> None:
    """It handles what it has and stops, as do the others; the error is noted."""
    rude = Rude()
    supervisor = Supervisor([lambda: rude, kind("other", needs=("rude",))])
    with trio.fail_after(10):
        async with supervised(supervisor):
            await supervisor.address("rude").tell("one")
    first, second = supervisor.statistics()
    assert (first.state, second.state, rude.handled) == ("stopped", "stopped", ["one"])
    assert first.last_error == "ArithmeticError: no end"


@any_schedule
async def test_an_actor_that_can_not_say_a_key_is_not_its_senders_affair() -> None:
    """The message stands for no other, and the sender hears of nothing."""
    rude = Rude()
    supervisor = Supervisor([lambda: rude])
    async with supervised(supervisor):
        for number in range(4):
            assert await supervisor.address("rude").tell(number)
        assert supervisor.statistics()[0].last_error == "LookupError: no key for 3"
    assert rude.handled == [0, 1, 2, 3]


@any_schedule
async def test_who_is_refused_and_tries_again_lets_others_go_on() -> None:
    """Without a checkpoint where a message is refused, nobody would ever make room."""

    async def work(_actor: Scripted, _message: object) -> None:
        await trio.lowlevel.checkpoint()

    supervisor = Supervisor([lambda: kind("full", capacity=1, when_full=WhenFull.REFUSE)(work)])
    with trio.fail_after(10):
        async with supervised(supervisor):
            address = supervisor.address("full")
            for number in range(5):
                while not await address.tell(number):
                    pass
            while True:
                try:
                    await address.ask("?")
                except Unanswered as error:
                    if error.is_taken:
                        break


@any_schedule
async def test_an_end_that_hangs_ends_after_its_time() -> None:
    """What an actor lets go of at the end of a life can't be waited for for ever; it is said that it was cut short."""

    async def hang() -> None:
        await trio.sleep_forever()

    slow = kind("slow", ending_s=3.0)()
    slow.ended = hang  # type: ignore[method-assign]
    supervisor = Supervisor([lambda: slow, kind("other")])
    begun = trio.current_time()
    async with supervised(supervisor):
        pass
    assert trio.current_time() - begun == 3.0
    assert {each.state for each in supervisor.statistics()} == {"stopped"}


@pytest.mark.parametrize("attribute", ["capacity", "batch_limit"])
def test_an_actor_without_room_for_a_message_is_refused(attribute: str) -> None:
    """Nobody could wake it."""
    with pytest.raises(InvalidInput, match="1 or more"):
        Supervisor([kind("none", **{attribute: 0})])


async def test_the_interrupt_key_in_a_handler_ends_everything(autojump_clock: MockClock) -> None:
    """It comes out, alone or in a group of its own kind, and nobody is left at work."""
    del autojump_clock

    async def interrupt(_actor: Scripted, _message: object) -> None:
        raise KeyboardInterrupt

    async def run() -> None:
        async with supervised(supervisor):
            await supervisor.address("a").tell("x")
            await trio.sleep_forever()

    supervisor = Supervisor([partial(kind("a"), interrupt), kind("b")])
    with pytest.raises(KeyboardInterrupt):
        await run()
    assert {each.state for each in supervisor.statistics()} == {"stopped"}


async def test_an_ask_of_who_is_interrupted_has_an_end(autojump_clock: MockClock) -> None:
    """Whoever asked is told or cancelled: nobody waits for an actor that is gone."""
    del autojump_clock
    ends: list[str] = []

    async def interrupt(_actor: Scripted, _message: object) -> None:
        raise SystemExit(3)

    async def ask() -> None:
        try:
            await supervisor.address("a").ask("x", timeout_s=None)
        except Unanswered:
            ends.append("told")

    supervisor = Supervisor([partial(kind("a"), interrupt)])
    with trio.fail_after(60), pytest.raises(SystemExit):
        async with supervised(supervisor), trio.open_nursery() as nursery:
            nursery.start_soon(ask)
    assert ends == ["told"]


async def test_messages_of_a_stopped_actor_do_not_spin_their_sender() -> None:
    """A sender that insists is the only one that it harms."""
    supervisor = Supervisor([kind("a")])
    async with supervised(supervisor):
        supervisor._kept["a"].cell.close()  # pyright: ignore[reportPrivateUsage]
        await wait_all_tasks_blocked()
        with trio.move_on_after(0.01):
            while not await supervisor.address("a").tell("x"):
                pass
        assert supervisor.statistics()[0].dead_letters > 1


async def test_an_error_that_an_actor_goes_on_from_is_shown() -> None:
    """Without a crash, and until there is another."""

    async def grumble(actor: Scripted, _message: object) -> None:
        actor.went_wrong(OSError("no answer"))

    supervisor = Supervisor([lambda: kind("a")(grumble)])
    async with supervised(supervisor):
        await supervisor.address("a").tell("x")
    [seen] = supervisor.statistics()
    assert (seen.last_error, seen.restarts, seen.handled) == ("OSError: no answer", 0, 1)
