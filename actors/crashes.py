"""Crashes: what ends a life, told so that nothing of it is hidden. Pure.

A crash may come from the handling, from what an actor spawned, or from both at once; and out of a nursery of the
actor's own it comes in a group, which says nothing by itself.
"""

from __future__ import annotations

from typing import cast

import outcome

__all__ = ["is_crash", "joined", "only", "told"]


def is_crash(result: outcome.Outcome[None]) -> bool:
    """Whether the handling has crashed; it hasn't if it was cancelled because what it spawned did."""
    return isinstance(result, outcome.Error) and isinstance(result.error, Exception)


def joined(result: outcome.Outcome[None], beside: ExceptionGroup[Exception]) -> Exception:
    """What the handling crashed with, if it did, and what ran beside it: none hides the other."""
    if isinstance(result, outcome.Error) and isinstance(result.error, Exception):
        return ExceptionGroup("it crashed, and so did what it spawned", [result.error, *beside.exceptions])
    return only(beside)


def only(group: ExceptionGroup[Exception]) -> Exception:
    """One error of a group to stand for it, if there is but one."""
    if len(group.exceptions) > 1:
        return group
    error = next(iter(group.exceptions))
    return only(cast("ExceptionGroup[Exception]", error)) if isinstance(error, ExceptionGroup) else error


def told(error: Exception) -> str:
    """An error in a line. Of a group, what is in it: that there was a nursery says nothing."""
    if isinstance(error, ExceptionGroup):
        return "; ".join(told(each) for each in cast("ExceptionGroup[Exception]", error).exceptions)
    return f"{type(error).__name__}: {error}"
