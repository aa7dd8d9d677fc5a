"""A small ledger for the tests of this folder: its events, its projection, a log in memory, tables without a view.

No expectation lives here.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import attrs
import lmdb

from remanence.codecs.converter import make_converter
from remanence.codecs.rows import RowCodec
from remanence.core.catalogs import MemoryCatalog
from remanence.core.environment import Environment
from remanence.core.events import Registry, event
from remanence.core.log import Log
from remanence.core.recorded import Recorded
from remanence.core.stores import MemoryStore
from remanence.projections.projection import Projection, on
from remanence.projections.rows import Gate, ReadRows
from remanence.projections.schema import Index
from remanence.projections.tables import Table
from remanence.projections.views import View
from remanence.projections.written_rows import WriteRows

R = TypeVar("R")
P = TypeVar("P", bound=Projection)
LOG_ID = bytes(range(16))
MAP_BYTES = 1 << 24


@event("account.opened")
@attrs.frozen
class Opened:
    """An account came to be."""

    id: str
    owner: str
    labels: tuple[str, ...] = ()


@event("money.moved")
@attrs.frozen
class Moved:
    """Money came in, or went out."""

    id: str
    amount: int


@event("account.closed")
@attrs.frozen
class Ended:
    """An account is no more."""

    id: str


@event("weather.changed")
@attrs.frozen
class WeatherChanged:
    """Something that no ledger keeps."""

    to: str = "rain"


EVENTS = (Opened, Moved, Ended, WeatherChanged)


@attrs.frozen
class Account:
    """An account."""

    id: str
    owner: str
    labels: tuple[str, ...]
    balance: int = 0


def _owes(row: Account) -> bool:
    return row.balance < 0


class Ledger(Projection):
    """Accounts, as they stand."""

    accounts = Table(
        Account,
        key="id",
        indexes={
            "by_owner": ("owner", "balance"),
            "by_label": Index(("labels", "owner"), each="labels"),
            "in_debt": Index(("balance",), where=_owes),
        },
    )

    @on(Opened)
    def opened(self, event: Recorded[Opened]) -> None:
        """A new row."""
        self.accounts.put(Account(event.data.id, event.data.owner, event.data.labels))

    @on(Moved)
    def moved(self, event: Recorded[Moved]) -> None:
        """Another balance."""
        row = self.accounts.get(event.data.id)
        if row is not None:
            self.accounts.put(attrs.evolve(row, balance=row.balance + event.data.amount))

    @on(Ended)
    def ended(self, event: Recorded[Ended]) -> None:
        """No row any more."""
        self.accounts.delete(event.data.id)


STORY = (
    Opened("a", "ada"),
    Moved("a", 5),
    WeatherChanged(),
    Opened("b", "bo", ("x",)),
    Moved("b", -2),
    Ended("a"),
    WeatherChanged(),
)


def fold(events: Sequence[object]) -> dict[str, Account]:
    """The ledger as a plain dict: what the projection has to agree with."""
    rows: dict[str, Account] = {}
    for each in events:
        match each:
            case Opened(id=key, owner=owner, labels=labels):
                rows[key] = Account(key, owner, labels)
            case Moved(id=key, amount=amount) if key in rows:
                rows[key] = attrs.evolve(rows[key], balance=rows[key].balance + amount)
            case Ended(id=key):
                rows.pop(key, None)
            case _:
                pass
    return rows


class Brittle(Projection):
    """As the ledger, with a handler that can't take a payment out."""

    name = "ledger"
    accounts = Ledger.accounts

    @on(Opened)
    def opened(self, event: Recorded[Opened]) -> None:
        """A new row."""
        self.accounts.put(Account(event.data.id, event.data.owner, event.data.labels))

    @on(Moved)
    def moved(self, event: Recorded[Moved]) -> None:
        """Half the work, then an error."""
        self.accounts.delete(event.data.id)
        self.accounts.count()  # stores the half
        if event.data.amount < 0:
            raise ZeroDivisionError(event.data.id)
        row = Account(event.data.id, "ada", (), event.data.amount)
        self.accounts.put(row)


