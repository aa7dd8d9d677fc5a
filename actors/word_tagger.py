"""The built-in tagger: words and counts, no model. It reads the view of tags and the memories, and waits for nobody.

The same text with the same view gives the same tags; what it said is recorded, so replaying never asks it again.
"""

from __future__ import annotations

from typing import Final

import attrs

from ..projections.memories.view import MemoryRow
from ..projections.rows import Rows
from ..projections.tagging.cxd import classify
from ..projections.tagging.events import MemoryTagged
from ..projections.tagging.keywords import keywords_of, rarity
from ..projections.tagging.quality import quality_of
from ..projections.tagging.similarity import is_near_duplicate
from ..projections.tagging.verdicts import DUPLICATE, SHORT
from ..projections.tagging.view import ALL_TEXTS, MemoryTags, TagRow, TraceRow
from ..projections.tagging.words import term_of, words_of
from .tagger import Tags

__all__ = ["NAME", "VERSION", "WordTagger", "joined"]

NAME: Final = "words"
VERSION: Final = 1
"""Raise it whenever the same text in the same log would be tagged differently."""
CANDIDATES_MAX: Final = 64
"""Compared in each band; more share one only where hundreds of memories repeat one text."""


class WordTagger:
    """Tags by words."""

    def __init__(self, tags: MemoryTags, memories: Rows[MemoryRow]) -> None:
        self._tags = tags
        self._memories = memories

    def tag(self, row: TagRow, text: str) -> MemoryTagged:
        """What it makes of a memory's text."""
        words = words_of(text)
        all_texts = self._texts(ALL_TEXTS)
        keywords = keywords_of(text, words, lambda normal: rarity(all_texts, self._texts(term_of(normal))))
        found = classify(words)
        twin, similarity = self._twin(row, text)
        quality, score = quality_of(text, words, is_duplicate=twin is not None)
        is_duplicate = quality == DUPLICATE
        return MemoryTagged(
            id=row.id,
            scope=row.scope,
            of=row.of,
            tagger=NAME,
            version=VERSION,
            keywords=keywords,
            cxd=None if found is None else found.cxd,
            state=None if found is None else found.state,
            sure=0.0 if found is None else found.confidence,
            quality=quality,
            score=score,
            duplicate_of=twin if is_duplicate else None,
            similarity=similarity if is_duplicate else None,
        )

    def _texts(self, term: bytes) -> int:
        row = self._tags.terms.get(term)
        return 0 if row is None else row.texts

    def _twin(self, row: TagRow, text: str) -> tuple[str | None, float | None]:
        """The earlier memory of the same scope and kind that it repeats most closely, and how closely."""
        trace = self._tags.traces.get(row.id)
        best: tuple[float, int, str] | None = None
        for other in {} if trace is None else self._candidates(trace):
            earlier, said = self._tags.rows.get(other), self._memories.get(other)
            if earlier is None or said is None or earlier.of >= row.of:
                continue
            alike = is_near_duplicate(text, said.text)
            if alike is not None and (best is None or (-alike, earlier.of) < best[:2]):
                best = (-alike, earlier.of, other)
        return (None, None) if best is None else (best[2], round(-best[0], 4))

    def _candidates(self, trace: TraceRow) -> dict[str, None]:
        found: dict[str, None] = {}
        for band in trace.bands:
            same = self._tags.traces.select("by_band", trace.scope, trace.kind, band, limit=CANDIDATES_MAX)
            found.update((other.id, None) for other in same if other.id != trace.id)
        return found


def joined(own: MemoryTagged, told: Tags | None, name: str, version: int) -> MemoryTagged:
    """What a model said of a text, with what the built-in tagger says of the rest."""
    if told is None:
        return attrs.evolve(own, tagger=name, version=version)
    is_plain = own.quality not in {SHORT, DUPLICATE}
    return attrs.evolve(
        own,
        tagger=name,
        version=version,
        keywords=own.keywords if told.keywords is None else tuple(told.keywords),
        cxd=told.cxd,
        state=told.state,
        sure=told.sure,
        quality=told.quality if told.quality is not None and is_plain else own.quality,
    )
