"""Feeding: events come in batches; after a crash those in hand one by one, until they are handled or blamed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import pytest

from remanence.actors.feeding import Feed
from remanence.core.catalogs import MemoryCatalog
from remanence.core.events import Registry
from remanence.core.log import Log
from remanence.core.queries import Query
from remanence.core.recorded import Recorded
from remanence.core.stores import MemoryStore

from .scene import Noted


@attrs.frozen
class LogAlone:
    """A log as a source, without a writer."""

    log: Log

    @property
    def head(self) -> int:
        return self.log.head

    def read(self, query: Query, after: int, before: int, limit: int) -> list[Recorded[Any]]:
        return self.log.read(query, after=after, before=before, limit=limit)

    def on_news(self, listener: Callable[[], None]) -> None:
        """Nothing comes."""


@pytest.fixture
def feed() -> Feed:
    """Of a log of six notes."""
    log = Log(MemoryStore(), MemoryCatalog(), Registry([Noted]), clock=lambda: 1, entropy=bytes)
    for number in range(6):
        log.append(Noted(str(number)))
    return Feed(LogAlone(log), Query.of(["note.taken"]))


def positions(feed: Feed, limit: int = 4) -> list[int]:
    """Where the events of the next batch stand."""
    return [event.position for event in feed.next(limit)[0]]


def handle(feed: Feed, limit: int = 4) -> list[int]:
    """Take the next batch as one that was handled."""
    events, feed.position = feed.next(limit)
    feed.handled(events)
    return [event.position for event in events]


def test_after_a_crash_events_come_one_by_one_until_they_are_handled(feed: Feed) -> None:
    """Those that were in hand; the rest come in batches as before."""
    assert feed.crashed(feed.next(4)[0]) is None
    assert [handle(feed) for _ in range(5)] == [[1], [2], [3], [4], [5, 6]]


def test_what_has_been_handled_is_suspected_no_more(feed: Feed) -> None:
    """An actor that reads from the start in each life gets batches again, and a crash years later is a first one."""
    feed.crashed(feed.next(4)[0])
    while handle(feed):
        pass
    feed.position = 0
    assert positions(feed) == [1, 2, 3, 4]
    assert feed.crashed(feed.next(1)[0]) is None


def test_what_crashes_it_alone_is_passed_over_from_then_on(feed: Feed) -> None:
    """In every later life too."""
    feed.crashed(feed.next(4)[0])
    handle(feed)
    alone = feed.next(4)[0]
    poison = feed.crashed(alone)
    assert poison is alone[0]
    for _ in range(2):
        feed.position = 0
        seen: list[int] = []
        while batch := handle(feed):
            seen += batch
        assert seen == [1, 3, 4, 5, 6]
