"""What may be said to a memory: all that is accepted can be kept and read back, all else is refused and not written."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import remanence
from remanence import InvalidInput, NewMemory

from ..effort import short

NAIVE = datetime(2024, 1, 1)  # noqa: DTZ001 - that is the point
BAD: dict[str, list[Any]] = {
    "text": ["", "   ", "\n", None, 5, b"tea", ["tea"], "half a pair: \ud800"],
    "scope": [
        "",
        "a//b",
        "/a",
        "a/",
        (),
        ("a", ""),
        ("a/b",),
        ("a\0",),
        5,
        None,
        [5],
        "x" * 121,
        "\ud800",
        {"a": 1}.items(),
    ],
    "kind": ["", "Fact", "with space", "x" * 33, "1st", 5, None, "é"],
    "tags": [
        "work",
        [""],
        [5],
        [None],
        [["a"]],
        5,
        None,
        ["x" * 101],
        ["a\0"],
        [str(n) for n in range(65)],
        ["\ud800"],
    ],
    "confidence": [-0.1, 1.1, float("nan"), float("inf"), "0.5", None, True],
    "importance": [-0.1, 1.1, float("nan"), "much", None, False],
    "metadata": [
        5,
        "text",
        ["a"],
        {5: "a"},
        {"a": ["list"]},
        {"a": {"b": 1}},
        {"a": float("nan")},
        {"a": 1 << 70},
        {"a": b"bytes"},
        {"\ud800": 1},
        {"a": "\ud800"},
        {"a": NAIVE},
    ],
    "session": ["", 5, "x" * 101, "a\0b", "\ud800"],
    "place": [0, -1, 1.0, "1", True, 1 << 53],
    "speaker": ["", 5, "x" * 101, "\ud800"],
    "said_at": [NAIVE, "2024-01-01", 5, datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)],
    "cause": [0, -1, "1", 1.5],
}
EACH = [pytest.param(name, value, id=f"{name}-{number}") for name in BAD for number, value in enumerate(BAD[name])]


@pytest.mark.parametrize(("name", "value"), EACH)
async def test_what_can_not_be_remembered_is_refused(tmp_path: Path, name: str, value: Any) -> None:
    """Whatever the parameter, the caller is told, and nothing is written; not by `remember_many` either."""
    told: dict[str, Any] = {"text": "tea"} | ({"session": "s"} if name == "place" else {}) | {name: value}
    async with remanence.open(tmp_path) as memory:
        with pytest.raises(InvalidInput):
            await memory.remember(**told)
        if name != "cause":
            with pytest.raises(InvalidInput):
                await memory.remember_many(["coffee", NewMemory(**told)])
        assert memory.engine.head == 0
        assert memory.find() == []


async def test_a_place_without_a_session_is_refused(tmp_path: Path) -> None:
    """A place is a place in something."""
    async with remanence.open(tmp_path) as memory:
        with pytest.raises(InvalidInput, match="place"):
            await memory.remember("tea", place=1)
        with pytest.raises(InvalidInput, match="not one text"):
            await memory.remember_many("tea")
        assert memory.engine.head == 0


BAD_CHANGES: list[dict[str, Any]] = [
    {},
    {"text": "tea", "reason": 5},
    {"text": "tea", "reason": "\ud800"},
    {"text": "tea", "cause": 0},
]
for changed in ("text", "tags", "confidence", "importance", "metadata"):
    BAD_CHANGES.extend({changed: bad} for bad in BAD[changed] if bad is not None)


@pytest.mark.parametrize("change", BAD_CHANGES, ids=repr)
async def test_a_revision_that_can_not_be_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    """Nothing is written, and the memory is as it was."""
    async with remanence.open(tmp_path) as memory:
        found = await memory.remember("coffee")
        before = memory.get(found)
        with pytest.raises(InvalidInput):
            await memory.revise(found, **change)
        for bad in (5, "\ud800"):
            with pytest.raises(InvalidInput):
                await memory.reinforce(found, note=bad)  # type: ignore[arg-type]
            with pytest.raises(InvalidInput):
                await memory.forget(found, reason=bad)  # type: ignore[arg-type]
        assert memory.engine.head == 1
        assert memory.get(found) == before


wild = st.text() | st.text("\0\1\2/ é\ud800", max_size=6) | st.text("\1", min_size=95, max_size=125)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | wild
wild_memories = st.fixed_dictionaries(
    {"text": wild},
    optional={
        "scope": wild | st.lists(wild, max_size=3) | st.just(["\1"] * 60),
        "kind": wild | st.just("fact"),
        "tags": st.lists(wild, max_size=3),
        "confidence": st.floats(),
        "importance": st.floats(0, 1),
        "metadata": st.dictionaries(wild, scalars, max_size=3),
        "session": wild,
        "place": st.integers(),
        "speaker": wild,
        "said_at": st.datetimes(timezones=st.just(UTC)),
    },
)


@given(st.lists(wild_memories, max_size=10))
@short(30)
async def test_what_is_accepted_can_be_kept(several: list[dict[str, Any]]) -> None:
    """No text, scope, tag or number that is let in can stop the view, and all of it is read back as it was told."""
    with TemporaryDirectory() as folder:
        async with remanence.open(folder) as memory:
            for told in several:
                head = memory.engine.head
                try:
                    found = await memory.remember(**told)
                except (InvalidInput, remanence.KeyReused):
                    assert memory.engine.head == head
                    continue
                row = memory.get(found)
                assert row.text == told["text"]
                if row.reinforced == 0:
                    assert row.metadata == told.get("metadata", {})
                    assert row.tags == tuple(dict.fromkeys(told.get("tags", ())))
                assert row in memory.find(scope=row.scope, limit=None)
            assert memory.stats().views[0].failure is None
