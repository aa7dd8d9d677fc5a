"""A library with something of everything in its log, and short ways out of a log and into another. No test."""

from __future__ import annotations

import io
import json
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Final

import attrs

from remanence import (
    Engine,
    Imported,
    Projection,
    Recorded,
    Table,
    event,
    export_events,
    import_events,
    on,
    open_engine,
)
from remanence.codecs.payloads import decode_envelope

__all__ = [
    "BEGUN_NS",
    "STEP_NS",
    "Kept",
    "Lent",
    "Seen",
    "Shelf",
    "bring",
    "changed",
    "exported",
    "fill",
    "foreign",
    "library",
    "lines_of",
    "take",
    "ticking",
    "told",
]

BEGUN_NS: Final = 1_772_442_845_000_000_001
STEP_NS: Final = 1_000_000_007


@event("book.kept")
@attrs.frozen
class Kept:
    """A book with whatever is known of it."""

    title: str
    known: Any = None

    def about(self) -> tuple[str, ...]:
        """Which one."""
        return (f"book:{self.title}",) if self.title else ()


@event("book.lent")
@attrs.frozen
class Lent:
    """A book went out."""

    title: str
    to: str


@event("book.seen", dedup=True)
@attrs.frozen
class Seen:
    """A book was seen; that it was seen is news once."""

    title: str


@attrs.frozen
class Copy:
    """A row: how often something happened to a book."""

    title: str
    times: int
    last_ns: int


class Shelf(Projection):
    """How often what happened, and when last."""

    copies = Table(Copy, key="title")

    @on(Kept, Lent, Seen)
    def happened(self, recorded: Recorded[Any]) -> None:
        """Once more."""
        title = recorded.data.title or "?"
        found = self.copies.get(title)
        self.copies.put(Copy(title, 1 if found is None else found.times + 1, recorded.time_ns))


def ticking(start_ns: int = BEGUN_NS) -> Any:
    """A clock that goes on by a little more than a second whenever it is asked."""
    now = start_ns - STEP_NS

    def clock() -> int:
        nonlocal now
        now += STEP_NS
        return now

    return clock


def library(path: Path, **options: Any) -> AbstractAsyncContextManager[Engine]:
    """A library's engine."""
    given: dict[str, Any] = {"events": [Kept, Lent, Seen], "projections": [Shelf], "clock": ticking()}
    return open_engine(path, **(given | options))


async def fill(engine: Engine) -> None:
    """Eleven events: keys, an append of three, causes, own content, tags that need escapes."""
    await engine.append(Kept("Emma"), by="juno", tags=["shelf:a,b", "50%", "new\nline", "\ufffe"])
    await engine.append(Kept("Ulysses", {"cover": b"\x00\xff", "pages": 730}), by="a\tb")
    await engine.append(Lent("Emma", "Ada"), cause=1, key="loan, 1 %")
    await engine.append(Lent("Ulysses", "Bob"), Lent("Emma", "Cy"), Kept("Dune"), cause=3, key="three")
    await engine.append(Seen("Emma"))
    await engine.append(Seen("Emma"))
    await engine.append(Seen("Dune"), Kept("Dune", [1.5, -0.0, 2**63]), by="juno")
    await engine.append(Kept("", {"": {"a/b": "~", "ü": None}}), cause=7)
    await engine.append(Lent("Dune", "Ada"), cause=10)


async def exported(engine: Engine, **options: Any) -> bytes:
    """A log's events as lines."""
    file = io.BytesIO()
    await export_events(engine, file, **options)
    return file.getvalue()


async def take(engine: Engine, data: bytes, **options: Any) -> Imported:
    """Import lines."""
    return await import_events(engine, io.BytesIO(data), **options)


async def bring(source: Engine, target: Engine) -> Imported:
    """Export everything there, and import it here."""
    return await take(target, await exported(source))


def told(engine: Engine) -> list[tuple[Any, ...]]:
    """Everything that a log says of its events, but for salts, and keys that they have because they were imported."""
    found: list[tuple[Any, ...]] = []
    for each in engine.read():
        tags, by, cause, key, data = decode_envelope(each.payload())
        own = None if key is not None and key[0].startswith("urn:remanence:log:") else key
        found.append((each.position, each.type, each.version, each.time_ns, tags, by, cause, own, data))
    return found


def lines_of(data: bytes) -> list[dict[str, Any]]:
    """Lines as JSON."""
    return [json.loads(line) for line in data.splitlines()]


def changed(data: bytes, number: int, /, **attributes: Any) -> bytes:
    """The same lines, but one of them with other attributes and no digest."""
    lines = data.splitlines(keepends=True)
    told = json.loads(lines[number - 1]) | attributes
    kept = {name: value for name, value in told.items() if name != "digest"}
    lines[number - 1] = json.dumps(kept).encode() + b"\n"
    return b"".join(lines)


def foreign(*events: dict[str, Any]) -> bytes:
    """Lines of another producer: what CloudEvents requires, unless an event says otherwise."""
    given = {"specversion": "1.0", "source": "/shop", "type": "book.lent", "data": {"title": "Emma", "to": "Ada"}}
    lines = [given | {"id": f"e{number}"} | each for number, each in enumerate(events, 1)]
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)
