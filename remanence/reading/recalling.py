"""Recalling: what a memory answers when it is asked in words.

Reads are synchronous, as all reads are: the index is brought up to what has been acknowledged, and then asked.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property, partial
from typing import TYPE_CHECKING, Final, Literal, TypedDict

import attrs
import trio

from ..engine.engine import Engine
from ..projections.memories.view import Memories, MemoryRow
from ..projections.recall.events import MemoryRecalled
from ..projections.recall.ranked import Ranked
from ..projections.rows import Rows
from .identity import DEFAULT_SCOPE, as_scope
from .questions import LIMIT, Asking, checked, filters_of
from .recalled_before import RecalledBefore, question_of
from .reranking import Reranking

if TYPE_CHECKING:  # it needs numpy, which costs as much to import as all of ours: only who recalls pays for it
    from ..projections.recall.recaller import Filters, Recaller, Recipe

__all__ = ["ALONE", "Fusion", "Hit", "Preset", "RecallOptions", "Recalling", "recalled"]

Preset = Literal["fast", "balanced", "accurate"]
_OTHERS = ("reach", "feedback", "speaker", "session", "length", "asks", "dates", "related", "hop")
ALONE: Final[Mapping[str, float]] = dict.fromkeys(_OTHERS, 0)
"""Weights of a search that knows nothing but texts by themselves."""
Fusion = Literal["weighted", "max", "harmonic", "geometric", "reciprocal"]
LOOKS: Final = 3
"""Times that the question is asked anew because somebody changed what was just found."""


@attrs.frozen
class Hit:
    """A memory that was recalled.

    Attributes:
        memory: the memory as it is now.
        score: what it is worth to the question; comparable within one answer only.
        parts: what each signal gave to the score, if `explain` was asked for.
        before, after: its neighbours in the conversation, in order, as many as were asked for.
    """

    memory: MemoryRow
    score: float
    parts: Mapping[str, float] = attrs.field(factory=dict[str, float])
    before: tuple[MemoryRow, ...] = ()
    after: tuple[MemoryRow, ...] = ()

    @property
    def id(self) -> str:
        """The memory's id."""
        return self.memory.id

    @property
    def text(self) -> str:
        """What it says."""
        return self.memory.text

    @property
    def position(self) -> int:
        """Position of the event that it came to be with."""
        return self.memory.position


class RecallOptions(TypedDict, total=False):
    """What `recall` takes besides the question; each as described there."""

    scope: str | Sequence[str]
    kinds: str | Iterable[str]
    tags: Iterable[str]
    sessions: str | Iterable[str]
    since: datetime | None
    until: datetime | None
    min_confidence: float
    limit: int
    preset: Preset
    fusion: Fusion
    weights: Mapping[str, float] | None
    neighbours: int
    explain: bool


def recalled(query: str, hits: Sequence[Hit], options: RecallOptions) -> MemoryRecalled:
    """The event that says what was recalled."""
    return MemoryRecalled(
        query=query,
        scope=as_scope(options.get("scope", DEFAULT_SCOPE)),
        ids=tuple(hit.id for hit in hits),
        scores=tuple(hit.score for hit in hits),
        preset=options.get("preset", "balanced"),
    )


