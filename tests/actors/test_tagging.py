# ruff: noqa: ARG001 - pytest-trio takes the clock from a test's own arguments
"""Tagging: every memory is tagged whatever the model does, once and no more, and nobody waits for it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path

import attrs
import pytest
import trio
from trio.testing import MockClock

from remanence.actors.guard import CLOSED, OPEN, GuardSettings
from remanence.actors.tagger import Tags
from remanence.actors.tagging import BATCH, Tagging
from remanence.core.errors import Closed, OutcomeUnknown, StorageFailed
from remanence.projections.memories.events import MemoryForgotten, MemoryRevised
from remanence.projections.tagging.events import MemoryTagged

from .desk import Crash, Model, PaperDesk, told

GUARD = GuardSettings(deadline_s=10, attempts=3, first_pause_s=1, failures=5, rest_s=60)
HOUR = 3600.0


@pytest.fixture
def desk(tmp_path: Path) -> Generator[PaperDesk]:
    """A desk that is put away afterwards."""
    found = PaperDesk(tmp_path)
    yield found
    found.close()


@asynccontextmanager
async def at_work(tagging: Tagging) -> AsyncGenerator[None]:
    """The tagging beside a body."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(tagging.run)
        yield
        nursery.cancel_scope.cancel()


async def settled(tagging: Tagging) -> None:
    """Wait, in virtual time, until everything has the tagger's own tags."""
    with trio.fail_after(24 * HOUR):
        while (found := tagging.statistics()).untagged or found.outdated:  # noqa: ASYNC110 - it is what is waited for
            await trio.sleep(0.1)


async def test_every_memory_is_tagged_soon(desk: PaperDesk, autojump_clock: MockClock) -> None:
    """What is there and what comes is tagged by the built-in tagger, in order, each once."""
    desk.tell(*(told(number) for number in range(40)))
    async with at_work(Tagging(desk)):
        await trio.sleep(0.1)
        desk.tell(told(40), told(41))
        await trio.sleep(0.1)
    assert [each.id for each in desk.decisions()] == [f"m{number}" for number in range(42)]
    assert all(each.tagger == "words" and each.keywords for each in desk.decisions())
    assert autojump_clock.current_time() < 1


async def test_a_model_is_asked_in_batches(desk: PaperDesk, autojump_clock: MockClock) -> None:
    """What it says is recorded under its name and version; quality it leaves to the built-in tagger."""
    desk.tell(*(told(number) for number in range(BATCH + 3)), told(99, "short"))
    model = Model(version=3)
    async with at_work(Tagging(desk, model)):
        await trio.sleep(0.1)
    assert [len(call) for call in model.calls] == [BATCH, 4]
    row = desk.row("m1")
    assert (row.tagger, row.version, row.keywords, row.cxd, row.state) == ("model", 3, ("by model 3",), "data", "+")
    assert (row.quality, desk.row("m99").quality) == ("good", "short")


@pytest.mark.parametrize("how", ["fails", "hangs"])
async def test_a_model_that_fails_or_hangs_is_stood_in_for(
    desk: PaperDesk, how: str, autojump_clock: MockClock
) -> None:
    """New memories have the built-in tagger's tags after one deadline at most, and the model's once it answers."""
    model = Model(fails=int(how == "fails"), hangs=int(how == "hangs"))
    tagging = Tagging(desk, model, guard=GUARD)
    desk.tell(told(1), told(2))
    async with at_work(tagging):
        await trio.sleep(GUARD.deadline_s + 0.01)
        assert desk.row("m1").is_tagged
        await settled(tagging)
    assert [(each.id, each.tagger) for each in desk.decisions()] == [
        ("m1", "words"),
        ("m2", "words"),
        ("m1", "model"),
        ("m2", "model"),
    ]
    assert tagging.statistics().stood_in == 2


@pytest.mark.parametrize(
    "answer", ["tags", [], [None, None, None], ["x", "y"], [Tags(cxd="poem"), None], [Tags(sure=2.0), None], 7]
)
async def test_an_answer_that_cannot_be_recorded_is_a_failure(
    desk: PaperDesk, answer: object, autojump_clock: MockClock
) -> None:
    """Too many, too few, of another kind, out of bounds: the built-in tagger stands in, and nothing crashes."""
    desk.tell(told(1), told(2))
    tagging = Tagging(desk, Model(answer=answer), guard=GUARD)
    async with at_work(tagging):
        await trio.sleep(1)
        assert {each.tagger for each in desk.decisions()} == {"words"}
        assert "Refused" in (tagging.statistics().last_error or "")


