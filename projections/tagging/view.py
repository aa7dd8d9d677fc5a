"""The view of tags: what taggers made of every memory, which memories none has seen yet, and how often words occur.

Three tables. `rows` is for everybody. `traces` and `terms` are for the tagger: what a text is compared and counted by,
in digests alone, so that no word of a memory outlives its row. Counts are of the texts that are remembered now.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import attrs

from ...core.clock import to_ns
from ...core.recorded import Recorded
from ..memories.events import MemoryForgotten, MemoryReinforced, MemoryRemembered, MemoryRevised
from ..projection import Projection, on
from ..schema import Index
from ..tables import Table
from .events import MemoryTagged
from .similarity import bands_of
from .words import term_of, words_of

__all__ = ["ALL_TEXTS", "MemoryTags", "TagRow", "TermRow", "TraceRow", "confirmed", "tagged", "untagged"]

ALL_TEXTS: Final = b""
"""The term under which the texts themselves are counted."""
CONFIRMATIONS: Final = 16
"""How many of the newest confirmations are kept: those before them hardly count any more."""
_TERMS_MAX: Final = 256
"""Words counted of one text: what a text is about it says in fewer."""


@attrs.frozen
class TagRow:
    """What is made of a memory.

    Attributes:
        id: the memory.
        scope: whose memory it is.
        kind: its kind.
        time_ns: when it was said or happened, or else was recorded: unix time in nanoseconds.
        of: position of the event that its text is from.
        due: position of the event since which it is to be looked at: the same, or one that took away what it repeated.
        tagger: name of the tagger; "" while none has seen the text.
        version: its version.
        keywords: words and phrases to find it by.
        cxd: control, context, data, or None.
        state: `+`, `-`, `~`, `?`, or None.
        sure: how sure the tagger is of the class, 0 to 1.
        quality: good, doubtful, short, duplicate, junk; "" while no tagger has seen the text.
        score: what the text is worth by its form, 0 to 1.
        duplicate_of: the memory that says the same.
        similarity: how alike the two are.
        tagged: position of the tagger's event, 0 while there is none.
        confirmed_ns: when it was confirmed, the last 16 times.
    """

    id: str
    scope: tuple[str, ...]
    kind: str
    time_ns: int
    of: int
    due: int
    tagger: str = ""
    version: int = 0
    keywords: tuple[str, ...] = ()
    cxd: str | None = None
    state: str | None = None
    sure: float = 0.0
    quality: str = ""
    score: float = 0.0
    duplicate_of: str | None = None
    similarity: float | None = None
    tagged: int = 0
    confirmed_ns: tuple[int, ...] = ()

    @property
    def labels(self) -> tuple[str, ...]:
        """The keywords, and the words of those that are phrases: each finds the memory."""
        words = (word for keyword in self.keywords for word in (keyword, *keyword.split()))
        return tuple(dict.fromkeys(words))

    @property
    def is_tagged(self) -> bool:
        """Whether a tagger has seen the text."""
        return self.tagged > 0


@attrs.frozen
class TraceRow:
    """What a text is compared and counted by: digests.

    Attributes:
        id: the memory.
        scope: whose memory it is.
        kind: its kind.
        is_turn: whether it is a turn of a conversation, which is never a duplicate.
        terms: its words.
        bands: its MinHash bands; none for a turn.
    """

    id: str
    scope: tuple[str, ...]
    kind: str
    is_turn: bool
    terms: tuple[bytes, ...]
    bands: tuple[bytes, ...]


@attrs.frozen
class TermRow:
    """How many texts contain a word."""

    term: bytes
    texts: int


def untagged(row: TagRow, due: int) -> TagRow:
    """A row whose text nobody has seen, since an event."""
    return TagRow(row.id, row.scope, row.kind, row.time_ns, row.of, due, confirmed_ns=row.confirmed_ns)


def tagged(row: TagRow, told: MemoryTagged, position: int) -> TagRow:
    """A row with what a tagger says of its text, in the event at a position."""
    return attrs.evolve(
        row,
        tagger=told.tagger,
        version=told.version,
        keywords=told.keywords,
        cxd=told.cxd,
        state=told.state,
        sure=told.sure,
        quality=told.quality,
        score=told.score,
        duplicate_of=told.duplicate_of,
        similarity=told.similarity,
        tagged=position,
    )


def confirmed(row: TagRow, time_ns: int) -> TagRow:
    """A row that was confirmed once more."""
    return attrs.evolve(row, confirmed_ns=(*row.confirmed_ns, time_ns)[-CONFIRMATIONS:])


def _is_duplicate(row: TagRow) -> bool:
    return row.duplicate_of is not None


class MemoryTags(Projection):
    """Tags by keyword, class, quality and tagger."""

    version = 1
    rows = Table(
        TagRow,
        key="id",
        indexes={
            "by_keyword": Index(("scope", "labels", "time_ns"), each="labels"),
            "by_class": ("scope", "cxd", "time_ns"),
            "by_quality": ("scope", "quality", "time_ns"),
            "by_tagger": ("tagger", "version", "due"),
            "by_original": Index(("duplicate_of",), where=_is_duplicate),
        },
    )
    traces = Table(TraceRow, key="id", indexes={"by_band": Index(("scope", "kind", "bands"), each="bands")})
    terms = Table(TermRow, key="term")

    @on(MemoryRemembered)
    def remembered(self, event: Recorded[MemoryRemembered]) -> None:
        """Nobody has tagged it yet; its words count from now on."""
        told = event.data
        self._uncount(told.id)
        time_ns = event.time_ns if told.said_at is None else to_ns(told.said_at)
        self.rows.put(TagRow(told.id, told.scope, told.kind, time_ns, event.position, event.position))
        self._count(told.id, told.scope, told.kind, told.text, is_turn=told.session is not None)

    @on(MemoryRevised)
    def revised(self, event: Recorded[MemoryRevised]) -> None:
        """A new text is to be tagged anew; what else may be revised is nothing to a tagger."""
        told, row = event.data, self.rows.get(event.data.id)
        if row is None or told.text is None:
            return
        self._uncount(told.id)
        self.rows.put(untagged(attrs.evolve(row, of=event.position), event.position))
        self._release(told.id, event.position)
        self._count(row.id, row.scope, row.kind, told.text, is_turn=told.is_turn)

    @on(MemoryReinforced)
    def reinforced(self, event: Recorded[MemoryReinforced]) -> None:
        """Another confirmation."""
        row = self.rows.get(event.data.id)
        if row is not None:
            self.rows.put(confirmed(row, event.time_ns))

    @on(MemoryForgotten)
    def forgotten(self, event: Recorded[MemoryForgotten]) -> None:
        """Gone, and its words with it."""
        self._uncount(event.data.id)
        self.rows.delete(event.data.id)
        self._release(event.data.id, event.position)

    @on(MemoryTagged)
    def tagged(self, event: Recorded[MemoryTagged]) -> None:
        """What the tagger says, if it says it of the text that is there now."""
        told, row = event.data, self.rows.get(event.data.id)
        if row is None or row.of != told.of:
            return
        self.rows.put(tagged(row, told, event.position))

    def _release(self, memory_id: str, position: int) -> None:
        """What repeated a text that is gone repeats nothing any more: it is to be looked at again."""
        for row in self.rows.select("by_original", memory_id):
            self.rows.put(untagged(row, position))

    def _count(self, memory_id: str, scope: tuple[str, ...], kind: str, text: str, *, is_turn: bool) -> None:
        normals = dict.fromkeys(word.normal for word in words_of(text) if not word.is_stop)
        terms = tuple(map(term_of, list(normals)[:_TERMS_MAX]))
        self.traces.put(TraceRow(memory_id, scope, kind, is_turn, terms, () if is_turn else bands_of(text)))
        self._add((ALL_TEXTS, *terms), 1)

    def _uncount(self, memory_id: str) -> None:
        trace = self.traces.get(memory_id)
        if trace is not None:
            self.traces.delete(memory_id)
            self._add((ALL_TEXTS, *trace.terms), -1)

    def _add(self, terms: Iterable[bytes], number: int) -> None:
        for term in terms:
            before = self.terms.get(term)
            texts = number + (0 if before is None else before.texts)
            if texts:
                self.terms.put(TermRow(term, texts))
            else:
                self.terms.delete(term)
