"""Changing: the commands that tell a memory something, one memory at a time."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial

import click

from ..deciding import Remembered
from ..identity import NewMemory
from ..memory import Memory
from ..projections.memories.events import Scalar
from .opening import run, writing
from .options import MetaType, MomentType, Options, everywhere, pass_options, writes
from .output import Output

__all__ = ["forget", "reinforce", "remember", "revise"]

Share = click.FloatRange(0, 1)
Position = click.IntRange(min=1)
STDIN = "-"


def given_text(text: str) -> str:
    """The text itself, or what stands on the standard input."""
    return click.get_text_stream("stdin").read().rstrip("\n") if text == STDIN else text


@click.command()
@click.argument("text")
@click.option("--scope", default="main", show_default=True, help="Whose memory it is: a path such as ada/project-x.")
@click.option("--kind", default="fact", show_default=True, help="preference, procedure, reflection, a word of your own.")
@click.option("--tag", "tags", multiple=True, help="A label to find it by; give it again for more.")
@click.option("--confidence", type=Share, default=1.0, help="How sure it is, 0 to 1.  [default: 1]")
@click.option("--importance", type=Share, default=0.5, help="How much it matters, 0 to 1.  [default: 0.5]")
@click.option("--meta", type=MetaType(), multiple=True, help="Whatever else is known; give it again for more.")
@click.option("--session", help="The conversation that it is a turn of.")
@click.option("--place", type=Position, help="Its place there; the next one unless given.")
@click.option("--speaker", help="Who said it.")
@click.option("--said-at", type=MomentType(), help="When it was said or happened, as 2026-03-02T09:14:05; UTC.")
@click.option("--cause", type=Position, help="The event that led to it.")
@writes
@everywhere
@pass_options
def remember(
    options: Options,
    *,
    text: str,
    scope: str,
    kind: str,
    tags: tuple[str, ...],
    confidence: float,
    importance: float,
    meta: tuple[tuple[str, Scalar], ...],
    session: str | None,
    place: int | None,
    speaker: str | None,
    said_at: datetime | None,
    cause: int | None,
) -> None:
    """Remember TEXT; - reads it from the standard input.

    Prints the memory's id. The same text told again in the same scope and kind is the same memory, and is confirmed; a
    turn of a conversation (--session) is always a memory of its own. The memory's folder is made if it isn't there.

    \b
      remanence remember "Ada prefers tea" --kind preference --tag drink
      remanence remember "Good morning." --session 2026-03-02 --speaker Ada
      git log -1 --format=%B | remanence remember - --kind event
    """
    new = NewMemory(
        given_text(text), scope, kind, tags, confidence, importance, dict(meta), session, place, speaker, said_at
    )

    async def body() -> Remembered:
        async with writing(options, create=True) as memory:
            [result] = await memory.remember_each([new], cause=cause)
            if isinstance(result, Remembered):
                return result
            raise result

    told = run(body)
    out = Output(as_json=options.as_json)
    if out.as_json:
        out.json({"id": told.id, "position": told.position, "new": told.is_new})
        return
    out.line(told.id)
    if out.is_terminal and sys.stderr.isatty() and not told.is_new:
        what = "is there already" if new.place is not None else "was known: confirmed"
        click.echo(f"It {what}, by event {told.position:,}.", err=True)


@click.command()
@click.argument("memory_id", metavar="ID")
@click.argument("text", required=False)
@click.option("--confidence", type=Share, help="How sure it is from now on.")
@click.option("--importance", type=Share, help="How much it matters from now on.")
@click.option("--tag", "tags", multiple=True, help="Its labels from now on; give it again for more.")
@click.option("--no-tags", is_flag=True, help="It has no labels from now on.")
@click.option("--meta", type=MetaType(), multiple=True, help="Its metadata from now on; give it again for more.")
@click.option("--reason", help="Why; kept in its history.")
@click.option("--cause", type=Position, help="The event that led to it.")
@writes
@everywhere
@pass_options
def revise(
    options: Options,
    *,
    memory_id: str,
    text: str | None,
    confidence: float | None,
    importance: float | None,
    tags: tuple[str, ...],
    no_tags: bool,
    meta: tuple[tuple[str, Scalar], ...],
    reason: str | None,
    cause: int | None,
) -> None:
    """Change what the memory ID says; what isn't given stays, and the old words stay in its history.

    \b
      remanence revise ID "Ada prefers coffee" --reason "she said so on Tuesday"
      remanence revise ID --confidence 0.4
    """
    if tags and no_tags:
        raise click.UsageError("--tag and --no-tags contradict each other.")
    words = None if text is None else given_text(text)

    def change(memory: Memory) -> Awaitable[int]:
        return memory.revise(
            memory_id,
            words,
            confidence=confidence,
            importance=importance,
            tags=tags if tags or no_tags else None,
            metadata=dict(meta) or None,
            reason=reason,
            cause=cause,
        )

    _change(options, memory_id, "revised", change)


@click.command()
@click.argument("memory_id", metavar="ID")
@click.option("--note", help="What confirmed it; kept in its history.")
@click.option("--cause", type=Position, help="The event that led to it.")
@writes
@everywhere
@pass_options
def reinforce(options: Options, *, memory_id: str, note: str | None, cause: int | None) -> None:
    """Confirm the memory ID: it becomes surer."""
    _change(options, memory_id, "confirmed", lambda memory: memory.reinforce(memory_id, note=note, cause=cause))


@click.command()
@click.argument("memory_id", metavar="ID")
@click.option("--reason", help="Why; kept in its history.")
@click.option("--cause", type=Position, help="The event that led to it.")
@writes
@everywhere
@pass_options
def forget(options: Options, *, memory_id: str, reason: str | None, cause: int | None) -> None:
    """Hide the memory ID from every answer. Its history stays: `remanence history ID`."""
    _change(options, memory_id, "forgotten", lambda memory: memory.forget(memory_id, reason=reason, cause=cause))


def _change(options: Options, memory_id: str, done: str, change: Callable[[Memory], Awaitable[int]]) -> None:
    async def body() -> int:
        async with writing(options) as memory:
            return await change(memory)

    position = run(body)
    out = Output(as_json=options.as_json)
    if out.as_json:
        out.json({"id": memory_id, "position": position})
    else:
        out.line(f"{memory_id} {done}: event {position:,}")
