"""Scenarios: a command is tested by the events that it records, in any kind of test, and nothing stays behind."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from remanence import Conflict, Engine, InvalidInput, Memory, NotFound, Request
from remanence.core.clock import from_ns
from remanence.testkit import Clock, Given, given, given_memory
from remanence.testkit import scratch as scratches

from .harbour import EVENTS, Berths, Moored, Sailed, TideTurned, moor


def harbour(*told: object, **options: Any) -> Given[Engine]:
    """A scenario in the harbour."""
    return given(*told, events=EVENTS, projections=[Berths], **options)


def test_a_command_records_events() -> None:
    """What it records is compared, and comes back with tags, times and what the command returned."""
    outcome = harbour(Moored("sula", 1)).when(lambda engine: moor(engine, "gannet", 2)).then(Moored("gannet", 2))
    assert outcome.result == 2
    [event] = outcome.events
    assert (event.by, event.tags) == ("pilot", ("ship:gannet", "harbour:here", "log"))


async def test_a_scenario_runs_inside_a_trio_test() -> None:
    """The same line in an `async def` test: there is nothing to await, so nothing to forget."""
    harbour().when(lambda engine: moor(engine, "gannet", 2)).then(Moored("gannet", 2))
    with pytest.raises(AssertionError):
        harbour().when(lambda engine: moor(engine, "gannet", 2)).then()


def test_a_plain_function_may_only_look() -> None:
    """A command that isn't a coroutine reads what happened; nothing is recorded."""
    outcome = harbour(Moored("sula", 1)).when(lambda engine: engine.view(Berths).berths.count()).then()
    assert outcome.result == 1
    assert outcome.events == ()


@pytest.mark.parametrize(
    "expected",
    [
        (),
        (Moored("gannet", 3),),
        (Sailed("gannet"),),
        (Moored("gannet", 2), TideTurned()),
        (Request([Moored("gannet", 2)], by="cook"),),
        (Request([Moored("gannet", 2)], tags=("other",)),),
        (Request([Moored("gannet", 2)], cause=1),),
    ],
)
def test_other_events_are_named_in_the_error(expected: tuple[object, ...]) -> None:
    """Too few, too many, others, or other marks: the text shows what should have been recorded and what was."""
    with pytest.raises(AssertionError, match=r"(?s)should have been recorded:.*was recorded:.*Moored\(ship='gannet'"):
        harbour(Moored("sula", 1)).when(lambda engine: moor(engine, "gannet", 2)).then(*expected)


def test_marks_that_are_told_are_compared() -> None:
    """An expected event may say its tags, by whom it was and its cause."""
    expected = Request([Moored("gannet", 2)], tags=("log", "ship:gannet"), by="pilot")
    harbour().when(lambda engine: moor(engine, "gannet", 2)).then(expected)


def test_a_refusal_records_nothing() -> None:
    """`raises` sees that the error is the one meant, that it says what it should, and that nothing was recorded."""
    taken = harbour(Moored("sula", 1)).when(lambda engine: moor(engine, "gannet", 1))
    outcome = taken.raises(InvalidInput, match="berth 1")
    assert isinstance(outcome.error, InvalidInput)
    with pytest.raises(AssertionError, match="should have said 'berth 2'"):
        taken.raises(InvalidInput, match="berth 2")
    with pytest.raises(InvalidInput):
        taken.raises(Conflict)
    with pytest.raises(InvalidInput):
        taken.then()
    with pytest.raises(AssertionError, match=r"(?s)InvalidInput should have been raised.*Moored"):
        harbour().when(lambda engine: moor(engine, "gannet", 1)).raises(InvalidInput)


def test_what_is_recorded_before_a_refusal_is_compared_too() -> None:
    """A command that stops half-way says in its test what it leaves."""

    async def both(engine: Engine) -> None:
        await moor(engine, "gannet", 1)
        await moor(engine, "fulmar", 1)

    harbour().when(both).raises(InvalidInput, Moored("gannet", 1))
    with pytest.raises(AssertionError, match="was recorded"):
        harbour().when(both).raises(InvalidInput)


def test_memory_has_scenarios_of_its_own() -> None:
    """The command gets a `Memory`; ids and times are the same every time."""

    async def learn(memory: Memory) -> str:
        return await memory.remember("High water is at noon.", scope="ada")

    first, again, other = (given_memory(seed=seed).when(learn) for seed in (0, 0, 1))
    [event] = first_events = first.run().events
    assert first.then(*[each.data for each in first_events]).result == again.run().result
    assert event.data.text == "High water is at noon."
    assert other.run().result != event.data.id
    told = [each.data for each in first_events]
    given_memory(*told).when(lambda memory: memory.forget("nobody")).raises(NotFound)
    given_memory(*told, events=[Moored]).when(lambda memory: memory.engine.append(Moored("a", 1))).then(Moored("a", 1))


def test_times_and_ids_are_made_up() -> None:
    """By default a story begins on the first of January 2026, a second for each look at the clock."""
    one, other = (harbour().when(lambda engine: moor(engine, "gannet", 1)).run().events for _ in range(2))
    assert [each.frame for each in one] == [each.frame for each in other]
    assert one[0].time.isoformat() == "2026-01-01T00:00:00+00:00"
    clock = Clock(datetime(2030, 5, 1, tzinfo=UTC), timedelta(minutes=1))
    clock.advance(timedelta(days=1))
    [event] = harbour(clock=clock).when(lambda engine: moor(engine, "gannet", 1)).then(Moored("gannet", 1)).events
    assert event.time.isoformat() == "2030-05-02T00:00:00+00:00"
    assert event.time + timedelta(minutes=1) == from_ns(clock())


def test_given_events_may_have_marks() -> None:
    """A `Request` tells of events with tags, a cause, by whom, and a key."""
    told = Request([Moored("sula", 1)], tags=("dry",), by="cook", key="k")

    def look(engine: Engine) -> tuple[Any, ...]:
        [event] = engine.read(tags=["dry"])
        return event.by, event.key

    assert harbour(told).when(look).then().result == ("cook", ("k", 1))


def test_what_can_not_have_happened_is_refused() -> None:
    """A class where an event should be, or an event that can't be kept, is the test's own mistake."""
    for wrong in (Moored, object(), Moored(5, 1)):  # type: ignore[arg-type]
        with pytest.raises(InvalidInput):
            harbour(wrong).when(lambda engine: engine.head).then()


def test_nothing_is_left_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether a scenario passes or fails, its folder is gone."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    harbour().when(lambda engine: moor(engine, "gannet", 2)).then(Moored("gannet", 2))
    with pytest.raises(AssertionError):
        harbour().when(lambda engine: moor(engine, "gannet", 2)).then()
    assert list(tmp_path.iterdir()) == []


def test_files_live_in_memory_unless_somebody_asked_for_a_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A place in memory is used if it is there and has room; `TMPDIR` goes first."""
    monkeypatch.setattr(scratches, "USUAL", tempfile.gettempdir())
    monkeypatch.setattr(scratches, "IN_MEMORY", str(tmp_path))
    with scratches.scratch() as folder:
        assert Path(folder).parent == tmp_path
    for setting, value in (
        ("IN_MEMORY", str(tmp_path / "missing")),
        ("FREE_BYTES_MIN", 1 << 62),
        ("USUAL", "another"),
    ):
        with monkeypatch.context() as patched:
            patched.setattr(scratches, setting, value)
            with scratches.scratch() as folder:
                assert Path(folder).parent == Path(tempfile.gettempdir())
