"""Watching: whether a handler asks for the time or for chance. Both would answer otherwise when events are replayed.

Comparing two folds finds most of it, but not a handler that asks for the date twice on one day. So the interpreter's
own profiling hook (`sys.setprofile`) tells which of its built-in clocks and sources of chance are called meanwhile.
"""

from __future__ import annotations

import os
import random
import sys
import time
from datetime import date
from types import FrameType
from typing import Any, Final, Self

__all__ = ["Watch"]

_CLOCKS: Final = frozenset({time.time, time.time_ns, time.localtime, time.clock_gettime, time.clock_gettime_ns})
_DATES: Final = frozenset({"now", "utcnow", "today"})
_HIDDEN_GENERATOR: Final[object] = vars(random)["random"].__self__
"""What the functions of the module `random` draw from; a `Random(seed)` of the handler's own is as good as any function."""


class Watch:
    """A block of code that is watched.

    Attributes:
        complaint: the first call that should not have been, and where it was made; None if there was none.
    """

    def __init__(self) -> None:
        self.complaint: str | None = None

    def __enter__(self) -> Self:
        self._is_watching = sys.getprofile() is None  # a profiler that measures the tests is left alone
        if self._is_watching:
            sys.setprofile(self._see)
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_watching:
            sys.setprofile(None)

    def _see(self, frame: FrameType, event: str, called: Any) -> None:
        if event == "c_call" and self.complaint is None:
            name = _impure(called)
            if name is not None:
                self.complaint = f"{name}() was called in {frame.f_code.co_filename}, line {frame.f_lineno}"


def _impure(called: Any) -> str | None:
    """The name of a built-in function that tells the time or draws by chance; None for all others."""
    owner = getattr(called, "__self__", None)
    if called in _CLOCKS:
        return f"time.{called.__name__}"
    if called is os.urandom:
        return "os.urandom"
    if owner is _HIDDEN_GENERATOR:
        return f"random.{called.__name__}"
    if isinstance(owner, type) and issubclass(owner, date) and called.__name__ in _DATES:
        return f"{owner.__name__}.{called.__name__}"
    return None
