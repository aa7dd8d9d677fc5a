"""The commands that tell a memory something: what they print round-trips, and what they were told is recorded."""

from pathlib import Path

import pytest

from remanence.cli.exits import Exit

from .command import call, objects, told


def test_remember_prints_the_id_and_nothing_else(tmp_path: Path) -> None:
    """So that a shell can keep it: `id=$(remanence remember …)`."""
    [memory_id] = told("remember", "Ada prefers tea", "--path", tmp_path)
    assert objects("get", memory_id, "--path", tmp_path)[0]["text"] == "Ada prefers tea"


def test_everything_that_can_be_said_of_a_memory_can_be_said_here(tmp_path: Path) -> None:
    """Each option ends up in the memory, or on its event."""
    words = ["--scope", "ada/sea", "--kind", "event", "--tag", "boat", "--tag", "june", "--confidence", "0.5"]
    words += ["--importance", "0.9", "--meta", "pages=12", "--meta", "zip=007", "--meta", "is_old=true"]
    words += ["--session", "monday", "--place", "3", "--speaker", "Juno", "--said-at", "2026-03-02T09:14:05"]
    [cause] = objects("remember", "what led to it", "--path", tmp_path)
    [made] = objects("remember", "Sula sails", *words, "--by", "me", "--cause", "1", "--path", tmp_path)
    assert made["new"] is True
    assert made["position"] == cause["position"] + 1
    [row] = objects("get", made["id"], "--path", tmp_path)
    assert row == {
        "id": made["id"],
        "scope": "ada/sea",
        "kind": "event",
        "text": "Sula sails",
        "confidence": 0.5,
        "importance": 0.9,
        "tags": ["boat", "june"],
        "metadata": {"pages": 12, "zip": "007", "is_old": True},
        "session": "monday",
        "place": 3,
        "speaker": "Juno",
        "time": "2026-03-02T09:14:05Z",
        "position": 2,
        "changed": 2,
        "reinforced": 0,
        "revised": 0,
    }
    [event] = objects("history", made["id"], "--path", tmp_path)
    assert (event["by"], event["cause"]) == ("me", 1)
    assert event["key"].startswith("turn:")


def test_the_text_may_come_from_the_standard_input(tmp_path: Path) -> None:
    """`-` reads it, without the last line's end."""
    [memory_id] = told("remember", "-", "--path", tmp_path, stdin="two\nlines\n")
    assert objects("get", memory_id, "--path", tmp_path)[0]["text"] == "two\nlines"


def test_the_same_text_is_the_same_memory(tmp_path: Path) -> None:
    """Told again it is confirmed, and its id is the same."""
    [first] = objects("remember", "Ada prefers tea", "--path", tmp_path)
    [second] = objects("remember", "Ada prefers tea", "--path", tmp_path)
    assert (second["id"], second["new"]) == (first["id"], False)
    assert objects("get", first["id"], "--path", tmp_path)[0]["reinforced"] == 1


def test_who_does_it_may_stand_in_the_environment(tmp_path: Path) -> None:
    """REMANENCE_BY is what --by says unless it says otherwise."""
    [one] = told("remember", "one", "--path", tmp_path, REMANENCE_BY="juno")
    [two] = told("remember", "two", "--by", "ada", "--path", tmp_path, REMANENCE_BY="juno")
    assert [objects("history", each, "--path", tmp_path)[0]["by"] for each in (one, two)] == ["juno", "ada"]


def test_a_memory_is_revised_confirmed_and_forgotten(tmp_path: Path) -> None:
    """Each command says what it did and by which event, and the memory shows it."""
    [memory_id] = told("remember", "tea", "--tag", "drink", "--path", tmp_path)
    path = ("--path", tmp_path)
    assert told("revise", memory_id, "coffee", "--reason", "she said so", *path) == [f"{memory_id} revised: event 2"]
    assert told("reinforce", memory_id, "--note", "again", *path) == [f"{memory_id} confirmed: event 3"]
    assert objects("revise", memory_id, "--no-tags", "--confidence", "0.25", *path) == [
        {"id": memory_id, "position": 4}
    ]
    [row] = objects("get", memory_id, *path)
    assert (row["text"], row["tags"], row["confidence"], row["reinforced"]) == ("coffee", [], 0.25, 1)
    assert objects("forget", memory_id, "--reason", "enough", *path) == [{"id": memory_id, "position": 5}]
    assert "has been forgotten" in call("get", memory_id, *path, code=Exit.NOTHING).stderr
    told_of = [(event["type"], event["data"].get("reason")) for event in objects("history", memory_id, *path)]
    assert told_of[1] == ("memory.revised", "she said so")
    assert told_of[4] == ("memory.forgotten", "enough")


@pytest.mark.parametrize("command", ["revise", "reinforce", "forget"])
def test_a_memory_that_is_not_there_can_not_be_changed(tmp_path: Path, command: str) -> None:
    """The exit code says that there is nothing, and nothing is written."""
    told("remember", "something", "--path", tmp_path)
    words = ["text"] if command == "revise" else []
    assert "there is no memory 'NOPE'" in call(command, "NOPE", *words, "-p", tmp_path, code=Exit.NOTHING).stderr
    assert len(told("log", "--path", tmp_path)) == 1


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["remember", " "], "says something"),
        (["remember", "x", "--kind", "No Such"], "kind"),
        (["remember", "x", "--scope", "a//b"], "scope"),
        (["remember", "x", "--confidence", "2"], "--confidence"),
        (["remember", "x", "--said-at", "yesterday"], "2026-03-02"),
        (["remember", "x", "--meta", "pages"], "name=value"),
        (["remember", "x", "--place", "2"], "session"),
        (["revise", "ID"], "nothing to revise"),
        (["revise", "ID", "--tag", "x", "--no-tags"], "contradict"),
    ],
)
def test_what_can_not_be_taken_is_refused_with_its_reason(tmp_path: Path, words: list[str], complaint: str) -> None:
    """The exit code is that of wrong usage, and nothing is written."""
    [memory_id] = told("remember", "something", "--path", tmp_path)
    words = [memory_id if word == "ID" else word for word in words]
    assert complaint in call(*words, "--path", tmp_path, code=Exit.USAGE).stderr
    assert len(told("log", "--path", tmp_path)) == 1


def test_a_place_that_is_taken_is_refused(tmp_path: Path) -> None:
    """Other words at the same place of a session are a contradiction, not a second turn."""
    words = ["--session", "monday", "--place", "1", "--path", str(tmp_path)]
    told("remember", "yes", *words)
    again = objects("remember", "yes", *words)[0]
    assert again["new"] is False
    said = call("remember", "no", *words, code=Exit.USAGE).stderr
    assert "place 1 of session 'monday'" in said
    assert again["id"] in said
