"""Spans: sets of values as ranges of their packed bytes. Pure.

Packed values sort as values do and none begins another (`codecs.keys`). So whatever is asked of one field (equal,
between, one of, begins with, and what `&`, `|` and `~` make of these) is a row of disjoint half-open ranges of bytes in
ascending order; the same ranges, behind the values that come before, are where an index keeps the answer.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from typing import Final, NamedTuple, TypeAlias

__all__ = ["TOP", "Span", "Spans", "complement", "contains", "covers", "intersect", "union"]

TOP: Final = b"\xff"
"""Above every packed value: no tag is so high."""


class Span(NamedTuple):
    """Values from `low` on and below `high`; or exactly one, whose bytes are `low`."""

    low: bytes
    high: bytes
    is_point: bool = False


Spans: TypeAlias = tuple[Span, ...]


def union(spans: Iterable[Span]) -> Spans:
    """Ascending and disjoint. Neighbours stay apart, so that points stay points."""
    found: list[Span] = []
    for span in sorted(spans):
        if span.low >= span.high:
            continue
        if found and span.low < found[-1].high:
            last = found[-1]
            is_point = last.is_point and span.is_point
            found[-1] = Span(last.low, max(last.high, span.high), is_point)
        else:
            found.append(span)
    return tuple(found)


def intersect(left: Spans, right: Spans) -> Spans:
    """What both hold; each is ascending and disjoint, and so is the answer."""
    found: list[Span] = []
    at, other = 0, 0
    while at < len(left) and other < len(right):
        a, b = left[at], right[other]
        low, high = max(a.low, b.low), min(a.high, b.high)
        if low < high:
            found.append(Span(low, high, a.is_point or b.is_point))
        if a.high <= b.high:
            at += 1
        else:
            other += 1
    return tuple(found)


def complement(spans: Spans) -> Spans:
    """Everything else."""
    edges = [b"", *(edge for span in spans for edge in (span.low, span.high)), TOP]
    return tuple(Span(low, high) for low, high in zip(edges[::2], edges[1::2], strict=True) if low < high)


def contains(spans: Spans, packed: bytes) -> bool:
    """Whether a packed value is among them."""
    if len(spans) == 1:
        return spans[0].low <= packed < spans[0].high
    at = bisect_right(spans, (packed, TOP, True))
    return at > 0 and packed < spans[at - 1].high


def covers(outer: Spans, inner: Spans) -> bool:
    """Whether all of `inner` lies in `outer`."""
    return not intersect(inner, complement(outer))
