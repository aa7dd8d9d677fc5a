"""Reading: everything that can be asked of a memory, whether it is live, read-only or past.

`Memory` adds the writing. The past is asked through the very same methods, on an engine of the past.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from .core.errors import NotFound
from .core.log import Progress
from .core.past import Moment
from .core.recorded import Recorded
from .engine import Engine, Statistics
from .projections.auditing import Audit
from .projections.memories.events import memory_tag
from .projections.memories.view import Memories, MemoryRow
from .wanted import Order, Wanted

__all__ = ["MemoryReader", "is_id"]

ID_LENGTH_MAX: Final = 100


class MemoryReader:
    """A memory to read from. `Memory` is one; so is every past one, which `as_of` gives.

    Attributes:
        engine: the engine that it stands on.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._rows = engine.view(Memories).rows

    def get(self, memory_id: str) -> MemoryRow:
        """The memory with this id, as it is now.

        Raises:
            NotFound: there is none, or it has been forgotten.
        """
        row = self._rows.get(memory_id) if is_id(memory_id) else None
        if row is None:
            known = self.engine.read(tags=[memory_tag(memory_id)], limit=1) if is_id(memory_id) else []
            message = (
                f"the memory {memory_id} has been forgotten; its history is there"
                if known
                else f"there is no memory {memory_id!r}"
            )
            raise NotFound(message)
        return row

    def find(
        self,
        *,
        scope: str | Sequence[str] = "main",
        kind: str | None = None,
        tags: Iterable[str] = (),
        session: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        min_confidence: float = 0.0,
        order: Order = "newest",
        limit: int | None = 100,
    ) -> list[MemoryRow]:
        """Memories of a scope that fit all that is said, by index.

        Args:
            scope: whose memories.
            kind: only of this kind.
            tags: only with all these tags.
            session: only turns of this conversation, which come in its order whatever `order` says.
            since: only from this time on.
            until: only before this time.
            min_confidence: only this sure or surer.
            order: "newest" or "oldest" first by time, or "surest" first by confidence.
            limit: at most so many; None for all.

        Raises:
            InvalidInput: something can't be taken.
        """
        wanted = Wanted(
            scope=scope,
            kind=kind,
            tags=tags,
            session=session,
            since=since,
            until=until,
            min_confidence=min_confidence,
            order=order,
            limit=limit,
        )
        return wanted.among(self._rows)

    def history(self, memory_id: str) -> list[Recorded[Any]]:
        """Every event that made the memory what it is, oldest first; also after it has been forgotten.

        Raises:
            NotFound: there never was such a memory.
        """
        found = self.engine.read(tags=[memory_tag(memory_id)]) if is_id(memory_id) else []
        if not found:
            message = f"there is no memory {memory_id!r}"
            raise NotFound(message)
        return found

    def why(self, memory_id: str) -> list[Recorded[Any]]:
        """The chain of causes: the memory's newest event, the event that led to it, and so on to the first.

        Raises:
            NotFound: there never was such a memory.
        """
        chain = [self.history(memory_id)[-1]]
        while (cause := chain[-1].cause) is not None and cause < chain[-1].position:
            found = self.engine.log.get(cause)
            if found is None:
                break
            chain.append(found)
        return chain

    def events(
        self,
        *,
        after: int = 0,
        types: Iterable[type | str] = (),
        tags: Iterable[str] = (),
        live: bool = True,
    ) -> AsyncGenerator[Recorded[Any], None]:
        """Every event that matches: first those there are, then each new one as it is committed (`Engine.events`)."""
        return self.engine.events(after=after, types=types, tags=tags, live=live)

    def stats(self) -> Statistics:
        """What the memory holds and how it is doing."""
        return self.engine.statistics()

    # -- the past

    @contextlib.asynccontextmanager
    async def as_of(self, moment: Moment, *, progress: Progress | None = None) -> AsyncGenerator[MemoryReader, None]:
        """This memory as it stood, with everything that can be asked of it (`Engine.as_of`).

        Args:
            moment: a position, or an aware datetime: then the last event recorded by then.
            progress: told how far building its view is.

        Raises:
            InvalidInput: the log has no such position, or the datetime no time zone.
            ViewFailed, Damaged, StorageFailed: as the projections or the disk say.
        """
        async with self.engine.as_of(moment, progress=progress) as engine:
            yield MemoryReader(engine)

    async def audit(self, *, progress: Progress | None = None) -> list[Audit]:
        """Compare every view with what its events make (`Engine.audit`)."""
        return await self.engine.audit(progress=progress)


def is_id(text: object) -> bool:
    """Whether there could be a memory with this id."""
    return isinstance(text, str) and text.isascii() and text.isprintable() and 0 < len(text) <= ID_LENGTH_MAX
