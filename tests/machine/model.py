"""Memory as plain dicts: what each command ought to do, and what is remembered after every position. No file, no task.

The model is told what a command was and what it returned (an id, a position); everything else it works out by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs

from remanence import KeyReused, MemoryRow, NotFound, Recorded
from remanence.codecs.errors import InvalidInput
from remanence.core.errors import Conflict
from remanence.projections.memories.events import (
    MemoryForgotten,
    MemoryReinforced,
    MemoryRemembered,
    MemoryRevised,
    TranscriptImported,
)
from remanence.projections.memories.view import REINFORCEMENT
from remanence.reading.identity import turn_id

Place = tuple[tuple[str, ...], str, int]


@attrs.frozen
class Fact:
    """A memory as the model knows it: a row without its time."""

    id: str
    scope: tuple[str, ...]
    kind: str
    text: str
    confidence: float
    session: str | None
    place: int | None
    position: int
    changed: int
    reinforced: int = 0
    revised: int = 0

    @classmethod
    def of(cls, row: MemoryRow) -> Fact:
        """What the model knows of a row."""
        return cls(**{field.name: getattr(row, field.name) for field in attrs.fields(cls)})


@attrs.frozen
class State:
    """Everything that is so after some position."""

    facts: dict[str, Fact] = attrs.field(factory=dict[str, Fact])
    turns: dict[Place, tuple[int, str]] = attrs.field(factory=dict[Place, tuple[int, str]])
    """Every turn that was ever said: its position, and its id."""
    said: dict[Place, str] = attrs.field(factory=dict[Place, str])
    """What it said at first."""
    imports: dict[str, int] = attrs.field(factory=dict[str, int])

    def after(self, event: object, position: int) -> State:
        """The state after one more event."""
        facts, turns, said, imports = dict(self.facts), dict(self.turns), dict(self.said), dict(self.imports)
        match event:
            case MemoryRemembered(id=key):
                facts[key] = Fact(
                    key,
                    event.scope,
                    event.kind,
                    event.text,
                    event.confidence,
                    event.session,
                    event.place,
                    position,
                    position,
                )
                if event.session is not None:
                    place = (event.scope, event.session, event.place or 0)
                    turns[place], said[place] = (position, key), event.text
            case MemoryReinforced(id=key) if key in facts:
                old = facts[key]
                surer = old.confidence + (1 - old.confidence) * REINFORCEMENT
                facts[key] = attrs.evolve(old, confidence=surer, reinforced=old.reinforced + 1, changed=position)
            case MemoryRevised(id=key) if key in facts:
                old = facts[key]
                text = old.text if event.text is None else event.text
                sure = old.confidence if event.confidence is None else event.confidence
                facts[key] = attrs.evolve(old, text=text, confidence=sure, revised=old.revised + 1, changed=position)
            case MemoryForgotten(id=key):
                facts.pop(key, None)
            case TranscriptImported(name=name):
                imports[name] = position
            case _:
                pass
        return State(facts, turns, said, imports)

    def twin(self, scope: tuple[str, ...], kind: str, text: str) -> Fact | None:
        """The memory that says this, if there is one; a turn never is."""
        same = (fact for fact in self.facts.values() if fact.session is None and fact.text == text)
        return next((fact for fact in same if (fact.scope, fact.kind) == (scope, kind)), None)

    def can_be_next(self, scope: tuple[str, ...], session: str, place: int) -> bool:
        """Whether a turn without a place of its own may go there: after all that are there, to where none ever was."""
        here = [fact.place or 0 for fact in self.facts.values() if (fact.scope, fact.session) == (scope, session)]
        return place > max(here, default=0) and (scope, session, place) not in self.turns


Event = MemoryRemembered | MemoryReinforced | MemoryRevised | MemoryForgotten | TranscriptImported


class Model:
    """The state after every position."""

    def __init__(self) -> None:
        self.states = [State()]
        self.about: list[str] = [""]
        """Id of the memory that each event is about, by position."""
        self.events: list[object] = []

    @property
    def head(self) -> int:
        """The last position."""
        return len(self.states) - 1

    @property
    def now(self) -> State:
        """What is so now."""
        return self.states[-1]

    def add(self, event: object) -> int:
        """One more event; returns its position."""
        self.states.append(self.now.after(event, self.head + 1))
        self.about.append(getattr(event, "id", ""))
        self.events.append(event)
        return self.head

    def cut(self, head: int) -> None:
        """Forget everything after a position."""
        del self.states[head + 1 :], self.about[head + 1 :], self.events[head:]

    def fold(self, log: Sequence[Recorded[Any]]) -> None:
        """Take up events as they stand in a log."""
        for recorded in log:
            assert recorded.position == self.add(recorded.data)

    # -- what commands ought to do: the event, or the error; an id that nobody can foresee is the one that was returned

    def remember(self, scope: tuple[str, ...], kind: str, text: str, returned: str) -> Event:
        """Telling a text."""
        twin = self.now.twin(scope, kind, text)
        if twin is not None:
            assert returned == twin.id, "the same text is the same memory"
            return MemoryReinforced(twin.id, scope)
        assert returned not in self.about, "a new memory has a new id"
        return MemoryRemembered(returned, scope, kind, text, confidence=0.8)

    def turn(
        self, scope: tuple[str, ...], session: str, place: int, text: str
    ) -> MemoryRemembered | int | type[Exception]:
        """Saying a turn at its place; a position when it has been said already."""
        own = turn_id(scope, session, place)
        key = (scope, session, place)
        if key not in self.now.turns:
            return MemoryRemembered(own, scope, "fact", text, confidence=0.8, session=session, place=place)
        position, first = self.now.turns[key]
        return position if first == own and self.now.said[key] == text else KeyReused

    def revise(self, key: str, text: str | None, confidence: float | None) -> Event | type[Exception]:
        """Changing what a memory says."""
        fact = self.now.facts.get(key)
        if fact is None:
            return NotFound
        twin = None if text is None or fact.session else self.now.twin(fact.scope, fact.kind, text)
        if twin is not None and twin.id != key:
            return InvalidInput
        return MemoryRevised(key, fact.scope, fact.kind, text, confidence, is_turn=fact.session is not None)

    def reinforce(self, key: str) -> Event | type[Exception]:
        """Confirming a memory."""
        fact = self.now.facts.get(key)
        return NotFound if fact is None else MemoryReinforced(key, fact.scope)

    def forget(self, key: str) -> Event | type[Exception]:
        """Hiding a memory."""
        fact = self.now.facts.get(key)
        return NotFound if fact is None else MemoryForgotten(key, fact.scope)

    def note(self, key: str, after: int) -> Event | type[Exception]:
        """Confirming a memory on the condition that nothing about it came after a position."""
        return Conflict if key in self.about[after + 1 :] else MemoryReinforced(key, ("main",))

    def transcript(self, name: str) -> Event | int:
        """Recording an event that is recorded once."""
        return self.now.imports.get(name) or TranscriptImported(name, "00", ("main",))
