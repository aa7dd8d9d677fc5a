"""Recalled before: answers of `recall` and `similar`, given again as long as they would come out the same.

An answer follows from what was asked, from the memories of the scope and, where a model makes the vectors, from those
that are recorded: so it holds until one of these changes. Where the question names a day by what it is today, it holds
as long as that means the same; with `recency`, for no time; and what a reranker didn't come to speak about isn't kept.

What is kept is which memories answer. What they say is read anew each time: rows have caches of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from ..codecs import keys
from ..core.embedder import is_pure
from ..core.errors import NotFound
from ..core.queries import Query
from ..projections.caching.answers import Answers, Standing
from ..projections.caching.pools import weigh
from ..projections.memories.events import scope_tag
from ..projections.memories.view import Memories
from ..projections.recall.ranked import Ranked
from ..projections.semantic.vectors import CHOSEN, Vectors

if TYPE_CHECKING:
    from ..engine.engine import Engine
    from ..projections.recall.periods import Period
    from ..projections.recall.ranking import Recipe

__all__ = ["NAME", "RecalledBefore", "question_of"]

NAME: Final = "memories.recall"
"""What statistics call these answers."""
_EMBEDDED: Final = "memory.embedded"
_PLAIN: Final = frozenset((str, int, float, bool, type(None), datetime))


def question_of(*asked: object) -> Hashable:
    """What was asked as one thing to look up; None if it holds what could be asked only once, or isn't plain.

    Types count, because 1, 1.0 and True are equal and are not all taken.
    """
    kinds = tuple(map(type, asked))
    if _PLAIN.issuperset(kinds):
        return asked, kinds
    parts: list[Hashable] = []
    for each, kind in zip(asked, kinds, strict=True):
        if kind in _PLAIN:
            parts.append(each)
        elif kind in {tuple, list, dict}:
            part = question_of(*_flat(each))
            if part is None:
                return None
            parts.append(part)
        else:
            return None
    return tuple(parts), kinds


def _flat(value: Any) -> Sequence[object]:
    plain: dict[object, object] | Sequence[object] = value
    return [*plain.keys(), *plain.values()] if isinstance(plain, dict) else plain


class RecalledBefore:
    """The answers that are kept of an engine's memories."""

    def __init__(self, engine: Engine, *, keeps: bool = True) -> None:
        """Begin with what other readers of the same engine have asked; or, unless it `keeps`, ask anew every time."""
        table = engine.views.of(Memories).caches.tables.get("rows")
        caches = engine.views.caches
        self._engine = engine
        self._answers: Answers[Ranked] | None = None
        if keeps and caches is not None and table is not None:
            self._answers = caches.answers(NAME, table, Ranked)

    def find(self, question: Hashable) -> Ranked | None:
        """The answer to a question, if it is there and would come out the same now."""
        return None if question is None or self._answers is None else self._answers.find(question)

    def standing(self, scope: tuple[str, ...], text: str, recipe: Recipe) -> Standing | None:
        """What an answer about a scope will stand on: ask before it is made. None if nothing is kept."""
        if self._answers is None:
            return None
        besides: list[Callable[[], bool]] = []
        embedders = self._engine.embedders
        if recipe.meaning and embedders and not is_pure(embedders[0]):
            besides.append(_Vectors(self._engine, scope))
        if recipe.dates and (named := self._periods(text)):
            besides.append(lambda: self._periods(text) == named)
        holds = (lambda: all(is_so() for is_so in besides)) if besides else None
        return self._answers.standing(keys.pack((scope,)), holds)

    def _periods(self, text: str) -> tuple[Period, ...]:
        """The times that a question names, as they are understood now: tomorrow, yesterday is another day."""
        from ..projections.recall.periods import periods  # noqa: PLC0415 - it needs numpy, as all of recall

        return periods(text, self._engine.clock())

    def keep(self, question: Hashable, standing: Standing | None, answer: Ranked) -> None:
        """Take in an answer that was made since `standing`."""
        if question is not None and standing is not None and self._answers is not None:
            self._answers.keep(question, standing, answer, weigh(question))


class _Vectors:
    """Whether the vectors that recall goes by are those of before. Only a change of what is recorded is looked for."""

    def __init__(self, engine: Engine, scope: tuple[str, ...]) -> None:
        self._engine = engine
        self._query = Query.of([_EMBEDDED], [scope_tag(scope)])
        self._checkpoint = engine.checkpoint(Memories)
        self._chosen = self._chosen_now()

    def __call__(self) -> bool:
        checkpoint = self._engine.checkpoint(Memories)  # recall takes in the vectors up to here
        if checkpoint != self._checkpoint:
            if self._engine.log.read(self._query, after=self._checkpoint, before=checkpoint + 1, limit=1):
                return False
            self._checkpoint = checkpoint
        return self._chosen_now() == self._chosen

    def _chosen_now(self) -> str | None:
        try:
            row = self._engine.view(Vectors).embedders.get(CHOSEN)
        except NotFound:  # still being built, or opened without
            return None
        return None if row is None else row.embedder
