"""`remanence cache`: what the process that writes keeps in memory, and how much it may."""

from pathlib import Path

import trio

import remanence
from remanence import CacheSettings, Settings
from remanence.cli.exits import Exit

from .command import call, objects


def used(path: Path) -> None:
    """A program that reads a memory of its own again and again, and ends."""

    async def body() -> None:
        async with remanence.open(path, settings=Settings(retrain=False)) as memory:
            memory_id = await memory.remember("tea")
            for _ in range(10):
                memory.get(memory_id)

    trio.run(body)


def test_what_a_process_kept_is_shown(tmp_path: Path) -> None:
    """Hits and misses are there after the process has ended; no key and no text are."""
    path = tmp_path / "memory"
    used(path)
    [told] = objects("cache", "--json", "--path", path)
    [level] = [pool for pool in told["statistics"]["pools"] if pool["name"] == "memories.rows/objects"]
    assert (level["hits"], level["misses"], level["entries"]) == (8, 2, 1)
    assert "tea" not in (path / "views" / "caches.json").read_text()
    shown = call("cache", "--path", path).stdout
    assert "memories.rows/objects" in shown
    assert "80" in shown


def test_a_setting_is_changed_and_changed_back(tmp_path: Path) -> None:
    """Each change is an event with its reason; undoing is one more."""
    path = tmp_path / "memory"
    used(path)
    call("cache", "set", "cache.objects_bytes", "1000000", "--reason", "a small machine", "--path", path)
    [told] = objects("cache", "--json", "--path", path)
    assert told["settings"]["objects_bytes"] == 1_000_000
    assert "a small machine" in call("cache", "--path", path).stdout
    call("cache", "undo", "cache.objects_bytes", "--path", path)
    [told] = objects("cache", "--json", "--path", path)
    assert told["settings"]["objects_bytes"] == CacheSettings().objects_bytes
    assert [change["value"] for change in told["changes"]] == [1_000_000, CacheSettings().objects_bytes]


def test_what_can_not_be_set_is_refused(tmp_path: Path) -> None:
    """A setting that isn't there, a value that can't be, and nothing to undo."""
    path = tmp_path / "memory"
    used(path)
    call("cache", "set", "cache.speed", "9", "--reason", "why not", "--path", path, code=Exit.USAGE)
    call("cache", "set", "cache.policy", "best", "--reason", "why not", "--path", path, code=Exit.USAGE)
    call("cache", "undo", "cache.policy", "--path", path, code=Exit.NOTHING)


def test_yes_and_no_are_what_they_say(tmp_path: Path) -> None:
    """Whoever types False means it; a word that is neither is refused."""
    path = tmp_path / "memory"
    used(path)
    for typed, meant in (("true", True), ("False", False)):
        call("cache", "set", "cache.predict", typed, "--reason", "trying", "--path", path)
        [told] = objects("cache", "--json", "--path", path)
        assert told["settings"]["predict"] is meant
    call("cache", "set", "cache.tune_s", "None", "--reason", "trying", "--path", path)
    call("cache", "set", "cache.predict", "flase", "--reason", "trying", "--path", path, code=Exit.USAGE)
