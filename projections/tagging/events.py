"""What a tagger decides, as an event: replaying it asks no tagger. Stored for ever, like every event.

It bears the tag `memory:<id>` like everything about a memory, so that it is part of the memory's history and goes when
the memory is erased. It names the event whose text it is about: of a memory that has been revised since, it says
nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import attrs

from ...core.events import event
from ..memories.events import memory_tag, scope_tag

__all__ = ["TAGGING_EVENTS", "MemoryTagged"]


@event("memory.tagged")
@attrs.frozen
class MemoryTagged:
    """A tagger has looked at a memory.

    Attributes:
        id: the memory.
        scope: whose memory it is.
        of: position of the event whose text was looked at.
        tagger: name of the tagger.
        version: its version.
        keywords: words and phrases that the text would be looked for by, in lower case, the best first.
        cxd: control, context, data; or None, which is what a tagger says when it doesn't know.
        state: `+` success, `-` failure, `~` partly, `?` uncertain; None without a class.
        sure: how sure it is of the class, 0 to 1.
        quality: good, doubtful, short, duplicate or junk.
        score: what the text is worth by its form, 0 to 1.
        duplicate_of: id of the memory that says the same, if the quality is duplicate.
        similarity: how alike the two are, 0.85 to 1; None without one.
    """

    id: str
    scope: tuple[str, ...]
    of: int
    tagger: str
    version: int
    keywords: tuple[str, ...] = ()
    cxd: str | None = None
    state: str | None = None
    sure: float = 0.0
    quality: str = "good"
    score: float = 1.0
    duplicate_of: str | None = None
    similarity: float | None = None

    def about(self) -> Iterator[str]:
        yield memory_tag(self.id)
        yield scope_tag(self.scope)


TAGGING_EVENTS: Final = (MemoryTagged,)
