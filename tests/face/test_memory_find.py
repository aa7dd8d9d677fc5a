"""Finding: by every condition alone and together, exactly what looking at every memory would find, in its order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import remanence
from remanence import InvalidInput, Memory, MemoryRow, NewMemory

from ..effort import short

START = datetime(2024, 5, 8, 12, tzinfo=UTC)
moments = st.integers(-3, 3).map(lambda day: START + timedelta(days=day))
scopes = st.sampled_from(["main", "ada", "ada/x"])
kinds = st.sampled_from(["fact", "event"])
tags = st.lists(st.sampled_from(["work", "home", "a/b"]), max_size=2, unique=True)
shares = st.sampled_from([0.0, 0.3, 0.30000000000000004, 1.0])
sessions = st.none() | st.sampled_from(["s", "s/t"])
told = st.builds(
    NewMemory,
    text=st.sampled_from(["tea", "coffee", "cocoa", "water", "milk"]),
    scope=scopes,
    kind=kinds,
    tags=tags,
    confidence=shares,
    session=sessions,
    said_at=st.none() | moments,
)
wishes = st.fixed_dictionaries(
    {},
    optional={
        "scope": scopes,
        "kind": kinds,
        "tags": tags,
        "session": sessions,
        "since": moments,
        "until": moments,
        "min_confidence": shares,
        "order": st.sampled_from(["newest", "oldest", "surest"]),
        "limit": st.none() | st.integers(1, 4),
    },
)


def by_the_book(rows: list[MemoryRow], wish: dict[str, Any]) -> list[str]:
    """Ids of the memories that fit, in order, by looking at every one."""
    wanted: dict[str, Any] = {"scope": "main", "limit": 100, "order": "newest"} | wish
    fitting = [row for row in rows if fits(row, wanted)]
    if wanted.get("session") is not None:
        fitting.sort(key=lambda row: (row.place or 0, row.id))
    elif wanted["order"] == "surest":
        fitting.sort(key=lambda row: (row.confidence, row.id), reverse=True)
    else:
        fitting.sort(key=lambda row: (row.time_ns, row.id), reverse=wanted["order"] == "newest")
    return [row.id for row in fitting[: wanted["limit"]]]


def fits(row: MemoryRow, wanted: dict[str, Any]) -> bool:
    """Whether a memory is what is wanted."""
    return (
        "/".join(row.scope) == wanted["scope"]
        and ("kind" not in wanted or row.kind == wanted["kind"])
        and all(tag in row.tags for tag in wanted.get("tags", ()))
        and (wanted.get("session") is None or row.session == wanted["session"])
        and ("since" not in wanted or row.time >= wanted["since"])
        and ("until" not in wanted or row.time < wanted["until"])
        and row.confidence >= wanted.get("min_confidence", 0)
    )


@given(st.lists(told, max_size=12), st.lists(wishes, min_size=1, max_size=15))
@short(30)
async def test_finding_is_looking_at_every_memory(told: list[NewMemory], wishes: list[dict[str, Any]]) -> None:
    """Whatever index answers."""
    with TemporaryDirectory() as folder:
        async with remanence.open(folder) as memory:
            ids = await memory.remember_many(told)
            rows = [memory.get(each) for each in dict.fromkeys(ids)]
            for wish in wishes:
                assert [row.id for row in memory.find(**wish)] == by_the_book(rows, wish)


async def test_a_scope_does_not_hold_the_scopes_below_it(tmp_path: Path) -> None:
    """It isolates who remembers: `ada` does not see `ada/x`, nor `ad`."""
    async with remanence.open(tmp_path) as memory:
        for scope in ("ada", "ada/x", "ad", "adam"):
            await memory.remember("tea", scope=scope)
        assert [len(memory.find(scope=scope)) for scope in (["ada"], ["ada", "x"], ["ad"], ["adam"])] == [1, 1, 1, 1]


@pytest.mark.parametrize(
    "wish",
    [
        {"scope": ""},
        {"scope": 5},
        {"scope": None},
        {"scope": ["a/b"]},
        {"kind": "Fact"},
        {"kind": 5},
        {"tags": "work"},
        {"tags": [5]},
        {"tags": 5},
        {"tags": [""]},
        {"session": ""},
        {"session": 5},
        {"since": datetime(2024, 1, 1)},  # noqa: DTZ001 - that is the point
        {"since": "2024-01-01"},
        {"until": datetime(1, 1, 1, tzinfo=UTC)},
        {"until": 5},
        {"min_confidence": "0.5"},
        {"min_confidence": 1.1},
        {"min_confidence": float("nan")},
        {"order": "best"},
        {"order": None},
        {"limit": 0},
        {"limit": -1},
        {"limit": "5"},
        {"limit": 1.5},
    ],
)
async def test_a_wish_that_can_not_be_is_refused(tmp_path: Path, wish: dict[str, Any]) -> None:
    """Not answered with nothing: the caller learns what is wrong with it."""
    async with remanence.open(tmp_path) as memory:
        with pytest.raises(InvalidInput):
            memory.find(**wish)


def found_after(memory: Memory, row: MemoryRow) -> bool:
    """Whether a memory is found by everything that it says."""
    wishes: list[dict[str, Any]] = [
        {"kind": row.kind},
        {"tags": row.tags},
        {"min_confidence": row.confidence, "order": "surest"},
        {"since": row.time, "until": row.time + timedelta(microseconds=1)},
    ]
    return all(row in memory.find(scope=row.scope, **wish) for wish in wishes)


async def test_what_has_changed_is_found_as_it_is_now(tmp_path: Path) -> None:
    """A revised memory leaves every index that it no longer belongs to, and enters those that it does."""
    async with remanence.open(tmp_path) as memory:
        found = await memory.remember("tea", tags=["work"], confidence=0.2)
        await memory.revise(found, tags=["home"], confidence=0.9)
        row = memory.get(found)
        assert found_after(memory, row)
        assert memory.find(tags=["work"]) == []
        assert memory.find(min_confidence=0.95, order="surest") == []
        await memory.forget(found)
        assert memory.find() == memory.find(tags=["home"]) == memory.find(order="surest") == []
        assert attrs.asdict(row)["text"] == "tea"