class Recalling:
    """The part of a memory that recalls."""

    engine: Engine

    if TYPE_CHECKING:

        def get(self, memory_id: str) -> MemoryRow:
            """What has it as well: the class that this is a part of."""
            ...

    def recall(
        self,
        query: str,
        *,
        scope: str | Sequence[str] = "main",
        kinds: str | Iterable[str] = (),
        tags: Iterable[str] = (),
        sessions: str | Iterable[str] = (),
        since: datetime | None = None,
        until: datetime | None = None,
        min_confidence: float = 0.0,
        limit: int = LIMIT,
        preset: Preset = "balanced",
        fusion: Fusion = "weighted",
        weights: Mapping[str, float] | None = None,
        neighbours: int = 0,
        explain: bool = False,
    ) -> list[Hit]:
        """The memories of a scope that answer a question best, the best first.

        Everything that has been acknowledged is found, and nothing that has been forgotten. Filters come first: what
        doesn't fit is never in the way of what does.

        Args:
            query: a question, or some words; in any language.
            scope: whose memories.
            kinds: only of one of these kinds.
            tags: only with all these tags.
            sessions: only turns of one of these conversations.
            since: only from this time on.
            until: only before this time.
            min_confidence: only this sure or surer.
            limit: at most so many, up to 10,000.
            preset: "balanced"; "fast" looks at words alone, and less far around each; "accurate" asks a
                second time, with what it has found, and then the reranker, if the memory was opened with one.
            fusion: how several scores become one: "weighted", or "max", "harmonic", "geometric", "reciprocal".
            weights: weights of single signals in place of the preset's: reach, words, meaning, speaker, session,
                length, asks, dates, related, recency, half_life_days, importance, confidence, feedback, hop,
                convergence_bonus.
            neighbours: so many turns before and after each hit are given with it.
            explain: whether each hit tells what every signal gave to its score.

        Raises:
            InvalidInput: something can't be taken.
        """
        narrowed = (kinds, tags, sessions, since, until, min_confidence)
        question = question_of("recall", query, scope, *narrowed, limit, preset, fusion, weights, neighbours, explain)
        found = self._found_before(question, neighbours)
        if found is not None:
            return found
        asked = checked(query, scope, limit, neighbours, preset, explain=explain)
        filters = filters_of(
            kinds=kinds, tags=tags, sessions=sessions, since=since, until=until, min_confidence=min_confidence
        )
        return self._hits(asked, filters, fusion, weights, question)

    async def prepare_recall(self, query: str) -> None:
        """Have a model make a question's vector in a thread, so that `recall` of it doesn't keep all others waiting.

        With the table that comes with the package it does nothing: that takes no time.

        Args:
            query: what will be asked.

        Raises:
            InvalidInput: it can't be taken, or the embedder breaks its word.
        """
        asked = checked(query, "main", LIMIT, 0, "balanced", explain=False)
        await trio.lowlevel.checkpoint()
        if self.recaller.asks_a_model:
            await trio.to_thread.run_sync(self.recaller.prepare, asked.text)

    def similar(
        self,
        memory_id: str,
        *,
        kinds: str | Iterable[str] = (),
        tags: Iterable[str] = (),
        limit: int = LIMIT,
        preset: Preset = "balanced",
        explain: bool = False,
    ) -> list[Hit]:
        """The memories of its scope that are most like a memory, the nearest first; itself not among them.

        Args:
            memory_id: the memory.
            kinds: only of one of these kinds.
            tags: only with all these tags.
            limit: at most so many.
            preset: as for `recall`.
            explain: as for `recall`.

        Raises:
            NotFound: there is no such memory.
            InvalidInput: something can't be taken.
        """
        question = question_of("similar", memory_id, kinds, tags, limit, preset, explain)
        found = self._found_before(question)
        if found is not None:
            return found
        row = self.get(memory_id)
        asked = checked(row.text, row.scope, limit, 0, preset, explain=explain)
        filters = filters_of(kinds=kinds, tags=tags, without=row.id)
        return self._hits(asked, filters, "weighted", ALONE, question, names=False)

    # -- inside

    @cached_property
    def recaller(self) -> Recaller:
        """What is kept of memories to recall them by, in this process; for those who look after it."""
        from ..projections.recall.recaller import Recaller  # noqa: PLC0415 - see the import above
        from ..projections.semantic.index import SemanticIndex  # noqa: PLC0415 - as above
        from ..projections.semantic.static import StaticEmbedder  # noqa: PLC0415 - as above

        engine = self.engine
        semantic = SemanticIndex(engine, *engine.embedders, StaticEmbedder())
        folder = engine.path / "views"
        keeps = engine.statistics().writer is not None  # who only reads leaves no files behind
        return Recaller(
            self._all_rows,
            engine.log,
            lambda: engine.checkpoint(Memories),
            folder,
            semantic,
            engine.recall,
            keeps=keeps,
        )

    @cached_property
    def _reranking(self) -> Reranking | None:
        settings = self.engine.recall
        return None if settings.reranker is None else Reranking(settings.reranker, settings)

    @cached_property
    def recalled_before(self) -> RecalledBefore:
        """What is kept of earlier answers; for those who look after it."""
        return RecalledBefore(self.engine)

    def _all_rows(self) -> Rows[MemoryRow]:
        return self.engine.view(Memories).rows

    def _hits(
        self,
        asked: Asking,
        filters: Filters,
        fusion: Fusion,
        weights: Mapping[str, float] | None,
        question: Hashable,
        *,
        names: bool = True,
    ) -> list[Hit]:
        from ..projections.recall.recaller import recipe_of  # noqa: PLC0415 - see the import above

        recipe = recipe_of(asked.preset, fusion, weights or {})
        before = self.recalled_before
        standing = None if recipe.recency else before.standing(asked.scope, asked.text, recipe)
        ranked, hits, is_final = self._found(asked, filters, recipe, names=names)
        before.keep(question, standing if is_final else None, ranked)
        return self._with_neighbours(hits, asked.neighbours)

    def _found(self, asked: Asking, filters: Filters, recipe: Recipe, *, names: bool) -> tuple[Ranked, list[Hit], bool]:
        """What is found now; and whether it is all that was asked for, or something is still to come.

        A reranker was to speak and didn't, or memories changed faster than they could be looked at.
        """
        reranking = self._reranking if names and asked.preset == "accurate" else None
        ask = partial(
            self.recaller.rank,
            asked.scope,
            asked.text,
            filters=filters,
            recipe=recipe,
            limit=asked.limit if reranking is None else max(asked.limit, reranking.texts),
            now_ns=self.engine.clock(),
            explain=asked.explain,
            names=names,
        )
        ranked = ask()
        hits = self._shown(ranked)
        for _ in range(LOOKS - 1):
            if len(hits) == len(ranked.ids):
                break
            ranked = ask()
            hits = self._shown(ranked)
        is_final = len(hits) == len(ranked.ids)
        if reranking is None or not hits:
            return ranked, hits, is_final
        scores = reranking.scores(asked.text, [hit.memory for hit in hits])
        hits = (hits if scores is None else _reranked(scores, hits, explain=asked.explain))[: asked.limit]
        return _ranked(hits, explain=asked.explain), hits, is_final and scores is not None

    def _found_before(self, question: Hashable, neighbours: int = 0) -> list[Hit] | None:
        ranked = self.recalled_before.find(question)
        if ranked is None:
            return None
        hits = self._shown(ranked)
        return self._with_neighbours(hits, neighbours) if len(hits) == len(ranked.ids) else None

    def _shown(self, ranked: Ranked) -> list[Hit]:
        """What is there still, as it was when it was found."""
        hits: list[Hit] = []
        for at, row in enumerate(self._all_rows().get_all(ranked.ids)):
            if row is not None and row.changed == ranked.changed[at]:
                hits.append(Hit(row, ranked.scores[at], dict(ranked.parts[at]) if ranked.parts else {}))
        return hits

    def _with_neighbours(self, hits: list[Hit], count: int) -> list[Hit]:
        if not count:
            return hits
        near = [_neighbours(self._all_rows(), hit.memory, count) for hit in hits]
        return [attrs.evolve(hit, before=some, after=more) for hit, (some, more) in zip(hits, near, strict=True)]


def _ranked(hits: Sequence[Hit], *, explain: bool) -> Ranked:
    changed = tuple(hit.memory.changed for hit in hits)
    parts = tuple(hit.parts for hit in hits) if explain else ()
    return Ranked(tuple(hit.id for hit in hits), tuple(hit.score for hit in hits), changed, parts)


def _reranked(scores: list[float], hits: list[Hit], *, explain: bool) -> list[Hit]:
    """The best as the reranker orders them, with its scores."""
    told = [
        attrs.evolve(hit, score=score, parts={**hit.parts, "reranker": score} if explain else hit.parts)
        for hit, score in zip(hits, scores, strict=True)
    ]
    return sorted(told, key=lambda hit: -hit.score)


def _neighbours(
    rows: Rows[MemoryRow], row: MemoryRow, count: int
) -> tuple[tuple[MemoryRow, ...], tuple[MemoryRow, ...]]:
    if not count or row.session is None or row.place is None:
        return (), ()
    where = ("by_session", row.scope, row.session)
    before = rows.select(*where, stop=row.place, backward=True, limit=count)
    after = rows.select(*where, start=row.place + 1, limit=count)
    return tuple(reversed(before)), tuple(after)
