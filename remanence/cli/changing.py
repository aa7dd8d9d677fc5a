"""Changing: the commands that tell a memory something, one memory at a time."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from typing import Any, Final

import attrs
import click

from ..core.errors import KeyReused
from ..memory.deciding import Remembered
from ..memory.memory import Memory
from ..projections.memories.events import Scalar
from ..reading.identity import NewMemory, turn_id
from .exits import Exit, Failure, notice
from .opening import run, writing
from .options import MetaType, MomentType, Options, everywhere, examples, pass_options, writes
from .output import Output

__all__ = ["forget", "reinforce", "remember", "revise"]

SHARE: Final = click.FloatRange(0, 1)
POSITION: Final = click.IntRange(min=1)
STDIN: Final = "-"
MORE: Final = "; give it again for more."


def default_of(field: str) -> str:
    """A field's default, as help shows it."""
    return f"  [default: {attrs.fields_dict(NewMemory)[field].default}]"


def given_text(text: str) -> str:
    """The text itself, or what stands on the standard input."""
    return sys.stdin.read().rstrip("\n") if text == STDIN else text


@click.command(
    epilog=examples(
        'remanence remember "Ada prefers tea" --kind preference --tag drink',
        'remanence remember "Good morning." --session 2026-03-02 --speaker Ada',
        "git log -1 --format=%B | remanence remember - --kind event",
    ),
)
@click.argument("text")
@click.option(
    "--scope",
    metavar="PATH",
    default="main",
    show_default=True,
    help="Whose memory it is: a path such as ada/project-x.",
)
@click.option(
    "--kind",
    metavar="KIND",
    help="fact, preference, procedure, reflection, or a word of your own." + default_of("kind"),
)
@click.option("--tag", "tags", metavar="LABEL", multiple=True, help="A label to find it by" + MORE)
@click.option("--confidence", type=SHARE, metavar="SHARE", help="How sure it is, 0 to 1." + default_of("confidence"))
@click.option(
    "--importance", type=SHARE, metavar="SHARE", help="How much it matters, 0 to 1." + default_of("importance")
)
@click.option("--meta", "metadata", type=MetaType(), multiple=True, help="Whatever else is known of it" + MORE)
@click.option("--session", metavar="NAME", help="The conversation that it is a turn of.")
@click.option("--place", type=POSITION, metavar="N", help="Its place there; the next one unless given.")
@click.option("--speaker", metavar="NAME", help="Who said it.")
@click.option("--said-at", type=MomentType(), help="When it was said or happened, as 2026-03-02T09:14:05.")
@click.option("--cause", type=POSITION, metavar="EVENT", help="The event that led to it.")
@writes
@everywhere
@pass_options
def remember(
    options: Options,
    /,
    *,
    text: str,
    tags: tuple[str, ...],
    metadata: tuple[tuple[str, Scalar], ...],
    cause: int | None,
    **others: Any,
) -> None:
    """Remember TEXT; - reads it from the standard input. Prints the memory's id.

    The same text told again in the same scope and kind is the same memory, and is confirmed; a turn of a conversation
    (--session) is a memory of its own whatever it says. The memory's folder is made if it isn't there.
    """
    given = {name: value for name, value in others.items() if value is not None}
    new = NewMemory(given_text(text), tags=tags, metadata=dict(metadata), **given)

    async def body() -> Remembered:
        async with writing(options, create=True) as memory:
            [result] = await memory.remember_each([new], cause=cause)
        if isinstance(result, Remembered):
            return result
        if isinstance(result, KeyReused) and new.session is not None and new.place is not None:
            there = turn_id(new.scope, new.session, new.place)
            what = f"place {new.place} of session {new.session!r} says something else already"
            raise Failure(what, Exit.USAGE, hint=f"It is the memory {there}; `remanence revise` changes it.")
        raise result

    told = run(body)
    out = Output(as_json=options.as_json)
    if out.as_json:
        out.json({"id": told.id, "position": told.position, "new": told.is_new})
        return
    out.line(told.id)
    out.flush()
    if out.is_page and not told.is_new:
        what = "was there already" if new.place is not None else "was known and is confirmed"
        notice(f"it {what}: event {told.position}")


@click.command(
    epilog=examples(
        'remanence revise ID "Ada prefers coffee" --reason "she said so on Tuesday"',
        "remanence revise ID --confidence 0.4",
    ),
)
@click.argument("memory_id", metavar="ID")
@click.argument("text", required=False)
@click.option("--confidence", type=SHARE, metavar="SHARE", help="How sure it is from now on.")
@click.option("--importance", type=SHARE, metavar="SHARE", help="How much it matters from now on.")
@click.option("--tag", "tags", metavar="LABEL", multiple=True, help="Its labels from now on" + MORE)
@click.option("--no-tags", is_flag=True, help="It has no labels from now on.")
@click.option("--meta", "metadata", type=MetaType(), multiple=True, help="Its metadata from now on" + MORE)
@click.option("--reason", metavar="TEXT", help="Why; kept in its history.")
@click.option("--cause", type=POSITION, metavar="EVENT", help="The event that led to it.")
@writes
@everywhere
@pass_options
def revise(
    options: Options,
    /,
    *,
    memory_id: str,
    text: str | None,
    tags: tuple[str, ...],
    no_tags: bool,
    metadata: tuple[tuple[str, Scalar], ...],
    **others: Any,
) -> None:
    """Change what the memory ID says; - reads TEXT from the standard input.

    What isn't given stays as it is, and the old words stay in its history.
    """
    if tags and no_tags:
        raise click.UsageError("--tag and --no-tags contradict each other.")
    words = None if text is None else given_text(text)
    labels = tags if tags or no_tags else None

    def change(memory: Memory) -> Awaitable[int]:
        return memory.revise(memory_id, words, tags=labels, metadata=dict(metadata) or None, **others)

    _change(options, memory_id, "revised", change)


@click.command()
@click.argument("memory_id", metavar="ID")
@click.option("--note", metavar="TEXT", help="What confirmed it; kept in its history.")
@click.option("--cause", type=POSITION, metavar="EVENT", help="The event that led to it.")
@writes
@everywhere
@pass_options
def reinforce(options: Options, *, memory_id: str, note: str | None, cause: int | None) -> None:
    """Confirm the memory ID: it becomes surer."""
    _change(options, memory_id, "confirmed", lambda memory: memory.reinforce(memory_id, note=note, cause=cause))


@click.command()
@click.argument("memory_id", metavar="ID")
@click.option("--reason", metavar="TEXT", help="Why; kept in its history.")
@click.option("--cause", type=POSITION, metavar="EVENT", help="The event that led to it.")
@writes
@everywhere
@pass_options
def forget(options: Options, *, memory_id: str, reason: str | None, cause: int | None) -> None:
    """Hide the memory ID from every answer; its history stays."""
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
        out.line(f"{memory_id} {done}: event {position}")
