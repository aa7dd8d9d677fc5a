"""Recalling: what a memory answers when it is asked in words.

Reads are synchronous, as all reads are: the index is brought up to what has been acknowledged, and then asked.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Final, Literal, TypedDict

import attrs
import trio

from ..core.errors import InvalidInput
from ..engine.engine import Engine
from ..projections.memories.view import Memories, MemoryRow
from ..projections.recall.events import MemoryRecalled
from ..projections.rows import Rows
from .identity import DEFAULT_SCOPE, as_labels, as_scope, check_kind, check_label, check_moment, check_share
from .recalled_before import RecalledBefore, question_of
from .reranking import Reranking

if TYPE_CHECKING:  # it needs numpy, which costs as much to import as all of ours: only who recalls pays for it
    from ..projections.recall.ranking import Ranked
    from ..projections.recall.recaller import Filters, Recaller, Recipe

__all__ = ["ALONE", "Fusion", "Hit", "Preset", "RecallOptions", "Recalling", "recalled"]

Preset = Literal["fast", "balanced", "accurate"]
_OTHERS = ("reach", "feedback", "speaker", "session", "length", "asks", "dates", "related", "hop")
ALONE: Final[Mapping[str, float]] = dict.fromkeys(_OTHERS, 0)
"""Weights of a search that knows nothing but texts by themselves."""
Fusion = Literal["weighted", "max", "harmonic", "geometric", "reciprocal"]
LIMIT: Final = 10
LIMIT_MAX: Final = 10_000
NEIGHBOURS_MAX: Final = 100
QUERY_BYTES_MAX: Final = 1 << 20
"""As much as a memory may say."""
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


@attrs.frozen
class Asking:
    """A question, checked."""

    scope: tuple[str, ...]
    text: str
    limit: int
    neighbours: int
    preset: str
    explain: bool


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
        before = self.recalled_before
        narrowed = (kinds, tags, sessions, since, until, min_confidence)
        question = question_of("recall", query, scope, *narrowed, limit, preset, fusion, weights, neighbours, explain)
        found = before.find(question)
        if found is not None:
            return found
        asked = _checked(query, scope, limit, neighbours, preset, explain=explain)
        filters = _filters(
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
        asked = _checked(query, "main", LIMIT, 0, "balanced", explain=False)
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
        found = self.recalled_before.find(question)
        if found is not None:
            return found
        row = self.get(memory_id)
        asked = _checked(row.text, row.scope, limit, 0, preset, explain=explain)
        filters = _filters(kinds=kinds, tags=tags, without=row.id)
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
        return RecalledBefore(self.engine, Hit)

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
        hits, is_final = self._found(asked, filters, recipe, names=names)
        before.keep(question, standing if is_final else None, hits)
        return hits

    def _found(self, asked: Asking, filters: Filters, recipe: Recipe, *, names: bool) -> tuple[list[Hit], bool]:
        """What is found now; and whether it is all that was asked for, or a reranker was to speak and didn't."""
        reranking = self._reranking if names and asked.preset == "accurate" else None
        hits: list[Hit] = []
        for _ in range(LOOKS):
            found = self.recaller.rank(
                asked.scope,
                asked.text,
                filters=filters,
                recipe=recipe,
                limit=asked.limit if reranking is None else max(asked.limit, reranking.texts),
                now_ns=self.engine.clock(),
                explain=asked.explain,
                names=names,
            )
            hits = self._shown(found)
            if len(hits) == len(found.ids):
                break
        scores = None if reranking is None else reranking.scores(asked.text, [hit.memory for hit in hits])
        is_final = reranking is None or not hits or scores is not None
        hits = (hits if scores is None else _reranked(scores, hits, explain=asked.explain))[: asked.limit]
        if asked.neighbours:
            near = [_neighbours(self._all_rows(), hit.memory, asked.neighbours) for hit in hits]
            hits = [attrs.evolve(hit, before=some, after=more) for hit, (some, more) in zip(hits, near, strict=True)]
        return hits, is_final

    def _shown(self, found: Ranked) -> list[Hit]:
        """What is there still, as it was when it was found."""
        rows = self._all_rows()
        hits: list[Hit] = []
        for at, memory_id in enumerate(found.ids):
            row = rows.get(memory_id)
            if row is not None and row.changed == found.changed[at]:
                hits.append(Hit(row, found.scores[at], found.parts[at] if found.parts else {}))
        return hits


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


def _checked(
    query: str, scope: str | Sequence[str], limit: int, neighbours: int, preset: str, *, explain: bool
) -> Asking:
    if not isinstance(query, str) or not query.strip():
        message = f"a question is a text that says something, not {query!r:.60}"
        raise InvalidInput(message)
    try:
        size = len(query.encode())
    except UnicodeEncodeError as error:
        message = f"the question {query!r:.60} is not valid text: {error.reason}"
        raise InvalidInput(message) from error
    if size > QUERY_BYTES_MAX:
        message = f"a question has at most {QUERY_BYTES_MAX:,} bytes, this one {size:,}"
        raise InvalidInput(message)
    for name, value, most in (("limit", limit, LIMIT_MAX), ("neighbours", neighbours, NEIGHBOURS_MAX)):
        least = int(name == "limit")
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            message = f"{name} is a number from {least} to {most:,}, not {value!r}"
            raise InvalidInput(message)
    if preset not in {"fast", "balanced", "accurate"}:
        message = f"preset is 'fast', 'balanced' or 'accurate', not {preset!r}"
        raise InvalidInput(message)
    return Asking(as_scope(scope), query, limit, neighbours, preset, explain)


def _filters(
    *,
    kinds: str | Iterable[str] = (),
    tags: Iterable[str] = (),
    sessions: str | Iterable[str] = (),
    since: datetime | None = None,
    until: datetime | None = None,
    min_confidence: float = 0.0,
    without: str | None = None,
) -> Filters:
    from ..projections.recall.recaller import Filters  # noqa: PLC0415 - see the import above

    wanted = (kinds,) if isinstance(kinds, str) else tuple(kinds)
    for kind in wanted:
        check_kind(kind)
    among = (sessions,) if isinstance(sessions, str) else tuple(sessions)
    for session in among:
        check_label("session", session)
    check_share("min_confidence", min_confidence)
    return Filters(
        kinds=wanted,
        tags=as_labels(tags),
        sessions=among,
        since_ns=None if since is None else check_moment("since", since),
        until_ns=None if until is None else check_moment("until", until),
        min_confidence=float(min_confidence),
        without=without,
    )
