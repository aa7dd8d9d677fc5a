"""What is kept of one view: its tables' caches, open exactly while the view may be read."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any, Final, TypeVar

from ...codecs.rows import RowCodec
from ...core.environment import Environment
from ...core.errors import ViewFailed
from ..rows import Gate, ReadRows
from ..schema import Schema
from ..slow import SlowQueries
from .cached_rows import CachedRows
from .caches import Caches
from .levels import TableCache

__all__ = ["NO_CACHES", "CachedView", "ViewCaches"]

R = TypeVar("R")


class ViewCaches:
    """The caches of a view's tables; none, where nothing is kept.

    Attributes:
        tables: by the table's name.
    """

    def __init__(self, caches: Caches | None, view: str, tables: Mapping[str, Schema[Any]]) -> None:
        self.tables: dict[str, TableCache[Any]] = (
            {} if caches is None else {name: caches.table(view, table) for name, table in tables.items()}
        )
        self._given: dict[str, CachedRows[Any]] = {}

    def rows(
        self, table: Schema[R], env: Environment, codec: RowCodec[R], gate: Gate, slow: SlowQueries
    ) -> ReadRows[R]:
        """The rows of one of the tables, as users see them."""
        cache = self.tables.get(table.name)
        if cache is None:
            return ReadRows(table, env, codec, gate, slow)
        rows = CachedRows(table, env, codec, gate, slow, cache=cache)
        before = self._given.get(table.name)
        if before is not None:
            before.retire()
        self._given[table.name] = rows
        return rows

    def changing(self) -> None:
        """What was noted of the tables is about to be committed."""
        for cache in self.tables.values():
            cache.changing()

    @contextmanager
    def change(self) -> Generator[None]:
        """Around a commit, up to where the view's checkpoint covers it, or it was taken back.

        Not less: who answers by the events up to the checkpoint would have it kept as what the rows say now.
        """
        try:
            yield
        finally:
            for cache in self.tables.values():
                cache.changed()

    def shut(self) -> None:
        """Forget everything and keep nothing: the rows are others from here on, or may not be read."""
        for cache in self.tables.values():
            cache.shut()

    def renew(self, *, is_readable: bool) -> None:
        """Forget everything, and keep what is read from here on if the view may be read: a hit asks nobody."""
        self.shut()
        if is_readable:
            for cache in self.tables.values():
                cache.open()


NO_CACHES: Final = ViewCaches(None, "", {})
"""Of a view of which nothing is kept."""


class CachedView:
    """The part of a view that sees to it that what is kept may be read exactly as long as the view itself.

    Attributes:
        caches: what is kept of its tables.
        is_ready: whether it has ever caught up.
        is_async: whether it follows the log: then it may be read when it has failed, too.
    """

    caches: ViewCaches
    is_ready: bool
    is_async: bool
    _failure: ViewFailed | None = None

    @property
    def failure(self) -> ViewFailed | None:
        """What its projection, or the disk, has done to it; None while it goes on."""
        return self._failure

    @failure.setter
    def failure(self, failure: ViewFailed | None) -> None:
        self._failure = failure
        self.caches.renew(is_readable=failure is None or (self.is_async and self.is_ready))

    def let_in(self) -> None:
        """The view has caught up: it may be read, and what is read kept."""
        self.is_ready = True
        self.failure = self._failure
