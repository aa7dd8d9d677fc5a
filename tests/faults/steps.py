"""Steps: every line on which an actor's code calls something, found by running it. A test strikes at those it chooses.

The interpreter's own tracing hook (`sys.settrace`) tells of each line before it is run. So nobody keeps a list of
places where something may go wrong: what is added to an actor tomorrow is struck too. What an actor calls in other
layers is part of the line that calls it; what other tasks do with an actor's code, in asking it, is not its own step.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Collection, Generator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any, Final

import attrs
import trio

import remanence
from remanence import actors
from remanence.actors.address import HERE

__all__ = ["Steps", "working_files"]

RUNTIME: Final = frozenset(
    """
    actor.py actor_statistics.py address.py asks.py cell.py commit_thread.py crashes.py feeding.py hooks.py host.py
    lanes.py letters.py mailbox.py reaction.py reaction_statistics.py restarts.py supervisor.py surroundings.py
    tracing.py
    """.split()  # noqa: SIM905 - a list of so many would take as many lines
)
"""What actors live in. A crash there is none of an actor's; `test_lives` has it under any schedule."""


def working_files() -> frozenset[str]:
    """The files in which actors' work is written: all of the layer but the runtime, and the face's own actors."""
    folder = Path(str(actors.__file__)).parent
    ours = {path for path in folder.rglob("*.py") if path.name not in RUNTIME}
    face = Path(str(remanence.__file__)).parent
    ours |= {path for path in face.rglob("*.py") if "(Actor[" in path.read_text("utf-8")}
    return frozenset(str(each) for path in ours for each in (path, path.resolve()))


@cache
def _calls(file: str) -> frozenset[int]:
    """The lines of a file on which a call begins. Others can't raise; for `try:` the interpreter knows no handler."""
    tree = ast.parse(Path(file).read_text("utf-8"))
    return frozenset(node.lineno for node in ast.walk(tree) if isinstance(node, ast.Call))


NOTICES: Final = frozenset({"note"})
"""Functions by which the runtime has the publisher know that something has changed: no actor's own steps."""
Strike = Callable[[str], bool]
"""What happens at a step; told where that is. What it raises is raised there; False if it was of no use."""


@attrs.define(eq=False)
class Steps:
    """The steps of one actor since it was last armed.

    Attributes:
        actor: its name.
        files: where its steps are written.
        count: how many lines it has come to.
        struck: where it was struck.
    """

    actor: str
    files: Collection[str] = attrs.field(factory=working_files)
    count: int = 0
    struck: list[str] = attrs.field(factory=list[str])
    _seen: set[tuple[str, int]] = attrs.field(factory=set[tuple[str, int]])
    _first: int = 0
    _every: int = 0
    _strike: Strike | None = None
    _again: Any = None

    @contextmanager
    def armed(self, first: int, every: int, strike: Strike) -> Generator[None]:
        """Strike at the first-th line that it comes to and has not been at, and then at every so manieth."""
        self._seen.clear()
        self.count, self.struck = 0, []
        self._first, self._every, self._strike = first, every, strike
        self._again = trio.lowlevel.current_trio_token().run_sync_soon
        before = sys.gettrace()
        sys.settrace(self._enter)
        try:
            yield
        finally:
            self._strike = None
            sys.settrace(before)

    def _enter(self, frame: FrameType, _event: str, _arg: object) -> Any:
        code = frame.f_code
        return self._line if code.co_filename in self.files and code.co_name not in NOTICES else None

    def _line(self, frame: FrameType, event: str, _arg: object) -> Any:
        if event == "line" and self._strike is not None and self.is_its_own(frame):
            place = (frame.f_code.co_filename, frame.f_lineno)
            if place not in self._seen and place[1] in _calls(place[0]):
                self._seen.add(place)
                self.count += 1
                if self.count >= self._first and (self.count - self._first) % self._every == 0:
                    self._again(self._go_on)
                    self.struck.append(f"{Path(place[0]).name}:{place[1]} in {frame.f_code.co_name}")
                    if not self._strike(self.struck[-1]):
                        self.struck.pop()
        return self._line

    def _go_on(self) -> None:
        """A hook that raises is dropped by the interpreter."""
        if self._strike is not None:
            sys.settrace(self._enter)

    def is_its_own(self, _frame: FrameType) -> bool:
        """Whether the actor itself has come there: in its own task, or in one of its children."""
        here = HERE.get()
        return here is not None and here.name == self.actor
