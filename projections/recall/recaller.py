"""The recaller: everything that recall keeps of a log's memories, behind one door.

This module needs numpy; nothing that `import remanence` loads may import it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import attrs

from ...core.errors import InvalidInput
from ...core.log import Log
from ..memories.view import MemoryRow
from ..rows import Rows
from ..semantic.files import VectorFiles
from ..view_store import leaves_of
from .asking import Filters
from .columns import WINDOWS
from .files import IndexFiles
from .following import Indexes
from .fusion import METHODS, Method
from .meaning import Meaning, Semantic
from .plugs import RecallSettings
from .ranked import Ranked
from .ranking import RECIPES, Recipe, rank
from .words import OWN, analysed

__all__ = ["Filters", "Recaller", "Recipe", "recipe_of"]


WEIGHTS: Final = tuple(name for name in attrs.fields_dict(Recipe) if name != "method")
WEIGHT_MAX: Final = 1e6
"""A hundred years of days are fewer."""


class Recaller:
    """Answers questions about a log's memories, in this process."""

    def __init__(  # noqa: PLR0917 - it is made in one place
        self,
        rows: Callable[[], Rows[MemoryRow]],
        log: Log,
        checkpoint: Callable[[], int],
        folder: Path,
        semantic: Semantic | None = None,
        settings: RecallSettings | None = None,
        *,
        keeps: bool = False,
    ) -> None:
        """Answer from a view of memories.

        Args:
            rows: the view's rows.
            log: the log that it is of, or its past.
            checkpoint: position of the last event that the rows show.
            folder: the log's views, where indexes are kept.
            semantic: what knows what memories mean, if anything does.
            settings: what is plugged in.
            keeps: whether indexes that have been made anew are kept for the next program.
        """
        settings = settings or RecallSettings()
        self._rows = rows
        self._words = OWN if settings.analyser is None else analysed(settings.analyser)
        files = IndexFiles(folder, log.store.log_id, leaves_of(log.store), self._words)
        if semantic is not None:
            semantic.keep_in(VectorFiles(files.kept), at_once=keeps)
        self.indexes = Indexes(rows, log, checkpoint, files, self._words, semantic, keeps=keeps)
        self._thesaurus = settings.thesaurus
        self._meaning = None if semantic is None else Meaning(semantic)

    @property
    def asks_a_model(self) -> bool:
        """Whether a question waits for a model to make its vector."""
        return self._meaning is not None and not self._meaning.is_pure

    def prepare(self, text: str) -> None:
        """Have a question's vector made; it takes as long as its model does."""
        if self._meaning is not None:
            self._meaning.prepare(text)

    def rank(
        self,
        scope: tuple[str, ...],
        text: str,
        *,
        filters: Filters,
        recipe: Recipe,
        limit: int,
        now_ns: int,
        explain: bool = False,
        names: bool = True,
    ) -> Ranked:
        """The memories of a scope that answer best (`ranking.rank`)."""
        with self.indexes.of(scope) as index:
            return rank(
                index,
                scope,
                text,
                filters=filters,
                recipe=recipe,
                limit=limit,
                now_ns=now_ns,
                scratch=self.indexes.scratch,
                meaning=self._meaning,
                explain=explain,
                names=names,
                words_of=self._words_of,
                thesaurus=self._thesaurus,
            )

    def _words_of(self, memory_id: str) -> Sequence[int]:
        row = self._rows().get(memory_id)
        return () if row is None else self._words.of(row.text)[0]


def recipe_of(preset: str, method: Method, weights: Mapping[str, Any]) -> Recipe:
    """A preset's recipe, with another method and other weights.

    Raises:
        InvalidInput: there is no such method or weight, or one is no number of 0 or more.
    """
    if method not in METHODS:
        message = f"fusion is one of {', '.join(METHODS)}, not {method!r}"
        raise InvalidInput(message)
    for name, value in weights.items():
        if name not in WEIGHTS:
            message = f"there is no weight {name!r}; there are {', '.join(WEIGHTS)}"
            raise InvalidInput(message)
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not is_number or not 0 <= value <= WEIGHT_MAX or (name == "reach" and value not in range(WINDOWS)):
            message = f"the weight {name} is a number from 0 to {WEIGHT_MAX}, or of neighbours up to 3, not {value!r}"
            raise InvalidInput(message)
    usual = RECIPES[preset]
    return usual if method == usual.method and not weights else attrs.evolve(usual, method=method, **weights)
