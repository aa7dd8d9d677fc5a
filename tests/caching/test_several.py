"""Rows that are asked for together: each is what it would be by itself."""

from __future__ import annotations

from pathlib import Path

import pytest

import remanence
from remanence import Closed, Memories


async def test_several_are_read_as_each_is(tmp_path: Path) -> None:
    """Rows that are asked for together come from where each comes from, are kept as each is, and are as new."""
    async with remanence.open(tmp_path) as memory:
        ids = await memory.remember_many(["tea", "milk", "coffee"])
        rows = memory.engine.view(Memories).rows
        rows.get(ids[0])
        first, again = rows.get_all([*ids, "nobody"]), rows.get_all([*ids, "nobody"])
        assert first == again == [*map(memory.get, ids), None]
        assert [one is other for one, other in zip(again, rows.get_all(ids), strict=False)] == [True] * 3
        assert first[0] is again[0] is not None
        assert first[1] is not again[1]
        await memory.revise(ids[0], "green tea")
        await memory.forget(ids[1])
        assert [None if row is None else row.text for row in rows.get_all(ids)] == ["green tea", None, "coffee"]
        assert rows.get_all([]) == []
    with pytest.raises(Closed):
        rows.get_all(ids)
