"""Projections: what a class says of itself, which method handles which event, and what is refused."""

from typing import Any

import attrs
import pytest

from remanence.codecs.errors import InvalidInput
from remanence.core.recorded import Recorded
from remanence.projections.projection import Projection, on
from remanence.projections.tables import Table

from .ledger import Account, Ended, Moved, Opened


class HTTPSessions2Seen(Projection):
    """Only a name."""


class _HiddenOne(Projection):
    """Only a name."""


class Named(Projection):
    """A name of its own."""

    name = "something_else"


class Heir(Named):
    """A name is not inherited: it would be two views in one place."""


@pytest.mark.parametrize(
    ("projection", "name"),
    [
        (HTTPSessions2Seen, "httpsessions2_seen"),
        (_HiddenOne, "hidden_one"),
        (Named, "something_else"),
        (Heir, "heir"),
    ],
)
def test_a_projection_is_named_after_its_class(projection: type[Projection], name: str) -> None:
    """Unless it says otherwise it has its class's name with underscores; a subclass has a name of its own."""
    assert projection.name == name


@pytest.mark.parametrize("name", ["", "Big", "with-dash", "1st", "dotted.name", "x" * 61, "é"])
def test_a_name_that_can_not_be_a_folder_is_refused(name: str) -> None:
    """A projection's name is part of a path: lower-case letters, digits and underscores, 60 at most."""
    with pytest.raises(InvalidInput, match="projection name"):
        type("Bad", (Projection,), {"name": name})


@pytest.mark.parametrize("version", [0, -1, "1", 1.5, None])
def test_a_version_that_is_no_number_is_refused(version: Any) -> None:
    """A version counts from 1."""
    with pytest.raises(InvalidInput, match="version of Bad"):
        type("Bad", (Projection,), {"version": version})


@attrs.frozen
class Said:
    """What was heard, in order."""

    text: str


class Base(Projection):
    """Two handlers: one for two events, one by name."""

    said = Table(Said, key="text")

    @on(Opened, Moved)
    def either(self, event: Recorded[Any]) -> None:
        """One of two."""
        self.said.put(Said(f"base {event.type}"))

    @on("account.closed")
    def ended(self, event: Recorded[Any]) -> None:
        """By name."""
        self.said.put(Said(f"base {event.type}"))


class Child(Base):
    """Defines one handler anew without saying for what, one for another event, and adds a table."""

    accounts = Table(Account, key="id")

    def either(self, event: Recorded[Any]) -> None:
        """Still one of two."""

    @on("weather.changed")
    def ended(self, event: Recorded[Any]) -> None:
        """No longer the end."""


def test_handlers_are_found_by_event() -> None:
    """A method handles all the events that it names, by class or by name."""
    assert {name: handler.__name__ for name, handler in Base.handlers.items()} == {
        "account.opened": "either",
        "money.moved": "either",
        "account.closed": "ended",
    }


def test_a_method_defined_anew_takes_the_place_of_the_old() -> None:
    """As everywhere in Python the subclass's method counts; without `@on` it keeps the events, else it has its own."""
    assert dict(Child.handlers) == {
        "account.opened": Child.either,
        "money.moved": Child.either,
        "weather.changed": Child.ended,
    }
    assert Base.handlers["account.opened"] is Base.either


def test_tables_are_inherited() -> None:
    """A subclass has its base's tables and its own."""
    assert list(Child.tables) == ["said", "accounts"]
    assert Child.databases() == ("said", "accounts")
    assert Child.fingerprint() != Base.fingerprint()


def test_two_handlers_of_one_event_are_refused() -> None:
    """An event has one handler in a projection, inherited ones included: two would depend on their order."""
    with pytest.raises(InvalidInput, match=r"Twice handles money.moved twice: in one and two"):

        class Twice(Projection):  # pyright: ignore[reportUnusedClass]
            @on(Moved)
            def one(self, event: Recorded[Moved]) -> None: ...

            @on(Opened, Moved)
            def two(self, event: Recorded[Any]) -> None: ...

    with pytest.raises(InvalidInput, match=r"Again handles account.opened twice: in either and again"):

        class Again(Base):  # pyright: ignore[reportUnusedClass]
            @on(Opened)
            def again(self, event: Recorded[Opened]) -> None: ...


def test_what_is_no_event_can_not_be_handled() -> None:
    """`@on` takes events, at least one."""
    with pytest.raises(InvalidInput, match="is not an event"):
        on(Account)
    with pytest.raises(InvalidInput, match="handles nothing"):
        on()


def _handler(_fold: Projection, _event: Recorded[Ended]) -> None:
    """Does nothing."""


@pytest.mark.parametrize("taken", ["tables", "handlers", "version", "rows_of", "fingerprint"])
def test_what_every_projection_has_can_not_be_a_table(taken: str) -> None:
    """A table or handler can't hide what the engine needs of a projection."""
    with pytest.raises(InvalidInput):
        type("Bad", (Projection,), {taken: Table(Account, key="id")})
    if taken != "version":
        with pytest.raises(InvalidInput, match=f"something called {taken}"):
            type("Bad", (Projection,), {taken: on(Ended)(_handler)})


def test_a_table_belongs_to_the_class_and_its_rows_to_the_view() -> None:
    """On the class the attribute is the declaration."""
    assert isinstance(Base.said, Table)
    assert Base.said.name == "said"
