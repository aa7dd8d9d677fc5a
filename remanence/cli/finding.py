"""Finding: the commands that ask what is remembered, and what happened to it."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import click

from ..memory.plain import plain_event, plain_memory, plain_tags
from ..projections.memories.view import Memories, MemoryRow
from ..projections.tagging.verdicts import CLASSES, QUALITIES
from ..projections.tagging.view import MemoryTags, TagRow
from ..reading.reading import MemoryReader
from ..reading.wanted import Order
from .cards import event_entry, memory_card, memory_entry
from .exits import Exit, Failure, notice
from .opening import glancing, reading, run
from .options import MomentType, Options, everywhere, examples, pass_options
from .output import Output

__all__ = ["find", "get", "history", "other_scopes"]

FIND_LIMIT: Final = 20
"""About what a terminal shows at once."""
SCOPES_SHOWN: Final = 8


@click.command()
@click.argument("memory_id", metavar="ID")
@everywhere
@pass_options
def get(options: Options, *, memory_id: str) -> None:
    """Show the memory ID as it is now."""

    async def body() -> tuple[MemoryRow, TagRow]:
        async with glancing(options) as memory:
            return memory.get(memory_id), memory.tags(memory_id)

    row, tags = run(body)
    out = Output(as_json=options.as_json)
    if out.as_json:
        out.json(plain_memory(row) | ({"tagged": plain_tags(tags)} if tags.is_tagged else {}))
    else:
        memory_card(out, row, tags)


@click.command(
    epilog=examples(
        "remanence find --scope ada --kind preference",
        "remanence find --tag drink --tag morning --order surest",
        "remanence find --session 2026-03-02 --all --json",
        "remanence find --keyword invoices --class control",
    ),
)
@click.option("--scope", metavar="PATH", default="main", show_default=True, help="Whose memories.")
@click.option("--kind", metavar="KIND", help="Only of this kind.")
@click.option(
    "--tag",
    "tags",
    metavar="LABEL",
    multiple=True,
    help="Only with this label; give it again for memories with all of them.",
)
@click.option("--session", metavar="NAME", help="Only turns of this conversation, in its order.")
@click.option("--since", type=MomentType(), help="Only from this day or moment on, as 2026-03-02.")
@click.option("--until", type=MomentType(), help="Only before this day or moment.")
@click.option(
    "--min-confidence", metavar="SHARE", type=click.FloatRange(0, 1), default=0.0, help="Only this sure or surer."
)
@click.option("--keyword", metavar="WORD", help="Only with this keyword of a tagger's, or this word in one.")
@click.option("--class", "cxd", type=click.Choice(CLASSES), help="Only what a tagger says to be for this.")
@click.option("--quality", type=click.Choice(QUALITIES), help="Only what a tagger finds so good.")
@click.option(
    "--order",
    type=click.Choice(["newest", "oldest", "surest"]),
    default="newest",
    show_default=True,
    help="What first.",
)
@click.option(
    "--limit", metavar="N", type=click.IntRange(min=1), default=FIND_LIMIT, show_default=True, help="At most so many."
)
@click.option("--all", "wants_all", is_flag=True, help="However many there are.")
@everywhere
@pass_options
def find(
    options: Options,
    *,
    scope: str,
    kind: str | None,
    tags: tuple[str, ...],
    session: str | None,
    since: datetime | None,
    until: datetime | None,
    min_confidence: float,
    keyword: str | None,
    cxd: str | None,
    quality: str | None,
    order: Order,
    limit: int,
    wants_all: bool,
) -> None:
    """List memories of a scope that fit everything that is asked."""
    out = Output(as_json=options.as_json)

    async def body() -> None:
        views = [MemoryTags] if keyword or cxd or quality else []
        async with reading(options, projections=views) as memory:
            rows = memory.find(
                scope=scope,
                kind=kind,
                tags=tags,
                session=session,
                since=since,
                until=until,
                min_confidence=min_confidence,
                keyword=keyword,
                cxd=cxd,
                quality=quality,
                order=order,
                limit=None if wants_all else limit + 1,
            )
            if not rows:
                hint = _untagged(memory) if views else None
                raise Failure(f"nothing found in scope {scope}", Exit.NOTHING, hint=hint or other_scopes(memory, scope))
            for row in rows if wants_all else rows[:limit]:
                if out.as_json:
                    out.json(plain_memory(row))
                else:
                    memory_entry(out, row)
            out.flush()
            if not wants_all and len(rows) > limit:
                notice(f"there is more; ask for --all, or for another --limit than {limit}")

    run(body)


def _untagged(memory: MemoryReader) -> str | None:
    """What to do if it was looked for by tags, and there are memories without."""
    rows = memory.engine.view(MemoryTags).rows
    return (
        "Not every memory has been tagged; `remanence tag` does that."
        if rows.select("by_tagger", "", limit=1)
        else None
    )


def other_scopes(memory: MemoryReader, scope: str) -> str | None:
    """Where there is something, if it isn't where it was looked for."""
    found = [other for other in scopes(memory, SCOPES_SHOWN + 1) if other != scope]
    if not found:
        return None
    more = ", …" if len(found) > SCOPES_SHOWN else ""
    return f"There is something in {', '.join(found[:SCOPES_SHOWN])}{more}."


def scopes(memory: MemoryReader, limit: int) -> list[str]:
    """The scopes that have memories, in order: one look into the index for each."""
    rows = memory.engine.view(Memories).rows
    found: list[str] = []
    start: tuple[str, ...] | None = None
    while len(found) < limit:
        first = rows.select("by_time", start=start, limit=1)
        if not first:
            break
        scope = first[0].scope
        found.append("/".join(scope))
        start = (*scope, "")  # the least path after this one: no part of a scope is empty
    return found


@click.command()
@click.argument("memory_id", metavar="ID")
@everywhere
@pass_options
def history(options: Options, *, memory_id: str) -> None:
    """List every event that made the memory ID what it is.

    The oldest comes first. A memory that has been forgotten has its history still.
    """
    out = Output(as_json=options.as_json)

    async def body() -> None:
        async with glancing(options) as memory:
            for event in memory.history(memory_id):
                if out.as_json:
                    out.json(plain_event(event))
                else:
                    event_entry(out, event)

    run(body)
