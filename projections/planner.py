"""The planner: which ranges of which index hold the rows that are asked for. Pure: it sees declarations and conditions.

Invariants:
- a path's ranges hold every row that fits, and its filters are all that its ranges don't see to: whichever is taken,
  the rows are the same;
- rows are in a total order: by what is asked, then by their keys in the direction of the last of that. A path `streams`
  if its ranges hold them in that order; or else what it brings is sorted;
- the same question to the same declarations gives the same candidates in the same order: a cursor names one by number.

An index serves if it has an entry for every row that fits: a partial one if the conditions contain its own (each part
of that is covered by one of theirs) or if the question names it; one of several values if one of these is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, Final, TypeAlias

import attrs

from ..codecs.keys import after_prefix
from ..core.errors import InvalidInput
from .criteria import AllOf, AnyOf, Atom, Node, conjunction
from .schema import Schema
from .spans import TOP, covers

__all__ = ["Candidate", "Order", "Path", "candidates", "cost"]

Order: TypeAlias = tuple[tuple[str, bool], ...]
"""Fields, and whether each goes from the greatest down."""
RANGES_MAX: Final = 1024
"""Beyond this a path stops at fewer fields of its index: each range costs a search in the tree. What is asked of the
first field is served however much it is, for else every row would be looked at."""
EQUAL_SHARE: Final = 0.1
RANGE_SHARE: Final = 0.3
"""What part of an index's entries one value, or a range, is taken to hold where they are too many to be counted. The
classic guesses of System R (Selinger et al., 1979): they have to rank indexes, not to be right."""


@attrs.frozen
class Path:
    """Ranges of one index, or of the rows' keys, and what is left to check.

    Attributes:
        index: name of the index; None for the rows' keys.
        ranges: half-open ranges of entries, ascending and disjoint.
        atoms: the conditions that the ranges see to.
        filters: what has to be checked for each row.
        share: what part of the entries they are taken to hold.
        pinned: the fields that have one value in all the ranges.
        may_repeat: whether a row can have several entries in the ranges.
    """

    index: str | None
    ranges: tuple[tuple[bytes, bytes], ...]
    atoms: tuple[Atom, ...]
    filters: tuple[Node, ...]
    share: float
    pinned: frozenset[str]
    may_repeat: bool

    @property
    def served(self) -> tuple[str, ...]:
        """The fields whose conditions the ranges see to."""
        return tuple(atom.field for atom in self.atoms)


@attrs.frozen
class Candidate:
    """One way to answer.

    Attributes:
        branches: for each part of an alternative, the paths that it can take; one branch of one path otherwise.
        streams: whether the rows come in the order that is asked for.
        backward: whether they do when the ranges are read from their ends.
    """

    branches: tuple[tuple[Path, ...], ...]
    streams: bool
    backward: bool


@attrs.frozen
class _Parts:
    """A conjunction, sorted by how its parts can be served."""

    plain: dict[str, Atom]
    each: tuple[Atom, ...]
    others: tuple[Node, ...]

    @classmethod
    def of(cls, nodes: Sequence[Node]) -> _Parts:
        plain: dict[str, Atom] = {}
        each: list[Atom] = []
        others: list[Node] = []
        for node in nodes:
            if not isinstance(node, Atom):
                others.append(node)
            elif not node.is_each:
                plain[node.field] = node
            elif node.is_negated:
                others.append(node)
            else:
                each.append(node)
        return cls(plain, tuple(each), tuple(others))

    def contain(self, declared: Node) -> bool:
        """Whether they say all that a partial index's condition says."""
        if isinstance(declared, AllOf):
            return all(map(self.contain, declared.parts))
        if isinstance(declared, AnyOf):
            return declared in self.others or any(map(self.contain, declared.parts))
        if not declared.is_each:
            asked = self.plain.get(declared.field)
            return asked is not None and covers(declared.spans, asked.spans)
        if declared.is_negated:
            return declared in self.others
        return any(atom.field == declared.field and covers(declared.spans, atom.spans) for atom in self.each)


