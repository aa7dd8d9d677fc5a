"""Criteria: conditions bound to the fields of a row class, in a form that can be planned and checked. Pure.

`criteria` turns conditions into a tree of `AllOf` and `AnyOf` over `Atom`s: negations stand in the atoms alone, tests
of one field are one row of spans. A value that no key can hold fits no atom, negated or not.
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from types import NoneType
from typing import Any, Final, TypeAlias, TypeVar, cast

import attrs

from ..codecs import keys
from ..core.errors import InvalidInput
from .conditions import Test, Where
from .plain import plain
from .spans import Span, Spans, complement, contains, intersect, union

__all__ = ["AllOf", "AnyOf", "Atom", "Fields", "Node", "conjunction", "criteria", "fields_of", "fits"]

K = TypeVar("K")
_KINDS: Final[Mapping[type, str]] = {
    str: "str",
    bytes: "bytes",
    int: "int",
    float: "float",
    bool: "bool",
    NoneType: "None",
    datetime: "int",
}
_TAGS: Final = (
    ("None", 0x08, 0x08),
    ("bool", 0x10, 0x11),
    ("int", 0x18, 0x28),
    ("float", 0x30, 0x30),
    ("str", 0x38, 0x38),
    ("bytes", 0x40, 0x40),
    ("tuple", 0x48, 0x48),
)
"""What the first byte of a packed value can be, by its type (`codecs.keys`)."""

Kinds: TypeAlias = "frozenset[str] | None"
"""Types that a field may hold, as keys know them; None if its declaration doesn't say."""
Fields: TypeAlias = Mapping[str, tuple[Kinds, Kinds]]
"""For each field or property, the kinds of its value, and of its values if it holds several."""


@attrs.frozen
class Atom:
    """Something asked of one field: that its value lies in the spans; or that one of its several values does, or none.

    Attributes:
        field: the field.
        spans: where values have to lie.
        is_each: asked of each of its values, one of which has to fit.
        is_negated: none has to fit. Only with `is_each`: other spans are turned themselves.
    """

    field: str
    spans: Spans
    is_each: bool = False
    is_negated: bool = False

    @property
    def is_point(self) -> bool:
        """Whether one value alone fits."""
        return len(self.spans) == 1 and self.spans[0].is_point

    def fields(self) -> tuple[str, ...]:
        """The fields that it asks about."""
        return (self.field,)


@attrs.frozen
class AllOf:
    """All of these."""

    parts: tuple[Node, ...]

    def fields(self) -> tuple[str, ...]:
        """The fields that it asks about."""
        return tuple(field for part in self.parts for field in part.fields())


@attrs.frozen
class AnyOf:
    """Any of these."""

    parts: tuple[Node, ...]

    def fields(self) -> tuple[str, ...]:
        """The fields that it asks about."""
        return tuple(field for part in self.parts for field in part.fields())


Node: TypeAlias = "Atom | AllOf | AnyOf"


def fields_of(row: type) -> Fields:
    """The fields and properties of a row class, with what they are declared to hold."""
    hints = _hints(row)
    found = {field.name: hints.get(field.name) for field in attrs.fields(row)}
    for base in reversed(row.__mro__):
        for name, member in vars(base).items():
            if isinstance(member, property):
                found[name] = _hints(member.fget).get("return")
    return {name: (_kinds(hint), _element_kinds(hint)) for name, hint in found.items()}


def _hints(what: object) -> dict[str, Any]:
    try:
        return typing.get_type_hints(what)
    except (NameError, TypeError):  # a type that its module doesn't have: values are then taken as they come
        return {}


def _kinds(hint: Any) -> Kinds:
    if hint in _KINDS:
        return frozenset([_KINDS[hint]])
    origin = typing.get_origin(hint)
    if origin in (tuple, list, set, frozenset):
        return frozenset(["tuple"])
    if origin is typing.Union or str(origin) == "<class 'types.UnionType'>":
        parts = [_kinds(part) for part in typing.get_args(hint)]
        known = [part for part in parts if part is not None]
        return frozenset[str]().union(*known) if len(known) == len(parts) else None
    return None


