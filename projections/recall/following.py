"""Following: indexes that are as new as the view of memories, whenever they are asked for.

Invariants:
- the log says which memories changed, the view's rows say what they are now: an index never shows what a row doesn't;
- an index is brought up to the view's checkpoint before it is asked, so what was acknowledged is found, and what was
  forgotten or revised is gone, with no commit of its own to wait for;
- whoever changes or reads an index holds the lock, for a batch at a time, except to build one or to bring one from a
  file up to date; what took long is kept for the next program.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Generator
from contextlib import contextmanager
from itertools import islice
from typing import Any, Final, Protocol

from ...core.events import event_type_of
from ...core.log import Log
from ...core.queries import Query
from ...core.recorded import Recorded
from ..memories.events import MemoryForgotten, MemoryReinforced, MemoryRemembered, MemoryRevised, scope_tag
from ..memories.view import MemoryRow
from ..rows import Rows
from .compaction import compacted
from .files import IndexFiles
from .lexical import Scratch
from .scope_index import ScopeIndex
from .words import OWN, Words

__all__ = ["CHANGES", "Indexes"]

_logger = logging.getLogger(__name__)
Scope = tuple[str, ...]
CHANGES: Final = tuple(
    event_type_of(each).name for each in (MemoryRemembered, MemoryRevised, MemoryReinforced, MemoryForgotten)
)
"""Events after which a memory's row may be another; each has the memory's `id`."""
BATCH: Final = 256
"""Memories taken up while the lock is held: some 10 ms."""
BATCHES: Final = 4
"""Taken up in one go, so that words keep up with vectors, which are made for so many memories at once."""
SLOTS_MAX: Final = 4_000_000
"""Slots of all indexes in memory together, some 200 bytes each; the scope asked longest ago goes first."""
KEEP_LEAST: Final = 250
"""An index is kept in its file when so many memories have changed since, or a tenth of it."""


class Beside(Protocol):
    """What else is known of a scope's memories."""

    def advance(self, scope: Scope) -> bool:
        """Take up some of what has changed; whether there was any more."""
        ...

    def keep(self, scope: Scope) -> bool:
        """Keep it in a file if enough has changed; whether it was."""
        ...

    def let_go(self, scope: Scope) -> None:
        """Know nothing of a scope any more; its files go by themselves."""
        ...


