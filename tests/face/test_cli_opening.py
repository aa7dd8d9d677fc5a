"""How commands get at a memory that others use: who reads needs nobody's leave, and who writes is alone."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from remanence.cli.exits import Exit
from remanence.core.lease import Lease

from .command import call, objects, spawn, told

HOLD = (
    "import sys; from pathlib import Path; from remanence.core.lease import Lease; "
    "lease = Lease.acquire(Path(sys.argv[1])); print('held', flush=True); sys.stdin.readline()"
)
"""A process that may write to a memory, and does nothing until it is told to end."""
WRITE = (
    "import sys, trio, remanence\n"
    "async def main():\n"
    "    async with remanence.open(sys.argv[1]) as memory:\n"
    "        for line in sys.stdin:\n"
    "            print(await memory.remember(line.strip()), flush=True)\n"
    "trio.run(main)\n"
)
"""A process that remembers each line it is told, and prints its id."""


def test_reading_works_while_another_process_writes(tmp_path: Path) -> None:
    """Every command that only asks sees what has been acknowledged a moment ago, without stopping anybody."""
    with spawn(tmp_path, program=(sys.executable, "-c", WRITE)) as writer:
        assert writer.stdin is not None
        assert writer.stdout is not None
        writer.stdin.write("one\n")
        writer.stdin.flush()
        memory_id = writer.stdout.readline().strip()
        assert objects("get", memory_id, "--path", tmp_path)[0]["text"] == "one"
        assert len(told("find", "--path", tmp_path)) == 1
        for command, lines in (("history", 1), ("why", 2)):
            assert len(told(command, memory_id, "--path", tmp_path)) == lines
        for command in ("log", "stats", "verify"):
            told(command, "--path", tmp_path)
        told("backup", tmp_path / "saved", "--path", tmp_path)
        said = call("remember", "two", "--path", tmp_path, code=Exit.LOCKED).stderr
        assert f"process {writer.pid}" in said
        assert "Stop it first" in said
        writer.communicate(timeout=30)
    told("remember", "two", "--path", tmp_path)


def test_a_log_whose_writer_was_killed_is_opened_at_once(tmp_path: Path) -> None:
    """A lock ends with its process, however that died: nothing has to be cleaned up by hand."""
    with spawn(tmp_path, program=(sys.executable, "-c", WRITE)) as writer:
        assert writer.stdin is not None
        assert writer.stdout is not None
        writer.stdin.write("one\n")
        writer.stdin.flush()
        assert writer.stdout.readline()
        writer.kill()
        writer.wait()
    told("remember", "two", "--path", tmp_path)
    assert len(told("find", "--path", tmp_path)) == 2


def test_missing_views_are_built_by_whoever_asks(tmp_path: Path) -> None:
    """A restored or copied log has none; the first command builds them, even one that only reads."""
    told("remember", "one", "--path", tmp_path)
    shutil.rmtree(tmp_path / "views")
    assert len(told("find", "--path", tmp_path)) == 1
    assert (tmp_path / "views").is_dir()


def test_a_reader_waits_for_the_writer_who_has_to_build_the_views(tmp_path: Path) -> None:
    """It says for whom; and when that process has gone without doing it, the reader does it."""
    told("remember", "one", "--path", tmp_path)
    shutil.rmtree(tmp_path / "views")
    with spawn(tmp_path, program=(sys.executable, "-c", HOLD)) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with spawn("find", "--path", tmp_path) as reader:
            assert reader.stderr is not None
            assert reader.stderr.readline().startswith(f"remanence: process {holder.pid} is writing")
            holder.communicate("\n")
            found, said = reader.communicate()
            assert (reader.returncode, said) == (0, "")
            assert found.endswith("\tone\n")


def test_a_reader_does_not_wait_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a while it gives up, and says who was in the way."""
    monkeypatch.setattr("remanence.cli.opening.WAIT_TRIES", 2)
    told("remember", "one", "--path", tmp_path)
    shutil.rmtree(tmp_path / "views")
    lease = Lease.acquire(tmp_path)
    try:
        said = call("find", "--path", tmp_path, code=Exit.LOCKED).stderr
    finally:
        lease.close()
    assert str(os.getpid()) in said
