"""Turns one page of documentation into one program, and runs it. What must hold for a page is in test_docs.py.

The program holds each line of Python where the page has it, so that a traceback names the page's own line. Commands run
between the blocks of Python, in the order of the page; all of them share one folder, which is theirs alone.
"""

import contextlib
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import attrs

from .pages import Block, blocks

NO_RUN: Final = "no-run"
PAGE_SECONDS_MAX: Final = 120
"""Far above what any page takes; one that waits for ever must fail."""


@attrs.frozen
class Command:
    """One line of a block of commands."""

    line: int
    text: str
    is_setup: bool
    """It fetches or makes the project itself: it is checked, and not run."""

    def steps(self) -> list[list[str]]:
        """The words of each command on the line, split at `&&`."""
        return steps(self.text)


def steps(line: str) -> list[list[str]]:
    """The words of each command on a line, split at `&&`; nothing for a line the shell would read on from."""
    try:
        words = shlex.split(line, comments=True)
    except ValueError:  # an open quote: the command goes on below
        return []
    found: list[list[str]] = [[]]
    for word in words:
        if word == "&&":
            found.append([])
        else:
            found[-1].append(word)
    return found


def commands(block: Block) -> Iterator[Command]:
    """The lines a shell would read: all of an sh block, those after `$ ` in a console and what continues them."""
    cloned = continued = False
    for number, line in enumerate(block.code.splitlines(), block.line):
        if block.language == "console":
            continued = line.startswith("$ ") or (continued and line.startswith("> "))
            if not continued:
                continue
        text = line.removeprefix("$ ").removeprefix("> ") if block.language == "console" else line
        setup: list[bool] = []
        for words in steps(text):
            clones = words[:2] == ["git", "clone"]
            setup.append(clones or words[:1] == ["make"] or (cloned and words[:1] == ["cd"]))
            cloned = cloned or clones
        yield Command(number, text, bool(setup) and all(setup))


def program(text: str) -> str:
    """The page as a program: Python on its own lines, each block of commands on one line, all else left blank."""
    lines = [""] * (len(text.splitlines()) + 1)
    for block in blocks(text):
        if NO_RUN in block.options:
            continue
        if block.language == "python":
            code = block.code.splitlines()
            lines[block.line - 1 : block.line - 1 + len(code)] = code
        elif block.language in {"sh", "console"}:
            script = "\n".join(command.text for command in commands(block) if not command.is_setup)
            lines[block.line - 1] = (
                f"__import__('subprocess').run(['bash', '-euo', 'pipefail', '-c', {script!r}], check=True)"
            )
    return "\n".join(lines) + "\n"


def environment(folder: Path) -> dict[str, str]:
    """What a page may know of this machine: the commands installed beside this Python, and a home that is its own."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "REMANENCE_"))}
    return ours | {
        "HOME": str(folder),
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath))),
        "PYTHONWARNINGS": "error",
    }


def run_page(text: str, name: str, folder: Path) -> tuple[int, str]:
    """Run a page in `folder`; its exit code, and all it printed. Whatever it left running is ended with it.

    The program's name keeps the page's `.md`, so that no page called `trio.md` can stand in for the module.
    """
    path = folder / f"{name}.py"
    path.write_text(program(text), encoding="utf-8")
    output = folder.with_suffix(".output")
    with output.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, path.name],
            cwd=folder,
            env=environment(folder),
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            code = process.wait(timeout=PAGE_SECONDS_MAX)
        finally:
            with contextlib.suppress(ProcessLookupError):  # it left nothing running
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    return code, output.read_text(encoding="utf-8", errors="replace")
