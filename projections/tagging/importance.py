"""Importance: how much a memory matters at a moment. Folded at read with the time passed in, and never stored.

The weights are MemMimic's: 0.40 class (context 1.0, control 0.8, data 0.6, each times 0.5 + 0.5 * confidence),
0.25 use, 0.20 recency, 0.10 confidence in the memory, 0.05 kind; then the labels `priority_high` (x 1.2),
`priority_low` (x 0.8) and `deprecated` (x 0.5). Where it leaves a figure open, this is how it is closed:

- use: each confirmation counts `exp(-days / 30)`, and their sum u counts `u / (1 + u)`: the first is worth most;
- recency: `0.7 * exp(-hours / 168) + 0.3 * exp(-days / 90)`, a week and a season;
- a memory that has no class has 0 for its part: nobody knows what it is for;
- what was told of its importance multiplies by `0.5 + told`: nothing changes at the 0.5 that is told by default.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import exp
from typing import Final

import attrs

from ..memories.view import MemoryRow
from .view import TagRow

__all__ = ["Importance", "importance_of"]

_CLASS: Final[Mapping[str, float]] = {"context": 1.0, "control": 0.8, "data": 0.6}
_KINDS: Final[Mapping[str, float]] = {
    "synthetic_wisdom": 1.0,
    "milestone": 0.9,
    "reflection": 0.7,
    "project_info": 0.6,
    "interaction": 0.5,
    "turn": 0.5,
    "temporary": 0.2,
}
_KIND: Final = 0.5
"""Of a kind that the table doesn't name."""
_LABELS: Final[Mapping[str, float]] = {"priority_high": 1.2, "priority_low": 0.8, "deprecated": 0.5}
_USE_DAYS: Final = 30.0
_HOURS: Final = 168.0
_SEASON_DAYS: Final = 90.0
_DAY_NS: Final = 86_400 * 10**9
_HOUR_NS: Final = 3_600 * 10**9


@attrs.frozen
class Importance:
    """How much a memory matters, and what made it so; each part is 0 to 1 before its weight.

    Attributes:
        score: 0 to 1.
        cxd: what its class gives (weight 0.40).
        use: what its confirmations give (0.25).
        recency: what its age gives (0.20).
        confidence: how sure it is (0.10).
        kind: what its kind gives (0.05).
        factor: what the labels and what was told multiply by.
    """

    score: float
    cxd: float
    use: float
    recency: float
    confidence: float
    kind: float
    factor: float


def importance_of(row: MemoryRow, tagged: TagRow | None, time_ns: int) -> Importance:
    """How much a memory matters at a moment, in unix nanoseconds."""
    cxd = use = 0.0
    if tagged is not None:
        if tagged.cxd is not None:
            cxd = _CLASS.get(tagged.cxd, 0.0) * (0.5 + 0.5 * tagged.sure)
        used = sum(exp(-max(0, time_ns - at) / _DAY_NS / _USE_DAYS) for at in tagged.confirmed_ns)
        use = used / (1 + used)
    age_ns = max(0, time_ns - row.time_ns)
    recency = 0.7 * exp(-age_ns / _HOUR_NS / _HOURS) + 0.3 * exp(-age_ns / _DAY_NS / _SEASON_DAYS)
    kind = _KINDS.get("turn" if row.session is not None else row.kind, _KIND)
    factor = 0.5 + row.importance
    for label, times in _LABELS.items():
        factor *= times if label in row.tags else 1.0
    sum_ = 0.40 * cxd + 0.25 * use + 0.20 * recency + 0.10 * row.confidence + 0.05 * kind
    return Importance(min(1.0, sum_ * factor), cxd, use, recency, row.confidence, kind, factor)
