"""`remanence actors`: what the process that runs them notes, and whether it is still there."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import trio

import remanence
from remanence import Actor, Settings
from remanence.actors.bulletin import BulletinFile
from remanence.cli.exits import Exit

from .command import call, fill, objects, spawn


class Fragile(Actor[str]):
    """Crashes over everything but "ok"."""

    batch_limit = 1

    async def handle(self, batch: Sequence[str]) -> None:
        if batch != ["ok"]:
            raise LookupError("what is " + batch[0])


PROGRAM = """
import sys, time, trio, remanence
async def main():
    async with remanence.open(sys.argv[1]):
        print("open", flush=True)
        await trio.sleep_forever()
trio.run(main)
"""


def is_noted(file: BulletinFile) -> bool:
    """Whether the bulletin tells of the crash, and of the life after it."""
    noted = file.read()
    return noted is not None and bool(noted.dead_letters) and noted.actors[-1].state == "running"


def looked(path: Path) -> dict[str, Any]:
    """What the command tells a program."""
    [found] = objects("actors", "--path", path)
    return found


def test_it_shows_the_actors_of_the_process_that_runs_them(tmp_path: Path) -> None:
    """State, queue, restarts, last error and dead letters; no content of a message; and when the process has ended."""

    async def main() -> dict[str, Any]:
        async with remanence.open(tmp_path, actors=[Fragile], settings=Settings(retrain=False)) as memory:
            for message in ("ok", "secret"):
                await memory.engine.actor("fragile").tell(message)
            with trio.fail_after(30):
                while not is_noted(BulletinFile(tmp_path / "views")):
                    await trio.lowlevel.checkpoint()
            return await trio.to_thread.run_sync(looked, tmp_path)

    seen = trio.run(main)
    assert seen["process"]["state"] == "running"
    assert seen["process"]["pid"] == os.getpid()
    [fragile] = [each for each in seen["actors"] if each["name"] == "fragile"]
    assert (fragile["handled"], fragile["dead_letters"]) == (1, 1)
    assert fragile["last_error"] == "LookupError: what is secret"
    [letter] = seen["dead_letters"]
    assert (letter["actor"], letter["kind"], letter["reason"]) == ("fragile", "str", "poison")
    after = looked(tmp_path)
    assert after["process"]["state"] == "ended"
    assert {each["state"] for each in after["actors"]} == {"stopped"}
    text = call("actors", "--path", tmp_path).stdout
    assert "has ended" in text
    assert "poison" in text


def test_a_process_that_was_killed_is_said_to_have_been(tmp_path: Path) -> None:
    """It could not say that it ended: that nobody writes to the memory any more does."""
    with spawn(tmp_path, program=(sys.executable, "-c", PROGRAM)) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        file = BulletinFile(tmp_path / "views")
        while file.read() is None:
            pass
    assert looked(tmp_path)["process"]["state"] == "killed"
    assert "ended without closing" in call("actors", "--path", tmp_path).stdout


@pytest.mark.parametrize("text", [b"", b"{}", b"\xff"])
def test_without_a_bulletin_it_says_so(tmp_path: Path, text: bytes) -> None:
    """Missing or unreadable, nothing is known, and nothing is begun to find out."""
    fill(tmp_path)
    (tmp_path / "views" / "actors.json").write_bytes(text)
    call("actors", "--path", tmp_path, code=Exit.NOTHING)
