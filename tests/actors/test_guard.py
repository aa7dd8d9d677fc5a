"""The guard: deadlines, pauses and the circuit, second by second in virtual time."""

from __future__ import annotations

from random import Random

import pytest
import trio
from trio.testing import MockClock

from remanence.actors.guard import CLOSED, HALF_OPEN, OPEN, Guard, GuardSettings, Refused

SETTINGS = GuardSettings(deadline_s=10, attempts=3, first_pause_s=1, pause_s_max=1.5, failures=4, rest_s=60)


class Answers:
    """What is called: a list of what each call does. A number is how long it takes, an error is raised."""

    def __init__(self, *plan: float | Exception) -> None:
        self.plan = list(plan)
        self.times: list[float] = []

    async def __call__(self) -> str:
        self.times.append(trio.current_time())
        now = self.plan.pop(0)
        if isinstance(now, Exception):
            raise now
        await trio.sleep(now)
        return "answer"


def guard() -> Guard:
    """A guard with dice of its own."""
    return Guard("it", SETTINGS, Random(1))  # noqa: S311 - it spreads pauses


async def test_what_works_is_passed_on(autojump_clock: MockClock) -> None:
    """At once, and as it is."""
    del autojump_clock
    work = Answers(0)
    assert await guard().call(work) == "answer"
    assert work.times == [0]


async def test_a_failure_is_tried_again_after_a_pause(autojump_clock: MockClock) -> None:
    """Twice as long each time, never longer than it is set, and spread by a fifth."""
    del autojump_clock
    work = Answers(ValueError("one"), ValueError("two"), 0)
    assert await guard().call(work) == "answer"
    first, second = work.times[1] - work.times[0], work.times[2] - work.times[1]
    assert 0.8 <= first <= 1.2
    assert 1.2 <= second <= 1.8


async def test_what_hangs_is_cut_off(autojump_clock: MockClock) -> None:
    """Each attempt has its deadline, and the last one's error is the reason that is given."""
    del autojump_clock
    began = trio.current_time()
    with pytest.raises(Refused, match="TooSlow") as refused:
        await guard().call(Answers(1000, 1000), attempts=2)
    assert isinstance(refused.value.__cause__, trio.TooSlowError)
    assert 20.8 <= trio.current_time() - began <= 21.2


async def test_the_circuit_opens_and_closes_again(autojump_clock: MockClock) -> None:
    """Closed, open after four failures in a row, half-open after a minute; then one call decides."""
    del autojump_clock
    subject, error = guard(), ValueError("no")
    work = Answers(*[error] * 5, 0, 0)
    assert (subject.state, subject.open_for_s) == (CLOSED, 0)
    for _ in range(2):
        with pytest.raises(Refused):
            await subject.call(work)
    assert (len(work.times), subject.state) == (4, OPEN)
    assert 0 < subject.open_for_s <= 60
    with pytest.raises(Refused, match="not asked") as refused:
        await subject.call(work)
    assert refused.value.__cause__ is None
    assert len(work.times) == 4
    await trio.sleep(60)
    assert (subject.state, subject.open_for_s) == (HALF_OPEN, 0)
    with pytest.raises(Refused):
        await subject.call(work)
    assert (len(work.times), subject.state) == (5, OPEN)
    await trio.sleep(60)
    assert await subject.call(work) == "answer"
    assert subject.state == CLOSED


async def test_one_success_forgives_all_failures(autojump_clock: MockClock) -> None:
    """Only failures in a row count."""
    del autojump_clock
    subject, error = guard(), ValueError("no")
    work = Answers(error, error, 0, error, error, 0)
    for _ in range(2):
        assert await subject.call(work) == "answer"
    assert subject.state == CLOSED


async def test_being_cancelled_is_no_failure(autojump_clock: MockClock) -> None:
    """Who gives up waiting says nothing about what is called."""
    del autojump_clock
    subject = guard()
    for _ in range(6):
        with trio.move_on_after(1):
            await subject.call(Answers(5))
    assert subject.state == CLOSED


async def test_one_call_at_a_time(autojump_clock: MockClock) -> None:
    """A second caller waits for the first, so a half-open circuit lets a single call through."""
    del autojump_clock
    subject, work = guard(), Answers(5, 5)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(subject.call, work)
        nursery.start_soon(subject.call, work)
    assert work.times == [0, 5]
