"""The command line as a whole: where it finds the memory, how commands end, and what they say when it isn't well."""

import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest

import remanence
from remanence.cli import main
from remanence.cli.exits import Exit, Interrupted, failure
from remanence.cli.late import Late
from remanence.core.errors import Unreadable, ViewFailed

from .command import COMMAND, call, fill, objects, spawn, told

COMMANDS = sorted(main.commands)
PATH_REQUIRED = {
    "get": ["ID"],
    "find": [],
    "history": ["ID"],
    "why": ["ID"],
    "log": [],
    "stats": [],
    "verify": [],
    "revise": ["ID", "text"],
    "reinforce": ["ID"],
    "forget": ["ID"],
    "backup": ["TARGET"],
}
"""The commands that work on what is there, with what they need besides."""


def test_every_command_is_there() -> None:
    """The commands that users know from the documentation."""
    known = {*PATH_REQUIRED, "remember", "import", "restore", "demo"}
    assert known <= set(COMMANDS)


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_fits_a_terminal_and_says_what_every_option_does(command: str) -> None:
    """No line is wider than 80 columns, and no option is without an explanation."""
    lines = told(*filter(None, [command]), "--help", COLUMNS="80")
    assert max(map(len, lines)) <= 80
    late = main.commands[command] if command else main
    shown = late.load() if isinstance(late, Late) else late
    assert shown.help
    for parameter in shown.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, parameter.name


def test_the_version_is_the_packages() -> None:
    """`--version` names the program and a version."""
    [line] = told("--version")
    assert line.split()[1].count(".") == 2


@pytest.mark.parametrize("command", sorted(PATH_REQUIRED))
def test_a_missing_memory_is_named_and_not_made(tmp_path: Path, command: str) -> None:
    """Who only asks, or changes what is there, makes no folder by a mistyped path."""
    missing = tmp_path / "nowhere"
    result = call(command, *PATH_REQUIRED[command], "--path", missing, code=Exit.NOTHING)
    assert f"there is no memory in {missing}" in result.stderr
    assert "--path" in result.stderr
    assert not missing.exists()


@pytest.mark.parametrize("name", ["empty", "other"])
def test_a_folder_that_is_no_memory_is_told_apart_from_a_missing_one(tmp_path: Path, name: str) -> None:
    """An empty log file, as a full disk may leave one, is no log either."""
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / ("data.mdb" if name == "empty" else "notes.txt")).touch()
    assert "is not a memory" in call("find", "--path", tmp_path, code=Exit.NOTHING).stderr


def test_the_path_is_an_option_of_both_sides_or_in_the_environment(tmp_path: Path) -> None:
    """Before the command and after it, and the later one counts; the environment is asked last."""
    here, there = tmp_path / "here", tmp_path / "there"
    [in_here] = told("--path", here, "remember", "I am here")
    [in_there] = told("--path", here, "remember", "I am there", "-p", there)
    assert told("find", REMANENCE_PATH=str(here))[0].startswith(in_here)
    assert told("-p", there, "find", REMANENCE_PATH=str(here))[0].startswith(in_there)
    assert json.loads(told("--json", "-p", here, "get", in_here)[0])["text"] == "I am here"


def test_without_a_path_the_memory_is_the_folder_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`./memory`, as the help says."""
    monkeypatch.chdir(tmp_path)
    told("remember", "I am here")
    assert (tmp_path / "memory" / "log" / "data.mdb").exists()
    monkeypatch.chdir("/")
    assert "there is no memory in ./memory" in call("find", code=Exit.NOTHING).stderr


def test_a_folder_that_holds_other_things_is_not_filled_with_ours(tmp_path: Path) -> None:
    """A mistyped path must not make a memory of somebody's documents."""
    (tmp_path / "thesis.txt").touch()
    assert "holds other things" in call("remember", "hello", "--path", tmp_path, code=Exit.USAGE).stderr
    assert [entry.name for entry in tmp_path.iterdir()] == ["thesis.txt"]