async def test_a_dead_model_is_left_alone_for_a_while(desk: PaperDesk, autojump_clock: MockClock) -> None:
    """After five failures nobody asks it for a minute, then once; meanwhile new memories don't wait at all."""
    model = Model(fails=-1)
    tagging = Tagging(desk, model, guard=GUARD)
    async with at_work(tagging):
        desk.tell(told(1))
        while tagging.statistics().circuit != OPEN:  # noqa: ASYNC110 - no event tells of it
            await trio.sleep(0.5)
        asked = len(model.calls)
        desk.tell(told(2))
        await trio.sleep(0.1)
        assert desk.row("m2").is_tagged
        await trio.sleep(GUARD.rest_s - 5)
        assert len(model.calls) == asked
        await trio.sleep(10)
        assert len(model.calls) == asked + 1
        model.fails = 0
        await settled(tagging)
        assert tagging.statistics().circuit == CLOSED
    assert (desk.row("m1").tagger, desk.row("m2").tagger) == ("model", "model")


async def test_one_indigestible_text_stands_in_nobodys_way(desk: PaperDesk, autojump_clock: MockClock) -> None:
    """The others get the model's tags; the one is tried again ever more rarely, and has the built-in tagger's."""
    desk.tell(*(told(number) for number in range(10)), told(10, "a bitter pill to swallow"))
    model = Model(poison="bitter")
    tagging = Tagging(desk, model, guard=GUARD)
    async with at_work(tagging):
        await trio.sleep(2 * HOUR)
    assert {desk.row(f"m{number}").tagger for number in range(10)} == {"model"}
    assert desk.row("m10").tagger == "words"
    assert tagging.statistics().put_off == 1
    assert len(model.calls) < 60


async def test_a_newer_version_tags_anew_in_the_background(desk: PaperDesk, autojump_clock: MockClock) -> None:
    """At the rate that is set and no faster; what is new comes first."""
    desk.tell(*(told(number) for number in range(96)))
    async with at_work(Tagging(desk, Model(version=1))):
        await trio.sleep(1)
    newer = Tagging(desk, Model(version=2), retags_per_s=10)
    async with at_work(newer):
        await trio.sleep(4)
        assert newer.statistics().recorded <= 40 + BATCH
        desk.tell(told(100))
        await trio.sleep(0.01)
        assert desk.row("m100").version == 2
        began = trio.current_time()
        await settled(newer)
        assert trio.current_time() - began > 2
    assert {row.version for row in desk.tags.rows.select()} == {2}


async def test_an_older_version_leaves_newer_tags_alone(desk: PaperDesk, autojump_clock: MockClock) -> None:
    """A program that hasn't been updated yet doesn't undo what the updated one did."""
    desk.tell(told(1))
    async with at_work(Tagging(desk, Model(version=2))):
        await trio.sleep(1)
    older = Model(version=1)
    async with at_work(Tagging(desk, older)):
        desk.tell(told(2))
        await trio.sleep(HOUR)
    assert (desk.row("m1").version, desk.row("m2").version) == (2, 1)
    assert older.calls == [["m2"]]


@pytest.mark.parametrize("when", ["crash_before_record", "crash_after_record"])
async def test_a_crash_is_gone_on_from(desk: PaperDesk, when: str, autojump_clock: MockClock) -> None:
    """Decided and not recorded, it is decided again; recorded and not noticed, it is not recorded twice."""
    desk.tell(*(told(number) for number in range(5)))
    setattr(desk, when, True)
    with pytest.raises(BaseExceptionGroup) as raised:
        async with at_work(Tagging(desk, Model())):
            await trio.sleep(1)
    assert raised.group_contains(Crash)
    setattr(desk, when, False)
    async with at_work(Tagging(desk, Model())):
        await trio.sleep(1)
    assert sorted(each.id for each in desk.decisions()) == [f"m{number}" for number in range(5)]


async def test_a_crash_in_the_middle_of_tagging_anew(desk: PaperDesk, autojump_clock: MockClock) -> None:
    """What was tagged anew by then stays, the rest follows, and nothing is done twice."""
    desk.tell(*(told(number) for number in range(96)))
    async with at_work(Tagging(desk)):
        await trio.sleep(1)
    for _ in range(3):
        with trio.move_on_after(0.5):
            await Tagging(desk, Model(), retags_per_s=20).run()
    tagging = Tagging(desk, Model(), retags_per_s=20)
    async with at_work(tagging):
        await settled(tagging)
    by_model = [each.id for each in desk.decisions() if each.tagger == "model"]
    assert sorted(by_model) == sorted(f"m{number}" for number in range(96))


@pytest.mark.parametrize("error", [StorageFailed("full"), OutcomeUnknown("who knows", key="k")])
async def test_a_disk_that_refuses_is_waited_for(desk: PaperDesk, error: Exception, autojump_clock: MockClock) -> None:
    """Nothing is lost, nothing is recorded twice, and the pause between attempts keeps it from hammering."""
    desk.refusals = [error, error, error]
    desk.tell(told(1))
    async with at_work(Tagging(desk)):
        await trio.sleep(10)
    assert [each.id for each in desk.decisions()] == ["m1"]
    assert desk.records == 4


