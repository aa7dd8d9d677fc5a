"""`remanence views`: how every view is doing, other programs' too, and what can be done for them without these."""

from pathlib import Path

import trio
from trio.testing import MockClock

import remanence
from remanence import Engine, NewMemory, Projection, Recorded, Settings, Table, ViewFailed, on
from remanence.cli.exits import Exit
from remanence.projections.generations import view_path

from .club import Member
from .command import call, fill, objects, told


class Texts(Projection):
    """A program's own view of a memory, which can't take every event."""

    texts = Table(Member, key="name")

    @on("memory.remembered")
    def remembered(self, event: Recorded[object]) -> None:
        """A row for each but one."""
        if event.position == 2:
            raise LookupError("two")
        self.texts.put(Member(f"{event.position:03}", "", event.position))


def run_program(path: Path, *, generation: int = 0) -> list[int]:
    """Open the memory as the program does, until its view has caught up or is parked; the events that it shows."""

    async def rows(engine: Engine) -> list[int]:
        try:
            await engine.wait_for(Texts)
        except ViewFailed:
            return []
        newest = view_path(path / "views", Texts, generation)
        while list((path / "views").glob("texts-*")) != [newest]:
            await trio.lowlevel.checkpoint()
        return [row.since for row in engine.view(Texts).texts.select()]

    async def body() -> list[int]:
        async with remanence.open(path, async_projections=[Texts], settings=Settings(retrain=False)) as memory:
            return await rows(memory.engine)

    return trio.run(body, clock=MockClock(rate=20))


def test_every_view_is_listed_and_mended(tmp_path: Path) -> None:
    """Parked, skipped, built anew: each is seen, and what is asked for is done when the program comes back."""
    path = tmp_path / "m"
    fill(path, *(NewMemory(f"thought {number}") for number in range(3)))
    assert run_program(path) == []
    ours, theirs = objects("views", "--path", path)
    assert (ours["name"], ours["state"], ours["behind"], ours["behind_s"], ours["parked"]) == (
        "memories",
        "live",
        0,
        0,
        None,
    )
    assert (theirs["name"], theirs["state"], theirs["checkpoint"], theirs["behind"]) == ("texts", "parked", 1, 2)
    assert theirs["behind_s"] > 0
    assert (theirs["parked"]["position"], theirs["parked"]["attempts"]) == (2, 5)
    assert "LookupError" in theirs["parked"]["traceback"]
    [line] = [line for line in told("views", "--path", path) if line.startswith("texts v1")]
    assert "parked" in line
    assert "LookupError: two" in line
    assert told("views", "retry", "texts", "--path", path) == [
        "Texts is tried again when its program next opens the memory."
    ]
    assert [view["state"] for view in objects("views", "--path", path)] == ["live", "building"]
    assert run_program(path) == []
    [done] = objects("views", "skip", "texts", "--path", path)
    assert done["view"] == "texts"
    call("views", "skip", "texts", "--path", path, code=Exit.USAGE)
    assert run_program(path) == [1, 3]
    assert [view["state"] for view in objects("views", "--path", path)] == ["live", "live"]
    told("views", "rebuild", "texts", "--path", path)
    assert run_program(path, generation=1) == [1, 3]
    assert [view["generation"] for view in objects("views", "--path", path)] == [0, 1]


def test_memory_s_own_view_is_mended_at_once(tmp_path: Path) -> None:
    """Its projection is at hand; what it doesn't need is said."""
    path = tmp_path / "m"
    fill(path, NewMemory("thought"))
    assert told("views", "rebuild", "memories", "--path", path) == ["Memories has been built anew."]
    assert told("views", "retry", "memories", "--path", path) == ["Memories has caught up."]
    assert "nothing to skip" in call("views", "skip", "memories", "--path", path, code=Exit.USAGE).stderr
    [view] = objects("views", "--path", path)
    assert (view["generation"], view["state"]) == (1, "live")
    assert "thought" in "".join(told("find", "--path", path))


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    """No memory, no view of that name."""
    call("views", "--path", tmp_path / "none", code=Exit.NOTHING)
    fill(tmp_path / "m", NewMemory("thought"))
    assert "There are: memories" in call("views", "retry", "nix", "--path", tmp_path / "m", code=Exit.NOTHING).stderr
