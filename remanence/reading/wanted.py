"""What `Memory.find` wants: checked before anything is read, and put as a question to the rows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, Literal

import attrs

from ..core.errors import InvalidInput
from ..projections.conditions import ge, has_all, lt
from ..projections.finding import Question
from ..projections.memories.view import Memories, MemoryRow
from ..projections.rows import Rows
from .identity import DEFAULT_SCOPE, as_labels, as_scope, check_kind, check_label, check_moment, check_share

__all__ = ["Order", "Wanted"]

Order = Literal["newest", "oldest", "surest"]
_ORDERS: Final[Mapping[str, str]] = {"newest": "-time_ns", "oldest": "time_ns", "surest": "-confidence"}


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

    def fits(self, row: MemoryRow) -> bool:
        """Whether a memory is wanted."""
        return (
            row.scope == self.scope
            and row.confidence >= self.min_confidence
            and (self.kind is None or row.kind == self.kind)
            and (self.session is None or row.session == self.session)
            and set(self.tags) <= set(row.tags)
            and (self._low is None or row.time_ns >= self._low)
            and (self._high is None or row.time_ns < self._high)
        )

    def among(self, rows: Rows[MemoryRow]) -> list[MemoryRow]:
        """Those of the memories that are wanted, in order."""
        return rows.answer(_question(self, isinstance(self.min_confidence, float)))

    def question(self) -> Question:
        """What it asks the rows."""
        conditions: dict[str, Any] = {"scope": self.scope}
        if self.min_confidence:
            conditions["confidence"] = ge(self.min_confidence)
        if self.kind is not None:
            conditions["kind"] = self.kind
        if self.tags:
            conditions["tags"] = has_all(*self.tags)
        if self._low is not None:
            conditions["time_ns"] = ge(self._low)
        if self._high is not None:
            conditions["time_ns"] = conditions["time_ns"] & lt(self._high) if self._low is not None else lt(self._high)
        if self.session is not None:
            conditions["session"] = self.session
            index, order = "by_session", "place"
        else:
            index, order = None, _ORDERS[self.order]
        return Question.of(
            Memories.rows, (), conditions, order=order, limit=self.limit, after=None, index=index, scan=False
        )


@lru_cache(256)
def _question(wanted: Wanted, _is_float: bool) -> Question:  # noqa: FBT001 - a part of the key
    """Making one takes longer than an answer that is kept. 1 and 1.0 are equal, and not the same question."""
    return wanted.question()
