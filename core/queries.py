"""Queries: which events, by type and tag. The same query reads, subscribes and guards.

A query is a list of items joined by *or*; an item matches an event whose type is among its types (or it names none)
and that bears all its tags (dcb.events). A query without items matches every event.
`select` answers any query from postings: for each type and tag, the ascending positions of its events.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Final, Protocol, cast

import attrs

from .errors import InvalidInput

__all__ = ["ALL", "Condition", "Item", "Postings", "Query", "Term", "check_tags", "select"]

MAX_TAG_BYTES: Final = 255
"""Tags are keys of the catalog, and LMDB's keys end at 511 bytes."""
MAX_TAGS: Final = 64
"""Tags say what an event is about; text to search by words belongs to recall."""
MAX_TYPE_BYTES: Final = 200
"""As many as a commit record can declare."""
MAX_ITEMS: Final = 64
MAX_POSITION: Final = (1 << 63) - 1
"""Beyond any log: at a million events a second it is reached after 290,000 years."""

Term = tuple[str, str]
"""`("type", name)` or `("tag", tag)`: what has postings."""


def check_types(types: Iterable[str]) -> tuple[str, ...]:
    """Names of event types in order, each once.

    Raises:
        InvalidInput: one is empty, over 200 bytes, holds a NUL or isn't text.
    """
    unique = _unique("types", types)
    for name in unique:
        _check_text("type", name, MAX_TYPE_BYTES)
    return unique


def check_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """Tags in order, each once.

    Raises:
        InvalidInput: one is empty, over 255 bytes, holds a NUL or isn't text; or there are more than 64.
    """
    if type(tags) is tuple:
        given = cast("tuple[str, ...]", tags)  # or so they say
        if _are_few_and_plain(given):
            return given
    unique = _unique("tags", cast("Iterable[str]", tags))
    if len(unique) > MAX_TAGS:
        message = f"an event bears at most {MAX_TAGS} tags, this one {len(unique)}"
        raise InvalidInput(message)
    for tag in unique:
        _check_text("tag", tag, MAX_TAG_BYTES)
    return unique


def _are_few_and_plain(tags: tuple[str, ...]) -> bool:
    """Whether tags are in order at a glance, as nearly all are: ASCII, and together no longer than one may be."""
    try:
        joined = "".join(tags)
    except TypeError:
        return False
    is_plain = len(joined) <= MAX_TAG_BYTES and joined.isascii() and "\0" not in joined and "" not in tags
    return is_plain and len(tags) <= MAX_TAGS and len(set(tags)) == len(tags)


def _unique(what: str, texts: Iterable[str]) -> tuple[str, ...]:
    if isinstance(texts, str):
        message = f"{what} are a list of texts, not one text: write [{texts!r}]"
        raise InvalidInput(message)
    try:
        return tuple(dict.fromkeys(texts))
    except TypeError as error:
        message = f"{what} are a list of texts, not {texts!r}: {error}"
        raise InvalidInput(message) from error


def _check_text(what: str, text: object, limit_bytes: int) -> None:
    if not isinstance(text, str):
        message = f"the {what} {text!r} is {type(text).__name__}, not text"
        raise InvalidInput(message)
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        message = f"the {what} {text!r} is not valid text: {error.reason}"
        raise InvalidInput(message) from error
    if not 1 <= size <= limit_bytes:
        message = f"a {what} has 1 to {limit_bytes} bytes of UTF-8, {text[:40]!r} has {size}"
        raise InvalidInput(message)
    if "\0" in text:
        message = f"the {what} {text!r} holds a NUL character"
        raise InvalidInput(message)


@attrs.frozen
class Item:
    """Types joined by *or*, tags joined by *and*.

    Raises:
        InvalidInput: a type or a tag is empty, too long, or not text.
    """

    types: tuple[str, ...] = attrs.field(default=(), converter=check_types)
    tags: tuple[str, ...] = attrs.field(default=(), converter=check_tags)

    def matches(self, type_name: str, tags: Iterable[str]) -> bool:
        """Whether an event of this type with these tags matches."""
        return (not self.types or type_name in self.types) and set(self.tags) <= set(tags)


