"""Workload `import`: what a program waits for before its first line, next to importing Trio, which all of them do.

CPU time of a process of its own, without the start of the interpreter, with the bytecode that the round before left.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from tempfile import TemporaryDirectory
from typing import Final

from .checks import check_same
from .harness import MICROSECONDS, Case, Contender, Goal, Plan, Sample

__all__ = ["importing"]

_TIMED: Final = """
import sys, time
began = time.process_time()
{program}
sys.stderr.write(f"{{time.process_time() - began}} {{'{there}' in sys.modules}}")
"""
_TRIO: Final = "import trio"
_FACE: Final = "import remanence"
_OPEN: Final = "import remanence; remanence.open"
_HELP: Final = "from remanence.cli import main; main(['--help'], standalone_mode=False)"
_FACE_US: Final = 150_000


def importing(plan: Plan) -> Iterator[Case]:
    """The face alone, all that opening a memory needs, and the list of commands."""
    with TemporaryDirectory(dir=plan.folder) as bytecode:
        trio = Contender(_TRIO, partial(_run, bytecode, _TRIO, "trio"))
        for name, program, there, goals in (
            (_FACE, _FACE, "remanence", [Goal(most=_FACE_US), Goal(most=0.25, over=_TRIO)]),
            ("import what opening a memory needs", _OPEN, "remanence.memory.memory", [Goal(most=3.0, over=_TRIO)]),
            ("remanence --help", _HELP, "remanence.cli.root", [Goal(most=1.25, over=_TRIO)]),
        ):
            ours = Contender("remanence", partial(_run, bytecode, program, there))
            yield Case(name, "times", [ours, trio], goals, MICROSECONDS)


def _run(bytecode: str, program: str, there: str) -> Sample:
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": bytecode}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    done = subprocess.run(  # noqa: S603 - this very interpreter
        [sys.executable, "-c", _TIMED.format(program=program, there=there)],
        check=True,
        capture_output=True,
        text=True,
        env=environment,
    )
    seconds, is_there = done.stderr.split()
    check_same(f"{there} is imported", is_there, "True")
    return Sample(1, float(seconds))
