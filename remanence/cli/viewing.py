"""Viewing: the commands that tell how the views are doing, and set right those that have come to a stand.

Views are listed from their folders, so those of other programs' projections are too, and nothing has to be opened.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import attrs
import click

from ..codecs.frames import read_fields
from ..core.lmdb_store import LmdbStore
from ..engine.engine import Engine
from ..memory.plain import Plain
from ..projections.folders import ViewFolder, ask_for_rebuild, forget_parked, view_folders
from ..projections.memories.view import Memories
from ..projections.skips import ViewSkipped
from .exits import Exit, Failure
from .opening import require_memory, run, writing
from .options import Options, everywhere, pass_options, writes
from .output import Output
from .progress import bars
from .texts import count, one_line, size

__all__ = ["views"]

_S: Final = 1_000_000_000


@attrs.frozen
class _Seen:
    """A folder, and how far behind the log it is. None where its files don't say."""

    folder: ViewFolder
    checkpoint: int | None
    lag_events: int | None
    lag_s: float | None

    @property
    def state(self) -> str:
        """In a word."""
        if self.folder.seen is None:
            return "untrusted"
        return "parked" if self.folder.parked else "live" if self.folder.is_live else "building"


@click.group(invoke_without_command=True)
@everywhere
@pass_options
@click.pass_context
def views(context: click.Context, options: Options) -> None:
    """Show how every view is doing: its state, how far it is behind the log, its size, and what it can't take.

    A view is live, building, parked (its projection can't take an event), or untrusted (the machine went down while it
    was open: it will be built anew). It is behind by the events after its last stored checkpoint, whether or not they
    concern it.
    """
    if context.invoked_subcommand is None:
        require_memory(options.path)
        _print(Output(as_json=options.as_json), _look(options.path))


@views.command(short_help="Try again what a view can't take.")
@click.argument("name")
@everywhere
@pass_options
def retry(options: Options, name: str) -> None:
    """Try again what the view NAME could not take."""
    _mend(options, name, _retry, _retry_later)


async def _retry(engine: Engine) -> str:
    await engine.retry(Memories)
    return "has caught up"


async def _retry_later(_engine: Engine, folder: ViewFolder, _options: Options) -> str:
    forget_parked(folder)
    return "is tried again when its program next opens the memory"


@views.command(short_help="Have a view pass over an event for good.")
@click.argument("name")
@writes
@everywhere
@pass_options
def skip(options: Options, name: str) -> None:
    """Have the view NAME pass over the event that it can't take, for good. That is recorded as view.skipped."""
    _mend(options, name, _skip, _skip_later)


async def _skip(engine: Engine) -> str:
    appended = await engine.skip(Memories)
    return f"passes over it, as event {appended.position} says"


async def _skip_later(engine: Engine, folder: ViewFolder, options: Options) -> str:
    parked = folder.parked
    if parked is None:
        what = f"the view {folder.name} goes on; there is nothing to skip"
        raise Failure(what, Exit.USAGE)
    position = parked.position
    key = f"view.skipped:{folder.name}:{folder.version}:{position}"
    skipped = ViewSkipped(folder.name, folder.version, position)
    appended = await engine.append(skipped, by=options.by, cause=position, key=key)
    forget_parked(folder)
    return f"passes over event {position} when its program next opens the memory (event {appended.position})"


@views.command(short_help="Build a view anew.")
@click.argument("name")
@everywhere
@pass_options
def rebuild(options: Options, name: str) -> None:
    """Build the view NAME anew beside the one that is shown, then show it in one step."""
    _mend(options, name, _rebuild, _rebuild_later)


async def _rebuild(engine: Engine) -> str:
    with bars(memories="building the view of memories") as progress:
        await engine.rebuild(Memories, progress=progress)
    return "has been built anew"


async def _rebuild_later(_engine: Engine, folder: ViewFolder, _options: Options) -> str:
    ask_for_rebuild(folder)
    return "is built anew when its program next opens the memory"


def _mend(
    options: Options,
    name: str,
    ours: Callable[[Engine], Awaitable[str]],
    others: Callable[[Engine, ViewFolder, Options], Awaitable[str]],
) -> None:
    """Do what is asked: at once to memory's own view, else to the folders of whichever program's it is.

    Args:
        options: of the command.
        name: the view.
        ours: does it to memory's view, and says what has become of it.
        others: does to another program's folder what can be done from here, and says when the rest follows.
    """
    require_memory(options.path)
    found = [folder for folder in view_folders(options.path / "views") if folder.name == name]
    if not found and name != Memories.name:
        known = sorted({folder.name for folder in view_folders(options.path / "views")} | {Memories.name})
        what = f"there is no view called {one_line(name)}"
        raise Failure(what, Exit.NOTHING, hint=f"There are: {', '.join(known)}.")

    async def body() -> str:
        async with writing(options) as memory:
            if name == Memories.name:
                return await ours(memory.engine)
            live = [folder for folder in found if folder.is_live or folder.parked]
            return await others(memory.engine, (live or found)[-1], options)

    done = f"{name} {run(body)}"
    out = Output(as_json=options.as_json)
    if out.as_json:
        out.json({"view": name, "done": done})
    else:
        out.line(done[0].upper() + done[1:] + ".")
    out.flush()


def _look(path: Path) -> list[_Seen]:
    with contextlib.closing(LmdbStore(path / "log", read_only=True)) as store:
        head = store.head().position
        return [_measure(store, head, folder) for folder in view_folders(path / "views")]


def _measure(store: LmdbStore, head: int, folder: ViewFolder) -> _Seen:
    if folder.seen is None:
        return _Seen(folder, None, None, None)
    checkpoint = folder.seen.checkpoint
    frames = store.read(checkpoint + 1, checkpoint + 1)
    lag_s: float | None = 0.0
    if frames:
        time_ns, now_ns = read_fields(frames[0], checkpoint + 1)[5], time.time_ns()
        lag_s = (now_ns - time_ns) / _S if now_ns >= time_ns else None
    return _Seen(folder, checkpoint, max(0, head - checkpoint), lag_s)


def _plain(seen: _Seen) -> Plain:
    parked = seen.folder.parked
    return {
        "name": seen.folder.name,
        "version": seen.folder.version,
        "generation": seen.folder.generation,
        "state": seen.state,
        "checkpoint": seen.checkpoint,
        "behind": seen.lag_events,
        "behind_s": seen.lag_s,
        "bytes": None if seen.folder.seen is None else seen.folder.seen.used_bytes,
        "parked": None if parked is None else attrs.asdict(parked),
    }


def _print(out: Output, seen: list[_Seen]) -> None:
    if out.as_json:
        for each in seen:
            out.json(_plain(each))
    else:
        rows = [
            (
                f"{each.folder.name} v{each.folder.version}",
                each.state,
                "unknown" if each.lag_events is None else count(each.lag_events, "event"),
                "unknown" if each.lag_s is None else f"{each.lag_s:,.0f} s",
                "" if each.folder.seen is None else size(each.folder.seen.used_bytes),
                one_line(_why(each)),
            )
            for each in seen
        ]
        out.table(("view", "state", "behind", "for", "size", ""), rows, right=("behind", "for", "size"))
    out.flush()


def _why(seen: _Seen) -> str:
    parked = seen.folder.parked
    return "" if parked is None else f"{parked.error} ({count(parked.attempts, 'attempt')})"
