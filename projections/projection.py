"""Projections: pure folds of events into tables. This is all that users write.

    class Spending(Projection):
        version = 1
        accounts = Table(Account, key="id", indexes={"by_owner": "owner"})

        @on(MoneySpent)
        def spent(self, event: Recorded[MoneySpent]) -> None: ...

A handler sees the event and the projection's own tables, nothing else: no clock, no random source, no other view. So
the same events make the same rows, whenever and however often they are replayed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, Final, TypeGuard, TypeVar

from ..codecs.digests import short_digest
from ..core.errors import InvalidInput
from ..core.events import event_type_of
from ..core.naming import name_class
from ..core.recorded import Recorded
from .rows import Rows
from .tables import Table

__all__ = ["HANDLES", "Handler", "Projection", "distinct", "on"]

H = TypeVar("H", bound=Callable[..., Any])
R = TypeVar("R")
Handler = Callable[[Any, Recorded[Any]], None]
HANDLES: Final = "__remanence_handles__"
"""The attribute by which a method says which events it handles."""
NAME_LENGTH_MAX: Final = 60


def on(*events: type | str) -> Callable[[H], H]:
    """Mark a projection's or a reaction's method as the handler of events, given by class or by name.

    Raises:
        InvalidInput: a class is not an event, or nothing is given.
    """
    if not events:
        raise InvalidInput("@on() handles nothing; name the events, as in @on(MoneySpent)")
    names = tuple(each if isinstance(each, str) else event_type_of(each).name for each in events)

    def mark(function: H) -> H:
        setattr(function, HANDLES, names)
        return function

    return mark


class Projection:
    """Base of all projections.

    Attributes:
        name: what the view is called and kept under; the class's name in lower case with underscores, unless given.
        version: raise it whenever the handlers would make other rows of the same events: the view is then built anew.
    """

    name: ClassVar[str] = ""
    version: ClassVar[int] = 1
    tables: ClassVar[Mapping[str, Table[Any]]] = {}
    handlers: ClassVar[Mapping[str, Handler]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        name_class(cls, "projection", NAME_LENGTH_MAX)
        if not isinstance(cls.version, int) or cls.version < 1:
            message = f"the version of {cls.__name__} is a number, from 1 on, not {cls.version!r}"
            raise InvalidInput(message)
        cls.tables, events = _members(cls)
        cls.handlers = {name: getattr(cls, method) for name, method in events.items()}

    def __init__(self, rows: Mapping[str, Rows[Any]]) -> None:
        self._rows = rows

    def rows_of(self, table: Table[R]) -> Rows[R]:
        """The rows of one of the tables."""
        return self._rows[table.name]

    @classmethod
    def databases(cls) -> tuple[str, ...]:
        """Names of the databases that the tables take."""
        return tuple(name for table in cls.tables.values() for name in table.databases)

    @classmethod
    def fingerprint(cls) -> str:
        """What the stored form depends on, besides the version: tables, fields, types and indexes. 8 hex digits."""
        described = [table.describe().encode() for table in cls.tables.values()]
        return short_digest(*described).hex()[:8]


def _members(cls: type[Projection]) -> tuple[dict[str, Table[Any]], dict[str, str]]:
    """Tables by name, and methods by event. A method that a subclass defines anew takes the place of the old one."""
    tables: dict[str, Table[Any]] = {}
    methods: dict[str, tuple[str, ...]] = {}
    for base in reversed(cls.__mro__[: cls.__mro__.index(Projection)]):
        members: Mapping[str, Any] = vars(base)
        for attribute, member in members.items():
            if _is_table(member):
                tables[member.name] = member
            elif hasattr(member, HANDLES):
                methods[attribute] = getattr(member, HANDLES)
            else:
                continue
            if hasattr(Projection, attribute):
                message = f"{cls.__name__}.{attribute}: every projection has something called {attribute}; rename yours"
                raise InvalidInput(message)
    events: dict[str, str] = {}
    for method, names in methods.items():
        for name in names:
            first = events.setdefault(name, method)
            if first != method:
                message = f"{cls.__name__} handles {name} twice: in {first} and {method}"
                raise InvalidInput(message)
    return tables, events


def _is_table(member: object) -> TypeGuard[Table[Any]]:
    return isinstance(member, Table)


def distinct(projections: Iterable[type[Projection]]) -> tuple[type[Projection], ...]:
    """Projections in order, each once.

    Raises:
        InvalidInput: two have one name, and would keep their views in one place.
    """
    names: dict[str, type[Projection]] = {}
    for projection in projections:
        first = names.setdefault(projection.name, projection)
        if first is not projection:
            message = f"{first.__qualname__} and {projection.__qualname__} are both called {first.name}; name one anew"
            raise InvalidInput(message)
    return tuple(names.values())