def _element_kinds(hint: Any) -> Kinds:
    parts = [_kinds(part) for part in typing.get_args(hint) if part is not Ellipsis]
    known = [part for part in parts if part is not None]
    return frozenset[str]().union(*known) if known and len(known) == len(parts) else None


def criteria(fields: Fields, asked: Iterable[Where], table: str) -> Node:
    """Bind conditions to a row class's fields, all of which have to fit.

    Raises:
        InvalidInput: there is no such field, or a value isn't of its type or can be no key's.
    """
    return _joined([_bind(fields, one, table) for one in asked], is_all=True)


def conjunction(nodes: Iterable[Node]) -> tuple[Node, ...]:
    """The parts of what says all that the nodes say, with one atom for each plain field."""
    joined = _joined(nodes, is_all=True)
    return joined.parts if isinstance(joined, AllOf) else (joined,)


def _bind(fields: Fields, asked: Where, table: str, *, negated: bool = False) -> Node:
    if not isinstance(asked, Where):  # pyright: ignore[reportUnnecessaryIsInstance] - users come without types
        message = f"{table}: a condition is field=value or where(…), not {type(asked).__name__}"
        raise InvalidInput(message)
    if asked.name == "not":
        return _bind(fields, asked.parts[0], table, negated=not negated)
    if asked.name == "fields":
        parts = [_of_field(fields, field, test, table, negated=negated) for field, test in asked.fields]
    else:
        parts = [_bind(fields, part, table, negated=negated) for part in asked.parts]
    return _joined(parts, is_all=(asked.name != "or") != negated)


def _of_field(fields: Fields, field: str, test: Any, table: str, *, negated: bool) -> Node:
    if field not in fields:
        message = f"{table} has no field {field!r}; it has {', '.join(sorted(fields))}"
        raise InvalidInput(message)
    kinds, element_kinds = fields[field]
    asked = test if isinstance(test, Test) else Test("one_of", (test,))
    try:
        return _atoms(field, asked, kinds, element_kinds, negated=negated)
    except InvalidInput as error:
        message = f"{table}.{field}: {error}"
        raise InvalidInput(message) from error


def _atoms(field: str, test: Test, kinds: Kinds, element_kinds: Kinds, *, negated: bool) -> Node:
    if test.name == "not":
        return _atoms(field, test.operands[0], kinds, element_kinds, negated=not negated)
    if test.name in ("and", "or"):
        parts = [_atoms(field, part, kinds, element_kinds, negated=negated) for part in test.operands]
        return _joined(parts, is_all=(test.name == "and") != negated)
    if test.name not in ("has_all", "has_any"):
        spans = _spans(test, kinds)
        return Atom(field, complement(spans) if negated else spans)
    each = [_element_spans(value, element_kinds) for value in test.operands]
    if test.name == "has_any":
        return Atom(field, union(span for spans in each for span in spans), is_each=True, is_negated=negated)
    atoms: list[Node] = [Atom(field, spans, is_each=True, is_negated=negated) for spans in each]
    return _joined(atoms, is_all=not negated)


def _element_spans(value: Any, kinds: Kinds) -> Spans:
    return _combined(value, kinds) if isinstance(value, Test) else (_point(value, kinds),)


def _combined(test: Test, kinds: Kinds) -> Spans:
    match test.name:
        case "and":
            return intersect(_combined(test.operands[0], kinds), _combined(test.operands[1], kinds))
        case "or":
            return union((*_combined(test.operands[0], kinds), *_combined(test.operands[1], kinds)))
        case "not":
            return complement(_combined(test.operands[0], kinds))
        case _:
            return _spans(test, kinds)


