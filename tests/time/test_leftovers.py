"""Leftovers: what a killed process leaves of a past is removed by the next, and nothing else is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from remanence.projections.scratch_folder import ScratchFolder, remove_leftovers

from .lives import opened

DYING = """
import sys, time
from remanence.projections.scratch_folder import ScratchFolder
folder = ScratchFolder()
(folder.path / "secret").write_text("what the memory holds")
print(folder.path, flush=True)
time.sleep(600)
"""


def left(place: Path, *, seen_alive: Callable[[], None]) -> Path:
    """The folder that a process has left in `place`, which was killed after it was seen alive."""
    environment = os.environ | {"TMPDIR": str(place)}
    with subprocess.Popen([sys.executable, "-c", DYING], stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        theirs = Path(process.stdout.readline().strip())
        seen_alive()
        process.send_signal(signal.SIGKILL)
    return theirs


def test_what_the_killed_left_goes_and_what_the_living_have_stays(leftovers: Callable[[], list[Path]]) -> None:
    """A lock tells them apart: it goes with its process, however that ends."""
    ours = ScratchFolder()

    def seen_alive() -> None:
        assert len(leftovers()) == 2
        assert remove_leftovers() == 0

    theirs = left(ours.path.parent, seen_alive=seen_alive)
    assert leftovers() == sorted([ours.path, theirs])
    assert remove_leftovers() == 1
    assert leftovers() == [ours.path]
    ours.close()
    assert leftovers() == []


def test_what_is_not_ours_is_not_touched(leftovers: Callable[[], list[Path]]) -> None:
    """A file, a link, a folder of another name, one without an owner, one that is just being made."""
    folder = ScratchFolder()
    place = folder.path.parent
    (place / "remanence-past-file").write_text("")
    (place / "other").mkdir()
    (place / "other" / "owner").write_text("1")
    (place / "remanence-past-link").symlink_to(place / "other")
    (place / "remanence-past-nobody").mkdir()
    (place / "remanence-past-new").mkdir()
    (place / "remanence-past-new" / "owner").touch()
    before = leftovers()
    assert remove_leftovers() == 0
    assert leftovers() == before
    folder.close()
    assert leftovers() == [path for path in before if path != folder.path]


async def test_opening_a_log_removes_them(tmp_path: Path, leftovers: Callable[[], list[Path]]) -> None:
    """Whoever writes next, of whatever log."""
    folder = ScratchFolder()
    theirs = left(folder.path.parent, seen_alive=lambda: None)
    folder.close()
    assert leftovers() == [theirs]
    async with opened(tmp_path):
        assert leftovers() == []
