"""The commands for the past: what was, what became of it, when it did, and whether the views still say so."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from remanence.cli.exits import Exit
from remanence.projections.memories.view import Memories
from remanence.projections.view_store import ViewStore
from remanence.projections.views import view_path

from .command import call, objects, told


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Four events: tea, told twice and revised; and a thought that comes last."""
    path = tmp_path / "m"
    for words in (("tea",), ("tea",)):
        [memory_id] = told("remember", *words, "--scope", "ada", "--path", path)
    call("revise", memory_id, "coffee", "--path", path)
    call("remember", "late", "--path", path)
    return path


def test_a_memory_is_asked_as_it_stood(path: Path) -> None:
    """By position or by time, with the options of the command that asks; what came later isn't there."""
    [now] = objects("find", "--scope", "ada", "--path", path)
    for command in ((*("as-of", "2"), "get", now["id"]), ("as-of", "2", "find", "--scope", "ada")):
        [then] = objects(*command, "--path", path)
        assert (now["text"], then["text"], then["reinforced"]) == ("coffee", "tea", 1)
    first = objects("log", "--path", path)[0]
    [then] = objects("as-of", first["time"], "get", now["id"], "--path", path)
    assert (then["text"], then["reinforced"]) == ("tea", 0)
    assert len(objects("--path", path, "as-of", "2", "history", now["id"])) == 2
    [counted] = objects("as-of", "2", "stats", "--path", path)
    assert counted["events"] == 2
    assert "nothing found" in call("as-of", "2", "find", "--path", path, code=Exit.NOTHING).stderr
    assert "position from 0 to 4" in call("as-of", "9", "find", "--path", path, code=Exit.USAGE).stderr
    call("as-of", "never", "find", "--path", path, code=Exit.USAGE)
    call("as-of", "2", "forget", now["id"], "--path", path, code=Exit.USAGE)


def test_what_became_of_memories_is_listed(path: Path) -> None:
    """To a person by kind of change, to a program with the memory before and after; nothing has a code of its own."""
    changes = objects("diff", "1", "--path", path)
    assert [(each["change"], each["memory"]["text"]) for each in changes] == [
        ("added", "late"),
        ("revised", "coffee"),
        ("reinforced", "coffee"),
    ]
    assert changes[1]["before"]["text"] == "tea"
    assert [line.split("\t")[0] for line in told("diff", "1", "3", "--path", path)] == ["revised", "reinforced"]
    assert "nothing differs" in call("diff", "1", "3", "--scope", "main", "--path", path, code=Exit.NOTHING).stderr
    assert "earlier one first" in call("diff", "3", "1", "--path", path, code=Exit.USAGE).stderr


def test_the_event_is_found_after_which_it_was_so(path: Path) -> None:
    """That a memory says something, that it is there, that it is gone; and what was never so is said to be."""
    [event] = objects("bisect", "--text", "coff", "--path", path)
    assert (event["position"], event["type"]) == (3, "memory.revised")
    [event] = objects("bisect", "--text", "tea", "--gone", "--start", "1", "--path", path)
    assert event["position"] == 3
    [late] = objects("find", "--path", path)
    assert told("bisect", "--id", late["id"], "--path", path)[0].startswith("4\t")
    assert "not true" in call("bisect", "--text", "late", "--scope", "ada", "--path", path, code=Exit.NOTHING).stderr
    call("bisect", "--path", path, code=Exit.USAGE)


def test_a_view_that_was_tampered_with_is_named(path: Path) -> None:
    """With the row as it is and as it should be, and the exit code of damage."""
    assert told("audit", "--path", path)[1].split() == ["memories", str(Memories.version), "4", "sound"]
    assert objects("audit", "--path", path)[0]["sound"] is True
    files = view_path(path / "views", Memories)
    log_id = bytes.fromhex(objects("stats", "--path", path)[0]["log"])
    with contextlib.closing(ViewStore(files, Memories.databases(), log_id)) as store:
        rows = store.env.db("rows")
        with store.env.reading() as txn:
            found = {key: value for key, value in txn.cursor(rows) if b"coffee" in value}
        changed = [(key, value.replace(b"coffee", b"cyanid")) for key, value in found.items()]
        store.env.write(lambda txn: txn.cursor(rows).putmulti(changed))
    result = call("audit", "--path", path, code=Exit.DAMAGED)
    assert "cyanid" in result.stdout
    assert "coffee" in result.stdout
    [found_again] = objects("audit", "--path", path, code=Exit.DAMAGED)
    assert found_again["difference"]["live"]["text"] == "cyanid"
    assert found_again["difference"]["rebuilt"]["text"] == "coffee"


def test_a_fork_goes_its_own_way(path: Path, tmp_path: Path) -> None:
    """It has the past up to the moment, and takes what is told it; the folder must be free."""
    [report] = objects("fork", "2", tmp_path / "fork", "--path", path)
    assert report["events"] == 2
    assert [each["text"] for each in objects("find", "--scope", "ada", "--path", tmp_path / "fork")] == ["tea"]
    call("remember", "elsewhere", "--path", tmp_path / "fork")
    assert told("verify", "--path", tmp_path / "fork")[0] == "Everything is as it was written."
    assert "not empty" in call("fork", "2", tmp_path / "fork", "--path", path, code=Exit.USAGE).stderr