def _spans(test: Test, kinds: Kinds) -> Spans:
    if test.name == "one_of":
        return union(_point(value, kinds) for value in test.operands)
    if test.name in ("has_all", "has_any"):
        message = f"{test.name}() can't stand inside has_all() or has_any()"
        raise InvalidInput(message)
    if test.name == "prefix":
        _packed(test.operands[0], kinds)
        beginning = keys.pack_prefix((), plain(test.operands[0]))
        return (Span(beginning, _after(beginning)),)
    packed = _packed(test.operands[0], kinds)
    _, lowest, highest = next(tags for tags in _TAGS if tags[1] <= packed[0] <= tags[2])
    match test.name:
        case "lt":
            low, high = bytes([lowest]), packed
        case "le":
            low, high = bytes([lowest]), _after(packed)
        case "gt":
            low, high = _after(packed), bytes([highest + 1])
        case _:
            low, high = packed, bytes([highest + 1])
    return union([Span(low, high)])


def _point(value: Any, kinds: Kinds) -> Span:
    packed = _packed(value, kinds)
    return Span(packed, _after(packed), is_point=True)


def _packed(value: Any, kinds: Kinds) -> bytes:
    known = plain(value)
    if kinds is not None and type(known) is int and "float" in kinds and "int" not in kinds:
        known = float(known)
    packed = keys.pack((known,))
    kind = next(name for name, low, high in _TAGS if low <= packed[0] <= high)
    if kinds is not None and kind not in kinds:
        message = f"it holds {' or '.join(sorted(kinds))}, and was compared with {value!r}"
        raise InvalidInput(message)
    return packed


def _after(packed: bytes) -> bytes:
    return keys.after_prefix(packed) or b"\xff"


def _joined(parts: Iterable[Node], *, is_all: bool) -> Node:
    """All, or any, of the parts: without a join inside one of its kind, and with one atom for each plain field."""
    flat: list[Node] = []
    for part in parts:
        if isinstance(part, AllOf if is_all else AnyOf):
            flat.extend(part.parts)
        else:
            flat.append(part)
    by_field: dict[str, Spans] = {}
    others: list[Node] = []
    for part in flat:
        if not isinstance(part, Atom) or part.is_each:
            others.append(part)
        elif part.field not in by_field:
            by_field[part.field] = part.spans
        elif is_all:
            by_field[part.field] = intersect(by_field[part.field], part.spans)
        else:
            by_field[part.field] = union((*by_field[part.field], *part.spans))
    joined = (*(Atom(field, spans) for field, spans in by_field.items()), *others)
    if len(joined) == 1:
        return joined[0]
    return AllOf(joined) if is_all else AnyOf(joined)


def fits(node: Node) -> Callable[[object], bool]:
    """What tells whether a row fits.

    The function raises:
        InvalidInput: it was asked what a field's values hold, and the field holds one value.
    """
    if isinstance(node, Atom):
        return _each_fits(node) if node.is_each else _atom_fits(node)
    checks = tuple(map(fits, node.parts))
    if isinstance(node, AllOf):
        return lambda row: all(check(row) for check in checks)
    return lambda row: any(check(row) for check in checks)


def _atom_fits(atom: Atom) -> Callable[[object], bool]:
    field, spans = atom.field, atom.spans

    def check(row: object) -> bool:
        packed = pack_if_possible(getattr(row, field))
        return packed is not None and contains(spans, packed)

    return check


def _each_fits(atom: Atom) -> Callable[[object], bool]:
    field, spans, negated = atom.field, atom.spans, atom.is_negated

    def check(row: object) -> bool:
        values = plain(getattr(row, field))
        if not isinstance(values, tuple):
            message = f"{field} holds {type(values).__name__}, not several values: has_all() and has_any() don't fit it"
            raise InvalidInput(message)
        packed = map(pack_if_possible, cast("tuple[Any, ...]", values))
        return any(one is not None and contains(spans, one) for one in packed) != negated

    return check


def pack_if_possible(value: Any) -> bytes | None:
    """A value's packed bytes; None if no key can hold it."""
    try:
        return keys.pack((plain(value),))
    except InvalidInput:
        return None
