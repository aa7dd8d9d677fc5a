"""What can happen to a memory. Stored for ever: a changed class needs a new version and an upcaster.

Tags: `memory:<id>` on everything about one memory; `scope:<path>`; `session:<path>/<session>` on turns;
`content:<digest>` wherever a text comes into a scope that is not a turn's, so that the same text in one scope and kind
can be one memory.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Iterator
from datetime import datetime
from typing import Final

import attrs

from ...codecs.digests import short_digest
from ...core.events import event

__all__ = [
    "MEMORY_EVENTS",
    "MemoryForgotten",
    "MemoryReinforced",
    "MemoryRemembered",
    "MemoryRevised",
    "Scalar",
    "TranscriptImported",
    "content_tag",
    "memory_tag",
    "scope_tag",
    "session_tag",
]

Scalar = str | int | float | bool | None
_CONTENT_BYTES: Final = 12
"""96 bits: among a billion texts of one scope and kind, two share a tag with probability 1e-11."""


def scope_tag(scope: tuple[str, ...]) -> str:
    """The tag of everything in a scope."""
    return "scope:" + "/".join(scope)


def memory_tag(memory_id: str) -> str:
    """The tag of everything about a memory."""
    return "memory:" + memory_id


def session_tag(scope: tuple[str, ...], session: str) -> str:
    """The tag of a session's turns."""
    return f"session:{'/'.join(scope)}/{session}"


def content_tag(scope: tuple[str, ...], kind: str, text: str) -> str:
    """The tag of a text in its scope and kind."""
    digest = short_digest("/".join(scope).encode(), kind.encode(), text.encode())[:_CONTENT_BYTES]
    return "content:" + urlsafe_b64encode(digest).decode()


@event("memory.remembered")
@attrs.frozen
class MemoryRemembered:
    """A memory came to be.

    Attributes:
        id: its id, 26 letters and digits: a ULID, or for a turn a digest of its session and place.
        scope: whose memory it is: a path.
        kind: fact, event, preference, procedure, reflection, turn, or a word of the user's.
        text: what is remembered.
        confidence: how sure it is, 0 to 1; what is told once is not certain.
        importance: how much it matters, 0 to 1.
        tags: labels to find it by.
        metadata: whatever else is known of it.
        session: the conversation it is a turn of, if it is.
        place: its place in that conversation, from 1.
        speaker: who said it.
        said_at: when it was said or happened, if that isn't when it was recorded.
    """

    id: str
    scope: tuple[str, ...]
    kind: str
    text: str
    confidence: float = 0.8
    importance: float = 0.5
    tags: tuple[str, ...] = ()
    metadata: dict[str, Scalar] = attrs.field(factory=dict[str, Scalar])
    session: str | None = None
    place: int | None = None
    speaker: str | None = None
    said_at: datetime | None = None

    def about(self) -> Iterator[str]:
        yield memory_tag(self.id)
        yield scope_tag(self.scope)
        if self.session is None:
            yield content_tag(self.scope, self.kind, self.text)
        else:
            yield session_tag(self.scope, self.session)


@event("memory.reinforced")
@attrs.frozen
class MemoryReinforced:
    """A memory was confirmed: told again, or seen to be so."""

    id: str
    scope: tuple[str, ...]
    note: str | None = None

    def about(self) -> Iterator[str]:
        yield memory_tag(self.id)
        yield scope_tag(self.scope)


@event("memory.revised")
@attrs.frozen
class MemoryRevised:
    """A memory says something else from now on. What is None stays as it was.

    Attributes:
        kind: the memory's kind, for the content's tag; revising doesn't change it.
        is_turn: whether it is a turn of a conversation.
    """

    id: str
    scope: tuple[str, ...]
    kind: str
    text: str | None = None
    confidence: float | None = None
    importance: float | None = None
    tags: tuple[str, ...] | None = None
    metadata: dict[str, Scalar] | None = None
    reason: str | None = None
    is_turn: bool = False

    def about(self) -> Iterator[str]:
        yield memory_tag(self.id)
        yield scope_tag(self.scope)
        if self.text is not None and not self.is_turn:
            yield content_tag(self.scope, self.kind, self.text)


@event("memory.forgotten")
@attrs.frozen
class MemoryForgotten:
    """A memory is hidden from now on; its history stays."""

    id: str
    scope: tuple[str, ...]
    reason: str | None = None

    def about(self) -> Iterator[str]:
        yield memory_tag(self.id)
        yield scope_tag(self.scope)


@event("transcript.imported", dedup=True)
@attrs.frozen
class TranscriptImported:
    """A conversation was brought in; its turns name this event as their cause.

    Attributes:
        name: name of the source.
        digest: BLAKE3 of the source's bytes, hex.
        scope: the scope that its turns go to, or begin with.
    """

    name: str
    digest: str
    scope: tuple[str, ...]

    def about(self) -> Iterator[str]:
        yield scope_tag(self.scope)


MEMORY_EVENTS: Final = (MemoryRemembered, MemoryReinforced, MemoryRevised, MemoryForgotten, TranscriptImported)
