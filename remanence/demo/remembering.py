"""Remembering: the acts in which everything goes well."""

from __future__ import annotations

import time
from collections import Counter
from itertools import pairwise
from typing import Final

import attrs
import trio

from ..core.errors import InvalidInput, NotFound
from ..memory.imports import ImportReport, import_transcript
from ..memory.memory import Memory
from ..memory.sizes import measure
from ..projections.memories.events import MemoryRemembered
from ..projections.memories.view import Memories, MemoryRow
from .stage import Stage

__all__ = ["SCOPE", "Told", "ask", "conclude", "take_in", "turns_told", "weigh"]

SCOPE: Final = "main"
TURNS_MIN: Final = 8
QUOTE_LENGTH_MAX: Final = 64
QUOTE_LENGTH_MIN: Final = 24


@attrs.frozen
class Told:
    """A turn as the log has it: which conversation and session, which place, and what was said."""

    path: tuple[str, ...]
    session: str
    place: int
    text: str


def turns_told(memory: Memory, scope: str) -> list[Told]:
    """The turns of a scope and of those within it, in the order of the log."""
    events = memory.engine.read(types=[MemoryRemembered])
    told = [event.data for event in events if event.data.scope[0] == scope and event.data.place is not None]
    return [Told(each.scope[1:], each.session, each.place, each.text) for each in told]


async def take_in(memory: Memory, data: bytes, name: str, stage: Stage) -> ImportReport:
    """Import the conversation, twice.

    Raises:
        InvalidInput: it is none, or too short.
    """
    stage.act("A conversation becomes a memory")
    begun = time.perf_counter()
    report = await import_transcript(memory, data, name=name, scope=SCOPE)
    taken_s = time.perf_counter() - begun
    if report.new < TURNS_MIN:
        message = f"{name} has {report.new} turns; the demonstration needs at least {TURNS_MIN}"
        raise InvalidInput(message)
    told = turns_told(memory, SCOPE)
    sessions = len({(each.path, each.session) for each in told})
    conversations = "" if len(report.scopes) == 1 else f" of {len(report.scopes)} conversations"
    stage.say(
        f"{name}: {report.new:,} turns in {sessions} sessions{conversations}, remembered in {taken_s:.2f} s. Each is "
        "an event in a log that only grows, on the disk before it was acknowledged."
    )
    head = memory.engine.head
    again = await import_transcript(memory, data, name=name, scope=SCOPE)
    holds = len(told) == report.new and again.known == report.new and not again.new and memory.engine.head == head
    stage.check("imported a second time, it adds nothing", holds=holds)
    return report


async def conclude(memory: Memory, report: ImportReport, stage: Stage) -> None:
    """Draw a conclusion from a turn, change it, forget it, and ask for its past."""
    stage.act("A memory knows where it came from")
    turn, answer = _exchange(memory, report.scopes[0])
    first = f"{turn.speaker} said: {_quote(turn.text)}"
    fact = await memory.remember(first, scope=SCOPE, confidence=0.6, tags=["demo"], cause=turn.position)
    await memory.reinforce(fact, note=f"{answer.speaker} took it up", cause=answer.position)
    second = f"{turn.speaker} said: {_quote(turn.text)} {answer.speaker}: {_quote(answer.text)}"
    await memory.revise(fact, second, reason="with the answer", cause=answer.position)
    stage.say("An agent draws a conclusion from a turn, sees it confirmed, and words it anew:")
    stage.memory(memory.get(fact))
    stage.say("Why does it say so? Each event of it, and what led to that, back to the first:")
    found = memory.why(fact)
    stage.causes(memory.get(fact), found)
    stage.check(
        "its causes lead to the turn and on to the transcript",
        holds=[event.position for event in found[0].chain[1:]] == [turn.position, report.first],
    )
    await memory.forget(fact, reason="to show what stays")
    stage.say("Then it is forgotten. No answer shows it any more; its history does:")
    stage.events(memory.history(fact))
    stage.check("forgotten: hidden from every answer", holds=_is_hidden(memory, fact))
    told = [event.type.partition(".")[2] for event in memory.history(fact)]
    holds = told == ["remembered", "reinforced", "revised", "forgotten"]
    stage.check("kept: all four events of its history, the first words too", holds=holds)


