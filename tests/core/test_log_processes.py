"""Several processes: any number may read while one writes, and none goes on with what it had before a fork."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import pytest

from remanence.core.errors import Closed
from remanence.core.events import Registry, event
from remanence.core.queries import Query
from remanence.projections.trust import is_trusted

from .places import EVENTS, Happened, Place, Spent, ignoring

READER = Path(__file__).with_name("reader.py")


@event("wind.rose")
@attrs.frozen
class WindRose:
    """An event type that the log gets to know late."""

    force: int


@contextmanager
def reader(root: Path, map_bytes: int = 1 << 20) -> Generator[Callable[..., dict[str, Any]]]:
    """Another process that has the log open; call it with a tag, or nothing, to have it read."""
    process = subprocess.Popen(
        [sys.executable, READER, str(root), str(map_bytes)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        question, answer = process.stdin, process.stdout

        def ask(tag: str = "") -> dict[str, Any]:
            question.write(f"{tag}\n")
            question.flush()
            answered: dict[str, Any] = json.loads(answer.readline())
            return answered

        yield ask
        question.close()
    assert process.returncode == 0


def test_a_reader_follows_the_writer(disk: Place) -> None:
    """It sees every commit once it is made: new types, new dictionaries, and a file grown beyond its map."""
    log = disk.open(Registry([*EVENTS, WindRose]), map_bytes=1 << 20)
    log.append(Spent("ada"))
    with reader(disk.root) as ask:
        assert ask() == {
            "head": 1,
            "events": [[1, "money.spent", {"account": "ada", "amount": 1}]],
            "types": {"money.spent": 1},
        }
        log.append(WindRose(7))
        log.add_dictionary(b"the wind and the rain and the rain and the wind " * 20)
        log.append(Happened("the wind and the rain and the rain and the wind", ("t",)))
        answer = ask("t")
        assert answer["events"][0][2]["what"] == "the wind and the rain and the rain and the wind"
        assert answer["types"] == {"money.spent": 1, "wind.rose": 1, "thing.happened": 1}
        log.append(*[Happened(os.urandom(5000).hex(), ("big",)) for _ in range(500)])
        assert log.store.used_bytes() > 1 << 20
        answer = ask("big")
        assert (answer["head"], [each[0] for each in answer["events"]]) == (503, list(range(4, 504)))
        log.append(Spent("bob"))
        assert ask("account:bob")["events"] == [[504, "money.spent", {"account": "bob", "amount": 1}]]


def test_a_reader_sees_what_the_catalog_lacks(disk: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the commit of the events and that of the catalog, a reader finds the events all the same."""
    log = disk.open()
    log.append(Spent("ada"))
    with reader(disk.root) as ask:
        monkeypatch.setattr(log.catalog, "apply", ignoring)
        log.append(Spent("bob"), Spent("ada"))
        assert [each[0] for each in ask("account:ada")["events"]] == [1, 3]


def test_a_fork_goes_on_with_nothing(disk: Place) -> None:
    """In the child, reading and writing raise `Closed`, closing does nothing; the parent goes on."""
    log = disk.open()
    log.append(Spent("ada"))
    ada = Query.of(tags=["account:ada"])
    attempts: list[Callable[[], object]] = [
        lambda: log.head,
        lambda: log.read(ada),
        lambda: log.append(Spent("bob")),
        lambda: log.store.backup(disk.root / "backup"),
        log.recover,
        log.catalog.types,
    ]
    child = os.fork()
    if child == 0:  # nothing but a number may come out of here: this is a copy of the whole test run
        refused = 0
        for attempt in attempts:
            try:
                attempt()
            except Closed as error:
                refused += "fork" in str(error)
            except BaseException:  # noqa: BLE001, S110 - not refused as it should be
                pass
        log.close()
        os._exit(refused)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == len(attempts)
    assert not is_trusted(disk.catalog_path, "another start of the machine")
    assert log.append(Spent("ada")).position == 2
    assert [each.position for each in log.read(ada)] == [1, 2]
