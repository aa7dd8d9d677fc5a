"""The commands that have to do with tags: they are made, shown, found by, and told in a history."""

from pathlib import Path

import pytest
import trio

import remanence
from remanence import NewMemory
from remanence.cli.exits import Exit

from .command import call, fill, objects, told

DEPLOY = "Never deploy the billing service on Fridays."
CLARA = "My sister Clara has been a vegetarian since 2019."


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A memory with three facts and a turn, none of them tagged."""
    fill(tmp_path, DEPLOY, CLARA, CLARA.replace("since", "since,"), NewMemory("ok", session="s", speaker="Ada"))
    return tmp_path


def test_tag_tags_what_has_no_tags(path: Path) -> None:
    """All of it, once; the second time there is nothing to do."""
    assert told("tag", "--path", path) == ["4 memories tagged"]
    assert objects("tag", "--path", path) == [{"tagged": 0}]
    fill(path, "One more memory, which is about a lighthouse.")
    assert told("tag", "--path", path) == ["1 memory tagged"]


@pytest.mark.parametrize(
    ("words", "texts"),
    [
        (["--keyword", "Billing"], [DEPLOY]),
        (["--class", "context", "--quality", "good"], [CLARA]),
        (["--quality", "duplicate"], [CLARA.replace("since", "since,")]),
        (["--quality", "short", "--session", "s"], ["ok"]),
        (["--class", "context", "--limit", "1", "--order", "oldest"], [CLARA]),
    ],
)
def test_find_by_tags(path: Path, words: list[str], texts: list[str]) -> None:
    """Each option narrows, along with those for everything else."""
    call("tag", "--path", path)
    assert [row["text"] for row in objects("find", *words, "--path", path)] == texts


def test_nothing_found_for_want_of_tags_is_said(path: Path) -> None:
    """Whoever looks for tags in a memory without any is told how they come about."""
    assert "remanence tag" in call("find", "--class", "data", "--path", path, code=Exit.NOTHING).stderr
    call("tag", "--path", path)
    assert "remanence tag" not in call("find", "--class", "data", "--path", path, code=Exit.NOTHING).stderr


def test_get_shows_tags(path: Path) -> None:
    """On a page and as JSON; a memory without tags shows none."""
    [row] = objects("find", "--kind", "fact", "--order", "oldest", "--limit", "1", "--path", path)
    assert "tagged" not in objects("get", row["id"], "--path", path)[0]
    call("tag", "--path", path)
    [tagged] = [row["tagged"] for row in objects("get", row["id"], "--path", path)]
    assert (tagged["class"], tagged["quality"], tagged["tagger"]) == ("control", "good", "words")
    assert "billing service" in tagged["keywords"]
    page = call("get", row["id"], "--path", path).stdout
    assert "billing service" in page
    assert "by words 1" in page


def test_a_duplicate_names_the_other(path: Path) -> None:
    """With how alike they are."""
    call("tag", "--path", path)
    first, second = (row["id"] for row in objects("find", "--class", "context", "--order", "oldest", "--path", path))
    [tagged] = [row["tagged"] for row in objects("get", second, "--path", path)]
    assert (tagged["duplicate_of"], tagged["similarity"]) == (first, 1.0)
    assert f"duplicate of {first}, 1.00 alike" in " ".join(call("get", second, "--path", path).stdout.split())


def test_history_tells_what_the_tagger_said(path: Path) -> None:
    """In short, with who said it; and the past shows the tags of then."""
    call("tag", "--path", path)
    [row] = objects("find", "--keyword", "billing", "--path", path)
    assert "control" in told("history", row["id"], "--path", path)[-1]
    assert "tagger:words" in told("history", row["id"], "--path", path)[-1]
    assert "tagged" not in objects("as-of", "4", "get", row["id"], "--path", path)[0]


def test_the_past_has_its_tags(path: Path) -> None:
    """One memory's tags at a moment are read from its own events."""
    call("tag", "--path", path)

    async def look() -> list[bool]:
        async with remanence.open(path) as memory:
            [row] = memory.find(kind="fact", order="oldest", limit=1)
            return [memory.as_of(moment).tags(row.id).is_tagged for moment in (4, memory.engine.head)]

    assert trio.run(look) == [False, True]
