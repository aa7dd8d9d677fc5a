"""`remanence export`, and `remanence import` of what it wrote: by a file or a pipe into another memory."""

import json
import stat
from pathlib import Path

import pytest

from remanence import NewMemory
from remanence.cli.exits import Exit

from .command import call, fill, objects, told


@pytest.fixture
def memory(tmp_path: Path) -> Path:
    """A memory of three events in two scopes."""
    path = tmp_path / "m"
    fill(path, NewMemory("Tea.", "ada", tags=["drink"]), NewMemory("Boats.", "bob"), NewMemory("Tea.", "ada"))
    return path


def test_a_file_moves_a_memory(tmp_path: Path, memory: Path) -> None:
    """Out into a file that only its owner may read, and in again elsewhere; the second time adds nothing."""
    file, other = tmp_path / "events.jsonl", tmp_path / "other"
    [line] = told("export", file, "--path", memory)
    assert line.startswith("3 events, ")
    assert line.endswith(f": exported to {file}.")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
    assert told("import", file, "--path", other) == ["events.jsonl: 3 events imported."]
    assert told("import", file, "--path", other) == ["events.jsonl: 0 events imported, 3 known already."]
    assert objects("find", "--scope", "ada", "--path", other) == objects("find", "--scope", "ada", "--path", memory)
    assert told("verify", "--path", other)


def test_a_pipe_moves_a_memory(tmp_path: Path, memory: Path) -> None:
    """Without a file it is the standard output; - is the standard input, with a name if it is given one."""
    lines = call("export", "--path", memory).stdout
    assert [json.loads(line)["id"] for line in lines.splitlines()[:-1]] == ["1", "2", "3"]
    words = ("import", "-", "--name", "pipe", "--path", tmp_path / "other")
    [report] = objects(*words, stdin=lines)
    assert report == {
        "name": "pipe",
        "new": 3,
        "known": 0,
        "first": 1,
        "last": 3,
        "uncaused": 0,
        "moved": 0,
        "ignored": {},
    }


def test_parts_can_be_asked_for(tmp_path: Path, memory: Path) -> None:
    """By scope, tag, type, position and time; the JSON report says what was written."""

    def ids(*words: str) -> list[str]:
        return [json.loads(line)["id"] for line in told("export", *words, "--path", memory)[:-1]]

    assert ids("--scope", "ada") == ["1", "3"]
    assert ids("--tag", "scope:bob") == ["2"]
    assert ids("--type", "memory.reinforced") == ["3"]
    assert ids("--after", "1", "--until", "2") == ["2"]
    assert ids("--until", "2000-01-01") == []
    [report] = objects("export", tmp_path / "f", "--scope", "bob", "--path", memory)
    size = (tmp_path / "f").stat().st_size
    source = json.loads((tmp_path / "f").read_text(encoding="utf-8").splitlines()[0])["source"]
    assert report == {
        "file": str(tmp_path / "f"),
        "source": source,
        "events": 1,
        "first": 2,
        "last": 2,
        "erased": 0,
        "housekeeping": 0,
        "size_bytes": size,
    }


def test_a_damaged_line_is_named_and_nothing_goes_in(tmp_path: Path, memory: Path) -> None:
    """The exit code is that of what can't be taken; the memory stays as it was."""
    file, other = tmp_path / "events.jsonl", tmp_path / "other"
    fill(other, "Mine.")
    told("export", file, "--path", memory)
    whole = file.read_bytes()
    file.write_bytes(whole.replace(b"Boats", b"Goats"))
    error = call("import", file, "--path", other, code=Exit.USAGE).stderr
    assert error.startswith("remanence: nothing was imported from events.jsonl: line 2: its digest does not match")
    file.write_bytes(whole[:100])
    assert "line 1: it is not JSON" in call("import", file, "--path", other, code=Exit.USAGE).stderr
    file.write_bytes(b"".join(whole.splitlines(keepends=True)[:2]))
    assert "--partial" in call("import", file, "--path", other, code=Exit.USAGE).stderr
    assert len(objects("log", "--path", other)) == 1
    assert told("import", file, "--partial", "--path", other) == ["events.jsonl: 2 events imported."]


def test_what_was_left_out_is_told_a_person(memory: Path) -> None:
    """Attributes without a place, later times and lost causes are named on the standard error stream."""
    event = {"specversion": "1.0", "source": "/s", "type": "order.placed", "time": "2020-01-01T00:00:00Z"}
    lines = [event | {"id": "1", "subject": "x"}, event | {"id": "2", "cause": "0"}]
    found = call("import", "-", "--path", memory, stdin="\n".join(map(json.dumps, lines)))
    assert found.stdout == "stdin: 2 events imported.\n"
    assert "1 event taken without their cause" in found.stderr
    assert "2 events given a later time than their own" in found.stderr
    assert "the attribute subject of 1 line left out" in found.stderr


def test_a_format_can_be_insisted_on(tmp_path: Path) -> None:
    """`--format cloudevents` reads lines as events whatever they look like; another one reads them as messages."""
    message = json.dumps({"role": "user", "content": "Hello."})
    words = ("import", "-", "--path", tmp_path / "m")
    assert "line 1: its specversion" in call(*words, "--format", "cloudevents", stdin=message, code=Exit.USAGE).stderr
    assert call(*words, "--format", "jsonl", stdin=message).stdout
    assert "--partial is for" in call(*words, "--partial", stdin=message, code=Exit.USAGE).stderr
    event = json.dumps({"specversion": "1.0", "source": "/s", "id": "1", "type": "a.b"})
    assert "--scope is for" in call(*words, "--scope", "x", stdin=event, code=Exit.USAGE).stderr


def test_no_file_is_overwritten_or_left_half_written(tmp_path: Path, memory: Path) -> None:
    """A file that is there is refused; a memory that isn't leaves no file; a folder that isn't is named."""
    file = tmp_path / "f"
    file.write_bytes(b"precious")
    assert "is there already" in call("export", file, "--path", memory, code=Exit.USAGE).stderr
    assert file.read_bytes() == b"precious"
    assert "there is no memory" in call("export", tmp_path / "g", "--path", tmp_path / "none", code=Exit.NOTHING).stderr
    assert (
        f"{tmp_path / 'none' / 'g'}: No such file"
        in call("export", tmp_path / "none" / "g", "--path", memory, code=Exit.NOTHING).stderr
    )
    assert "99" in call("export", tmp_path / "g", "--until", "99", "--path", memory, code=Exit.USAGE).stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["f", "m"]
