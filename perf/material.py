"""Material: events of real text, made the same way each time.

Their words are the sentences of the conversation that ships with the package, which the starter dictionary was not
trained on, put together anew by a seeded generator. An event is about 300 bytes as JSON, and bears three tags: its
scope, which many share; its session, which some do; and its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import resources
from itertools import count, cycle, islice
from random import Random
from typing import Final

import attrs
import msgspec

from ..core.clock import base32
from ..core.events import event
from ..projections.memories.events import MemoryRemembered

__all__ = ["SCOPE", "TYPE", "NoteTaken", "memories", "note_tag", "notes", "session_tag"]

TYPE: Final = "note.taken"
SCOPE: Final = "team/research"
TURNS: Final = 40
"""Events of a session."""
_POOL: Final = 4096
"""Texts of a client's notes: made beforehand, so that making notes takes no time worth speaking of."""
_KINDS: Final = ("fact", "preference", "event", "procedure", "reflection")
_SPEAKERS: Final = ("Ada", "Juno")
_FIRST_DAY: Final = datetime(2026, 3, 2, 9, tzinfo=UTC)


def note_tag(note_id: str) -> str:
    """The tag of one note."""
    return f"note:{note_id}"


def session_tag(session: str) -> str:
    """The tag of a session's notes."""
    return f"session:{session}"


@event(TYPE)
@attrs.frozen
class NoteTaken:
    """Somebody took a note: what a program that has its own events would append."""

    id: str
    scope: str
    session: str
    text: str
    importance: float

    def about(self) -> tuple[str, ...]:
        """Three tags."""
        return (f"scope:{self.scope}", session_tag(self.session), note_tag(self.id))


def notes(client: int) -> Iterator[NoteTaken]:
    """Notes without end, others for each client."""
    random = Random(client)  # noqa: S311 - made-up events, no secrets
    texts = cycle(_pool())
    for number in count():
        yield NoteTaken(f"{random.getrandbits(128):032x}", SCOPE, f"{client}-{number // TURNS}", next(texts), 0.5)


def memories(how_many: int) -> Iterator[MemoryRemembered]:
    """Memories with ids of their own: every second one a turn of a conversation."""
    random = Random(how_many)  # noqa: S311
    texts = _texts(Random(how_many + 1), 90)  # noqa: S311
    scope = tuple(SCOPE.split("/"))
    for number in range(how_many):
        memory_id = base32(random.randbytes(16))
        if number % 2:
            yield MemoryRemembered(
                id=memory_id,
                scope=scope,
                kind="turn",
                text=next(texts),
                session=f"session_{number // (2 * TURNS)}",
                place=number // 2 % TURNS + 1,
                speaker=_SPEAKERS[number // 2 % 2],
                said_at=_FIRST_DAY + timedelta(minutes=number),
            )
        else:
            kind = _KINDS[number // 2 % len(_KINDS)]
            yield MemoryRemembered(memory_id, scope, kind, next(texts), confidence=0.9, metadata={"agent": "juno"})


@cache
def _sentences() -> tuple[str, ...]:
    lines = (resources.files("remanence") / "data" / "conversation.jsonl").read_text(encoding="utf-8").splitlines()
    contents = [msgspec.json.decode(line)["content"] for line in lines if line.strip()]
    return tuple(sentence for content in contents for sentence in re.split(r"(?<=[.!?])\s+", content) if sentence)


@cache
def _pool() -> tuple[str, ...]:
    return tuple(islice(_texts(Random(0), 150), _POOL))  # noqa: S311


def _texts(random: Random, least: int) -> Iterator[str]:
    """Texts of some sentences each, so many characters or a few more."""
    sentences = _sentences()
    while True:
        text = random.choice(sentences)
        while len(text) < least:
            text = f"{text} {random.choice(sentences)}"
        yield text
