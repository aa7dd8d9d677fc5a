"""Importing: from the bytes of a transcript to memories, each turn once however often it is imported.

Invariants:
- a turn is known by its scope, session and place, so importing again adds what is missing and nothing else: an import
  that was interrupted is resumed by running it again;
- the transcript's own event comes first and is the cause of its turns;
- a turn that can't be taken is reported by its line and keeps no other out; a transcript without a turn writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import attrs
from blake3 import blake3

from ..core.errors import InvalidInput, KeyReused, RemanenceError
from ..core.log import Progress
from ..projections.memories.events import MemoryRemembered, Scalar, TranscriptImported
from ..reading.identity import NewMemory, as_scope, turn_id
from ..transcripts import BadLine, Format, Turn, parse
from .deciding import Remembered
from .memory import Memory

__all__ = ["BATCH_TURNS", "Changed", "ImportReport", "import_transcript"]

BATCH_TURNS: Final = 64
"""Turns under way at once: enough to fill commits, few enough that progress is seen and memory stays small."""


@attrs.frozen
class Changed:
    """A turn that was not taken because its place in the session is taken already, by something else.

    Attributes:
        line: where the transcript has it, as `Turn.line`.
        id: the memory that has the place.
        reason: one sentence that names the place.
    """

    line: int
    id: str
    reason: str


@attrs.frozen
class ImportReport:
    """What became of a transcript.

    Attributes:
        name: name of the source.
        digest: BLAKE3 of its bytes, hex.
        new: turns that were added.
        known: turns that were there already.
        changed: turns whose place says something else already.
        bad: lines that are not a turn, or not one that can be kept.
        scopes: the scopes that its turns belong to, as paths.
        first: position of the transcript's own event, or None if there was nothing to write.
        last: position of the newest event of its turns, or None.
    """

    name: str
    digest: str
    new: int
    known: int
    changed: tuple[Changed, ...]
    bad: tuple[BadLine, ...]
    scopes: tuple[str, ...]
    first: int | None
    last: int | None

    @property
    def is_whole(self) -> bool:
        """Whether every line of it is there now, as it says it."""
        return not self.changed and not self.bad


@attrs.frozen
class _Taken:
    """A turn that can be kept."""

    turn: Turn
    new: NewMemory


@attrs.define
class _Tally:
    new: int = 0
    known: int = 0
    last: int | None = None
    changed: list[Changed] = attrs.field(factory=list[Changed])
    bad: list[BadLine] = attrs.field(factory=list[BadLine])


async def import_transcript(
    memory: Memory,
    data: bytes,
    *,
    name: str,
    scope: str | Sequence[str] = "main",
    format: Format | None = None,  # noqa: A002 - the word that callers look for
    progress: Progress | None = None,
    batch_turns: int = BATCH_TURNS,
) -> ImportReport:
    """Remember every turn of a transcript.

    Args:
        memory: where to.
        data: the whole transcript, as `transcripts.parse` takes it.
        name: what it is called; also the session of turns that name none.
        scope: the scope of its turns; those of a named conversation go to a scope of its name within it.
        format: its format; told from the bytes unless given.
        progress: told the turns that are durable and the turns there are, after each batch.
        batch_turns: how many turns are under way at once.

    Returns:
        What became of it. Importing it again adds nothing.

    Raises:
        InvalidInput: it is no transcript, or the scope can't be one; nothing was written.
        StorageFailed, Closed: as the engine says. What was reported as durable stays; run it again for the rest.
    """
    base = as_scope(scope)
    tally = _Tally()
    taken = [one for item in parse(data, name=name, format=format) if (one := _take(item, base, tally.bad))]
    digest = blake3(data).hexdigest()
    first: int | None = None
    if taken:
        event = TranscriptImported(name, digest, base)
        first = (await memory.engine.append(event, by=memory.by)).position
        done = 0
        for batch in _batches(taken, batch_turns):
            results = await memory.remember_each([one.new for one in batch], cause=first)
            for one, result in zip(batch, results, strict=True):
                _count(tally, memory, one, result)
            done += len(batch)
            if progress is not None:
                progress("turns", done, len(taken))
    return ImportReport(
        name=name,
        digest=digest,
        new=tally.new,
        known=tally.known,
        changed=tuple(tally.changed),
        bad=tuple(sorted(tally.bad, key=lambda bad: bad.line)),
        scopes=tuple(dict.fromkeys("/".join(one.new.scope) for one in taken)),
        first=first,
        last=tally.last,
    )


def _take(item: Turn | BadLine, base: tuple[str, ...], bad: list[BadLine]) -> _Taken | None:
    """The turn as a memory; or None, with the reason noted."""
    if isinstance(item, BadLine):
        bad.append(item)
        return None
    metadata: dict[str, Scalar] = {**item.metadata}
    if item.role is not None:
        metadata.setdefault("role", item.role)
    try:
        new = NewMemory(
            item.text,
            base if item.conversation is None else (*base, item.conversation),
            "turn",
            metadata=metadata,
            session=item.session,
            place=item.place,
            speaker=item.speaker,
            said_at=item.said_at,
        )
    except InvalidInput as error:
        bad.append(BadLine(item.line, str(error)))
        return None
    return _Taken(item, new)


def _batches(taken: Sequence[_Taken], size: int) -> Iterator[Sequence[_Taken]]:
    return (taken[start : start + size] for start in range(0, len(taken), size))


def _count(tally: _Tally, memory: Memory, one: _Taken, result: Remembered | RemanenceError) -> None:
    """Note what became of a turn.

    Raises:
        RemanenceError: it met something that the other turns will meet too.
    """
    match result:
        case Remembered(is_new=is_new, position=position):
            tally.new += is_new
            tally.known += not is_new
            tally.last = max(position, tally.last or 0)
        case KeyReused():
            tally.changed.append(_changed(memory, one, result))
        case InvalidInput():
            tally.bad.append(BadLine(one.turn.line, str(result)))
        case _:
            raise result


def _changed(memory: Memory, one: _Taken, error: KeyReused) -> Changed:
    turn = one.turn
    holder = memory.engine.log.get(error.positions[0])
    told = None if holder is None or holder.is_erased else holder.data
    is_same = isinstance(told, MemoryRemembered) and told.text == turn.text
    what = "the same words with other details" if is_same else "other words"
    reason = f"place {turn.place} of session {turn.session!r} is there already, with {what}"
    memory_id = turn_id(one.new.scope, turn.session, turn.place)
    return Changed(turn.line, memory_id, reason)
