"""The commands that check, count, back up and restore: what they say is so, and damage never goes unsaid."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import trio

import remanence
from remanence import NewMemory
from remanence.cli.exits import Exit

from .command import call, fill, objects, told
from .damage import flip

EVENTS = 6


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A memory of a few events."""
    path = tmp_path / "m"
    fill(path, *(NewMemory(f"thought {number}, of some length", tags=[f"t{number % 2}"]) for number in range(EVENTS)))
    return path


def test_no_event_of_ours_is_unknown(path: Path) -> None:
    """Whatever part of a memory recorded it, the command knows its class: only somebody else's events are named."""

    async def live() -> None:
        async with remanence.open(path, tagger=True, clusters=True) as memory:
            await memory.wait_for_tags()
            await memory.recall("thought", record=True)
            await memory.engine.cache.change("cache.policy", "lru", reason="a look")

    trio.run(live)
    assert not any(line.split()[:1] == ["unknown"] for line in told("verify", "--path", path))


def test_a_sound_log_verifies(path: Path) -> None:
    """Said in words, and to a program in numbers."""
    first, *facts = told("verify", "--path", path)
    assert first == "Everything is as it was written."
    shown = dict(fact.split(maxsplit=1) for fact in facts)
    assert shown["events"] == f"{EVENTS} sound"
    assert shown["catalog"] == f"agrees, up to event {EVENTS}"
    [report] = objects("verify", "--path", path)
    assert (report["sound"], report["problem"]) == (True, None)
    assert (report["events"], report["commits"], report["catalog"]) == (EVENTS, EVENTS, EVENTS)
    assert report["types"] == {"memory.remembered": EVENTS}


def test_an_empty_log_verifies(tmp_path: Path) -> None:
    """Nothing is sound too."""
    call("remember", " ", "--path", tmp_path, code=Exit.USAGE)
    call("import", "-", "--format", "jsonl", "--path", tmp_path, stdin="{\n", code=Exit.NOTHING)
    assert told("verify", "--path", tmp_path)[0] == "Everything is as it was written."
    assert "recorded" not in "".join(told("stats", "--path", tmp_path))


def test_a_changed_event_is_named(path: Path) -> None:
    """By its position; the exit code is that of damage, and what was sound before it is counted."""
    flip(path, 4)
    result = call("verify", "--path", path, code=Exit.DAMAGED)
    assert result.stdout.startswith("Not everything is as it was written.")
    assert "event 4 is damaged" in result.stderr
    assert "remanence restore" in result.stderr
    result = call("verify", "--json", "--path", path, code=Exit.DAMAGED)
    report = json.loads(result.stdout)
    assert (report["sound"], report["problem"]["in"], report["problem"]["position"]) == (False, "log", 4)
    assert report["events"] == 3


