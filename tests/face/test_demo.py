"""The demonstration: it shows what it says it shows, on any conversation, and would say so if a promise were broken."""

import json
import os
from pathlib import Path
from typing import Final

import pytest

from remanence.cli.demonstrating import Theatre, refuse_broken
from remanence.cli.exits import Exit, Failure
from remanence.cli.output import Output

from .command import COMMAND, Screen, call, objects, spawn, told

LOCOMO: Final = os.environ.get("LOCOMO", "")
"""A file of LoCoMo samples, which are not part of the project (github.com/snap-research/locomo)."""


def conversation(*sessions: tuple[str, ...]) -> str:
    """JSON lines: each session a tuple of what is said, by two speakers in turn."""
    return "".join(
        json.dumps({"role": "user", "name": ("Ada", "Juno")[place % 2], "content": text, "session": f"s{number}"})
        + "\n"
        for number, session in enumerate(sessions)
        for place, text in enumerate(session)
    )


def test_every_promise_holds_on_the_example(tmp_path: Path) -> None:
    """It ends well, in a process of its own, on a page of 80 columns, and leaves nothing behind."""
    with spawn("demo", program=("env", f"TMPDIR={tmp_path}", *COMMAND)) as process:
        page, said = process.communicate()
    assert (process.returncode, said) == (0, "")
    lines = page.splitlines()
    assert max(map(len, lines)) <= 80
    assert "✗" not in page
    held = sum(line.strip().startswith("✓") for line in lines)
    assert f"{held} of {held} promises held." in lines
    for words in (
        "312 turns in 16 sessions",
        "memory.forgotten",
        "by_session",
        "of JSON",
        "SIGKILL",
        "restored elsewhere",
    ):
        assert words in " ".join(page.split())
    assert list(tmp_path.iterdir()) == []


def test_it_plays_on_any_conversation_and_can_be_kept(tmp_path: Path) -> None:
    """Eight turns are enough, whoever says them; what was played with is a memory like any other."""
    file, folder = tmp_path / "talk.jsonl", tmp_path / "kept"
    file.write_text(conversation(*[("one",)] * 8), encoding="utf-8")
    [result] = objects("demo", "--data", file, "--keep", folder)
    assert [check["promise"] for check in result["checks"] if not check["holds"]] == []
    assert (result["folder"], result["events"]) == (str(folder), 8 + 1 + 4)
    assert told("verify", "--path", folder / "memory")[0] == "Everything is as it was written."
    assert len(told("find", "--scope", "second", "--all", "--path", folder / "memory")) == 8
    assert "not empty" in call("demo", "--keep", folder, code=Exit.USAGE).stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [(conversation(("one", "two")), "at least 8"), ("{}", "known are"), ("", "empty")],
    ids=["short", "other", "empty"],
)
def test_what_is_no_conversation_is_refused(tmp_path: Path, text: str, said: str) -> None:
    """In a sentence that says what would be one."""
    file = tmp_path / "talk.jsonl"
    file.write_text(text, encoding="utf-8")
    assert said in call("demo", "--data", file, code=Exit.USAGE).stderr
    assert "No such file" in call("demo", "--data", tmp_path / "none", code=Exit.NOTHING).stderr


def test_a_broken_promise_would_be_seen(tmp_path: Path) -> None:
    """It is marked where it is checked, counted at the end, and makes the exit code that of damage."""
    screen = Screen()
    theatre = Theatre(Output(stream=screen), tmp_path, is_kept=False)
    theatre.check("the sun rises", holds=True)
    theatre.check("it never sets", holds=False)
    theatre.end()
    assert "NOT SO: it never sets" in screen.getvalue()
    assert "1 of 2 promises held." in screen.getvalue()
    with pytest.raises(Failure, match="1 promise did not hold") as caught:
        refuse_broken(theatre)
    assert caught.value.exit_code == Exit.DAMAGED


@pytest.mark.skipif(not LOCOMO, reason="LOCOMO names no file of samples")
def test_it_plays_on_several_conversations_at_once() -> None:
    """LoCoMo's samples each get a scope, and every turn of all of them survives."""
    [result] = objects("demo", "--data", LOCOMO)
    assert all(check["holds"] for check in result["checks"])
    assert result["events"] > len(json.loads(Path(LOCOMO).read_bytes()))
