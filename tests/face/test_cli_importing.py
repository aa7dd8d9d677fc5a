"""`remanence import`: the whole of a conversation, from a file or a pipe, and each bad line by its number."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from remanence.cli.exits import Exit
from remanence.core.lease import Lease

from .command import call, objects, spawn, told


def lines(*texts: str) -> str:
    """A transcript that says this; what isn't JSON stands as it is."""
    return "".join(
        f"{json.dumps({'role': 'user', 'content': text})}\n" if text[0] != "{" else f"{text}\n" for text in texts
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A conversation of three turns."""
    path = tmp_path / "talk.jsonl"
    path.write_text(lines("one", "two", "three"), encoding="utf-8")
    return path


def test_a_file_is_imported_and_importing_it_again_adds_nothing(tmp_path: Path, file: Path) -> None:
    """The first time its turns are new, the second time they are known, and the exit code is 0 both times."""
    words = ("import", file, "--scope", "ada", "--path", tmp_path / "m")
    assert told(*words) == ["talk.jsonl: 3 turns remembered; in ada."]
    assert told(*words) == ["talk.jsonl: 0 turns remembered, 3 known already; in ada."]
    [report] = objects(*words)
    assert report == {
        "name": "talk.jsonl",
        "digest": report["digest"],
        "new": 0,
        "known": 3,
        "changed": [],
        "bad": [],
        "scopes": ["ada"],
        "first": 1,
        "last": 4,
    }


def test_a_pipe_is_imported_under_the_name_it_is_given(tmp_path: Path) -> None:
    """`-` is the standard input, called `stdin` unless --name says otherwise."""
    told("import", "-", "--path", tmp_path, stdin=lines("one"))
    told("import", "-", "--name", "chat", "--by", "me", "--path", tmp_path, stdin=lines("one"))
    events = objects("log", "--type", "transcript.imported", "--path", tmp_path)
    assert [(event["data"]["name"], event.get("by")) for event in events] == [("stdin", None), ("chat", "me")]
    sessions = [row["session"] for row in objects("find", "--path", tmp_path)]
    assert sorted(sessions) == ["chat", "stdin"]


def test_a_bad_line_is_named_and_the_rest_is_imported(tmp_path: Path) -> None:
    """On the standard error stream as compilers do it; the exit code says that something was left out."""
    words = ("import", "-", "--name", "chat", "--path", tmp_path)
    result = call(*words, stdin=lines("one", "{broken", "three"), code=Exit.PARTLY)
    assert result.stdout == "chat: 2 turns remembered, 1 bad line left out; in main.\n"
    assert result.stderr.startswith("chat:2: ")
    assert [row["text"] for row in objects("find", "--session", "chat", "--path", tmp_path)] == ["one", "three"]


def test_a_place_that_says_something_else_is_named(tmp_path: Path) -> None:
    """It is left alone, and the exit code says so."""
    words = ("import", "-", "--path", tmp_path)
    told(*words, stdin=lines("one", "two"))
    result = call(*words, stdin=lines("one", "zwei"), code=Exit.PARTLY)
    assert "1 not taken, their places say something else" in result.stdout
    assert "stdin:2: place 2 of session 'stdin'" in result.stderr
    [report] = objects(*words, stdin=lines("one", "zwei"), code=Exit.PARTLY)
    assert [change["line"] for change in report["changed"]] == [2]


def test_many_bad_lines_are_not_all_named(tmp_path: Path) -> None:
    """A person sees the first twenty and how many more; a program gets all."""
    text = lines("one", *["{broken"] * 30)
    words = ("import", "-", "--format", "jsonl", "--path", tmp_path)
    said = call(*words, stdin=text, code=Exit.PARTLY).stderr.splitlines()
    assert (len(said), said[-1]) == (21, "… and 10 more lines; --json lists all")
    assert len(objects(*words, stdin=text, code=Exit.PARTLY)[0]["bad"]) == 30


def test_nothing_usable_writes_nothing(tmp_path: Path) -> None:
    """Each line is named, and the exit code is that of nothing."""
    words = ("import", "-", "--format", "jsonl", "--path", tmp_path)
    result = call(*words, stdin="{broken\n", code=Exit.NOTHING)
    assert result.stdout == ""
    assert "stdin:1: " in result.stderr
    assert "nothing was written" in result.stderr
    assert told("log", "--path", tmp_path) == []


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("missing.jsonl", Exit.NOTHING, "No such file"),
        ("", Exit.USAGE, "Is a directory"),
        ("x.bin", Exit.USAGE, "UTF-8"),
    ],
    ids=["missing", "folder", "binary"],
)
def test_a_file_that_can_not_be_read_is_named(tmp_path: Path, name: str, code: int, said: str) -> None:
    """In one sentence, and no memory is made for it."""
    (tmp_path / "x.bin").write_bytes(b"\xff\xfe\x00\x01")
    result = call("import", tmp_path / name, "--path", tmp_path / "m", code=code)
    assert said in result.stderr
    assert str(tmp_path / name) in result.stderr or name in result.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_a_file_without_permission_is_named(tmp_path: Path, file: Path) -> None:
    """It is the disk's refusal, not the file's absence."""
    file.chmod(0)
    assert "Permission denied" in call("import", file, "--path", tmp_path / "m", code=Exit.STORAGE).stderr


def test_a_memory_that_is_being_written_is_left_alone(tmp_path: Path, file: Path) -> None:
    """Two writers never meet; the one who holds it is named by its process id."""
    lease = Lease.acquire(tmp_path / "m")
    try:
        said = call("import", file, "--path", tmp_path / "m", code=Exit.LOCKED).stderr
    finally:
        lease.close()
    assert str(os.getpid()) in said
    assert "only read work meanwhile" in said


def interrupt(process: subprocess.Popen[str]) -> int:
    """Interrupt a program until it ends; gives its exit code.

    A signal that comes in just before a read that blocks is not seen before the read ends: then people press again.
    """
    for _ in range(12):
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.wait(timeout=5)
    message = "it doesn't end"
    raise AssertionError(message)


def test_an_import_that_is_interrupted_while_it_is_fed_has_done_nothing(tmp_path: Path) -> None:
    """It says one word and makes no memory; run again, it does what it should."""
    feed, path = tmp_path / "talk", tmp_path / "m"
    os.mkfifo(feed)
    with spawn("import", feed, "--path", path, program=(sys.executable, "-m", "remanence")) as process:
        with feed.open("wb"):  # opens when the command opens it
            assert interrupt(process) == Exit.INTERRUPTED
        assert process.stderr is not None
        assert process.stderr.read() == "remanence: interrupted\n"
    assert not path.exists()
