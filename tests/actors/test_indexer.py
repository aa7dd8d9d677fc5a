"""The indexer counts what is new in scopes, and never in more of them than it has room for."""

from __future__ import annotations

from collections import Counter

import pytest

from remanence.actors import indexer
from remanence.core.catalogs import MemoryCatalog
from remanence.core.events import Registry
from remanence.core.log import Log
from remanence.core.stores import MemoryStore
from remanence.projections.memories.events import MEMORY_EVENTS, MemoryRemembered


async def test_with_many_scopes_those_with_the_least_news_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded however many agents there are; a scope with much news is visited all the same."""
    monkeypatch.setattr(indexer, "SCOPES_MAX", 10)
    monkeypatch.setattr(indexer, "ENOUGH", 4)
    log = Log(MemoryStore(), MemoryCatalog(), Registry(MEMORY_EVENTS), clock=lambda: 1, entropy=bytes)
    visited: list[int] = []
    actor = indexer.Indexer(lambda: visited.append(log.head))
    actor._waiting = Counter()  # pyright: ignore[reportPrivateUsage] - `started` needs an engine
    for number in range(40):
        scope = "busy" if number % 10 == 0 else f"scope {number}"
        log.append(MemoryRemembered(f"m{number}", (scope,), "fact", "a text"))
        await actor.handle(log.read(after=log.head - 1))
        assert len(actor._waiting) <= 11  # pyright: ignore[reportPrivateUsage]
    assert visited == [31]