class Weather(Projection):
    """Counts changes of the weather."""

    accounts = Table(Account, key="id")

    @on(WeatherChanged)
    def changed(self, event: Recorded[WeatherChanged]) -> None:
        """One more."""
        self.accounts.put(Account(f"{event.position:03}", event.data.to, ()))


def make_log(log_id: bytes = LOG_ID) -> Log:
    """A log in memory, with a clock and random bytes that are the same every time."""
    ticks, draws = count(1_700_000_000_000_000_000, 1_000_000), count()
    return Log(
        MemoryStore(log_id),
        MemoryCatalog(),
        Registry(EVENTS),
        clock=lambda: next(ticks),
        entropy=lambda size: next(draws).to_bytes(size, "big"),
    )


def recorded(*events: object) -> list[Recorded[Any]]:
    """Events as they stand in a log of their own."""
    log = make_log()
    if events:
        log.append(*events)
    return log.read()


def seconds_apart(events: Sequence[object], registered: Sequence[type]) -> list[Recorded[Any]]:
    """Events of other classes as they stand in a log of their own, a second apart."""
    times = iter(range(10**18, 10**18 + 10**12, 10**9))
    log = Log(MemoryStore(), MemoryCatalog(), Registry(registered), clock=lambda: next(times))
    for each in events:
        log.append(each)
    return log.read()


def open_view(root: Path, projection: type[P], **options: Any) -> View[P]:
    """A view of the log `LOG_ID` (unless another is given), in a small map."""
    options.setdefault("map_bytes", MAP_BYTES)
    return View(root, projection, options.pop("log_id", LOG_ID), make_converter(), **options)


def folded(root: Path, projection: type[P], log: Sequence[Recorded[Any]], size: int) -> View[P]:
    """The view of a log, in batches of `size`."""
    view = open_view(root, projection)
    for start in range(0, len(log), size):
        view.apply(log[start : start + size])
    return view


class Desk:
    """A projection's tables without the projection: whatever `change` does is one batch."""

    def __init__(self, path: Path, projection: type[Projection]) -> None:
        self._tables = projection.tables
        self._env = Environment(path, projection.databases(), durable=False, map_bytes=MAP_BYTES)
        self._codecs: dict[str, RowCodec[Any]] = {
            name: RowCodec(table.row, make_converter()) for name, table in self._tables.items()
        }

    def change(self, table: Table[R], change: Callable[[WriteRows[R]], None]) -> None:
        """Run `change` on the rows of a table, as a projection's handlers would in one batch."""

        def run(txn: lmdb.Transaction[bytes]) -> None:
            rows: WriteRows[R] = WriteRows(table, self._env, self._codecs[table.name], txn)
            change(rows)
            rows.flush()

        self._env.write(run)

    def rows(self, table: Table[R]) -> ReadRows[R]:
        """The rows of a table, as users see them."""
        return ReadRows(table, *self.parts(table))

    def parts(self, table: Table[R]) -> tuple[Environment, RowCodec[R], Gate]:
        """What rows are read by."""
        return self._env, self._codecs[table.name], _always

    def fill(self, table: Table[R], rows: Sequence[R]) -> None:
        """Make these, and only these, the table's rows."""

        def refill(into: WriteRows[R]) -> None:
            for row in into.select():
                into.delete(*[getattr(row, field) for field in table.key])
            for row in rows:
                into.put(row)

        self.change(table, refill)

    def close(self) -> None:
        """Let go."""
        self._env.close()


def _always() -> None:
    """Reading is allowed."""


@contextmanager
def desk(projection: type[Projection]) -> Generator[Desk]:
    """A desk in a folder of its own."""
    with TemporaryDirectory() as folder:
        opened = Desk(Path(folder) / "desk", projection)
        try:
            yield opened
        finally:
            opened.close()


def rows_of(view: View[Ledger]) -> dict[str, Account]:
    """What a view shows."""
    return {row.id: row for row in view.rows.accounts.select()}


def crash(view: View[Any]) -> None:
    """What is left when the process dies: nothing is flushed, no mark is set."""
    view.store.env.close()
