"""The checks of projections: each passes on a projection that keeps the rule, and finds every one that breaks it."""

from __future__ import annotations

import cProfile
import gc
import tempfile
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import attrs
import pytest

from remanence import Index, InvalidInput, Memories, Projection, Recorded, Request, Table, ViewFailed, on
from remanence.projections.memories.events import MemoryForgotten, MemoryReinforced, MemoryRemembered
from remanence.testkit import check_permutations, check_replay, project

from .harbour import (
    Berth,
    Berths,
    Dice,
    LastOne,
    Moored,
    Note,
    OwnGenerator,
    Remembering,
    Sailed,
    SelfCounting,
    Stopwatch,
    TideTurned,
    Today,
    Unique,
)

STORY = (
    Moored("sula", 1, ("red", "old")),
    Moored("gannet", 2, ("red",)),
    TideTurned(),
    Sailed("sula"),
    Moored("sula", 3),
)


def test_project_shows_rows_and_indexes() -> None:
    """What `project` returns reads like `Engine.view`, for as long as it is held."""
    view = project(STORY, Berths)
    gc.collect()
    assert view.berths.get("gannet") == Berth("gannet", 2, ("red",), "2026-01-01")
    assert [row.ship for row in view.berths.select("by_berth")] == ["gannet", "sula"]
    assert [row.ship for row in view.berths.select("by_flag", "red")] == ["gannet"]
    assert project([], Berths).berths.count() == 0


def test_a_projection_that_keeps_the_rules_passes() -> None:
    """Replay and permutations are no trouble to a fold; a generator that the event seeds is one."""
    check_replay(Berths, STORY)
    check_replay(OwnGenerator, STORY)
    check_permutations(Berths, STORY, by="ship:")


def test_the_memories_view_passes() -> None:
    """Our own view keeps the rules that we ask of users' views."""
    scope = ("ada",)
    story = [
        MemoryRemembered("a", scope, "fact", "one", tags=("x", "y"), metadata={"k": 1}),
        MemoryRemembered("b", scope, "fact", "two"),
        MemoryReinforced("a", scope),
        MemoryForgotten("b", scope),
    ]
    check_replay(Memories, story)


@pytest.mark.parametrize(
    ("projection", "position", "why"),
    [
        (Today, 1, r"datetime.now\(\) was called in .*harbour.py, line"),
        (Stopwatch, 1, r"time.time_ns\(\) was called in .*harbour.py"),
        (Dice, 1, r"random.getrandbits\(\) was called"),
        (Unique, 1, r"os.urandom\(\) was called"),
        (SelfCounting, 2, r"(?s)the first row that differs is.*live: .*note='1'.*rebuilt: .*note='2'"),
        (Remembering, 1, r"(?s)live: .*note='new'.*rebuilt: .*note='again'"),
    ],
)
def test_a_projection_that_can_not_be_replayed_is_found(projection: type[Projection], position: int, why: str) -> None:
    """Time, chance and memory outside the tables are found, and the text names the first event and row, or the call."""
    Remembering.seen.clear()
    with pytest.raises(AssertionError, match=why) as error:
        check_replay(projection, STORY)
    assert str(error.value).startswith(f"{projection.__name__}, at event {position} (ship.moored)")


def test_a_projection_that_depends_on_the_order_is_found() -> None:
    """The text names the two events that may not change places, and the first row that shows it."""
    check_replay(LastOne, STORY)
    neighbours = r"event 1 \(ship.moored\) and event 2 \(ship.moored\) share no tag"
    with pytest.raises(AssertionError, match=rf"(?s){neighbours}.*as told: .*sula.*permuted: .*nobody"):
        check_permutations(LastOne, STORY, by="ship:")


def test_a_difference_between_far_events_is_found() -> None:
    """Neighbours that commute are no proof: the random orders bring together what stands apart."""

    class OnlyOld(Note):
        first: Any = LastOne.last

        @on(Moored)
        def moored(self, event: Recorded[Moored]) -> None:
            if "old" in event.data.flags and self.first.get(0) is None:
                self.first.put(Berth(event.data.ship, 0))

    story = [Moored("a", 1, ("old",)), Moored("b", 2), Moored("c", 3), Moored("d", 4, ("old",))]
    with pytest.raises(AssertionError, match="when the events come in the order"):
        check_permutations(OnlyOld, story, by="ship:")
    with pytest.raises(AssertionError):
        check_permutations(OnlyOld, story, by="ship:", seed=5)
    check_permutations(OnlyOld, story, by="ship:", orders=0)


