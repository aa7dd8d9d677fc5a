"""Folding: a batch of events through a projection's handlers, in one transaction with the checkpoint that covers it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

import lmdb

from ..codecs.frames import leaf
from ..codecs.rows import RowCodec
from ..core.errors import ViewFailed
from ..core.recorded import Recorded
from .caching.view_caches import NO_CACHES, ViewCaches
from .projection import Projection
from .view_store import ViewStore
from .written_rows import WriteRows

__all__ = ["failure_at", "failure_before", "fold"]

_UNKNOWN: Final = -1
"""Which event a fault is of that shows only when all of them are packed together."""


def fold(
    projection: type[Projection],
    store: ViewStore,
    codecs: Mapping[str, RowCodec[Any]],
    events: Sequence[Recorded[Any]],
    skips: frozenset[int],
    *,
    caches: ViewCaches = NO_CACHES,
) -> tuple[int, Exception] | None:
    """Run the handlers over events in one transaction; or tell which event's handler raised what, and change nothing.

    Args:
        projection: whose handlers.
        store: where the rows and the checkpoint are.
        codecs: what the rows of each table are packed with.
        events: the next ones.
        skips: positions of those to pass over.
        caches: what is kept of the tables, to be told what changes. Who calls this tells them that it is over, once
            the checkpoint that others see covers it.

    Raises:
        StorageFailed: the disk refuses; nothing changed.
    """
    # Together first, which is cheaper. If anything is wrong, once more and with care, to tell whose fault it is; but
    # not if the first handler raised: what it does is done once an attempt.
    attempt = partial(_attempt, projection, store, codecs, events, skips, caches=caches)
    failed = attempt(is_careful=False)
    if failed is None or failed[0] == 0:
        return failed
    return attempt(is_careful=True)


def _attempt(
    projection: type[Projection],
    store: ViewStore,
    codecs: Mapping[str, RowCodec[Any]],
    events: Sequence[Recorded[Any]],
    skips: frozenset[int],
    *,
    is_careful: bool,
    caches: ViewCaches,
) -> tuple[int, Exception] | None:
    failed: list[tuple[int, Exception]] = []

    def change(txn: lmdb.Transaction[bytes]) -> None:
        failed.clear()
        rows = {
            name: WriteRows(table, store.env, codecs[name], txn, is_careful=is_careful, cache=caches.tables.get(name))
            for name, table in projection.tables.items()
        }
        at_work = projection(rows)
        handlers = projection.handlers
        for index, event in enumerate(events):
            handler = handlers.get(event.type)
            if handler is None or event.is_erased or event.position in skips:
                continue
            try:
                handler(at_work, event)
            except lmdb.MapFullError:
                raise  # the map grows, and this is run again
            except Exception as error:
                failed.append((index, error))
                raise _Abandoned from error
        try:
            for each in rows.values():
                each.flush()
        except Exception as error:
            if is_careful or isinstance(error, lmdb.Error):
                raise
            failed.append((_UNKNOWN, error))
            raise _Abandoned from error
        caches.changing()

    try:
        store.write(change, events[-1].position, leaf(events[-1].frame))
    except _Abandoned:
        return failed[0]
    return None


def failure_at(view: str, event: Recorded[Any], error: Exception) -> ViewFailed:
    """What a view says whose projection raised."""
    message = f"the view {view} stands before event {event.position} ({event.type}): its projection raised "
    message += f"{type(error).__name__}: {error}; mend it and open the log again, or skip the event"
    failure = ViewFailed(message, view=view, position=event.position)
    failure.__cause__ = error
    return failure


def failure_before(view: str, position: int, error: Exception) -> ViewFailed:
    """What a view says that can't go on for another reason than its projection."""
    failure = ViewFailed(f"the view {view} stands before event {position}: {error}", view=view, position=position)
    failure.__cause__ = error
    return failure


class _Abandoned(Exception):
    """Leaves a transaction unwritten."""
