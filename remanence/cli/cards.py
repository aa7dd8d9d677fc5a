"""Cards: what a memory and an event look like to a person."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from rich.text import Text

from ..core.recorded import Recorded
from ..memory.plain import encode
from ..projections.memories.events import (
    MemoryForgotten,
    MemoryReinforced,
    MemoryRemembered,
    MemoryRevised,
    TranscriptImported,
)
from ..projections.memories.view import MemoryRow
from ..projections.tagging.events import MemoryTagged
from ..projections.tagging.view import TagRow
from ..reading.identity import NewMemory
from .output import Output
from .texts import clean, count, moment, one_line

__all__ = ["event_entry", "memory_card", "memory_entry", "spoken", "summary"]

INDENT: Final = 2
ENTRY_LINES_MAX: Final = 3
"""Enough to know a memory by; `remanence get` shows all of it."""
_AS_TOLD: Final = NewMemory("anything").confidence
_LITTLE: Final = 0.005
"""How sure a memory is is worth a word only where it isn't as sure as every other."""


def spoken(speaker: str | None, text: str) -> Text:
    """What was said, after the name of who said it."""
    who = Text(f"{one_line(speaker)}: ", style="bold") if speaker else Text()
    return who + Text(clean(text))


def memory_entry(out: Output, row: MemoryRow, marked: Callable[[Text], Text] = lambda text: text) -> None:
    """A memory as an entry of a list; what it says may be marked on a page."""
    if not out.is_page:
        out.row(row.id, moment(row.time), row.kind, row.speaker, row.text)
        return
    out.prose(marked(spoken(row.speaker, " ".join(row.text.split()))), lines_max=ENTRY_LINES_MAX)
    place = f"{row.kind} {row.place} of {one_line(row.session)}" if row.session is not None else row.kind
    facts = [place, moment(row.time)]
    if abs(row.confidence - _AS_TOLD) > _LITTLE:
        facts.append(f"sure {row.confidence:.2f}")
    facts += [f"#{one_line(tag)}" for tag in row.tags]
    about = Text.assemble((row.id, "cyan"), ("  " + " · ".join(facts), "dim"))
    out.prose(about, indent=INDENT)


def memory_card(out: Output, row: MemoryRow, tags: TagRow | None = None) -> None:
    """All that is known of a memory, and what a tagger made of it."""
    out.prose(spoken(row.speaker, row.text))
    out.line()
    changes = [f"event {row.position}"]
    if row.changed != row.position:
        told = [count(row.reinforced, "confirmation"), count(row.revised, "revision")]
        changes += [*told, f"last changed by event {row.changed}"]
    facts: list[tuple[str, str | None]] = [
        ("id", row.id),
        ("scope", "/".join(row.scope)),
        ("kind", row.kind),
        ("session", None if row.session is None else f"{row.session}, place {row.place}"),
        ("time", moment(row.time)),
        ("confidence", f"{row.confidence:.2f}"),
        ("importance", f"{row.importance:.2f}"),
        ("tags", ", ".join(row.tags) or None),
        ("metadata", ", ".join(f"{name}={value}" for name, value in row.metadata.items()) or None),
        ("history", ", ".join(changes)),
    ]
    fact_lines(out, facts if tags is None or not tags.is_tagged else [*facts, *_tag_facts(tags)])


def _tag_facts(tags: TagRow) -> list[tuple[str, str | None]]:
    quality = tags.quality
    if tags.duplicate_of is not None:
        quality += f" of {tags.duplicate_of}, {tags.similarity:.2f} alike"
    return [
        ("keywords", ", ".join(tags.keywords) or None),
        ("class", None if tags.cxd is None else f"{tags.cxd} {tags.state}, sure {tags.sure:.2f}"),
        ("quality", quality),
        ("tagged", f"by {tags.tagger} {tags.version}, event {tags.tagged}"),
    ]


def fact_lines(out: Output, facts: list[tuple[str, str | None]]) -> None:
    """Names and values, one below the other; what is None is left out."""
    width = max(len(name) for name, _ in facts) + 2
    for name, value in facts:
        if value is None:
            continue
        first = Text.assemble(" " * INDENT, (name, "dim"))
        out.prose(one_line(value), indent=INDENT + width, first=first)


def event_entry(out: Output, event: Recorded[Any]) -> None:
    """An event as an entry of a memory's history."""
    if not out.is_page:
        event_row(out, event)
        return
    head = Text.assemble(
        (f"{event.position:>6}", "bold"), "  ", (moment(event.time), "dim"), "  ", (event.type, "cyan")
    )
    for word, value in (("by", event.by), ("because of", event.cause)):
        if value is not None:
            head.append(f", {word} {value if isinstance(value, int) else one_line(value)}")
    out.line(head)
    text = summary(event, with_id=False)
    if text.plain:
        out.prose(text, indent=6 + INDENT)


def event_row(out: Output, event: Recorded[Any]) -> None:
    """An event as a line for a pipe."""
    out.row(event.position, moment(event.time), event.type, event.by, summary(event).plain)


def summary(event: Recorded[Any], *, with_id: bool = True) -> Text:
    """What an event says, in short; with the id of the memory where it says little else."""
    if event.is_erased:
        return Text("erased", style="dim italic")
    match event.data if event.is_known else None:
        case MemoryRemembered() as told:
            return spoken(told.speaker, told.text)
        case MemoryRevised() | MemoryTagged() as told:
            text = _changes(told) if isinstance(told, MemoryRevised) else _tags(told)
            return _named(told.id, text, with_id=with_id and (isinstance(told, MemoryTagged) or told.text is None))
        case MemoryReinforced(id=memory_id, note=words) | MemoryForgotten(id=memory_id, reason=words):
            return _named(memory_id, Text(clean(words or "")), with_id=with_id)
        case TranscriptImported() as told:
            return Text(f"{one_line(told.name)} into {'/'.join(told.scope)}")
        case _:
            return Text(clean(encode(event.raw).decode()), style="dim")


def _named(memory_id: str, text: Text, *, with_id: bool) -> Text:
    return Text("  " if text.plain else "").join([Text(memory_id), text]) if with_id else text


def _changes(told: MemoryRevised) -> Text:
    parts = [] if told.text is None else [Text(clean(told.text))]
    for name in ("confidence", "importance", "tags", "metadata"):
        value = getattr(told, name)
        if value is not None:
            shown = ", ".join(told.tags or ()) if name == "tags" else str(value)
            parts.append(Text(f"{name} {clean(shown) or 'none'}"))
    text = Text(" · ").join(parts)
    if told.reason:
        text.append(f" ({clean(told.reason)})", style="dim")
    return text


def _tags(told: MemoryTagged) -> Text:
    cxd = None if told.cxd is None else f"{told.cxd} {told.state}"
    return Text(clean(" · ".join(filter(None, (", ".join(told.keywords), cxd, told.quality)))))
