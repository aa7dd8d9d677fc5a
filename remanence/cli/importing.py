"""Importing: the command that takes in a whole conversation."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

import click

from ..imports import Changed, ImportReport, import_transcript
from ..transcripts import BadLine, Format
from .exits import Exit, Failure
from .opening import run, writing
from .options import Options, everywhere, examples, pass_options, writes
from .output import Output
from .progress import bars
from .texts import clean, count, one_line

__all__ = ["import_", "read_input"]

STDIN: Final = "-"
LINES_SHOWN: Final = 20
"""Bad lines that are named one by one to a person; --json names all."""


def read_input(file: str) -> tuple[bytes, str]:
    """The bytes of a file, or of the standard input, and what to call it.

    Raises:
        OSError: it can't be read.
    """
    if file == STDIN:
        return sys.stdin.buffer.read(), "stdin"
    return Path(file).read_bytes(), os.fsencode(Path(file).name).decode(errors="replace")


@click.command(
    "import",
    short_help="Remember every turn of a conversation.",
    epilog=examples(
        "remanence import conversation.jsonl",
        "remanence import chat.json --scope ada",
        "grep boat chat.jsonl | remanence import - --name boats",
    ),
)
@click.argument("file", metavar="FILE")
@click.option(
    "--scope",
    metavar="PATH",
    default="main",
    show_default=True,
    help="Whose memory; a named conversation gets one inside.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice([each.value for each in Format]),
    help="What it is written in; told from it unless given.",
)
@click.option(
    "--name", metavar="NAME", help="What it is called, as a session too if it names none.  [default: the file's name]"
)
@writes
@everywhere
@pass_options
def import_(options: Options, *, file: str, scope: str, form: str | None, name: str | None) -> None:
    """Remember every turn of the conversation in FILE; - reads the standard input.

    It may be JSON lines of messages (jsonl), a JSON list of messages (messages), or LoCoMo samples (locomo). A turn is
    known by its session and place, so importing again adds what is missing and nothing else. A line that is no turn is
    reported by its number and keeps no other out; the exit code is 6 then.
    """
    data, file_name = read_input(file)
    called = name or file_name

    async def body() -> ImportReport:
        async with writing(options, create=True) as memory:
            with bars(turns=f"importing {one_line(called)}") as progress:
                return await import_transcript(
                    memory,
                    data,
                    name=called,
                    scope=scope,
                    format=None if form is None else Format(form),
                    progress=progress,
                )

    report = run(body)
    out = Output(as_json=options.as_json)
    if out.as_json:
        _print_json(out, report)
    else:
        _print(out, report)
    if report.first is None:
        raise Failure(f"{called}: none of its lines is a turn that can be kept; nothing was written", Exit.NOTHING)
    if not report.is_whole:
        raise click.exceptions.Exit(Exit.PARTLY)


def _faults(report: ImportReport) -> list[BadLine | Changed]:
    return sorted([*report.bad, *report.changed], key=lambda fault: fault.line)


def _print_json(out: Output, report: ImportReport) -> None:
    out.json(
        {
            "name": report.name,
            "digest": report.digest,
            "new": report.new,
            "known": report.known,
            "changed": [{"line": one.line, "id": one.id, "reason": one.reason} for one in report.changed],
            "bad": [{"line": one.line, "reason": one.reason} for one in report.bad],
            "scopes": report.scopes,
            "first": report.first,
            "last": report.last,
        }
    )


def _print(out: Output, report: ImportReport) -> None:
    faults = _faults(report)
    for fault in faults[:LINES_SHOWN]:
        click.echo(f"{one_line(report.name)}:{fault.line}: {clean(fault.reason)}", err=True)
    if len(faults) > LINES_SHOWN:
        click.echo(f"… and {count(len(faults) - LINES_SHOWN, 'more line')}; --json lists all", err=True)
    if report.first is None:
        return
    told = [f"{count(report.new, 'turn')} remembered"]
    if report.known:
        told.append(f"{report.known:,} known already")
    if report.changed:
        told.append(f"{len(report.changed):,} not taken, their places say something else")
    if report.bad:
        told.append(f"{count(len(report.bad), 'bad line')} left out")
    several = "" if len(report.scopes) == 1 else f"{len(report.scopes)} scopes: "
    out.prose(f"{one_line(report.name)}: {', '.join(told)}; in {several}{', '.join(report.scopes)}.")
