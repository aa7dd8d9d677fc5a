"""Tagging under schedules that a seed decides: writers, a bad model and crashes, all at once, and nothing is lost."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from random import Random

import pytest
import trio

from remanence.actors.guard import GuardSettings
from remanence.actors.tagging import Tagging
from remanence.core.queries import Query
from remanence.projections.memories.events import MemoryForgotten, MemoryReinforced, MemoryRevised
from remanence.testkit import run_scheduled
from remanence.testkit.scratch import scratch

from ..effort import IS_LONG
from .desk import Crash, Model, PaperDesk, told

SEEDS = 1000 if IS_LONG else 200
GUARD = GuardSettings(deadline_s=2, attempts=2, first_pause_s=0.1, failures=3, rest_s=5)
MAIN = ("main",)


class Counted(Tagging):
    """Tagging that counts its steps."""

    steps = 0

    async def step(self) -> int:
        self.steps += 1
        return await super().step()


async def write(desk: PaperDesk, random: Random) -> None:
    """Memories come, change and go."""
    alive: list[int] = []
    for number in range(12):
        await trio.sleep(random.choice([0, 0, 0.1, 1]))
        desk.tell(told(number))
        alive.append(number)
        other = random.choice(alive)
        match random.randrange(6):
            case 0:
                desk.tell(MemoryForgotten(f"m{other}", MAIN))
                alive.remove(other)
            case 1:
                desk.tell(MemoryRevised(f"m{other}", MAIN, "fact", f"the harbour master painted boat {number} green"))
            case 2:
                desk.tell(MemoryReinforced(f"m{other}", MAIN))
            case _:
                pass


async def tag(desk: PaperDesk, model: Model, random: Random) -> None:
    """Tag, dying now and then, until cancelled."""
    while True:
        desk.crash_before_record, desk.crash_after_record = random.random() < 0.2, random.random() < 0.2
        try:
            with trio.move_on_after(random.choice([0.05, 3, 30])):
                await Tagging(desk, model, guard=GUARD, retags_per_s=100).run()
        except Crash:
            pass


async def story(folder: Path, seed: int) -> None:
    """Everything at once; then the model recovers, and what there is has to be right."""
    random, desk = Random(seed), PaperDesk(folder)  # noqa: S311 - a story, no secret
    model = Model(fails=random.randrange(8), hangs=random.randrange(4), takes_s=random.choice([0, 0.01, 0.5]))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(tag, desk, model, random)
        await write(desk, random)
        nursery.cancel_scope.cancel()
    desk.crash_before_record = desk.crash_after_record = False
    tagging = Counted(desk, model, guard=GUARD, retags_per_s=100)
    with trio.move_on_after(600):
        await tagging.run()
    found = tagging.statistics()
    assert (found.untagged, found.outdated) == (0, 0), found
    assert tagging.steps < 100, "it waits for something to do rather than look for it all the time"
    rows = desk.tags.rows.select()
    assert {row.id for row in rows} == {row.id for row in desk.memories.select()}
    assert {row.tagger for row in rows} == {"model"}
    said = Counter((each.id, each.of, each.tagger) for each in desk.decisions() if each.duplicate_of is None)
    assert max(said.values()) <= 2, "once; twice if what it repeated went"
    gone = {each.data.id: each.position for each in desk.log.read(Query.of(["memory.forgotten"]))}
    tagged = desk.log.read(Query.of(["memory.tagged"]))
    assert all(each.position < gone.get(each.data.id, each.position + 1) for each in tagged)
    desk.close()


@pytest.mark.parametrize("tens", range(SEEDS // 10))
def test_no_schedule_loses_a_memory(tens: int) -> None:
    """Whatever the order of tasks, the failures and the crashes: all are tagged in the end, none twice for one text."""
    for seed in range(10 * tens, 10 * tens + 10):
        with scratch() as folder:
            run_scheduled(story, Path(folder), seed, seed=seed)
