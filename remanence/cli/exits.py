"""Exits: how a command ends, and what is said when it doesn't end well. One sentence, a way forward, never a traceback.

| code | means                                                                             |
|------|-----------------------------------------------------------------------------------|
| 0    | done                                                                              |
| 1    | what was named isn't there, or nothing was found                                  |
| 2    | the command was used wrongly, or something given to it can't be taken             |
| 3    | the log is damaged, or a promise was found broken                                 |
| 4    | another process is in the way                                                     |
| 5    | the disk refuses                                                                  |
| 6    | a transcript was taken in part: some of its lines could not be                    |
| 7    | this version of Remanence can't read or fold something that is stored             |
| 130  | interrupted (143: ended by a signal to terminate)                                 |
"""

from __future__ import annotations

import shutil
import signal
import sys
import textwrap
from enum import IntEnum
from typing import IO, Any, Final

import click

from ..core.errors import (
    Behind,
    Closed,
    Conflict,
    Damaged,
    InvalidInput,
    KeyReused,
    Locked,
    NotFound,
    OutcomeUnknown,
    RemanenceError,
    StorageFailed,
    Unanswered,
    Unreadable,
    ViewFailed,
)
from ..memory.plain import encode
from .texts import clean

__all__ = ["EPILOG", "Exit", "Failure", "Interrupted", "failure", "notice"]

UNWRAPPED: Final = 10_000
"""A line for each sentence, where nobody's terminal has a width."""


class Exit(IntEnum):
    """What a command's exit code says."""

    DONE = 0
    NOTHING = 1
    USAGE = 2
    DAMAGED = 3
    LOCKED = 4
    STORAGE = 5
    PARTLY = 6
    UNREADABLE = 7
    INTERRUPTED = 130


EPILOG: Final = """
\b
Examples:
  remanence remember "Ada prefers tea" --kind preference --tag drink
  remanence find --tag drink
  remanence import conversation.jsonl --scope ada
  remanence log --follow

\b
Exit codes:
  0    done
  1    what was named isn't there, or nothing was found
  2    used wrongly, or something given can't be taken
  3    the log is damaged, or a promise was found broken
  4    another process is in the way
  5    the disk refuses
  6    a transcript was taken in part
  7    something stored is beyond this version
  130  interrupted

Times are in UTC. What is piped has no colours, and lists have tabs between their columns. With --json, lists are JSON
lines, and everything else is one JSON object.
"""

_CODES: Final[tuple[tuple[type[RemanenceError], Exit], ...]] = (
    (NotFound, Exit.NOTHING),
    (InvalidInput, Exit.USAGE),
    (KeyReused, Exit.USAGE),
    (Damaged, Exit.DAMAGED),
    (Locked, Exit.LOCKED),
    (Conflict, Exit.LOCKED),
    (StorageFailed, Exit.STORAGE),
    (OutcomeUnknown, Exit.STORAGE),
    (Behind, Exit.NOTHING),
    (Unanswered, Exit.NOTHING),
    (Closed, Exit.STORAGE),
    (Unreadable, Exit.UNREADABLE),
    (ViewFailed, Exit.UNREADABLE),
)

_OS_CODES: Final = (
    (FileNotFoundError, Exit.NOTHING),
    (IsADirectoryError, Exit.USAGE),
    (NotADirectoryError, Exit.USAGE),
)

_HINTS: Final = {
    Exit.DAMAGED: "`remanence verify` names the first thing that is wrong; `remanence restore` brings back a backup.",
    Exit.STORAGE: "What was acknowledged is kept. Make room, or mend the disk or its permissions, and try again.",
    Exit.UNREADABLE: "The bytes are sound; a newer Remanence may know them.",
}


class Failure(click.ClickException):
    """A command's end that isn't well.

    Attributes:
        exit_code: the process's.
        hint: what can be done about it, or None.
        as_json: whether to tell a program.
    """

    def __init__(self, message: str, code: Exit | int, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.exit_code = int(code)  # type: ignore[misc]  # click declares it for the class, and reads the instance's
        self.hint = hint
        self.as_json = False

    def show(self, file: IO[Any] | None = None) -> None:
        """Say it on the standard error stream, or in `file`."""
        file = sys.stderr if file is None else file
        if self.as_json:
            told = {"error": self.message, "exit": self.exit_code} | ({"hint": self.hint} if self.hint else {})
            click.echo(encode(told), file=file)
            return
        notice(self.message, self.hint, file)


class Interrupted(Exception):
    """A signal asked the command to end.

    Attributes:
        number: which one.
    """

    def __init__(self, number: int = signal.SIGINT) -> None:
        super().__init__(number)
        self.number = number


def notice(text: str, hint: str | None = None, file: IO[Any] | None = None) -> None:
    """Say something that the user should know and no program reads: on the standard error stream, or in `file`."""
    stream: IO[Any] = sys.stderr if file is None else file
    width = shutil.get_terminal_size().columns if stream.isatty() else UNWRAPPED
    for sentence in (f"remanence: {clean(text)}", f"  {hint}" if hint else ""):
        lines = textwrap.wrap(sentence, width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
        if lines:
            click.echo("\n".join(lines), file=stream)


def failure(error: RemanenceError | Interrupted | OSError) -> Failure:
    """What to say of an error, and how to end."""
    if isinstance(error, Interrupted):
        return Failure("interrupted", 128 + error.number)
    if isinstance(error, OSError):
        name = f"{error.filename}: " if error.filename else ""
        code = next((code for kind, code in _OS_CODES if isinstance(error, kind)), Exit.STORAGE)
        return Failure(f"{name}{error.strerror or error}", code)
    code = next((code for kind, code in _CODES if isinstance(error, kind)), Exit.UNREADABLE)
    message = str(error) or type(error).__name__
    return Failure(message, code, hint=None if "`remanence " in message else _HINTS.get(code))