def candidates(
    table: Schema[Any], asked: Sequence[Node], order: Order, *, index: str | None = None, scan: bool = False
) -> list[Candidate]:
    """The ways to answer, at least one.

    Args:
        table: its declaration.
        asked: the conditions, all of which have to fit.
        order: in which order; none for that of the index.
        index: the only index to use.
        scan: look through all rows if there is nothing better.

    Raises:
        InvalidInput: no index serves, and `scan` is not allowed; or there is no such index.
    """
    if index is not None and index not in table.indexes:
        message = f"{table.name} has no index {index!r}; it has {', '.join(sorted(table.indexes)) or 'none'}"
        raise InvalidInput(message)
    parts = _Parts.of(asked)
    if not scan:
        _refuse_unindexed(table, asked, parts)
    found = _undominated(table, [_candidate(table, path, order) for path in _paths(table, parts, index)])
    if index is None and parts.others:
        found += _alternatives(table, parts)
    if not found or scan:
        whole = [_candidate(table, path, order) for path in _paths(table, parts, index, is_whole=True)]
        found += [each for each in whole if scan or (not asked and each.streams)]
    if not found:
        raise _refusal(table, asked, order, index)
    return found


def _refuse_unindexed(table: Schema[Any], asked: Sequence[Node], parts: _Parts) -> None:
    # What a partial index asks of its rows, and the query asks too, is seen to by that index.
    conditions = [condition for condition in table.declared.values() if parts.contain(condition)]
    seen_to = table.indexed.union(_fields(conditions))
    for field in _fields(asked):
        if field not in seen_to:
            message = f"{table.name}: the field {field} is in no index; declare one that has it in indexes={{…}}, "
            message += "or pass scan=True to have the rows looked through"
            raise InvalidInput(message)


def _fields(nodes: Sequence[Node]) -> list[str]:
    return list(dict.fromkeys(field for node in nodes for field in node.fields()))


def _refusal(table: Schema[Any], asked: Sequence[Node], order: Order, index: str | None) -> InvalidInput:
    known = {"the row's key": table.key, **{name: each.fields for name, each in table.indexes.items()}}
    offered = ", ".join(f"{name} ({', '.join(fields)})" for name, fields in known.items())
    what = f"the conditions on {', '.join(_fields(asked))}" if asked else f"order={_order_text(order)}"
    by = f"the index {index}" if index is not None else "an index"
    message = f"{table.name}: {what} can't be served by {by}: an index serves from its first field on; there is "
    message += f"{offered}. Declare one that fits, ask for its first fields too, or pass scan=True to look at every row"
    if any(each.where is not None for each in table.indexes.values()) and index is None:
        message += "; a partial index serves a query that contains its condition, or that names it by index=…"
    return InvalidInput(message)


def _order_text(order: Order) -> str:
    return ", ".join(("-" if backward else "") + field for field, backward in order)


def _paths(table: Schema[Any], parts: _Parts, index: str | None, *, is_whole: bool = False) -> Iterator[Path]:
    """Through each index that serves: those whose first field is asked for; or, `is_whole`, those where it isn't."""
    if index is None and (table.key[0] in parts.plain) != is_whole:
        yield _path(None, table.key, None, parts, None)
    for name, declared in table.indexes.items():
        first, each = declared.fields[0], declared.each
        atoms = [atom for atom in parts.each if atom.field == each]
        is_asked = bool(atoms) if first == each else first in parts.plain
        if is_asked == is_whole or not (index == name if index is not None else _has_all(table, name, parts)):
            continue
        for atom in atoms or (None,):
            path = _path(name, declared.fields, each, parts, atom)
            if each is None or each in path.served or index == name:
                yield path


def _has_all(table: Schema[Any], name: str, parts: _Parts) -> bool:
    """Whether every row that fits is in an index; if several values are asked of it, see `_paths`."""
    condition = table.declared.get(name)
    return parts.contain(condition) if condition is not None else table.indexes[name].where is None


