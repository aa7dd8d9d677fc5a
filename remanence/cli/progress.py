"""Progress: bars for long work, on the standard error stream, and only where a person sees them."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Generator
from typing import Final

import trio

from ..core.log import Progress

__all__ = ["bars", "counting", "interruptible"]

DELAY_S: Final = 0.3
"""What takes less needs no bar."""


@contextlib.contextmanager
def bars(**names: str) -> Generator[Progress, None, None]:
    """Bars that show themselves when work takes long, and go when the block ends.

    Args:
        names: what to call each kind of work, by the word that its progress is told with.
    """
    if not sys.stderr.isatty():
        yield _nothing
        return
    # Here, because every command would have to wait for it, and few of them draw bars.
    from rich import console, progress  # noqa: PLC0415

    bar = progress.Progress(
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        progress.TimeRemainingColumn(),
        console=console.Console(file=sys.stderr),
        transient=True,
    )
    tasks: dict[str, progress.TaskID] = {}
    begun = time.monotonic()

    def tell(what: str, done: int, total: int) -> None:
        if what not in tasks:
            if time.monotonic() - begun < DELAY_S:
                return
            bar.start()
            tasks[what] = bar.add_task(names.get(what, what), total=total)
        bar.update(tasks[what], completed=done, total=total)

    try:
        yield tell
    finally:
        if tasks:
            bar.stop()


def interruptible(progress: Progress) -> Progress:
    """The same for work in a Trio thread, which ends there when the command is interrupted."""

    def tell(what: str, done: int, total: int) -> None:
        trio.from_thread.check_cancelled()
        progress(what, done, total)

    return tell


def counting(progress: Progress, what: str) -> Callable[[int, int], None]:
    """The same for work of one kind, which tells two numbers only."""
    tell = interruptible(progress)
    return lambda done, total: tell(what, done, total)


def _nothing(_what: str, _done: int, _total: int) -> None:
    """Nobody is watching."""