async def test_it_ends_when_the_log_takes_no_more(desk: PaperDesk, autojump_clock: MockClock) -> None:
    """A closed engine is no failure."""
    desk.refusals = [Closed("closed")]
    desk.tell(told(1))
    with trio.fail_after(1):
        await Tagging(desk).run()


async def test_a_revision_while_the_model_thinks_wins(desk: PaperDesk, autojump_clock: MockClock) -> None:
    """What the model says of the old words isn't recorded; it is asked about the new ones."""
    desk.tell(told(1))
    model = Model(takes_s=5)
    async with at_work(Tagging(desk, model)):
        await trio.sleep(1)
        desk.tell(MemoryRevised("m1", ("main",), "fact", "the lighthouse was moved to another island"))
        await trio.sleep(20)
    [decision] = desk.decisions()
    assert (decision.of, desk.row("m1").tagger) == (2, "model")
    assert model.calls == [["m1"], ["m1"]]


async def test_forgetting_while_the_model_thinks_leaves_no_tags(desk: PaperDesk, autojump_clock: MockClock) -> None:
    """No word of a forgotten memory comes into the log through its tags."""
    desk.tell(told(1))
    async with at_work(Tagging(desk, Model(takes_s=5))):
        await trio.sleep(1)
        desk.tell(MemoryForgotten("m1", ("main",)))
        await trio.sleep(20)
    assert desk.decisions() == []


async def test_shutting_down_while_the_model_hangs(desk: PaperDesk, autojump_clock: MockClock) -> None:
    """It takes no time, and the memory is tagged when it is begun again."""
    desk.tell(told(1))
    async with at_work(Tagging(desk, Model(hangs=-1))):
        await trio.sleep(1)
    assert autojump_clock.current_time() == pytest.approx(1)
    assert not desk.row("m1").is_tagged
    async with at_work(Tagging(desk, Model())):
        await trio.sleep(1)
    assert desk.row("m1").tagger == "model"


async def test_repeats_are_told(desk: PaperDesk, autojump_clock: MockClock) -> None:
    """The later of two that say the same names the earlier; once that is forgotten, it is a good memory itself."""
    desk.tell(told(1, "Clara has been a vegetarian since 2019, she says."), told(2))
    desk.tell(told(3, "Clara has been a vegetarian since 2019 , she says"))
    async with at_work(Tagging(desk)):
        await trio.sleep(1)
        row = desk.row("m3")
        assert (row.quality, row.duplicate_of, row.similarity) == ("duplicate", "m1", 1.0)
        desk.tell(MemoryForgotten("m1", ("main",)))
        await trio.sleep(1)
        assert (desk.row("m3").quality, desk.row("m3").duplicate_of) == ("good", None)
    assert [each.id for each in desk.decisions()] == ["m1", "m2", "m3", "m3"]


async def test_turns_and_other_kinds_are_no_repeats(desk: PaperDesk, autojump_clock: MockClock) -> None:
    """Two equal turns of a conversation are two, and so are an event and a fact of the same words."""
    text = "Yes, that is exactly what I was going to say."
    one = told(1, text)
    desk.tell(one, attrs.evolve(told(2, text), kind="event"))
    desk.tell(*(attrs.evolve(told(3 + at, text), session="s", place=at) for at in (1, 2)))
    async with at_work(Tagging(desk)):
        await trio.sleep(1)
    assert [each.quality for each in desk.decisions()] == ["good"] * 4


async def test_the_same_log_is_tagged_the_same(tmp_path: Path, autojump_clock: MockClock) -> None:
    """The built-in tagger is a function of the log: two runs decide the same, event for event."""
    runs: list[list[MemoryTagged]] = []
    for name in ("one", "two"):
        desk = PaperDesk(tmp_path / name)
        desk.tell(*(told(number) for number in range(50)), told(60, "note 3: the 3th lighthouse stands on island 21!"))
        async with at_work(Tagging(desk)):
            await trio.sleep(1)
        runs.append(desk.decisions())
        desk.close()
    assert runs[0] == runs[1]
    assert len(runs[0]) == 51


async def test_nothing_to_do_costs_nothing(desk: PaperDesk, autojump_clock: MockClock) -> None:
    """Once all is tagged it sleeps until there is news: a day passes without a step."""
    desk.tell(told(1))
    tagging = Tagging(desk, Model())
    steps: list[float] = []
    step = tagging.step

    async def counted() -> int:
        steps.append(trio.current_time())
        return await step()

    tagging.step = counted  # type: ignore[method-assign]
    async with at_work(tagging):
        await trio.sleep(24 * HOUR)
    assert len(steps) <= 3
    assert all(later - earlier < 1 for earlier, later in pairwise(steps))
