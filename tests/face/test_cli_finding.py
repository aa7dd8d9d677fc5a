"""The commands that ask: what they list is what is there, in the order asked for."""

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trio

import remanence
from remanence import NewMemory
from remanence.cli.exits import Exit
from remanence.cli.output import Output
from remanence.cli.recalling import matches, table

from .command import call, fill, objects, told


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A memory with three facts, a preference and two turns."""
    fill(
        tmp_path,
        NewMemory("north", confidence=0.2, said_at=datetime(2026, 3, 1, tzinfo=UTC), tags=["wind", "cold"]),
        NewMemory("east", confidence=0.9, said_at=datetime(2026, 3, 2, tzinfo=UTC), tags=["wind"]),
        NewMemory("south", confidence=0.5, said_at=datetime(2026, 3, 3, tzinfo=UTC)),
        NewMemory("tea", kind="preference", said_at=datetime(2026, 2, 1, tzinfo=UTC)),
        NewMemory("Hello.", "ada", "turn", session="monday", speaker="Ada"),
        NewMemory("Hello you.", "ada", "turn", session="monday", speaker="Juno"),
    )
    return tmp_path


@pytest.mark.parametrize(
    ("words", "texts"),
    [
        ([], ["south", "east", "north", "tea"]),
        (["--order", "oldest"], ["tea", "north", "east", "south"]),
        (["--kind", "fact", "--order", "surest"], ["east", "south", "north"]),
        (["--kind", "preference"], ["tea"]),
        (["--tag", "wind"], ["east", "north"]),
        (["--tag", "wind", "--tag", "cold"], ["north"]),
        (["--since", "2026-03-02"], ["south", "east"]),
        (["--until", "2026-03-02T00:00:00+00:00", "--kind", "fact"], ["north"]),
        (["--min-confidence", "0.5", "--kind", "fact"], ["south", "east"]),
        (["--scope", "ada", "--session", "monday"], ["Hello.", "Hello you."]),
        (["--limit", "1"], ["south"]),
    ],
)
def test_find_lists_what_fits_in_the_order_asked_for(path: Path, words: list[str], texts: list[str]) -> None:
    """Each option narrows or orders, and they go together."""
    assert [row["text"] for row in objects("find", *words, "--path", path)] == texts


def test_what_a_limit_leaves_out_is_said(path: Path) -> None:
    """A list that was cut short never looks like a whole one."""
    assert "--all" in call("find", "--limit", "2", "--path", path).stderr
    whole = call("find", "--all", "--path", path)
    assert (len(whole.stdout.splitlines()), whole.stderr) == (4, "")
    assert call("find", "--limit", "4", "--path", path).stderr == ""


def test_nothing_found_is_an_exit_code_and_a_hint(path: Path) -> None:
    """As with grep; and if there is something elsewhere, where."""
    result = call("find", "--scope", "nobody", "--path", path, code=Exit.NOTHING)
    assert (result.stdout, "nothing found in scope nobody" in result.stderr) == ("", True)
    assert "ada, main" in result.stderr


def test_many_scopes_are_not_all_named(tmp_path: Path) -> None:
    """A hint stays one line."""
    fill(tmp_path, *(NewMemory("x", f"s{number}") for number in range(10)))
    said = call("find", "--path", tmp_path, code=Exit.NOTHING).stderr
    assert "s0, s1, s2, s3, s4, s5, s6, s7, …" in said


def test_a_piped_list_has_a_line_for_each_and_tabs_between(path: Path) -> None:
    """Id, time, kind, speaker, text: whole, however long, and without colour."""
    told("remember", "long\ttext\n" + "x" * 500, "--said-at", "2026-03-04", "--path", path)
    first, *_, last = [line.split("\t") for line in told("find", "--path", path)]
    assert first[1:4] == ["2026-03-04 00:00:00", "fact", ""]
    assert first[4] == "long text " + "x" * 500
    assert last[1:] == ["2026-02-01 00:00:00", "preference", "", "tea"]


def test_get_shows_all_that_is_known(path: Path) -> None:
    """The text first, then its facts by name."""
    [memory_id] = [row["id"] for row in objects("find", "--tag", "cold", "--path", path)]
    first, _, *facts = told("get", memory_id, "--path", path)
    assert first == "north"
    shown = dict(fact.split(maxsplit=1) for fact in facts)
    assert shown["id"] == memory_id
    assert shown["tags"] == "wind, cold"
    assert shown["confidence"] == "0.20"
    assert shown["history"] == "event 1"
    told("reinforce", memory_id, "--path", path)
    assert "event 1, 1 confirmation, 0 revisions, last changed by event 7" in "".join(
        told("get", memory_id, "--path", path)
    )


def test_history_lists_what_made_a_memory_also_after_it_has_been_forgotten(path: Path) -> None:
    """Position, time, type, who and what, oldest first."""
    [memory_id] = [row["id"] for row in objects("find", "--kind", "preference", "--path", path)]
    told("revise", memory_id, "coffee", "--by", "ada", "--path", path)
    told("forget", memory_id, "--reason", "enough", "--path", path)
    lines = [line.split("\t") for line in told("history", memory_id, "--path", path)]
    assert [(line[0], line[2], line[3]) for line in lines] == [
        ("4", "memory.remembered", ""),
        ("7", "memory.revised", "ada"),
        ("8", "memory.forgotten", ""),
    ]
    assert [line[4] for line in lines[:2]] == ["tea", "coffee"]


def test_why_follows_the_causes_to_the_first(path: Path) -> None:
    """A tree: each event of the memory, and under it what led to it; what was shown above is referred to."""
    [memory_id] = told("remember", "a conclusion", "--cause", "6", "--path", path)
    told("reinforce", memory_id, "--cause", "2", "--path", path)
    [other] = told("remember", "another", "--cause", "8", "--path", path)
    told("reinforce", other, "--cause", "6", "--path", path)
    told("reinforce", other, "--cause", "99", "--path", path)
    lines = [line.split("\t") for line in told("why", other, "--path", path)]
    assert lines[0] == [other, "another"]
    assert [line[0] for line in lines[1:]] == [
        "├─ 9",
        "│  └─ 8",
        "│     └─ 2",
        "├─ 10",
        "│  └─ 6",
        "└─ 11",
        "   └─ event 99, which is not there, or came later",
    ]
    assert told("why", other, "--depth", "0", "--path", path)[2] == "│  └─ event 8; ask for more with --depth"
    told("forget", other, "--cause", "6", "--path", path)
    assert told("why", other, "--path", path)[0].split("\t") == [other, "forgotten"]
    first, second, third, last = objects("why", other, "--path", path)
    assert [first["position"], first["because"]["position"], first["because"]["because"]["position"]] == [9, 8, 2]
    assert "ending" not in first["because"]["because"]
    assert "ending" not in second["because"]
    assert [(each["cause"], each["ending"]) for each in (third, last)] == [(99, "missing"), (6, "shown")]


@pytest.mark.parametrize("command", ["get", "history", "why"])
def test_an_unknown_id_is_nothing(path: Path, command: str) -> None:
    """There is no such memory, and that is what is said."""
    assert "there is no memory 'NOPE'" in call(command, "NOPE", "--path", path, code=Exit.NOTHING).stderr


def test_recall_answers_with_the_best_first(path: Path) -> None:
    """The memory that says the word comes first, in a line or as JSON with the parts of its score; filters hold."""
    assert told("recall", "east", "--path", path)[0].endswith("east")
    first, *_ = objects("recall", "east", "--path", path, "--explain")
    assert first["memory"]["text"] == "east"
    assert sum(first["parts"].values()) == pytest.approx(first["score"], abs=1e-4)
    found = objects("recall", "hello", "--path", path, "--scope", "ada", "--around", "1")
    assert {turn["text"] for turn in found[0].get("before", []) + found[0].get("after", [])} <= {"Hello.", "Hello you."}
    assert "parts" not in found[0]
    texts = [each["memory"]["text"] for each in objects("recall", "wind", "--path", path, "--tag", "cold")]
    assert texts == ["north"]


def test_recall_explains_itself_on_one_page(path: Path) -> None:
    """The table has a column for each of ten hits and fits a page; the parts add up to the score."""
    many = [NewMemory(f"The wind of day {day} came from the east.", scope="log") for day in range(10)]
    fill(path, *many)
    page = io.StringIO()

    async def ask() -> None:
        async with remanence.open(path) as memory:
            table(Output(as_page=True, stream=page), memory.recall("east wind", scope="log", explain=True))

    trio.run(ask)
    heads, *rows = page.getvalue().splitlines()
    assert heads.split() == ["signal", *map(str, range(1, 11))]
    assert max(map(len, (heads, *rows))) <= 80
    *parts, scores = [[float(cell) for cell in row.split()[-10:]] for row in rows]
    assert [sum(column) for column in zip(*parts, strict=True)] == pytest.approx(scores, abs=0.06)


def test_recall_marks_the_words_that_were_asked_for() -> None:
    """On a page the question's words stand out in what is found, whatever their form."""
    assert list(matches("Two boats, one boat.", "boat")) == [(4, 9), (15, 19)]
    assert list(matches("to be", "be")) == [(3, 5)]


def test_recall_that_finds_nothing_says_where_there_is_something(path: Path) -> None:
    """An empty answer is no success, and names the scopes that have memories."""
    result = call("recall", "tea", "--path", path, "--scope", "nobody", code=Exit.NOTHING)
    assert "ada, main" in result.stderr
