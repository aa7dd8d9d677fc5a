"""Any schedule: no deadlock, no ask without an end, and every message is accounted for."""

from __future__ import annotations

import logging
from collections import Counter

import pytest

from remanence.actors.letters import DeadLetter

from ..effort import IS_LONG
from .lives import STOP_S, Message, Story, play

SEEDS = 5_000 if IS_LONG else 200


def number_of(letter: DeadLetter) -> int:
    """Which message it was."""
    assert isinstance(letter.message, Message)
    return letter.message.number


def check(story: Story) -> None:
    """Everything that must hold of a story, whatever its schedule was."""
    dead = Counter(number_of(letter) for letter in story.letters.kept() if letter.reason != "unheard")
    for number, was_taken in story.told.items():
        if was_taken:
            assert number in story.handled or dead[number] == 1, f"message {number} was taken, and is nowhere"
        else:
            assert dead[number] == 1
            assert not story.begun[number], f"message {number} was refused, and handled"
    assert max(dead.values(), default=1) == 1, "a message has died twice"
    for number, end in story.asked.items():
        assert end in {"answered", "Unanswered", "Closed", "cancelled"}, f"ask {number} is {end}"
        assert end != "Closed" or not story.begun[number], f"ask {number} was taken up, and told that it was not"
        assert story.begun[number] <= 1, f"ask {number} was handed out twice"
    for letter in story.letters.kept():
        if letter.reason == "poison":
            assert letter.error == f"ZeroDivisionError: {number_of(letter)}"
    assert story.seconds <= STOP_S + 1e-9
    assert story.supervisor is not None
    for seen in story.supervisor.statistics():
        assert seen.state in {"stopped", "failed"}
        assert not sum(seen.waiting.values())


def test_every_schedule_ends_and_loses_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """What was taken is handled or among the dead, and who asked is told, in each of many seeded schedules.

    Of tells, asks, cancellations and deadlines; crashes, hangs, full mailboxes, circles of asks; restarts of one, the
    rest and all; and an end in the middle.
    """
    caplog.set_level(logging.CRITICAL)
    kinds: Counter[str] = Counter()
    for seed in range(SEEDS):
        try:
            story = play(seed)
            check(story)
        except BaseException as error:
            error.add_note(f"seed {seed}")
            raise
        kinds.update(story.asked.values())
        kinds.update(letter.reason for letter in story.letters.kept())
        kinds["escalated"] += bool(story.crashed)
        kinds["out of time"] += story.seconds >= STOP_S
    wanted = ("answered", "Unanswered", "Closed", "cancelled", "poison", "stopped", "full", "escalated")
    for kind in wanted:
        assert kinds[kind] >= SEEDS / 20, f"too few schedules bring {kind}: {kinds}"


def test_a_seed_makes_the_same_story_again(caplog: pytest.LogCaptureFixture) -> None:
    """A schedule that fails can be looked at: it is the same every time."""
    caplog.set_level(logging.CRITICAL)

    def trace(seed: int) -> object:
        story = play(seed)
        return story.told, story.asked, story.begun, story.letters.kept(), story.seconds

    traces = [trace(seed) for seed in range(10)]
    assert traces == [trace(seed) for seed in range(10)]
    assert len({repr(each) for each in traces}) == 10