def _exchange(memory: Memory, scope: str) -> tuple[MemoryRow, MemoryRow]:
    """A turn and the answer to it, both of a length that reads well; nearest to the middle of the scope.

    A conversation without answers gives two turns of one speaker, and one without neighbours gives a turn twice.
    """
    rows = memory.find(scope=scope, kind="turn", order="oldest", limit=None)
    sessions = dict.fromkeys(row.session for row in rows)
    neighbours = [
        pair for session in sessions for pair in pairwise(memory.find(scope=scope, session=session, limit=None))
    ]
    answered = [(one, other) for one, other in neighbours if one.speaker != other.speaker]
    pairs = answered or neighbours or [(rows[0], rows[0])]
    middle = len(pairs) // 2
    fit = [index for index, pair in enumerate(pairs) if all(map(_reads_well, pair))]
    return pairs[min(fit or range(len(pairs)), key=lambda index: abs(index - middle))]


def _reads_well(row: MemoryRow) -> bool:
    return QUOTE_LENGTH_MIN <= len(_sentence(row.text)) <= QUOTE_LENGTH_MAX


def _sentence(text: str) -> str:
    """The first sentence of a text."""
    words: list[str] = []
    for word in text.split():
        words.append(word)
        if word[-1] in ".!?":
            break
    return " ".join(words)


def _quote(text: str) -> str:
    sentence = _sentence(text)
    if len(sentence) > QUOTE_LENGTH_MAX:
        sentence = sentence[:QUOTE_LENGTH_MAX].rpartition(" ")[0] + "…"
    return f"“{sentence}”"


def _is_hidden(memory: Memory, memory_id: str) -> bool:
    try:
        memory.get(memory_id)
    except NotFound:
        return all(row.id != memory_id for row in memory.find(scope=SCOPE, tags=["demo"], limit=None))
    return False


def ask(memory: Memory, report: ImportReport, stage: Stage) -> None:
    """Ask an index, and check the answer against the whole log."""
    stage.act("A question is answered by an index")
    scope = tuple(report.scopes[0].split("/"))
    rows = memory.engine.view(Memories).rows
    told = [turn for turn in turns_told(memory, SCOPE) if (SCOPE, *turn.path) == scope]
    session = Counter(turn.session for turn in told).most_common(1)[0][0]
    begun = time.perf_counter()
    found = rows.select("by_session", scope, session)
    indexed_s = time.perf_counter() - begun
    begun = time.perf_counter()
    events = memory.engine.read(types=[MemoryRemembered])
    scanned = [event for event in events if event.data.scope == scope and event.data.session == session]
    scanned_s = time.perf_counter() - begun
    stage.say(
        f"“What was said in {session}?” The index by_session (scope, session, place) gave {len(found)} turns, "
        f"in their order, in {indexed_s * 1000:.2f} ms. Reading all {memory.engine.head:,} events for them took "
        f"{scanned_s * 1000:.0f} ms."
    )
    by_place = [event.data.text for event in sorted(scanned, key=lambda event: event.data.place)]
    stage.check("the index gives what the whole log gives", holds=[row.text for row in found] == by_place)


async def weigh(memory: Memory, stage: Stage) -> None:
    """Measure what the events take."""
    stage.act("Events are small")
    sizes = await trio.to_thread.run_sync(measure, memory.engine.log)
    stage.sizes(sizes)
    stage.say(
        "The file also holds the chain of digests, the dictionary that the events are compressed with, and free space: "
        "it can be read anywhere, for ever, with nothing but itself."
    )
    stage.check("a frame takes less than half of its event as JSON", holds=sizes.frame_share < 1 / 2)