def test_an_error_is_one_object_for_a_program(tmp_path: Path) -> None:
    """With --json, the standard error stream says the same, to be read by a program."""
    result = call("find", "--path", tmp_path / "nowhere", "--json", code=Exit.NOTHING)
    said = json.loads(result.stderr)
    assert (said["exit"], result.stdout) == (Exit.NOTHING, "")
    assert "there is no memory" in said["error"]
    assert "--path" in said["hint"]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (remanence.NotFound("x"), Exit.NOTHING),
        (remanence.InvalidInput("x"), Exit.USAGE),
        (remanence.KeyReused("x", key=None, positions=range(1, 2)), Exit.USAGE),
        (remanence.Damaged("x"), Exit.DAMAGED),
        (remanence.Locked("x", pid=1), Exit.LOCKED),
        (remanence.Conflict("x", position=1), Exit.LOCKED),
        (remanence.StorageFailed("x"), Exit.STORAGE),
        (remanence.OutcomeUnknown("x", key=None), Exit.STORAGE),
        (remanence.Closed("x"), Exit.STORAGE),
        (Unreadable("x", position=1, type="a.b", version=1), Exit.UNREADABLE),
        (ViewFailed("x", view="v", position=1), Exit.UNREADABLE),
        (FileNotFoundError(errno.ENOENT, "No such file", "x"), Exit.NOTHING),
        (IsADirectoryError(errno.EISDIR, "Is a directory", "x"), Exit.USAGE),
        (PermissionError(errno.EACCES, "Permission denied", "x"), Exit.STORAGE),
        (Interrupted(signal.SIGINT), Exit.INTERRUPTED),
        (Interrupted(signal.SIGTERM), 143),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_each_kind_of_error_has_its_exit_code(error: remanence.RemanenceError, code: int) -> None:
    """What a script can tell from the code alone; the sentence is the error's own."""
    found = failure(error)
    assert found.exit_code == code
    assert found.message


def test_every_error_of_ours_has_an_exit_code_of_its_kind() -> None:
    """A new error class must be given one, or it would count as unreadable."""
    names = [name for name in dir(remanence) if isinstance(getattr(remanence, name), type)]
    kinds = [kind for name in names if issubclass(kind := getattr(remanence, name), remanence.RemanenceError)]
    known = {"NotFound", "InvalidInput", "KeyReused", "Damaged", "Locked", "Conflict", "StorageFailed"}
    known |= {"OutcomeUnknown", "Closed", "Unreadable", "ViewFailed", "RemanenceError", "Behind", "Unanswered"}
    assert {kind.__name__ for kind in kinds} == known


def test_the_exit_codes_in_the_help_are_those_there_are() -> None:
    """Every code is explained, and no other."""
    explained = [line.split()[0] for line in told("--help") if line.startswith("    ") and line.split()[0].isdigit()]
    assert [int(code) for code in explained] == [*Exit]


def test_wrong_usage_is_two() -> None:
    """As everywhere."""
    assert "Missing argument" in call("get", code=Exit.USAGE).stderr
    assert "No such command" in call("remeber", "hello", code=Exit.USAGE).stderr


def test_a_closed_pipe_is_no_failure(tmp_path: Path) -> None:
    """Whoever stops reading, as `head` does, has what they wanted: no message, no traceback, exit code 0."""
    fill(tmp_path, *(f"thought {number} " + "x" * 100_000 for number in range(3)))
    with spawn("log", "--path", tmp_path) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.read(3) == "1\t2"
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait() == 0


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_command_in_order(tmp_path: Path, number: signal.Signals, code: int) -> None:
    """It closes what it has open, says one word, and ends with the code of the signal."""
    told("remember", "hello", "--path", tmp_path)
    with spawn("log", "--follow", "--path", tmp_path) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("1\t")
        process.send_signal(number)
        _, said = process.communicate()
        assert (process.returncode, said) == (code, "remanence: interrupted\n")


def test_texts_that_would_steer_a_terminal_are_shown_as_marks(tmp_path: Path) -> None:
    """Memories hold what others wrote; printing them must not move cursors or set titles."""
    [memory_id] = told("remember", "\x1b]0;owned\x07 red \x1b[31m", "--path", tmp_path, "--meta", "note=\x1b[2J")
    for words in (["find"], ["get", memory_id], ["history", memory_id], ["log"]):
        assert "\x1b" not in "".join(told(*words, "--path", tmp_path))
    assert "\x1b" in objects("get", memory_id, "--path", tmp_path)[0]["text"]


def test_names_that_are_no_unicode_are_said_as_well_as_can_be(tmp_path: Path) -> None:
    """A file name of any bytes ends in a sentence, not in a traceback."""
    name = os.fsencode(tmp_path) + b"/caf\xe9.jsonl"
    run = subprocess.run([*COMMAND, "import", name, "--path", tmp_path / "m"], capture_output=True, check=False)
    assert run.returncode == Exit.NOTHING
    assert b"No such file" in run.stderr
    assert b"Traceback" not in run.stderr


def test_the_package_alone_needs_no_terminal() -> None:
    """Whoever embeds a memory doesn't load what only the command line shows."""
    script = "import sys, remanence; print(sorted({'click', 'rich'} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"
