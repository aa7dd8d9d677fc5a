"""Rebuilding: beside what is shown, through crashes and failures, and one switch for every process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import trio

from remanence import Closed, ViewFailed

from .club import Joined
from .roll import NAMES, Roll, afresh, both, club, fill, folders, names, park

pytestmark = pytest.mark.usefixtures(afresh.__name__)


@both
async def test_what_is_shown_goes_on_until_the_switch(tmp_path: Path, *, is_async: bool) -> None:
    """While it is built, reads and appends go on; then the view is whole, in one folder, behind the same handle."""
    async with club(tmp_path, is_async=is_async) as engine:
        await fill(engine)
        view, table = engine.view(Roll), engine.view(Roll).members
        seen: list[tuple[str, int, int, str, int | None]] = []

        def progress(name: str, done: int, total: int) -> None:
            [statistics] = engine.statistics().views
            assert names(engine)[:20] == NAMES
            seen.append((name, done, total, statistics.state, statistics.rebuilt))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(engine.append, Joined("zoe"))
            await engine.rebuild(Roll, progress=progress)
        assert seen[0] == ("roll", 4, seen[0][2], "rebuilding", 0)
        assert [done for _, done, _, _, _ in seen] == sorted(done for _, done, _, _, _ in seen)
        await engine.append(Joined("zz"))
        await engine.wait_for(Roll)
        assert [row.name for row in view.members.select()] == [*NAMES, "zoe", "zz"]
        with pytest.raises(Closed):
            table.count()
        assert folders(tmp_path) == ["-1"]
        assert engine.statistics().views[0].state == "live"
        digest = engine.digest(Roll)
        await engine.rebuild(Roll)
        assert (engine.digest(Roll), folders(tmp_path)) == (digest, ["-2"])


@both
async def test_a_cancelled_rebuild_is_gone_on_with(tmp_path: Path, *, is_async: bool) -> None:
    """What is shown stays; the next opening takes up the new one where it was left, without being asked."""
    async with club(tmp_path, is_async=is_async) as engine:
        await fill(engine)
        Roll.folded.clear()
        with trio.CancelScope() as scope:

            def cancel(*_: object) -> None:
                scope.cancel()

            await engine.rebuild(Roll, progress=cancel)
        assert scope.cancelled_caught
        assert (names(engine), folders(tmp_path)) == (NAMES, ["", "-1"])
        assert Roll.folded == NAMES[:4]
    async with club(tmp_path, is_async=is_async) as engine:
        while folders(tmp_path) != ["-1"]:
            assert names(engine) == NAMES
            await trio.lowlevel.checkpoint()
        assert (names(engine), engine.checkpoint(Roll)) == (NAMES, 20)
    assert Roll.folded == NAMES


CRASH = """
import os, sys, trio
from pathlib import Path
from tests.face import roll as here
here.keeper.BATCH = 4

async def main():
    async with here.club(Path(sys.argv[1]), is_async=sys.argv[2] == "True") as engine:
        await here.fill(engine)
        await engine.rebuild(here.Roll, progress=lambda _, done, __: done < 12 or os._exit(9))

trio.run(main)
"""


@both
async def test_a_crash_in_the_middle_is_gone_on_with(tmp_path: Path, *, is_async: bool) -> None:
    """A process that dies while it builds leaves the shown view whole and the new one to be finished."""
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", CRASH, str(tmp_path), str(is_async)]
    died = await trio.run_process(command, cwd=root, check=False)
    assert (died.returncode, folders(tmp_path)) == (9, ["", "-1"])
    async with club(tmp_path, is_async=is_async) as engine:
        while folders(tmp_path) != ["-1"]:
            await trio.lowlevel.checkpoint()
        assert names(engine) == NAMES
    assert Roll.folded == NAMES[12:]


@both
async def test_a_rebuild_that_fails_leaves_what_is_shown(tmp_path: Path, *, is_async: bool) -> None:
    """A projection that now raises is told to who asked; the view shows what it did, and goes on."""
    async with club(tmp_path, is_async=is_async) as engine:
        await fill(engine)
        Roll.bad.add("07")
        with pytest.raises(ViewFailed, match="before event 8"):
            await engine.rebuild(Roll)
        await engine.append(Joined("zoe"))
        await engine.wait_for(Roll)
        assert (names(engine), folders(tmp_path)) == ([*NAMES, "zoe"], [""])
        assert engine.statistics().views[0].state == "live"


@both
async def test_a_rebuild_mends_a_parked_view(
    tmp_path: Path, autojump_clock: trio.testing.MockClock, *, is_async: bool
) -> None:
    """Once the projection is mended, building anew is a way out too."""
    del autojump_clock
    async with club(tmp_path, is_async=is_async) as engine:
        await park(engine)
        await engine.rebuild(Roll)
        assert (names(engine), engine.statistics().views[0].state) == (NAMES, "live")
        await engine.append(Joined("zoe"))
        await engine.wait_for(Roll)
        assert names(engine)[-1] == "zoe"


READER = """
import sys, trio
from pathlib import Path
from tests.face import roll as here

async def main():
    async with here.club(Path(sys.argv[1]), is_async=True, read_only=True) as engine:
        view = engine.view(here.Roll)
        for _ in sys.stdin:
            print(len(view.members.select()), engine.checkpoint(here.Roll), flush=True)

trio.run(main)
"""


async def test_readers_in_other_processes_follow_the_switch(tmp_path: Path) -> None:
    """A program that reads along sees the new view with its next look, and what comes after it."""
    root = Path(__file__).parents[2]
    async with club(tmp_path, is_async=True) as engine:
        await fill(engine)
        command = [sys.executable, "-c", READER, str(tmp_path)]
        reader = subprocess.Popen(  # noqa: ASYNC220 - the reader answers at once, and one looks after the other
            command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        with reader:
            assert reader.stdin is not None
            assert reader.stdout is not None
            for expected in ("20 20", "20 20", "21 21"):
                reader.stdin.write("look\n")
                reader.stdin.flush()
                assert reader.stdout.readline() == f"{expected}\n"
                if expected == "20 20":
                    await engine.rebuild(Roll)
                    if folders(tmp_path) == ["-2"]:
                        await engine.append(Joined("zoe"))
                        await engine.wait_for(Roll)
            reader.stdin.close()
        assert reader.returncode == 0