def _path(index: str | None, fields: Sequence[str], each: str | None, parts: _Parts, each_atom: Atom | None) -> Path:
    prefixes: list[bytes] = [b""]
    ranges: list[tuple[bytes, bytes]] | None = None
    served: list[Atom] = []
    pinned: set[str] = set()
    share = 1.0
    for field in fields:
        atom = each_atom if field == each else parts.plain.get(field)
        if atom is None or (served and len(prefixes) * len(atom.spans) > RANGES_MAX):
            break
        served.append(atom)
        if all(span.is_point for span in atom.spans):
            prefixes = [prefix + span.low for prefix in prefixes for span in atom.spans]
            share = min(share, share * EQUAL_SHARE * len(atom.spans))
            if atom.is_point:
                pinned.add(field)
            continue
        ranges = [(prefix + span.low, prefix + span.high) for prefix in prefixes for span in atom.spans]
        share *= RANGE_SHARE
        break
    if ranges is None:
        ranges = [(prefix, after_prefix(prefix) or TOP) for prefix in prefixes]
    left = (*parts.plain.values(), *parts.each, *parts.others)
    seen = set(map(id, served))
    return Path(
        index=index,
        ranges=tuple(ranges),
        atoms=tuple(served),
        filters=tuple(node for node in left if id(node) not in seen),
        share=share,
        pinned=frozenset(pinned),
        may_repeat=each is not None and each not in pinned,
    )


def _candidate(table: Schema[Any], path: Path, order: Order) -> Candidate:
    if not order:
        return Candidate(((path,),), streams=True, backward=False)
    backward = order[-1][1]
    return Candidate(((path,),), streams=_streams(table, path.index, path.pinned, order), backward=backward)


def _undominated(table: Schema[Any], ways: Sequence[Candidate]) -> list[Candidate]:
    """Without those that another one beats whatever the rows: it sees to more conditions, and sorts no more.

    A partial index is beaten by none: it has the fewer entries, and nobody knows how few.
    """
    if len(ways) == 1:
        return list(ways)
    left: list[Candidate] = []
    for way in sorted(ways, key=lambda way: (not _is_partial(table, way), -len(way.branches[0][0].atoms))):
        atoms = way.branches[0][0].atoms
        for other in left if not _is_partial(table, way) else ():
            path = other.branches[0][0]
            if not path.may_repeat and other.streams >= way.streams and all(_is_in(atom, path.atoms) for atom in atoms):
                break
        else:
            left.append(way)
    return left


def _is_partial(table: Schema[Any], way: Candidate) -> bool:
    index = way.branches[0][0].index
    return index is not None and table.indexes[index].where is not None


def _is_in(atom: Atom, atoms: Sequence[Atom]) -> bool:
    return any(atom is other for other in atoms)


@lru_cache(maxsize=1024)  # the same few questions are asked over and over, with other values
def _streams(table: Schema[Any], index: str | None, pinned: frozenset[str], order: Order) -> bool:
    """Whether an index's entries are in the order: without fields that have one value, its fields begin with it."""
    declared = None if index is None else table.indexes[index]
    each = None if declared is None else declared.each
    backward = order[-1][1]
    fields = table.key if declared is None else (*declared.fields, *table.key)
    sequence = [field for field in dict.fromkeys(fields) if field not in pinned]
    wanted = list(dict.fromkeys(field for field, _ in order if field not in pinned or field == each))
    directions = {direction for field, direction in order if field in wanted}
    rest = sequence[len(wanted) :]
    return (
        each not in sequence
        and each not in (*wanted, *table.key)
        and sequence[: len(wanted)] == wanted
        and directions <= {backward}
        and rest == [field for field in table.key if field not in pinned and field not in wanted]
    )


def _alternatives(table: Schema[Any], parts: _Parts) -> Iterator[Candidate]:
    """For each `or` of the conditions: its branches one by one, if all of them have an index."""
    for node in parts.others:
        if not isinstance(node, AnyOf):
            continue
        rest = [*parts.plain.values(), *parts.each, *(other for other in parts.others if other is not node)]
        branches: list[tuple[Path, ...]] = []
        for branch in node.parts:
            own = branch.parts if isinstance(branch, AllOf) else (branch,)
            joined = _Parts.of(conjunction([*rest, *own]))
            branches.append(tuple(_paths(table, joined, None)))
        if branches and all(branches):
            yield Candidate(tuple(branches), streams=False, backward=False)


def cost(candidate: Candidate, expected: Sequence[int], limit: int | None) -> float:
    """What an answer is taken to cost, in rows read.

    Args:
        candidate: the way.
        expected: for each branch, the entries in the ranges of its best path.
        limit: how many rows are wanted.
    """
    total = float(sum(expected))
    if not candidate.streams:
        return total * 1.5  # each is kept and sorted
    path = candidate.branches[0][0]
    if limit is None:
        return total
    return min(total, limit / EQUAL_SHARE ** len(path.filters))
