"""Rows under change: whatever is put, deleted and read in whatever batches, rows and entries agree with a dict."""

from collections.abc import Iterator
from contextlib import ExitStack, suppress

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from remanence.codecs.keys import pack
from remanence.projections.rows import Rows
from remanence.projections.written_rows import WriteRows

from ..effort import short
from .ledger import Account, Desk, Ledger, desk

ids = st.sampled_from(["a", "b", "c", "d"])
accounts = st.builds(
    Account,
    id=ids,
    owner=st.sampled_from(["ada", "bo"]),
    labels=st.lists(st.sampled_from(["x", "y", "z"]), max_size=3).map(tuple),
    balance=st.integers(-2, 2),
)
Step = tuple[str, Account]
steps = st.lists(st.tuples(st.sampled_from(["put", "put", "delete", "get", "select", "flush"]), accounts), max_size=12)
TABLE = Ledger.accounts


class Abandoned(Exception):
    """Leaves a batch unwritten."""


def entries_of(rows: dict[str, Account]) -> Iterator[tuple[str, bytes, bytes]]:
    """Everything a table of these rows keeps in its indexes, by the book."""
    for row in rows.values():
        key = pack((row.id,))
        length = len(key).to_bytes(2, "big")
        yield "by_owner", pack((row.owner, row.balance)) + key, length
        for label in set(row.labels):
            yield "by_label", pack((label, row.owner)) + key, length
        if row.balance < 0:
            yield "in_debt", pack((row.balance,)) + key, length


def take(step: Step, rows: WriteRows[Account], model: dict[str, Account]) -> None:
    """One thing that a handler may do, to the table and to the model."""
    what, account = step
    if what == "put":
        rows.put(account)
        model[account.id] = account
    elif what == "delete":
        rows.delete(account.id)
        model.pop(account.id, None)
    elif what == "get":
        assert rows.get(account.id) == model.get(account.id)
    elif what == "select":
        check(rows, model, account.owner)
    else:
        rows.flush()


def check(rows: Rows[Account], model: dict[str, Account], owner: str) -> None:
    """The table's order and one of an index, as the model has them."""
    assert rows.select() == [model[key] for key in sorted(model)]
    assert rows.count() == len(model)
    of_owner = sorted((row.balance, row.id) for row in model.values() if row.owner == owner)
    assert [(row.balance, row.id) for row in rows.iterate("by_owner", owner)] == of_owner


class RowsMachine(RuleBasedStateMachine):
    """Batches against one table and one dict."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.model: dict[str, Account] = {}

    @initialize()
    def open(self) -> None:
        self.desk: Desk = self.stack.enter_context(desk(Ledger))
        self.scratch: Desk = self.stack.enter_context(desk(Ledger))

    @rule(batch=steps)
    def batch(self, batch: list[Step]) -> None:
        """Several changes, also of one row, stored together."""
        model = dict(self.model)

        def change(rows: WriteRows[Account]) -> None:
            for step in batch:
                take(step, rows, model)

        self.desk.change(TABLE, change)
        self.model = model

    @rule(batch=steps)
    def abandoned(self, batch: list[Step]) -> None:
        """What raises half-way leaves nothing, however much of it was flushed."""
        model = dict(self.model)

        def change(rows: WriteRows[Account]) -> None:
            for step in batch:
                take(step, rows, model)
            rows.flush()
            raise Abandoned

        with suppress(Abandoned):
            self.desk.change(TABLE, change)

    @rule(owner=st.sampled_from(["ada", "bo", "nobody"]))
    def read(self, owner: str) -> None:
        check(self.desk.rows(TABLE), self.model, owner)

    @rule()
    def rebuild(self) -> None:
        """A table built from scratch holds the very same bytes."""
        self.scratch.fill(TABLE, [self.model[key] for key in sorted(self.model, reverse=True)])
        assert list(self.scratch.rows(TABLE).entries()) == list(self.desk.rows(TABLE).entries())

    @invariant()
    def indexes_say_what_the_rows_say(self) -> None:
        """An index entry stands there exactly if its row says so."""
        stored = list(self.desk.rows(TABLE).entries())
        assert sorted(entry for entry in stored if entry[0]) == sorted(entries_of(self.model))

    def teardown(self) -> None:
        self.stack.close()


TestRows = RowsMachine.TestCase
TestRows.settings = short(25, steps=20)
