"""`remanence log`: the events as they stand, whatever their type, and each new one as it comes."""

import json
import signal
from pathlib import Path

import attrs
import pytest
import trio

import remanence
from remanence.cli.exits import Exit

from .command import call, fill, objects, spawn, told
from .damage import flip


@remanence.event("robot.moved")
@attrs.frozen
class RobotMoved:
    """An event of some other program."""

    metres: float
    note: str


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A memory with five events, of which a stranger's is the third."""

    async def fill() -> None:
        async with remanence.open(tmp_path, by="juno", events=[RobotMoved]) as memory:
            first = await memory.remember("one", scope="ada")
            await memory.remember("two")
            await memory.engine.append(RobotMoved(2.5, "\x1b[31m"), tags=["robot:1"], key="move-1")
            await memory.reinforce(first, note="again")
            await memory.forget(first)

    trio.run(fill)
    return tmp_path


def positions(*words: str | Path, path: Path) -> list[int]:
    """Where the events stand that are printed."""
    return [event["position"] for event in objects("log", *words, "--path", path)]


def test_the_log_is_printed_in_its_order(path: Path) -> None:
    """Position, time, type, who, and what it says in short."""
    lines = [line.split("\t") for line in told("log", "--path", path)]
    assert [int(line[0]) for line in lines] == [1, 2, 3, 4, 5]
    assert lines[0][2:] == ["memory.remembered", "juno", "one"]
    assert lines[3][2:4] == ["memory.reinforced", "juno"]
    assert lines[3][4].endswith(" again")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--after", "3"], [4, 5]),
        (["--limit", "2"], [1, 2]),
        (["--backward", "--limit", "2"], [5, 4]),
        (["--type", "memory.remembered"], [1, 2]),
        (["--type", "memory.forgotten", "--type", "robot.moved"], [3, 5]),
        (["--tag", "scope:ada"], [1, 4, 5]),
        (["--tag", "scope:ada", "--type", "memory.remembered"], [1]),
        (["--tag", "scope:nobody"], []),
        (["--after", "9"], []),
    ],
)
def test_only_what_is_asked_for_is_printed(path: Path, words: list[str], expected: list[int]) -> None:
    """Each option narrows, and they go together."""
    assert positions(*words, path=path) == expected


def test_as_json_an_event_has_what_it_has(path: Path) -> None:
    """Everything that is recorded, under the names of the documentation, and nothing that isn't there."""
    first, _, third, *_ = objects("log", "--path", path)
    assert set(first) == {"position", "time", "type", "version", "tags", "by", "data"}
    assert first["data"]["text"] == "one"
    assert third == {
        "position": 3,
        "time": third["time"],
        "type": "robot.moved",
        "version": 1,
        "tags": ["robot:1"],
        "key": "move-1",
        "known": False,
        "data": {"metres": 2.5, "note": "\x1b[31m"},
    }


def test_a_type_that_this_program_does_not_know_is_shown_and_counted(path: Path) -> None:
    """Other programs' events are facts too: shown as they are stored, without what a terminal would obey."""
    result = call("log", "--path", path)
    assert result.stdout.splitlines()[2].split("\t")[4] == r'{"metres":2.5,"note":"\u001b[31m"}'
    assert "1 event of types that this program does not know: robot.moved" in result.stderr
    assert call("log", "--type", "memory.forgotten", "--path", path).stderr == ""


def test_a_long_log_is_read_batch_by_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However the batches fall, every event is printed once, in both directions."""
    monkeypatch.setattr("remanence.cli.events.BATCH_EVENTS", 3)
    fill(tmp_path, *map(str, range(7)))
    assert positions(path=tmp_path) == [1, 2, 3, 4, 5, 6, 7]
    assert positions("--backward", path=tmp_path) == [7, 6, 5, 4, 3, 2, 1]
    assert positions("--limit", "6", path=tmp_path) == [1, 2, 3, 4, 5, 6]
    assert positions("--limit", "4", "--backward", "--tag", "scope:main", path=tmp_path) == [7, 6, 5, 4]


@pytest.mark.parametrize(("words", "expected"), [([], [1, 2]), (["--backward"], [5, 4])])
def test_what_stands_before_the_damage_is_printed(path: Path, words: list[str], expected: list[int]) -> None:
    """An event whose bytes have changed ends the list, by its position, and keeps back nothing before it."""
    flip(path, 3)
    result = call("log", *words, "--json", "--path", path, code=Exit.DAMAGED)
    assert [json.loads(line)["position"] for line in result.stdout.splitlines()] == expected
    assert "event 3 is damaged" in json.loads(result.stderr)["error"]


def test_following_shows_what_another_process_writes(path: Path) -> None:
    """First the last events that there are, then each new one as it is committed, until interrupted."""
    with spawn("log", "--follow", "--json", "--tag", "scope:main", "--path", path) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["data"]["text"] == "two"

        async def write() -> None:
            async with remanence.open(path) as memory:
                for text in ("three", "four"):
                    await memory.remember(text, scope="ada")
                    await memory.remember(text)

        trio.run(write)
        assert [json.loads(process.stdout.readline())["data"]["text"] for _ in range(2)] == ["three", "four"]
        process.send_signal(signal.SIGINT)
        assert process.wait() == Exit.INTERRUPTED


def test_following_begins_with_the_last_ten_or_where_it_is_told(tmp_path: Path) -> None:
    """As `tail -f` does; --limit ends it."""
    fill(tmp_path, *map(str, range(12)))
    assert positions("--follow", "--limit", "3", path=tmp_path) == [3, 4, 5]
    assert positions("--follow", "--limit", "2", "--after", "0", path=tmp_path) == [1, 2]
    assert positions("--follow", "--limit", "2", "--after", "0", "--tag", "scope:main", path=tmp_path) == [1, 2]


def test_following_goes_forward_only(path: Path) -> None:
    """The two options contradict each other."""
    assert "--follow" in call("log", "--follow", "--backward", "--path", path, code=Exit.USAGE).stderr