def test_an_index_that_depends_on_more_than_its_row_is_found() -> None:
    """The rows are equal, and what can be found isn't."""

    class Fickle(Note):
        looks: ClassVar[list[int]] = []
        berths = Table(Berth, key="ship", indexes={"odd": Index(("berth",), where=lambda _: _is_odd(Fickle.looks))})

    with pytest.raises(AssertionError, match=r"in the index odd of the table berths, though the rows are equal"):
        check_replay(Fickle, STORY[:1])


def _is_odd(looks: list[int]) -> bool:
    looks.append(1)
    return len(looks) % 2 == 1


def test_rows_that_are_equal_and_stored_otherwise_are_found() -> None:
    """A whole number and a fraction may be equal, and still be other bytes."""

    class Depths(Projection):
        looks: ClassVar[list[int]] = []
        depths = Table(Depth, key="id")

        @on(Moored)
        def moored(self, event: Recorded[Moored]) -> None:  # noqa: ARG002
            self.looks.append(1)
            self.depths.put(Depth(0, 1 if len(self.looks) % 2 else 1.0))

    with pytest.raises(AssertionError, match="in the bytes of the table depths, though the rows are equal"):
        check_replay(Depths, STORY)


@attrs.frozen
class Depth:
    """A row whose number is of one type or another."""

    id: int
    metres: int | float


def test_a_check_that_checks_nothing_is_refused() -> None:
    """A story without events for the projection, or without neighbours that may change places, is a mistake."""
    with pytest.raises(InvalidInput, match=r"handles ship.moored, ship.sailed; the story has none of it"):
        check_replay(Berths, [TideTurned()])
    with pytest.raises(InvalidInput, match="none of it"):
        check_permutations(Berths, [])
    with pytest.raises(InvalidInput, match="each two share a tag, or one bears none"):
        check_permutations(Berths, STORY)
    with pytest.raises(InvalidInput, match="begins with 'berth:'"):
        check_permutations(Berths, STORY, by="berth:")
    for wrong in (Moored("a", 1), Moored, 5, Request([Moored("a", 1)])):
        with pytest.raises(InvalidInput, match="a story is a list of events"):
            project(wrong, Berths)  # type: ignore[arg-type]


def test_a_handler_that_raises_comes_out_as_it_does_everywhere() -> None:
    """`ViewFailed` names the event, whatever was being checked."""

    class Refusing(Note):
        def note(self, event: Recorded[Moored]) -> str:
            raise LookupError(event.data.ship)

    def permute() -> None:
        check_permutations(Refusing, STORY, by="ship:")

    for check in (partial(check_replay, Refusing, STORY), permute, partial(project, STORY, Refusing)):
        with pytest.raises(ViewFailed, match="LookupError: sula") as error:
            check()
        assert error.value.position == 1


def test_an_event_may_carry_marks_into_a_view() -> None:
    """Tags, `by` and cause reach the handlers."""

    class Pilots(Note):
        def note(self, event: Recorded[Moored]) -> str:
            return f"{event.by} {event.cause} {event.tags[-1]}"

    view = project([TideTurned(), Request([Moored("a", 1)], by="bo", cause=1, tags=("night",))], Pilots)
    assert view.berths.select() == [Berth("a", 1, note="bo 1 night")]


def test_a_profiler_at_work_is_left_alone() -> None:
    """Whoever measures a test goes on measuring."""
    profiler = cProfile.Profile()
    profiler.enable()
    try:
        check_replay(Berths, STORY[:1])
    finally:
        profiler.disable()
    assert any(entry.code is check_replay.__code__ for entry in profiler.getstats())


def test_nothing_is_left_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even while a projected view is being read, and not when a check fails."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    view = project(STORY, Berths)
    assert list(tmp_path.iterdir()) == []
    check_replay(Berths, STORY)
    check_permutations(Berths, STORY, by="ship:")
    with pytest.raises(AssertionError):
        check_replay(SelfCounting, STORY)
    assert list(tmp_path.iterdir()) == []
    assert view.berths.count() == 2
