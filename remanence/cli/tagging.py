"""Tagging: the command that has the built-in tagger look at every memory that no tagger has seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import click
import trio

from ..core.events import event_type_of
from ..core.log import Progress
from ..projections.tagging.events import MemoryTagged
from ..reading.reading import MemoryReader
from .opening import run, writing
from .options import Options, everywhere, pass_options
from .output import Output
from .progress import bars
from .texts import count

__all__ = ["tag"]

_TELL_S: Final = 0.2
_TYPE: Final = event_type_of(MemoryTagged).name


@click.command()
@everywhere
@pass_options
def tag(options: Options) -> None:
    """Have the built-in tagger look at every memory that no tagger has seen.

    What it says is recorded: keywords, what the memory is for (control, context, data), and whether it is worth
    keeping. `find` has options for each, and `get` shows it. Programs that open the memory with a tagger need no such
    command.
    """

    async def body() -> int:
        async with writing(options, tagger=True) as memory:
            before = _tagged(memory)
            with bars(tags="tagging memories") as progress:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(_tell, memory, progress, lambda: _tagged(memory) - before)
                    await memory.wait_for_tags()
                    nursery.cancel_scope.cancel()
            return _tagged(memory) - before

    number = run(body)
    out = Output(as_json=options.as_json)
    if out.as_json:
        out.json({"tagged": number})
    else:
        out.line(f"{count(number, 'memory', 'memories')} tagged")
        out.flush()


async def _tell(memory: MemoryReader, progress: Progress, done: Callable[[], int]) -> None:
    while True:
        await trio.sleep(_TELL_S)
        progress("tags", done(), max(done(), memory.engine.head - done()))


def _tagged(memory: MemoryReader) -> int:
    return memory.stats().types.get(_TYPE, 0)
