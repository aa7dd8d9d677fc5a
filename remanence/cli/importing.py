"""Importing: the command that takes in a whole conversation."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from ..imports import ImportReport, import_transcript
from ..transcripts import Format
from .exits import Exit, Failure
from .opening import run, writing
from .options import Options, everywhere, pass_options, writes
from .output import Output
from .progress import bars
from .texts import clean, count, one_line

__all__ = ["import_"]

STDIN = "-"
LINES_SHOWN = 20
"""Bad lines that are named one by one to a person; --json names all."""


@click.command("import")
@click.argument("file", metavar="FILE")
@click.option("--scope", default="main", show_default=True, help="Whose memory; a named conversation gets a scope in it.")
@click.option("--format", "form", type=click.Choice([str(each) for each in Format]), help="Told from the file unless given.")
@click.option("--name", help="What to call it, and the session of turns that name none; the file's name unless given.")
@writes
@everywhere
@pass_options
def import_(options: Options, *, file: str, scope: str, form: str | None, name: str | None) -> None:
    """Remember every turn of the conversation in FILE; - reads the standard input.

    Takes JSON lines of messages, a JSON list of messages, and LoCoMo samples. A turn is known by its session and place,
    so importing again adds only what is missing. A line that is no turn is reported by its number and keeps no other
    out; the exit code is 6 then.

    \b
      remanence import conversation.jsonl
      remanence import chat.json --scope ada
      curl -s https://example.org/chat.jsonl | remanence import - --name chat
    """
    data = sys.stdin.buffer.read() if file == STDIN else Path(file).read_bytes()
    called = name or ("stdin" if file == STDIN else os.fsencode(Path(file).name).decode(errors="replace"))

    async def body() -> ImportReport:
        async with writing(options, create=True) as memory:
            with bars(turns=f"importing {one_line(called)}") as progress:
                return await import_transcript(
                    memory, data, name=called, scope=scope, format=None if form is None else Format(form), progress=progress
                )

    report = run(body)
    out = Output(as_json=options.as_json)
    if out.as_json:
        _print_json(out, report)
    else:
        _print(out, report)
    if report.first is None:
        raise Failure(f"{called}: not one of its lines is a turn that can be kept; nothing was written", Exit.NOTHING)
    if not report.is_whole:
        raise SystemExit(Exit.PARTLY)


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
    faults = sorted([*report.bad, *report.changed], key=lambda fault: fault.line)
    out.flush()
    for fault in faults[:LINES_SHOWN]:
        click.echo(f"{report.name}:{fault.line}: {clean(fault.reason)}", err=True)
    if len(faults) > LINES_SHOWN:
        click.echo(f"… and {count(len(faults) - LINES_SHOWN, 'more line')}; --json lists all", err=True)
    if report.first is None:
        return
    told = [f"{count(report.new, 'turn')} remembered"]
    if report.known:
        told.append(f"{report.known:,} known already")
    if report.changed:
        told.append(f"{report.changed and len(report.changed):,} not taken: their places say something else")
    if report.bad:
        told.append(f"{count(len(report.bad), 'bad line')} left out")
    out.prose(f"{one_line(report.name)}: {', '.join(told)}.")
    out.prose(f"In {count(len(report.scopes), 'scope')}: {', '.join(report.scopes)}.")
