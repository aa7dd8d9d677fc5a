"""Causes: every event that led to something is shown once, whatever a log says, and no walk goes on for ever."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import remanence
from remanence import InvalidInput, Recorded, Settings
from remanence.core.catalogs import MemoryCatalog
from remanence.core.events import Registry, event
from remanence.core.log import Log
from remanence.core.stores import MemoryStore
from remanence.engine.causes import DEPTH_MAX, causes

from .club import Joined


@event("thought.had")
@attrs.frozen
class Thought:
    """Something that happens because of something else."""


def thinking(whys: Sequence[int | None]) -> Log:
    """A log of thoughts, each with its cause, be that possible or not."""
    log = Log(MemoryStore(), MemoryCatalog(), Registry([Thought]), clock=lambda: 1)
    for cause in whys:
        log.append(Thought(), cause=cause)
    return log


def reached(whys: Sequence[int | None], roots: Sequence[int]) -> set[int]:
    """The model: every position that can be come to from the roots by going back."""
    found: set[int] = set()
    for root in roots:
        here: int | None = root
        while here is not None:
            found.add(here)
            cause = whys[here - 1]
            here = cause if cause is not None and cause < here else None
    return found


@given(st.data(), st.lists(st.none() | st.integers(1, 15), min_size=1, max_size=12))
def test_what_led_to_something_is_shown_once_and_found_again(data: st.DataObject, whys: list[int | None]) -> None:
    """In trees of any shape, with causes that are no causes among them: once each, read once, and referred to above."""
    roots = sorted(data.draw(st.sets(st.integers(1, len(whys)), min_size=1)))
    log = thinking(whys)
    asked: Counter[int] = Counter()

    def get(position: int) -> Recorded[Any] | None:
        asked[position] += 1
        return log.get(position)

    found = causes([each for each in log.read() if each.position in roots], get)
    assert [each.event.position for each in found] == roots
    shown: list[int] = []
    for root in found:
        *path, last = root.walk()
        assert all(one.ending is None and one.event.cause == one.because.event.position for one in path if one.because)
        shown += [each.position for each in root.chain]
        cause = last.event.cause
        assert last.because is None
        if last.ending == "first":
            assert cause is None
        elif last.ending == "shown":
            assert cause in {*shown, *roots}
        else:
            assert last.ending == "missing"
            assert cause is not None
            assert cause >= last.event.position
    assert sorted(shown) == sorted(reached(whys, roots))
    assert max(asked.values(), default=1) == 1
    assert not asked.keys() & set(roots)


def test_a_chain_is_followed_as_deep_as_is_asked() -> None:
    """A thousand events, each because of the one before: so many causes, and the next one's position to go on from."""
    log = thinking([None, *range(1, 1000)])
    for depth in (0, 1, 32, DEPTH_MAX):
        [found] = causes(log.read(after=999), log.get, depth)
        *_, last = found.walk()
        assert len(found.chain) == 1 + depth
        assert (last.ending, last.event.cause) == ("deep", 999 - depth)
    wrong: list[Any] = [-1, DEPTH_MAX + 1, True, 1.0, None]
    for depth in wrong:
        with pytest.raises(InvalidInput, match="depth is a number"):
            causes([], log.get, depth)


async def test_causes_of_any_type_are_followed(tmp_path: Path) -> None:
    """What led to a memory may be an event of a program's own; the past knows the causes of then."""
    options: dict[str, Any] = {"events": [Joined], "settings": Settings(retrain=False)}
    async with remanence.open(tmp_path, **options) as memory:
        joined = await memory.engine.append(Joined("ada"))
        tea = await memory.remember("tea", cause=joined.position)
        await memory.reinforce(tea, cause=joined.position)
        [told, again] = memory.why(tea)
        assert [each.data for each in told.chain[1:]] == [Joined("ada")]
        assert (again.because, again.ending, again.event.cause) == (None, "shown", joined.position)
        async with memory.as_of(2) as past:
            assert [each.event.position for each in past.why(tea)] == [2]
