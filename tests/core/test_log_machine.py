"""The log against a plain list: whatever is done to it, and wherever its process dies, it says what the list says."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

import attrs
import hypothesis.strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from remanence.core.appends import Append
from remanence.core.errors import Closed, Conflict, KeyReused
from remanence.core.log import Log
from remanence.core.queries import Condition, Query
from remanence.core.verify import verify

from ..effort import short
from .places import Happened, Note, Place, Spent, die, place

TYPES = {Spent: "money.spent", Note: "note.made", Happened: "thing.happened"}


@attrs.frozen
class Told:
    """One event of the model."""

    type: str
    tags: tuple[str, ...]
    data: object
    key: tuple[str, int] | None


@attrs.frozen
class Wish:
    """What a caller asks for."""

    events: tuple[Any, ...]
    tags: tuple[str, ...]
    key: str | None
    query: Query | None
    lag: int
    """How far before the head the condition looks."""


@attrs.define
class Model:
    """A log as a list."""

    told: list[Told] = attrs.field(factory=list[Told])
    keys: dict[str, tuple[object, list[int]]] = attrs.field(factory=dict[str, tuple[object, list[int]]])
    notes: dict[object, int] = attrs.field(factory=dict[object, int])

    def copy(self) -> Model:
        """A model that goes its own way."""
        return Model(list(self.told), dict(self.keys), dict(self.notes))

    def decide(self, wish: Wish, after: int) -> tuple[str, list[int]]:
        """What becomes of an append: the kind of answer, and the positions in it."""
        contents = [(TYPES[type(event)], _tags(event, wish), event) for event in wish.events]
        if wish.key in self.keys:
            content, positions = self.keys[wish.key]
            return ("duplicate" if content == contents else "reused"), positions
        known = [position for content in contents if (position := self._known(content, wish)) is not None]
        if len(known) == len(contents):
            return "duplicate", known
        in_the_way = [] if wish.query is None else [p for p in self.matching(wish.query) if p > after]
        return ("conflict", in_the_way[-1:]) if in_the_way else ("new", self._record(contents, wish))

    def _known(self, content: object, wish: Wish) -> int | None:
        return None if wish.key is not None else self.notes.get(content)

    def _record(self, contents: Sequence[tuple[str, tuple[str, ...], object]], wish: Wish) -> list[int]:
        positions: list[int] = []
        mark = None if wish.key is None else (wish.key, len(contents))
        for content in contents:
            name, tags, event = content
            position = self._known(content, wish)
            if position is None:
                is_note = isinstance(event, Note) and wish.key is None
                self.told.append(Told(name, tags, event, ("", 1) if is_note else mark))
                position = len(self.told)
                if is_note:
                    self.notes[content] = position
            positions.append(position)
            mark = None
        if wish.key is not None:
            self.keys[wish.key] = (list(contents), positions)
        return positions

    def matching(self, query: Query) -> list[int]:
        """Positions of the events that match."""
        return [position for position, told in enumerate(self.told, 1) if query.matches(told.type, told.tags)]


def _tags(event: Any, wish: Wish) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*event.about(), *wish.tags)))


labels = st.lists(st.sampled_from("abc"), max_size=2, unique=True).map(tuple)
events = st.one_of(
    st.builds(Spent, st.sampled_from(["ada", "bob"]), st.integers(0, 1)),
    st.builds(Note, st.sampled_from("xyz"), labels),
    st.builds(Happened, st.just("h" * 40), labels),
)
items = st.builds(
    Query.of,
    types=st.lists(st.sampled_from([*TYPES.values(), "no.such"]), max_size=2),
    tags=st.lists(st.sampled_from(["a", "b", "account:ada"]), max_size=2),
)
queries = items | st.builds(Query.__or__, items, items)
wishes = st.builds(
    Wish,
    st.lists(events, min_size=1, max_size=4).map(tuple),
    labels,
    st.none() | st.sampled_from("klmn"),
    st.none() | queries,
    st.integers(0, 5),
)
CRASHES = ("store before", "store after", "catalog before", "catalog after")


class LogMachine(RuleBasedStateMachine):
    """A log in one kind of place, and the list."""

    kind = "memory"

    @initialize()
    def begin(self) -> None:
        """A new log."""
        self.stack = ExitStack()
        self.place: Place = self.stack.enter_context(place(self.kind))
        self.starts = 0
        self.model = Model()
        self.log: Log = self.place.open(boot="start 0")

    @rule(wishes=st.lists(wishes, min_size=1, max_size=3), crash=st.none() | st.sampled_from(CRASHES))
    def append(self, wishes: list[Wish], crash: str | None) -> None:
        """Several appends in one commit, answered as the list answers; or the process dies at a write of it."""
        model = self.model.copy()
        for wish in wishes:
            after = max(0, len(model.told) - wish.lag)
            condition = None if wish.query is None else Condition(wish.query, after)
            append = self.log.encode(wish.events, tags=wish.tags, key=wish.key, condition=condition)
            assert self.answer(append) == model.decide(wish, after)
        if crash is None:
            self.log.flush()
            self.model = model
        else:
            self.crash(crash, model)

    def answer(self, append: Append) -> tuple[str, list[int]]:
        """What becomes of an append, in the words of the model."""
        try:
            appended = self.log.stage(append)
        except KeyReused as error:
            return "reused", list(error.positions)
        except Conflict as error:
            return "conflict", [error.position]
        return ("duplicate" if appended.is_duplicate else "new"), list(appended.positions)

    def crash(self, where: str, model: Model) -> None:
        """Flush, and die on the way; then look what is there: all of the commit, or nothing."""
        part, when = where.split()
        log = self.log
        target, name = (log.store, "append") if part == "store" else (log.catalog, "apply")
        real = getattr(target, name)

        def dying(*arguments: object) -> None:
            if when == "after":
                real(*arguments)
            die(log)
            raise Closed("the process is gone")

        vars(target)[name] = dying
        try:
            log.flush()
        except Closed:
            pass
        finally:
            del vars(target)[name]
        die(log)
        self.log = self.place.open(boot=f"start {self.starts}")
        assert self.log.head in {len(self.model.told), len(model.told)}
        if self.log.head == len(model.told):
            self.model = model
        is_stored = where != "store before"
        assert (self.model is model) or not is_stored

    @rule(way=st.sampled_from(["close", "die", "restart", "lose the catalog"]))
    def reopen(self, way: str) -> None:
        """Close cleanly or not, start the machine anew, or throw the catalog away; then open again."""
        if way in ("close", "lose the catalog"):
            self.log.close()
        else:
            die(self.log)
        if way == "lose the catalog":
            self.place.lose_catalog()
        self.starts += way == "restart"
        self.log = self.place.open(boot=f"start {self.starts}")

    @rule(query=queries, after=st.integers(0, 30), limit=st.none() | st.integers(1, 5), backward=st.booleans())
    def read(self, query: Query, after: int, limit: int | None, backward: bool) -> None:  # noqa: FBT001
        """Queries find what they find in the list."""
        wanted = [position for position in self.model.matching(query) if position > after]
        if backward:
            wanted.reverse()
        found = self.log.read(query, after=after, limit=limit, backward=backward)
        assert [each.position for each in found] == wanted[:limit]

    @invariant()
    def the_log_is_the_list(self) -> None:
        """Every event is there, as it was told, and types are counted right."""
        told = [Told(each.type, each.tags, each.data, each.key) for each in self.log.read()]
        assert told == self.model.told
        assert self.log.head == self.log.catalog.checkpoint == len(told)
        assert dict(self.log.types()) == {
            name: sum(each.type == name for each in told) for name in {each.type for each in told}
        }

    def teardown(self) -> None:
        """To the end, all is sound."""
        assert verify(self.log.store, self.log.catalog).problem is None
        self.stack.close()


class MemoryMachine(LogMachine):
    """In memory."""


class DiskMachine(LogMachine):
    """On disk."""

    kind = "lmdb"


class MixedMachine(LogMachine):
    """On disk, with a catalog that is built anew at every opening."""

    kind = "mixed"


TestInMemory = MemoryMachine.TestCase
TestInMemory.settings = short(60, 30)
TestOnDisk = DiskMachine.TestCase
TestOnDisk.settings = short(8, 20)
TestMixed = MixedMachine.TestCase
TestMixed.settings = short(4, 20)
