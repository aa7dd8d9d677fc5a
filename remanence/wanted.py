"""What `Memory.find` wants: checked before anything is read, and answered through the index that fits best."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Any, Final, Literal, get_args

import attrs

from .core.errors import InvalidInput
from .identity import DEFAULT_SCOPE, as_labels, as_scope, check_kind, check_label, check_moment, check_share
from .projections.memories.view import MemoryRow
from .projections.rows import Rows

__all__ = ["Order", "Wanted"]

Order = Literal["newest", "oldest", "surest"]
_ORDERS: Final[tuple[str, ...]] = get_args(Order)


@attrs.frozen(kw_only=True)
class Wanted:
    """Memories of a scope that fit all that is said. `Memory.find` says what each field means."""

    scope: tuple[str, ...] = attrs.field(default=DEFAULT_SCOPE, converter=as_scope)
    kind: str | None = None
    tags: tuple[str, ...] = attrs.field(default=(), converter=as_labels)
    session: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    min_confidence: float = 0.0
    order: Order = "newest"
    limit: int | None = None
    _low: int | None = attrs.field(default=None, init=False)
    _high: int | None = attrs.field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        if self.order not in _ORDERS:
            message = f"order is 'newest', 'oldest' or 'surest', not {self.order!r}"
            raise InvalidInput(message)
        if self.limit is not None and (not isinstance(self.limit, int) or self.limit < 1):
            message = f"limit is 1 or more, or None for all, not {self.limit!r}"
            raise InvalidInput(message)
        if self.kind is not None:
            check_kind(self.kind)
        if self.session is not None:
            check_label("session", self.session)
        check_share("min_confidence", self.min_confidence)
        for name, moment, bound in (("since", self.since, "_low"), ("until", self.until, "_high")):
            if moment is not None:
                object.__setattr__(self, bound, check_moment(name, moment))

    def among(self, rows: Rows[MemoryRow]) -> list[MemoryRow]:
        """Those of the memories that are wanted, in order."""
        return list(islice(filter(self._fits, self._candidates(rows)), self.limit))

    def _candidates(self, rows: Rows[MemoryRow]) -> Iterator[MemoryRow]:
        """What the best index brings, in the order that is wanted: all that fits, and perhaps more."""
        if self.session is not None:
            return rows.iterate("by_session", self.scope, self.session)
        if self.order == "surest":
            return rows.iterate("by_confidence", self.scope, start=float(self.min_confidence), backward=True)
        by_time: dict[str, Any] = {"start": self._low, "stop": self._high, "backward": self.order == "newest"}
        if self.tags:
            return rows.iterate("by_tag", self.scope, self.tags[0], **by_time)
        if self.kind is not None:
            return rows.iterate("by_kind", self.scope, self.kind, **by_time)
        return rows.iterate("by_time", self.scope, **by_time)

    def _fits(self, row: MemoryRow) -> bool:
        return (
            (self.kind is None or row.kind == self.kind)
            and row.confidence >= self.min_confidence
            and (self._low is None or row.time_ns >= self._low)
            and (self._high is None or row.time_ns < self._high)
            and set(self.tags) <= set(row.tags)
        )
