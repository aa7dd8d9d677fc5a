"""Any schedule: no deadlock, no lost ask, and a history that one client after the other could have made."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from itertools import pairwise

import pytest

from remanence.actors import writer as writers
from remanence.actors.writer import Durability
from remanence.core.appends import Appended
from remanence.core.errors import Conflict, OutcomeUnknown, StorageFailed

from ..effort import IS_LONG
from .schedules import History, Operation, ScheduledThread, play

SEEDS = 5_000 if IS_LONG else 200
Install = Callable[[Callable[[str], ScheduledThread]], None]


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Install:
    """Puts a scheduled thread in the place of the writer's own."""
    caplog.set_level(logging.CRITICAL)
    return lambda make: monkeypatch.setattr(writers, "CommitThread", make)


def check(history: History) -> None:
    """Everything that must hold of a history, whatever its schedule was."""
    log = history.log.read()
    texts = [each.data.text for each in log]
    assert history.was_in_time
    assert [each.position for each in log] == list(range(1, len(log) + 1))
    assert max(Counter(texts).values(), default=1) == 1, "an append is there twice"
    for operation in history.operations:
        check_outcome(operation, texts)
    seats = Counter(tag for each in log for tag in each.tags)
    assert max(seats.values(), default=1) == 1, "two have one seat"
    check_order(history)


def check_outcome(operation: Operation, texts: list[str]) -> None:
    """What a caller was told is so."""
    count = texts.count(operation.text)
    match operation.answer:
        case Appended(positions=positions):
            assert [texts[position - 1] for position in positions] == [operation.text]
        case OutcomeUnknown():
            assert count <= 1
        case Conflict(position=position):
            assert operation.seat is not None
            assert position <= len(texts)
            assert count == 0
        case StorageFailed() | None if operation.key is not None:
            assert count <= 1  # another append with its key may be there
        case None if operation.patience_s is not None:
            assert count <= 1  # its client was told to leave, and did at its deadline
        case StorageFailed() | None:
            assert count == 0, "nothing was said to be written"
        case _:
            raise AssertionError(repr(operation.answer))


def check_order(history: History) -> None:
    """What was answered before another was asked for stands before it: the log's order is one that clients saw."""
    done = [
        (each, each.answer.position)
        for each in history.operations
        if isinstance(each.answer, Appended) and not each.answer.is_duplicate
    ]
    done.sort(key=lambda pair: pair[1])
    for index, (one, _) in enumerate(done):
        assert all(one.begun < other.ended for other, _ in done[index + 1 :]), f"{one} stands too early"
    positions = [position for _, position in done]
    assert all(one < other for one, other in pairwise(positions))


def test_every_schedule_makes_a_history_that_adds_up(install: Install) -> None:
    """What callers were told is so, nobody waits for ever, and the writer stops in time.

    In each of many seeded schedules of appends, cancellations, deadlines, flushes and failing commits.
    """
    kinds: Counter[str] = Counter()
    for seed in range(SEEDS):
        history = play(seed, install)
        try:
            check(history)
        except AssertionError as error:
            error.add_note(f"seed {seed}, {history.durability}")
            raise
        kinds.update(type(each.answer).__name__ for each in history.operations)
        kinds[history.durability] += 1
    for kind in ("Appended", "Conflict", "OutcomeUnknown", "StorageFailed", "NoneType", *vars_of(Durability)):
        assert kinds[kind] > SEEDS / 10, f"too few schedules bring {kind}: {kinds}"


def vars_of(durability: type[Durability]) -> tuple[str, str]:
    """The two modes, each of which schedules have to try."""
    return durability.DURABLE, durability.BUFFERED


def test_a_seed_makes_the_same_history_again(install: Install) -> None:
    """A schedule that fails can be looked at: it is the same every time."""
    traces = [play(seed, install).trace() for seed in range(10)]
    assert traces == [play(seed, install).trace() for seed in range(10)]
    assert len({repr(trace) for trace in traces}) == 10