class Indexes:
    """The indexes of a log's scopes, in this process."""

    def __init__(  # noqa: PLR0917 - what an index is made of
        self,
        rows: Callable[[], Rows[MemoryRow]],
        log: Log,
        checkpoint: Callable[[], int],
        files: IndexFiles | None = None,
        words: Words = OWN,
        beside: Beside | None = None,
        *,
        keeps: bool = False,
    ) -> None:
        """Follow a view of memories.

        Args:
            rows: the view's rows.
            log: the log that it is of.
            checkpoint: position of the last event that the rows show.
            files: where indexes are kept from one program to the next; None for nowhere.
            words: what a word is.
            beside: what else is known of a scope's memories, and kept beside.
            keeps: whether what was made anew is kept at once, and not only when `keep` is called.
        """
        self._rows = rows
        self._log = log
        self._checkpoint = checkpoint
        self._files = files
        self._words = words
        self._beside = beside
        self._keeps = keeps
        self._lock = threading.RLock()
        self._open: OrderedDict[Scope, ScopeIndex] = OrderedDict()
        self._kept: dict[Scope, int] = {}
        self.scratch = Scratch()

    @contextmanager
    def of(self, scope: Scope) -> Generator[ScopeIndex]:
        """The index of a scope, up to date, for as long as the block lasts."""
        with self._lock:
            index = self._opened(scope)
            while self._advance(scope, index):
                pass
            index.settle()
            yield index

    def advance(self, scope: Scope) -> bool:
        """Take up the next batches of what has changed in a scope; whether there is more."""
        is_more = True
        for _ in range(BATCHES):
            with self._lock:
                is_more = self._advance(scope, self._opened(scope))
            if not is_more:
                break
        return (self._beside is not None and self._beside.advance(scope)) or is_more

    def keep(self, scope: Scope) -> bool:
        """Keep the index of a scope in its file if enough has changed; whether it was.

        Raises:
            OSError: the disk refuses.
        """
        is_kept = self._keep(scope)
        return (self._beside is not None and self._beside.keep(scope)) or is_kept

    def _keep(self, scope: Scope) -> bool:
        with self._lock:
            index = self._open.get(scope)
            if self._files is None or index is None or not self._is_worth_keeping(scope, index):
                return False
            index = self._open[scope] = compacted(index)
            self._kept[scope] = _events_in(index)
            noted = self._files.noted(scope, index)
        unplaced = self._files.write(noted)  # nobody waits for the disk, but who holds the lock already
        with self._lock:
            if unplaced is None:
                return False
            if self._open.get(scope) is not index:
                unplaced.discard()
                return False  # it was erased meanwhile, and what it held may not come back
            unplaced.put()
            return True

    def erase(self, scope: Scope) -> None:
        """Have nothing of a scope, here or in its files: it is made anew from the rows when it is next asked for.

        This is the one place to call when content is destroyed.
        """
        with self._lock:
            self._open.pop(scope, None)
            self._kept.pop(scope, None)
            if self._beside is not None:
                self._beside.let_go(scope)
            if self._files is not None:
                self._files.drop(scope)

    def _is_worth_keeping(self, scope: Scope, index: ScopeIndex) -> bool:
        kept = self._kept.get(scope, 0)
        return _events_in(index) - kept >= max(KEEP_LEAST, kept // 10)

    def _opened(self, scope: Scope) -> ScopeIndex:
        index = self._open.get(scope)
        if index is not None:
            self._open.move_to_end(scope)
            return index
        checkpoint = self._checkpoint()  # before the rows: they show all of it, and perhaps more
        index = None if self._files is None else self._files.load(scope, checkpoint)
        if index is None:
            index = self._open[scope] = self._built(scope, checkpoint)
        else:
            self._open[scope] = index
            self._kept[scope] = _events_in(index)
            while self._advance(scope, index):
                pass
        if self._keeps:
            self._keep_quietly(scope)
            index = self._open[scope]
        while len(self._open) > 1 and sum(each.columns.count for each in self._open.values()) > SLOTS_MAX:
            self._open.popitem(last=False)
        return index

    def _keep_quietly(self, scope: Scope) -> None:
        try:
            self._keep(scope)
        except OSError as error:  # the next program makes it anew, as this one did
            _logger.warning("the index of the scope %s could not be kept: %s", "/".join(scope), error)

    def _built(self, scope: Scope, checkpoint: int) -> ScopeIndex:
        index = ScopeIndex(self._words)
        rows = self._rows().iterate("by_time", scope)
        while several := list(islice(rows, BATCH)):
            index.put(several)
        index.position = checkpoint
        return index

    def _advance(self, scope: Scope, index: ScopeIndex) -> bool:
        checkpoint = self._checkpoint()
        if index.position >= checkpoint:
            return False
        query = Query.of(CHANGES, [scope_tag(scope)])
        events = self._log.read(query, after=index.position, before=checkpoint + 1, limit=BATCH, decoded=True)
        changed = dict.fromkeys(_changed(event) for event in events if not event.is_erased)
        found: dict[str, MemoryRow] = {}
        for memory_id, row in zip(changed, self._rows().read_all(changed), strict=True):
            if row is None or row.scope != scope:
                index.drop(memory_id)
            else:
                found[memory_id] = row
        index.put(found.values())
        is_more = len(events) == BATCH
        index.position = events[-1].position if is_more else checkpoint
        return is_more


def _events_in(index: ScopeIndex) -> int:
    """How much an index has taken up: what came, and what went."""
    return index.columns.count + index.dead


def _changed(event: Recorded[Any]) -> str:
    """The memory that an event is about, also one of a later version than this program knows."""
    return str(event.data.id if event.is_known else event.raw["id"])
