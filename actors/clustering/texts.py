"""Vectors of texts: computed on the spot if the embedder is pure, otherwise recorded, and made once.

A text is called by the position of the event that brought it. A pure embedder's vector follows from the text, so it is
no decision and isn't recorded, as with recall (`projections/semantic`). A model's is `memory.embedded`: whoever had it
made, for recall or for clusters, it serves both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Protocol

import numpy as np
import trio

from ...codecs.vectors import pack_directions
from ...core.appends import Appended
from ...core.embedder import Embedder, is_pure
from ...core.errors import InvalidInput
from ...core.log import Log
from ...core.queries import Condition
from ...core.recorded import Recorded
from ...projections.clusters.events import MemoryEmbedded
from ...projections.clusters.rows import Change, ClusterMember
from ...projections.clusters.view import Clusters
from ...projections.projection import Projection

__all__ = ["BY", "Recorder", "Shared", "TextVectors"]

BY: Final = "clusterer"
TEXTS_MAX: Final = 64
"""Texts of members that are embedded at once: what keeps a model's matrices busy, and an append at some kilobytes."""


class Recorder(Protocol):
    """What is needed of an engine."""

    log: Log

    async def append(
        self, *events: object, by: str | None = None, key: str | None = None, condition: Condition | None = None
    ) -> Appended:
        """Record events, all or nothing."""
        ...

    async def wait_for(self, projection: type[Projection], position: int | None = None) -> None:
        """Wait until a view shows everything up to a position."""
        ...

    def read(
        self, *, types: Iterable[type | str] = (), limit: int | None = None, backward: bool = False
    ) -> list[Recorded[Any]]:
        """Events in the order of their positions."""
        ...


class Shared(Protocol):
    """Who has texts embedded for recall by the same model, so that it is asked once."""

    async def embed(self, ids: Sequence[str]) -> None:
        """Have the vectors of these memories' present texts recorded."""
        ...

    def vector(self, memory_id: str, told: int) -> bytes | None:
        """The vector of a memory's text, if that is its present one and has a vector."""
        ...


class TextVectors:
    """The vectors of one embedder.

    Attributes:
        identity: which embedder that is: `name/dimension/digest`.
        dimension: how many components a vector has.
        is_pure: whether they are computed, and not recorded.
    """

    def __init__(self, recorder: Recorder, view: Clusters, embedder: Embedder, shared: Shared | None = None) -> None:
        self.identity = str(embedder.identity)
        self.dimension = embedder.identity.dimension
        self.is_pure = is_pure(embedder)
        self._recorder = recorder
        self._view = view
        self._embedder = embedder
        self._shared = shared

    async def prepare(self, ids: Sequence[str]) -> None:
        """Let recall's embedding come first, if it is the same model's."""
        if self._shared is not None and ids:
            await self._shared.embed(ids)
            await self._recorder.wait_for(Clusters)

    async def of_changes(self, changes: Sequence[Change]) -> tuple[dict[int, bytes], list[MemoryEmbedded]]:
        """Vectors of the texts that changes bring, and those of them that are to be recorded.

        Raises:
            InvalidInput: the embedder breaks its word.
        """
        told = [change for change in changes if change.text is not None]
        found, made = await trio.to_thread.run_sync(self._found, told)
        new = [change for change in told if change.position not in found]
        asked = {change.position: change.text or "" for change in new if change.position not in made}
        made.update(zip(asked, await self._ask(list(asked.values())), strict=True))
        found |= made
        return found, self._events(new, made)

    async def of_members(self, members: Sequence[ClusterMember]) -> dict[int, bytes]:
        """Vectors of the texts that members say. What a model makes of them is recorded as it comes.

        Raises:
            InvalidInput: the embedder breaks its word.
            RemanenceError: what recording raises.
        """
        found: dict[int, bytes] = {}
        for start in range(0, len(members), TEXTS_MAX):
            some = members[start : start + TEXTS_MAX]
            kept = self._recorded({each.told for each in some})
            lacking = [each for each in some if each.told not in kept]
            await self.prepare([each.id for each in lacking])
            kept |= self._recorded({each.told for each in lacking})
            found |= kept
            await self._make([each for each in lacking if each.told not in kept], found)
        return found

    async def _make(self, members: Sequence[ClusterMember], found: dict[int, bytes]) -> None:
        made = self._known({each.told: each.id for each in members})
        asked = [each.told for each in members if each.told not in made]
        # The log is read here, in the loop: that is where it is opened anew when the disk has failed.
        told = self._recorder.log.pick(asked, decoded=True) if asked else []
        found.update((each.position, bytes(self.dimension)) for each in told if each.is_erased)
        texts = {each.position: each.data.text for each in told if not each.is_erased}
        made.update(zip(texts, await self._ask(list(texts.values())), strict=True))
        found |= made
        events = self._events([each for each in members if each.told in made], made)
        if events:
            await self._recorder.append(*events, by=BY)
        else:
            await trio.lowlevel.checkpoint()

    def _recorded(self, told: Iterable[int]) -> dict[int, bytes]:
        """Vectors that the clusters view has, by the positions of their texts."""
        if self.is_pure:
            return {}
        rows = (self._view.vectors.get(position, self.identity) for position in told)
        return {row.told: row.vector for row in rows if row is not None}

    def _found(self, told: Sequence[Change]) -> tuple[dict[int, bytes], dict[int, bytes]]:
        """Vectors that are recorded, for clusters and for recall alone. In a thread."""
        found = self._recorded({change.position for change in told})
        return found, self._known({each.position: each.id for each in told if each.position not in found})

    def _known(self, ids: Mapping[int, str]) -> dict[int, bytes]:
        """Vectors that were recorded for recall before clusters were made of them."""
        if self._shared is None:
            return {}
        found = {told: self._shared.vector(memory_id, told) for told, memory_id in ids.items()}
        return {told: vector for told, vector in found.items() if vector is not None}

    def _events(self, new: Iterable[Change | ClusterMember], made: Mapping[int, bytes]) -> list[MemoryEmbedded]:
        if self.is_pure:
            return []
        told = ((each.position if isinstance(each, Change) else each.told, each) for each in new)
        return [MemoryEmbedded(each.id, each.scope, at, self.identity, made[at]) for at, each in told]

    async def _ask(self, texts: Sequence[str]) -> list[bytes]:
        """Ask the embedder. A model may hang: who is cancelled doesn't wait for it, and it touches nothing of ours."""
        if not texts:
            return []
        return await trio.to_thread.run_sync(self._made, texts, abandon_on_cancel=True)

    def _made(self, texts: Sequence[str]) -> list[bytes]:
        vectors = np.asarray(self._embedder.embed(texts))
        if vectors.shape != (len(texts), self.dimension):
            message = f"{self.identity} made a matrix of {vectors.shape} for {len(texts)} texts"
            raise InvalidInput(message)
        return pack_directions(vectors)
