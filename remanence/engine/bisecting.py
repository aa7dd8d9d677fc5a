"""Bisecting: the event after which something became true.

The views that stand at the last position where it wasn't true are kept and copied, never built again: all the folding
together is twice that of the log, and the predicate is asked about log2 of its length.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import trio

from ..core.errors import InvalidInput, NotFound
from ..core.log import Progress
from ..projections.replaying import Replay
from .past import interruptible

__all__ = ["bisect"]

T = TypeVar("T")


async def bisect(start: Replay, end: int, holds: Callable[[Replay], bool], *, progress: Progress | None = None) -> int:
    """The position of an event before which `holds` is false and after which it is true.

    Args:
        start: views at a position where it is false.
        end: a position where it is true.
        holds: whether it is true where views stand.
        progress: told how far each folding is.

    Raises:
        InvalidInput: it is true at the start, or the end comes before it.
        NotFound: it is false at the end.
    """
    if end < start.position:
        message = f"the search ends at event {end}, before event {start.position}, where it begins"
        raise InvalidInput(message)
    if holds(start):
        message = f"it is true at event {start.position} already, where the search begins"
        raise InvalidInput(message)
    low, high = start, end
    try:
        last = await _at(low, high, progress)
        try:
            is_there = holds(last)
        finally:
            await _close(last)
        if not is_there:
            message = f"it is not true at event {end}, where the search ends"
            raise NotFound(message)
        while high - low.position > 1:
            middle = await _at(low, (low.position + high) // 2, progress)
            try:
                is_there = holds(middle)
            except BaseException:
                await _close(middle)
                raise
            low, high, other = (low, middle.position, middle) if is_there else (middle, high, low)
            if other is not start:
                await _close(other)
    finally:
        if low is not start:
            await _close(low)
    return high


async def _at(low: Replay, position: int, progress: Progress | None) -> Replay:
    def branch() -> Replay:
        other = low.branch()
        try:
            other.advance(position, interruptible(progress))
        except BaseException:
            other.close()
            raise
        return other

    return await trio.to_thread.run_sync(branch)


async def _close(replay: Replay) -> None:
    with trio.CancelScope(shield=True):
        await trio.to_thread.run_sync(replay.close)