@attrs.frozen
class Query:
    """Items joined by *or*; none at all is everything."""

    items: tuple[Item, ...] = ()

    @classmethod
    def of(cls, types: Iterable[str] = (), tags: Iterable[str] = ()) -> Query:
        """A query of one item (of none, when neither types nor tags are given).

        Raises:
            InvalidInput: a type or a tag is empty, too long, or not text.
        """
        item = Item(types, tags)
        return cls((item,)) if item.types or item.tags else ALL

    def __or__(self, other: Query) -> Query:
        """What either query matches."""
        if not self.items or not other.items:
            return ALL
        items = tuple(dict.fromkeys(self.items + other.items))
        if len(items) > MAX_ITEMS:
            message = f"a query has at most {MAX_ITEMS} items, this one {len(items)}"
            raise InvalidInput(message)
        return Query(items)

    def matches(self, type_name: str, tags: Iterable[str]) -> bool:
        """Whether an event of this type with these tags matches."""
        return not self.items or any(item.matches(type_name, tags) for item in self.items)


ALL: Final = Query()


@attrs.frozen
class Condition:
    """An append's condition: it fails if any event that matches `query` was recorded after position `after`.

    Raises:
        InvalidInput: `after` is not a position.
    """

    query: Query
    after: int = 0

    def __attrs_post_init__(self) -> None:
        if type(self.after) is not int or not 0 <= self.after <= MAX_POSITION:
            message = f"after is a position, 0 for the beginning, not {self.after!r}"
            raise InvalidInput(message)


class Postings(Protocol):
    """For each term, the ascending positions of its events."""

    def count(self, term: Term) -> int:
        """How many events the term has."""
        ...

    def ascending(self, term: Term, after: int) -> Iterator[int]:
        """Its positions greater than `after`, in order."""
        ...

    def descending(self, term: Term, before: int) -> Iterator[int]:
        """Its positions smaller than `before`, from the greatest down."""
        ...

    def contains(self, term: Term, position: int) -> bool:
        """Whether the event at `position` has the term."""
        ...


def select(postings: Postings, query: Query, after: int, before: int, *, backward: bool = False) -> Iterator[int]:
    """Positions of the events that match, strictly between `after` and `before`, each once and in order."""
    if not query.items or any(not item.types and not item.tags for item in query.items):
        return iter(range(before - 1, after, -1) if backward else range(after + 1, before))
    streams = [_item(postings, item, after, before, backward=backward) for item in query.items]
    if len(streams) == 1:
        return streams[0]
    return _distinct(heapq.merge(*streams, reverse=backward))


def _item(postings: Postings, item: Item, after: int, before: int, *, backward: bool) -> Iterator[int]:
    """Walk the rarest of the item's terms and ask the others about each of its positions."""
    tags: list[Term] = [("tag", tag) for tag in item.tags]
    types: list[Term] = [("type", name) for name in item.types]
    by_count = sorted(tags, key=postings.count)
    type_count = sum(map(postings.count, types))
    if types and (not tags or type_count < postings.count(by_count[0])):
        drivers, others, any_of = types, by_count, []
    else:
        drivers, others, any_of = by_count[:1], by_count[1:], types
    walks = [_walk(postings, term, after, before, backward=backward) for term in drivers]
    candidates = walks[0] if len(walks) == 1 else _distinct(heapq.merge(*walks, reverse=backward))
    if not others and not any_of:
        return candidates
    return filter(_checker(postings, others, any_of), candidates)


def _checker(postings: Postings, all_of: list[Term], any_of: list[Term]) -> Callable[[int], bool]:
    contains = postings.contains
    asked = (*all_of, *any_of)
    if len(asked) == 1:  # as a rule: a tag and a type
        return partial(contains, asked[0])

    def check(position: int) -> bool:  # of every candidate, hence no generators
        for term in all_of:
            if not contains(term, position):
                return False
        for term in any_of:
            if contains(term, position):
                return True
        return not any_of

    return check


def _walk(postings: Postings, term: Term, after: int, before: int, *, backward: bool) -> Iterator[int]:
    if backward:
        for position in postings.descending(term, before):
            if position <= after:
                return
            yield position
    else:
        for position in postings.ascending(term, after):
            if position >= before:
                return
            yield position


def _distinct(ordered: Iterable[int]) -> Iterator[int]:
    last = None
    for position in ordered:
        if position != last:
            yield position
            last = position
