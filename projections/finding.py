"""Finding: questions about the rows of a table, answered from one snapshot by the plan that costs least.

Invariants:
- the answer is that of a look at every row; an index changes only what it costs (and, where no order is asked for, the
  order);
- a row is given once, however many entries it has in the ranges: at the first of them;
- a cursor is the place of the last row given, not a number of rows: what is inserted or removed between two pages
  moves nothing, and a row is given twice, or passed over, only if it has itself been moved across the place.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final, Generic, Protocol, TypeVar

import attrs
import lmdb

from ..codecs import keys
from ..core.errors import Damaged, InvalidInput
from .conditions import Where
from .criteria import AllOf, Atom, Node, criteria, fits
from .cursors import decode_cursor, encode_cursor
from .plain import plain
from .planner import Candidate, Order, Path, candidates, cost
from .plans import Found, Plan, Step
from .schema import Schema
from .walking import ascend, count_up_to, descend, fitted

__all__ = ["Finder", "Question"]

R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)
COUNTED_MAX: Final = 64
"""Entries counted one by one before the rest is guessed: about 10 µs, less than reading a few rows."""
_NAMES: Final = frozenset((str, type(None)))
_COMPLEMENT: Final = bytes(range(255, -1, -1))


class Decode(Protocol[R_co]):
    """Bytes to a row."""

    def __call__(self, data: bytes, /) -> R_co: ...


@attrs.frozen
class Question:
    """What is asked of a table. `Rows.find` says what each field means."""

    asked: tuple[Node, ...]
    order: Order
    limit: int | None
    after: str | None
    index: str | None
    scan: bool

    @classmethod
    def of(
        cls,
        table: Schema[Any],
        wheres: Sequence[Where],
        conditions: Mapping[str, Any],
        *,
        order: str | Sequence[str] | None,
        limit: int | None,
        after: str | None,
        index: str | None,
        scan: bool,
    ) -> Question:
        """Check a question.

        Raises:
            InvalidInput: it asks for what isn't there, or wrongly.
        """
        if limit is not None and (not isinstance(limit, int) or limit < 1):
            message = f"limit is 1 or more, or None for all, not {limit!r}"
            raise InvalidInput(message)
        asked = [*wheres, Where("fields", tuple(sorted(conditions.items())))] if conditions or not wheres else wheres
        node = criteria(table.fields, asked, table.name)
        parts = node.parts if isinstance(node, AllOf) else (node,)  # each field of these has one atom already
        return cls(parts, _order(table, order), limit, after, index, scan)

    def value_of(self, field: str) -> bytes | None:
        """The packed value that a field has to have; None if it may have others."""
        for part in self.asked:
            if isinstance(part, Atom) and part.field == field and part.is_point and not part.is_each:
                return part.spans[0].low
        return None

    @property
    def is_nameable(self) -> bool:
        """Whether equal questions are the same: nothing in it is of a type that isn't meant to be there."""
        kinds = (type(self.after), type(self.index), type(self.scan), type(self.limit))
        return kinds[0] in _NAMES and kinds[1] in _NAMES and kinds[2] is bool and kinds[3] is not bool

    def identity(self) -> bytes:
        """What a cursor belongs to: everything but how many rows are wanted and from where on."""
        return repr((self.asked, self.order, self.index, self.scan)).encode()


def _order(table: Schema[Any], order: str | Sequence[str] | None) -> Order:
    names = (order,) if isinstance(order, str) else tuple(order or ())
    for name in names:
        if not isinstance(name, str) or name.removeprefix("-") not in table.fields:
            message = f"{table.name}: order is a field, or several, with a - before those from the greatest down; "
            message += f"it has no field {name!r}"
            raise InvalidInput(message)
    return tuple((name.removeprefix("-"), name.startswith("-")) for name in names)


@attrs.define(eq=False)
class _Tally:
    """What was really done."""

    scanned: int = 0
    rows_read: int = 0


