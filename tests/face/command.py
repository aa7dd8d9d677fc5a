"""The command line as the tests use it: in this process for speed, in one of its own where a process is the point."""

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any, Final

import trio
from click.testing import CliRunner, Result

import remanence
from remanence import NewMemory
from remanence.cli import main

__all__ = ["COMMAND", "Screen", "call", "fill", "objects", "spawn", "told"]

COMMAND: Final = (sys.executable, "-W", "error", "-m", "remanence")


def call(*words: str | Path, code: int = 0, stdin: str | bytes | None = None, **env: str) -> Result:
    """Run a command in this process, and check how it ends."""
    environment = {"REMANENCE_PATH": None, "REMANENCE_BY": None, **env}
    result = CliRunner().invoke(main, [str(word) for word in words], input=stdin, env=environment)
    assert result.exit_code == code, (result.exit_code, result.stdout, result.stderr, result.exception)
    return result


def told(*words: str | Path, code: int = 0, stdin: str | bytes | None = None, **env: str) -> list[str]:
    """The lines that a command prints."""
    return call(*words, code=code, stdin=stdin, **env).stdout.splitlines()


def objects(*words: str | Path, code: int = 0, stdin: str | bytes | None = None) -> list[dict[str, Any]]:
    """The JSON lines that a command prints when it is asked for JSON."""
    return [json.loads(line) for line in told(*words, "--json", code=code, stdin=stdin)]


@contextlib.contextmanager
def spawn(*words: str | Path, program: tuple[str, ...] = COMMAND) -> Generator[subprocess.Popen[str], None, None]:
    """Run a command in a process of its own; whatever is left of it at the end is killed."""
    process = subprocess.Popen(
        [*program, *map(str, words)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={name: value for name, value in os.environ.items() if not name.startswith("REMANENCE_")},
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGKILL)
        process.communicate()


def fill(path: Path, *memories: NewMemory | str) -> None:
    """Remember these, one by one, in a log that is made if it isn't there."""

    async def remember() -> None:
        async with remanence.open(path) as memory:
            for each in memories:
                await memory.remember_many([each])

    trio.run(remember)


class Screen(io.StringIO):
    """A terminal, as far as whoever writes to it can tell."""

    def isatty(self) -> bool:
        """It says that it is one."""
        return True

    @property
    def lines(self) -> list[str]:
        """What stands on it."""
        return self.getvalue().splitlines()
