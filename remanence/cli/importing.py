"""Importing: the command that takes in a whole conversation, or the events of another log."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

import click

from ..cloudevents import looks_like_cloudevents
from ..memory.imports import Changed, ImportReport, import_transcript
from ..transcripts import BadLine, Format
from .exchanging import import_lines, seekable
from .exits import Exit, Failure
from .opening import run, writing
from .options import Options, everywhere, examples, pass_options, writes
from .output import Output
from .progress import bars
from .texts import clean, count, one_line

__all__ = ["import_", "read_input"]

STDIN: Final = "-"
CLOUDEVENTS: Final = "cloudevents"
HEAD_BYTES: Final = 1 << 16
"""What is looked at to tell CloudEvents from transcripts."""
LINES_SHOWN: Final = 20
"""Bad lines that are named one by one to a person; --json names all."""


def read_input(file: str) -> tuple[bytes, str]:
    """The bytes of a file, or of the standard input, and what to call it.

    Raises:
        OSError: it can't be read.
    """
    if file == STDIN:
        return sys.stdin.buffer.read(), _name_of(file)
    return Path(file).read_bytes(), _name_of(file)


def _name_of(file: str) -> str:
    return "stdin" if file == STDIN else os.fsencode(Path(file).name).decode(errors="replace")


@click.command(
    "import",
    epilog=examples(
        "remanence import conversation.jsonl",
        "remanence import chat.json --scope ada",
        "grep boat chat.jsonl | remanence import - --name boats",
        "remanence import events.jsonl",
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
    type=click.Choice([*(each.value for each in Format), CLOUDEVENTS]),
    help="What it is written in; told from it unless given.",
)
@click.option(
    "--name", metavar="NAME", help="What it is called, as a session too if it names none.  [default: the file's name]"
)
@click.option("--partial", is_flag=True, help="Take a part of an export: lines may be missing.")
@writes
@everywhere
@pass_options
def import_(options: Options, *, file: str, scope: str, form: str | None, name: str | None, partial: bool) -> None:
    """Remember every turn of the conversation in FILE; - reads the standard input.

    It may be JSON lines of messages (jsonl), a JSON list of messages (messages), or LoCoMo samples (locomo). A turn is
    known by its session and place, so importing again adds what is missing and nothing else. A line that is no turn is
    reported by its number and keeps no other out; the exit code is 6 then.

    Or it may be CloudEvents, as `remanence export` writes them. Events keep their times, tags and scopes, and who wrote
    them. Importing again adds nothing; and if one line is damaged, or lines are missing, nothing goes in.
    """
    with seekable(file) as stream:
        called = name or _name_of(file)
        head = stream.read(HEAD_BYTES)
        if form == CLOUDEVENTS or (form is None and looks_like_cloudevents(head)):
            if _is_given("scope"):
                raise click.UsageError("--scope is for conversations; events stay in the scopes that they have.")
            import_lines(options, stream, called, partial=partial)
            return
        data = head + stream.read()
    if partial:
        raise click.UsageError("--partial is for exported events; what can be read of a conversation is taken anyway.")
    _import_turns(options, data, called, scope=scope, form=form)


def _is_given(option: str) -> bool:
    source = click.get_current_context().get_parameter_source(option)
    return source is not click.core.ParameterSource.DEFAULT


def _import_turns(options: Options, data: bytes, called: str, *, scope: str, form: str | None) -> None:
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