class Finder(Generic[R]):
    """Answers questions about one table."""

    def __init__(
        self, table: Schema[R], db: lmdb._Database, index_dbs: Mapping[str, lmdb._Database], decode: Decode[R]
    ) -> None:
        self._table = table
        self._db = db
        self._index_dbs = index_dbs
        self._decode = decode

    def find(self, txn: lmdb.Transaction[bytes], question: Question) -> tuple[Found[R], Callable[[], Plan]]:
        """The rows, and what tells how they were found (while the transaction is open).

        Raises:
            InvalidInput: no index serves, or the cursor is another question's.
            Damaged: an index names a row that isn't there.
        """
        ways = candidates(self._table, question.asked, question.order, index=question.index, scan=question.scan)
        number, place = 0, None
        if question.after is not None:
            number, place = decode_cursor(question.after, self._identity(question))
            if number >= len(ways):
                raise InvalidInput("the cursor is damaged; give `after` what `cursor` was, as it was")
        elif len(ways) > 1:
            number = self._cheapest(txn, ways, question.limit)
        way = ways[number]
        paths = tuple(branch[0] if len(branch) == 1 else self._best(txn, branch)[0] for branch in way.branches)
        tally = _Tally()
        give = self._stream if way.streams else self._gather
        found = give(txn, way, paths, question, place, tally)
        rows = [row for _, row in found]
        last = found[-1][0] if len(found) == question.limit else None
        result = Found(rows, None if last is None else lambda: encode_cursor(self._identity(question), number, last))
        return result, lambda: self._plan(txn, way, paths, tally, len(rows))

    def _identity(self, question: Question) -> bytes:
        return self._table.describe().encode() + question.identity()

    # -- choosing

    def _cheapest(self, txn: lmdb.Transaction[bytes], ways: Sequence[Candidate], limit: int | None) -> int:
        costs = [cost(way, [self._best(txn, branch)[1] for branch in way.branches], limit) for way in ways]
        return costs.index(min(costs))

    def _best(self, txn: lmdb.Transaction[bytes], paths: Sequence[Path]) -> tuple[Path, int]:
        expected = [self._expected(txn, path) for path in paths]
        least = min(expected)
        return paths[expected.index(least)], least

    def _expected(self, txn: lmdb.Transaction[bytes], path: Path) -> int:
        """Entries in a path's ranges: exact up to a number, guessed beyond it."""
        db = self._database(path)
        cursor = txn.cursor(db)
        counted = 0
        for low, high in path.ranges:
            counted += count_up_to(cursor, fitted(low), fitted(high), COUNTED_MAX + 1 - counted)
            if counted > COUNTED_MAX:
                return max(counted, int(txn.stat(db)["entries"] * path.share))
        return counted

    def _database(self, path: Path) -> lmdb._Database:
        return self._db if path.index is None else self._index_dbs[path.index]

    # -- reading

    def _stream(  # noqa: PLR0917 - as `_gather`
        self,
        txn: lmdb.Transaction[bytes],
        way: Candidate,
        paths: Sequence[Path],
        question: Question,
        place: bytes | None,
        tally: _Tally,
    ) -> list[tuple[bytes, R]]:
        """Rows in the order of the entries, until there are enough; the place of a row is its entry's key."""
        found = self._rows(txn, paths[0], tally, backward=way.backward, place=place)
        return [(entry, row) for entry, _, row in islice(found, question.limit)]

    def _gather(  # noqa: PLR0917 - what is asked, how, and where to count
        self,
        txn: lmdb.Transaction[bytes],
        way: Candidate,  # noqa: ARG002 - as for `_stream`
        paths: Sequence[Path],
        question: Question,
        place: bytes | None,
        tally: _Tally,
    ) -> list[tuple[bytes, R]]:
        """All the rows, sorted; the place of a row is what it is sorted by."""
        found: dict[bytes, tuple[bytes, R]] = {}
        for path in paths:
            for _, primary, row in self._rows(txn, path, tally):
                if primary not in found:
                    at = _place(row, primary, question.order)
                    if place is None or at > place:
                        found[primary] = (at, row)
        if question.limit is None:
            return sorted(found.values(), key=_first)
        return heapq.nsmallest(question.limit, found.values(), key=_first)

    def _rows(
        self,
        txn: lmdb.Transaction[bytes],
        path: Path,
        tally: _Tally,
        *,
        backward: bool = False,
        place: bytes | None = None,
    ) -> Iterator[tuple[bytes, bytes, R]]:
        """The rows of a path that fit, each once: with the key of the entry, and their own."""
        checks = [fits(node) for node in path.filters]
        decode, get, db = self._decode, txn.get, self._db
        is_indexed, may_repeat = path.index is not None, path.may_repeat
        for entry, value in self._entries(txn, path, backward=backward, place=place):
            tally.scanned += 1
            primary, stored = entry, value
            if is_indexed:
                primary = entry[-int.from_bytes(value, "big") :]
                found = get(primary, None, db)
                if found is None:
                    raise _missing(self._table.name)
                stored = found
            tally.rows_read += 1
            row = decode(stored)
            if checks and not all(check(row) for check in checks):
                continue
            if may_repeat and entry != self._first_entry(path, row, primary, backward=backward):
                continue
            yield entry, primary, row

    def _entries(
        self, txn: lmdb.Transaction[bytes], path: Path, *, backward: bool, place: bytes | None
    ) -> Iterator[tuple[bytes, bytes]]:
        cursor = txn.cursor(self._database(path))
        walk = descend if backward else ascend
        for low, high in reversed(path.ranges) if backward else path.ranges:
            first, end = low, high
            if place is not None and backward:
                end = min(high, place)
            elif place is not None:
                first = max(low, place + b"\0")
            if first < end:
                yield from walk(cursor, fitted(first), fitted(end))

    def _first_entry(self, path: Path, row: R, primary: bytes, *, backward: bool) -> bytes:
        """Of a row's entries in the ranges, the one that is met first."""
        assert path.index is not None  # rows have one key  # noqa: S101
        entries = dict(zip(self._table.indexes, self._table.maker.entries([row], [primary]), strict=True))[path.index]
        within = [entry for entry, _ in entries if any(low <= entry < high for low, high in path.ranges)]
        return max(within) if backward else min(within)

    # -- telling

    def _plan(
        self, txn: lmdb.Transaction[bytes], way: Candidate, paths: Sequence[Path], tally: _Tally, found: int
    ) -> Plan:
        return Plan(
            table=self._table.name,
            steps=tuple(
                Step(path.index, path.served, _named(path.filters), self._expected(txn, path)) for path in paths
            ),
            sorts=not way.streams,
            backward=way.backward and way.streams,
            scanned=tally.scanned,
            rows_read=tally.rows_read,
            found=found,
        )


def _named(filters: Iterable[Node]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for node in filters:
        found.update(dict.fromkeys(node.fields()))
    return tuple(found)


def _first(placed: tuple[bytes, Any]) -> bytes:
    return placed[0]


def _place(row: object, primary: bytes, order: Order) -> bytes:
    """Bytes that sort as the order says. Where it goes down, every bit is turned: no value's bytes begin another's."""
    parts: list[bytes] = []
    for field, backward in order:
        part = keys.pack((plain(getattr(row, field)),))
        parts.append(part.translate(_COMPLEMENT) if backward else part)
    parts.append(primary.translate(_COMPLEMENT) if order and order[-1][1] else primary)
    return b"".join(parts)


def _missing(table: str) -> Damaged:
    return Damaged(f"{table}: an index names a row that is not there; delete the view, it will be rebuilt")
