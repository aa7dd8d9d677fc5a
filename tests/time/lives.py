"""Lives: what a memory can go through, as data, so that hypothesis can make many of them. No expectation here."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, Final

import attrs
from hypothesis import strategies as st

import remanence
from remanence import InvalidInput, Memory, NotFound, Settings

__all__ = ["START_NS", "Step", "live", "lives", "opened"]

START_NS: Final = 1_780_000_000_000_000_000
SECOND_NS: Final = 1_000_000_000
TEXTS: Final = ("tea", "coffee", "the gate is closed", "Zoë is here", "berth 12")
SCOPES: Final = ("main", "ada", "ada/home")


@attrs.frozen
class Step:
    """One thing that happens: to a new text, or to one of the memories there are."""

    what: str
    text: str
    scope: str
    which: int


lives: Final = st.lists(
    st.builds(
        Step,
        what=st.sampled_from(("remember", "remember", "remember", "reinforce", "revise", "forget")),
        text=st.sampled_from(TEXTS),
        scope=st.sampled_from(SCOPES),
        which=st.integers(0, 9),
    ),
    min_size=1,
    max_size=12,
)


@contextlib.asynccontextmanager
async def opened(path: Path, **options: Any) -> AsyncGenerator[Memory, None]:
    """A memory whose clock shows a second more with every look at it."""
    clock = itertools.count(START_NS, SECOND_NS).__next__
    async with remanence.open(path, clock=clock, settings=Settings(retrain=False), **options) as memory:
        yield memory


async def live(memory: Memory, steps: list[Step]) -> None:
    """Go through them; what can't be done is left out."""
    ids: list[str] = []
    for step in steps:
        with contextlib.suppress(NotFound, InvalidInput):
            if step.what == "remember":
                ids.append(await memory.remember(step.text, scope=step.scope))
                continue
            chosen = ids[step.which % len(ids)] if ids else "nothing"
            if step.what == "reinforce":
                await memory.reinforce(chosen)
            elif step.what == "revise":
                await memory.revise(chosen, step.text, confidence=0.1 * step.which)
            else:
                await memory.forget(chosen)
