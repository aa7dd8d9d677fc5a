"""Differences, bisections and forks: what changed, when it did, and what would have become of it otherwise."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st

import remanence
from remanence import InvalidInput, Memories, MemoryReader, NotFound, Recorded
from remanence.core.backup import restore
from remanence.core.lmdb_store import LmdbStore
from remanence.core.verify import verify

from .lives import Step, live, lives, opened


@attrs.define
class Plain:
    """What a memory is, in a dict."""

    text: str
    scope: tuple[str, ...]
    reinforced: int = 0
    revised: int = 0


def folded(events: list[Recorded[Any]]) -> dict[str, Plain]:
    """The model: memories as a plain dict, folded by hand."""
    model: dict[str, Plain] = {}
    for each in events:
        told = each.data
        if each.type == "memory.remembered":
            model[told.id] = Plain(told.text, told.scope)
        elif each.type == "memory.forgotten":
            model.pop(told.id, None)
        elif told.id in model and each.type == "memory.reinforced":
            model[told.id].reinforced += 1
        elif told.id in model:
            model[told.id].revised += 1
            model[told.id].text = told.text or model[told.id].text
    return model


@settings(max_examples=15)
@given(steps=lives, one=st.floats(0, 1), other=st.floats(0, 1), scope=st.sampled_from((None, "main", "ada")))
def test_a_difference_is_that_of_two_models(steps: list[Step], one: float, other: float, scope: str | None) -> None:
    """`diff(a, b)` is the difference of two plain dicts, folded up to a and up to b, in every scope."""

    async def check(folder: Path) -> None:
        async with opened(folder) as memory:
            await live(memory, steps)
            events = memory.engine.read()
            start, end = sorted(round(place * len(events)) for place in (one, other))
            found = await memory.diff(start, end, scope=scope)
            before, after = (
                {name: row for name, row in folded(events[:cut]).items() if scope in (None, "/".join(row.scope))}
                for cut in (start, end)
            )
            both = before.keys() & after.keys()
            assert {row.id: row.text for row in found.added} == {
                name: row.text for name, row in after.items() if name not in before
            }
            assert {row.id: row.text for row in found.forgotten} == {
                name: row.text for name, row in before.items() if name not in after
            }
            for changes, field in ((found.revised, "revised"), (found.reinforced, "reinforced")):
                assert {each.before.id: (each.before.text, each.after.text) for each in changes} == {
                    name: (before[name].text, after[name].text)
                    for name in both
                    if getattr(before[name], field) != getattr(after[name], field)
                }
            assert found.is_empty == (before == after)

    with tempfile.TemporaryDirectory() as folder:
        trio.run(check, Path(folder))


async def test_moments_of_a_difference_come_in_order(tmp_path: Path) -> None:
    """Times do as well as positions, now is the end unless another is given, and the earlier one comes first."""
    async with opened(tmp_path) as memory:
        for text in ("one", "two", "three"):
            await memory.remember(text)
        one, two, three = memory.engine.read()
        assert [row.text for row in (await memory.diff(one.time, two.time)).added] == ["two"]
        assert [row.text for row in (await memory.diff(1)).added] == ["two", "three"]
        assert (await memory.diff(three.position)).is_empty
        with pytest.raises(InvalidInput, match="give the earlier one first"):
            await memory.diff(2, 1)


async def test_bisecting_finds_the_event(tmp_path: Path, leftovers: Callable[[], list[Path]]) -> None:
    """The predicate is false before the event and true after it; it is asked about log2 of the events, and two more."""
    async with opened(tmp_path) as memory:
        ids = [await memory.remember(f"thought {number}") for number in range(40)]
        for number in (0, 1, 17, 39):
            asked: list[int] = []

            def there(past: MemoryReader, memory_id: str = ids[number], asked: list[int] = asked) -> bool:
                asked.append(past.engine.head)
                with contextlib.suppress(NotFound):
                    return past.get(memory_id).id == memory_id
                return False

            assert await memory.bisect(there) == number + 1
            assert len(asked) <= 2 + 6
            assert asked[:2] == [0, 40]
        with pytest.raises(NotFound, match="not true at event 40"):
            await memory.bisect(lambda _: False)
        with pytest.raises(InvalidInput, match="true at event 3 already"):
            await memory.bisect(lambda _: True, start=3)
        with pytest.raises(InvalidInput, match="before event 9"):
            await memory.bisect(lambda _: True, start=9, end=4)
        with pytest.raises(ZeroDivisionError):
            await memory.bisect(lambda past: past.engine.head > 30 or 1 // (20 - past.engine.head) > 5)
        assert leftovers() == []


@settings(max_examples=15)
@given(steps=lives, place=st.floats(0, 1))
def test_a_fork_shares_the_past_and_nothing_else(steps: list[Step], place: float) -> None:
    """At any position: its events are the same bytes, its views as of then, its id and chain its own; it verifies."""

    async def check(folder: Path) -> None:
        async with opened(folder / "live") as memory:
            await live(memory, steps)
            cut = round(place * memory.engine.head)
            report = await memory.fork(cut, folder / "fork")
            assert (report.problem, report.events) == (None, cut)
            async with memory.as_of(cut) as past, opened(folder / "fork") as fork:
                store = fork.engine.log.store
                assert isinstance(store, LmdbStore)
                assert store.origin is not None
                assert (store.origin.log_id, store.origin.position) == (memory.engine.log.store.log_id, cut)
                assert store.log_id != memory.engine.log.store.log_id
                assert [each.frame for each in fork.engine.read()] == [each.frame for each in past.engine.read()]
                assert fork.engine.digest(Memories) == past.engine.digest(Memories)
                await live(fork, steps)
                assert verify(store, fork.engine.log.catalog).problem is None

    with tempfile.TemporaryDirectory() as folder:
        trio.run(check, Path(folder))


async def test_a_fork_cuts_commits_and_no_append_with_a_key(tmp_path: Path) -> None:
    """Between the appends of one commit, yes, and of a past too; within one that has a key, no."""
    async with opened(tmp_path / "live") as memory:
        turns = [remanence.NewMemory(f"turn {place}", session="monday", place=place) for place in range(1, 6)]
        await memory.remember_many(turns)
        report = await memory.fork(3, tmp_path / "three")
        assert (report.problem, report.events, report.commits) == (None, 3, 1)
        async with memory.as_of(4) as past:
            assert (await past.fork(4, tmp_path / "four")).events == 4
        events = [each.data for each in memory.engine.read()]
        await memory.engine.append(*events, key="all of them")
        with pytest.raises(InvalidInput, match="append of 5 events; fork at 5, before it, or at 10"):
            await memory.fork(8, tmp_path / "eight")
        assert not (tmp_path / "eight").exists()
        with pytest.raises(InvalidInput, match="is not empty"):
            await memory.fork(1, tmp_path / "three")


async def test_a_fork_is_backed_up_like_any_log(tmp_path: Path) -> None:
    """With its origin, which no other log has."""
    async with opened(tmp_path / "live") as memory:
        await memory.remember("tea")
        await memory.fork(1, tmp_path / "fork")
    async with remanence.open(tmp_path / "fork") as fork:
        await fork.engine.backup(tmp_path / "saved")
    restore(tmp_path / "saved", tmp_path / "back")
    for name, is_fork in (("live", False), ("fork", True), ("back", True)):
        with contextlib.closing(LmdbStore(tmp_path / name / "log", read_only=True)) as store:
            assert (store.origin is not None) == is_fork