def cut(data: bytes) -> bytes:
    """The file as an interrupted copy leaves it."""
    return data[: len(data) // 3]


def zeros(data: bytes) -> bytes:
    """The file as some file systems leave it after a crash."""
    return bytes(len(data))


def overwritten(data: bytes) -> bytes:
    """The file with something else from its third page on."""
    return data[:8192] + b"\xa5" * (len(data) - 8192)


@pytest.mark.parametrize("damage", [cut, zeros, overwritten])
def test_a_file_that_is_no_lmdb_file_any_more_is_damaged(path: Path, damage: Callable[[bytes], bytes]) -> None:
    """However bad it is, `verify` ends with a sentence: it looks before LMDB does, which would end the process."""
    file = path / "log" / "data.mdb"
    file.write_bytes(damage(file.read_bytes()))
    assert "damaged" in call("verify", "--path", path, code=Exit.DAMAGED).stderr


def test_a_catalog_that_does_not_fit_is_told_from_a_damaged_log(tmp_path: Path, path: Path) -> None:
    """The log is sound then, and what to do is less: the catalog is deleted and built again."""
    other = tmp_path / "other"
    told("restore", backed_up(path, tmp_path), "--path", other)
    told("remember", "something that the copy doesn't have", "--path", other)
    for catalog in (other / "views").glob("catalog-*"):
        ours = path / "views" / catalog.name
        (ours / "data.mdb").write_bytes((catalog / "data.mdb").read_bytes())
        result = call("verify", "--path", path, code=Exit.DAMAGED)
        assert "catalog" in result.stderr
        assert f"delete {ours}" in result.stderr
        (ours / "data.mdb").unlink()
        ours.joinpath("lock.mdb").unlink()
        ours.joinpath("trust.json").unlink()
    assert len(told("find", "--path", path)) == EVENTS
    assert objects("verify", "--path", path)[0]["sound"] is True


def backed_up(path: Path, folder: Path) -> Path:
    """A backup of a memory."""
    told("backup", folder / "saved", "--path", path)
    return folder / "saved"


def test_stats_counts_and_weighs(path: Path) -> None:
    """The sizes are those that anybody can measure: of what `log --json` prints, and of the log's file."""
    told("remember", "elsewhere", "--scope", "ada", "--path", path)
    [stats] = objects("stats", "--path", path)
    assert stats["events"] == stats["types"]["memory.remembered"] == EVENTS + 1
    assert stats["scopes"] == ["ada", "main"]
    assert stats["json_bytes"] == len(call("log", "--json", "--path", path).stdout.encode())
    assert stats["log_bytes"] == (path / "log" / "data.mdb").stat().st_size
    assert 0 < stats["frame_bytes"] < stats["json_bytes"]
    [view] = stats["views"]
    assert (view["name"], view["checkpoint"], view["behind"]) == ("memories", EVENTS + 1, 0)
    assert view["rows"] == {"rows": EVENTS + 1}
    events = objects("log", "--path", path)
    assert (stats["first"], stats["last"]) == (events[0]["time"], events[-1]["time"])


def test_stats_can_be_quick(path: Path) -> None:
    """Without the size as JSON, no event has to be read."""
    [stats] = objects("stats", "--quick", "--path", path)
    assert "json_bytes" not in stats
    assert "as JSON" not in "".join(told("stats", "--quick", "--path", path))


def test_stats_in_words_says_the_same(path: Path) -> None:
    """Facts, sizes, types and views, each under its name."""
    text = call("stats", "--path", path).stdout
    for words in (f"events    {EVENTS}", "scopes    main", "as frames", "memory.remembered", "memories v1", "0 events"):
        assert words in text


def test_what_was_backed_up_is_restored(tmp_path: Path, path: Path) -> None:
    """The copy is verified both times; what comes back is the same log, event by event."""
    saved, back = tmp_path / "saved", tmp_path / "back"
    [made] = objects("backup", saved, "--path", path)
    assert (made["events"], made["folder"]) == (EVENTS, str(saved))
    assert [entry.name for entry in saved.iterdir()] == ["data.mdb"]
    [restored] = objects("restore", saved, "--path", back)
    assert restored == made | {"folder": str(back)}
    assert told("log", "--json", "--path", back) == told("log", "--json", "--path", path)
    assert told("find", "--path", back) == told("find", "--path", path)


def test_nothing_is_overwritten_by_a_backup_or_a_restore(tmp_path: Path, path: Path) -> None:
    """Both want a folder with nothing in it."""
    saved = backed_up(path, tmp_path)
    assert "not empty" in call("backup", saved, "--path", path, code=Exit.USAGE).stderr
    assert "not empty" in call("restore", saved, "--path", path, code=Exit.USAGE).stderr
    assert "no backup" in call("restore", tmp_path / "nothing", "--path", tmp_path / "new", code=Exit.NOTHING).stderr


def test_damage_is_neither_backed_up_nor_restored_unsaid(tmp_path: Path, path: Path) -> None:
    """A copy of a damaged log says so; a damaged backup doesn't come back at all."""
    saved = backed_up(path, tmp_path)
    flip(path, 2)
    assert "event 2 is damaged" in call("backup", tmp_path / "other", "--path", path, code=Exit.DAMAGED).stderr
    data = bytearray((saved / "data.mdb").read_bytes())
    (saved / "data.mdb").write_bytes(data[: len(data) // 2])
    result = call("restore", saved, "--path", tmp_path / "back", code=Exit.DAMAGED)
    assert "nothing was restored" in result.stderr
    assert not (tmp_path / "back").exists()
