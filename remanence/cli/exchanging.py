"""Exchanging: the command that writes a log as CloudEvents, and what `import` does with such a file."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Generator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final

import attrs
import click

from ..cloudevents import Exported, Imported, export_events, import_events
from ..core.errors import InvalidInput
from ..core.files import sync_directory
from ..projections.memories.events import scope_tag
from ..reading.identity import as_scope
from .exits import notice
from .opening import reading, run, writing
from .options import Options, PointType, everywhere, examples, pass_options
from .output import Output
from .progress import bars
from .texts import count, one_line, shown, size

__all__ = ["export", "import_lines", "seekable"]

STDIO: Final = "-"
_BLOCK: Final = 1 << 20


@click.command(
    epilog=examples(
        "remanence export events.jsonl",
        "remanence export --scope ada --after 2026-03-01 march.jsonl",
        "remanence export | gzip > events.jsonl.gz",
        "remanence import events.jsonl --path elsewhere",
    ),
)
@click.argument("file", metavar="[FILE]", default=STDIO)
@click.option("--after", metavar="MOMENT", type=PointType(), default=0, help="Only events after this position or time.")
@click.option("--until", metavar="MOMENT", type=PointType(), help="Only events up to this position or time.")
@click.option("--type", "types", metavar="NAME", multiple=True, help="Only of this type; give it again for others too.")
@click.option("--tag", "tags", metavar="TAG", multiple=True, help="Only with this tag; give it again for all of them.")
@click.option("--scope", metavar="PATH", help="Only events of this scope.")
@everywhere
@pass_options
def export(
    options: Options,
    *,
    file: str,
    after: int | datetime,
    until: int | datetime | None,
    types: tuple[str, ...],
    tags: tuple[str, ...],
    scope: str | None,
) -> None:
    """Write the events of the log to the new file FILE, or to the standard output: CloudEvents, as JSON lines.

    A last line tells how many there are, so that `remanence import` sees when some are missing. Work may go on.
    """
    wanted = tags if scope is None else (*tags, scope_tag(as_scope(scope)))

    async def body() -> Exported:
        async with reading(options) as memory:
            with _placed(file) as stream, bars(events="exporting") as progress:
                return await export_events(
                    memory.engine, stream, after=after, until=until, types=types, tags=wanted, progress=progress
                )

    found = run(body)
    if file == STDIO:
        _tell_left_out(found)
        return
    out = Output(as_json=options.as_json)
    if out.as_json:
        out.json({"file": file} | attrs.asdict(found))
    else:
        out.prose(f"{count(found.events, 'event')}, {size(found.size_bytes)}: exported to {shown(Path(file))}.")
        _tell_left_out(found)


def _tell_left_out(found: Exported) -> None:
    for number, what in ((found.erased, "erased"), (found.housekeeping, "about this log's own views and reactions")):
        if number:
            notice(f"{count(number, 'event')} left out: {what}")


@contextlib.contextmanager
def _placed(file: str) -> Generator[BinaryIO, None, None]:
    """A new file, which is there when it is whole, or not at all; or the standard output.

    Raises:
        InvalidInput: it is there already.
        OSError: it can't be written.
    """
    if file == STDIO:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    path = Path(file)
    if path.exists():
        message = f"{shown(path)} is there already; name a new file"
        raise InvalidInput(message)
    try:
        handle, unfinished = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    except OSError as error:
        raise OSError(error.errno, error.strerror, file) from error
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        Path(unfinished).replace(path)
        sync_directory(path.parent)
    finally:
        Path(unfinished).unlink(missing_ok=True)


@contextlib.contextmanager
def seekable(file: str) -> Generator[BinaryIO, None, None]:
    """A file, or what comes from the standard input, to be read more than once.

    Raises:
        OSError: it can't be read.
    """
    with tempfile.TemporaryFile() if file == STDIO else Path(file).open("rb") as stream:
        if file == STDIO:
            while block := sys.stdin.buffer.read(_BLOCK):
                stream.write(block)
            stream.seek(0)
        yield stream


def import_lines(options: Options, stream: BinaryIO, name: str, *, partial: bool) -> None:
    """Import CloudEvents, and tell what became of them."""

    async def body() -> Imported:
        async with writing(options, create=True) as memory:
            with bars(bytes=f"checking {one_line(name)}", events=f"importing {one_line(name)}") as progress:
                return await import_events(memory.engine, stream, name=name, partial=partial, progress=progress)

    found = run(body)
    out = Output(as_json=options.as_json)
    if out.as_json:
        out.json(attrs.asdict(found))
        return
    known = f", {found.known:,} known already" if found.known else ""
    out.prose(f"{one_line(name)}: {count(found.new, 'event')} imported{known}.")
    if found.uncaused:
        notice(f"{count(found.uncaused, 'event')} taken without their cause, which is neither in {name} nor here")
    if found.moved:
        notice(f"{count(found.moved, 'event')} given a later time than their own: this log has newer events")
    for attribute, number in found.ignored.items():
        notice(f"the attribute {attribute} of {count(number, 'line')} left out: an event has no place for it")
