"""Recalling: the command that asks a memory in words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import click
from rich.text import Text

from ..memory.plain import Plain, plain_memory
from ..reading.recalling import Fusion, Hit, Preset
from .cards import memory_entry
from .exits import Exit, Failure
from .finding import other_scopes
from .opening import reading, run
from .options import MomentType, Options, everywhere, examples, pass_options
from .output import Output
from .texts import one_line

__all__ = ["recall"]


@click.command(
    epilog=examples(
        'remanence recall "when did Ada move to Lisbon?" --scope ada',
        "remanence recall tea --tag morning --since 2026-03-01 --limit 3",
        'remanence recall "where is the boat?" --explain',
    ),
)
@click.argument("query")
@click.option("--scope", metavar="PATH", default="main", show_default=True, help="Whose memories.")
@click.option("--kind", "kinds", metavar="KIND", multiple=True, help="Only of this kind; again for one of several.")
@click.option("--tag", "tags", metavar="LABEL", multiple=True, help="Only with this label; again for all of several.")
@click.option("--session", "sessions", metavar="NAME", multiple=True, help="Only turns of this conversation.")
@click.option("--since", type=MomentType(), help="Only from this day or moment on, as 2026-03-02.")
@click.option("--until", type=MomentType(), help="Only before this day or moment.")
@click.option("--min-confidence", metavar="SHARE", type=click.FloatRange(0, 1), default=0.0, help="Only this sure.")
@click.option(
    "--limit", metavar="N", type=click.IntRange(1, 10_000), default=10, show_default=True, help="At most so many."
)
@click.option(
    "--preset",
    type=click.Choice(["fast", "balanced", "accurate"]),
    default="balanced",
    show_default=True,
    help="How much to look at.",
)
@click.option(
    "--fusion",
    type=click.Choice(["weighted", "max", "harmonic", "geometric", "reciprocal"]),
    default="weighted",
    show_default=True,
    help="How several scores become one.",
)
@click.option(
    "--around", metavar="N", type=click.IntRange(0, 100), default=0, help="Show N turns before and after each."
)
@click.option("--explain", is_flag=True, help="Show what each signal gave to the scores.")
@everywhere
@pass_options
def recall(  # noqa: PLR0917 - click gives them by name
    options: Options,
    query: str,
    scope: str,
    kinds: tuple[str, ...],
    tags: tuple[str, ...],
    sessions: tuple[str, ...],
    since: datetime | None,
    until: datetime | None,
    min_confidence: float,
    limit: int,
    preset: Preset,
    fusion: Fusion,
    around: int,
    explain: bool,  # noqa: FBT001 - as above
) -> None:
    """Show the memories that answer QUERY best, the best first.

    QUERY is a question or some words, in any language. Words are found by their stem, in a memory or near it in its
    conversation.
    """
    out = Output(as_json=options.as_json)

    async def body() -> None:
        async with reading(options) as memory:
            hits = memory.recall(
                query,
                scope=scope,
                kinds=kinds,
                tags=tags,
                sessions=sessions,
                since=since,
                until=until,
                min_confidence=min_confidence,
                limit=limit,
                preset=preset,
                fusion=fusion,
                neighbours=around,
                explain=explain,
            )
            if not hits:
                hint = other_scopes(memory, scope)
                raise Failure(f"nothing in scope {scope} answers that", Exit.NOTHING, hint=hint)
            if out.as_json:
                for hit in hits:
                    out.json(plain_hit(hit))
                return
            for hit in hits:
                show(out, hit, query)
            if explain:
                out.line()
                table(out, hits)

    run(body)


def plain_hit(hit: Hit) -> Plain:
    """A hit as JSON."""
    plain: Plain = {"score": round(hit.score, 6), "memory": plain_memory(hit.memory)}
    if hit.parts:
        plain["parts"] = {name: round(value, 6) for name, value in hit.parts.items()}
    for name, rows in (("before", hit.before), ("after", hit.after)):
        if rows:
            plain[name] = [plain_memory(row) for row in rows]
    return plain


def show(out: Output, hit: Hit, query: str) -> None:
    """A hit as an entry, with the words that were asked for marked, and its neighbours around it."""
    if not out.is_page:
        memory_entry(out, hit.memory)
        return
    for row in hit.before:
        out.prose(Text(f"{row.speaker or row.kind}: {one_line(row.text)}", style="dim"), lines_max=1)
    memory_entry(out, hit.memory, marked=lambda text: mark(text, query))
    for row in hit.after:
        out.prose(Text(f"{row.speaker or row.kind}: {one_line(row.text)}", style="dim"), lines_max=1)


def mark(text: Text, query: str) -> Text:
    """The words of a text that a question has as well, standing out."""
    for start, end in matches(text.plain, query):
        text.stylize("bold green", start, end)
    return text


def matches(text: str, query: str) -> Iterator[tuple[int, int]]:
    """Where a text says words that a question asks for."""
    from ..projections.recall.words import spans, words_of  # noqa: PLC0415 - the stemmer is loaded when it is needed

    said, stops = words_of(query)
    wanted = frozenset(said or (-each for each in stops))
    return ((start, end) for start, end, number in spans(text) if number in wanted)


def table(out: Output, hits: list[Hit]) -> None:
    """What each signal gave to each hit: a column for each, numbered on a page as they stand there from the top."""
    heads = [str(rank) if out.is_page else hit.id for rank, hit in enumerate(hits, 1)]
    names = dict.fromkeys(name for hit in hits for name in hit.parts)
    parts = [[name, *(f"{hit.parts[name]:+.2f}" if name in hit.parts else "" for hit in hits)] for name in names]
    scores = ["score", *(f"{hit.score:.2f}" for hit in hits)]
    out.table(["signal", *heads], [*parts, scores], right=heads)
