"""Queries: what matches is told by the events' types and tags alone, and postings tell it as well."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remanence.core.errors import InvalidInput
from remanence.core.queries import ALL, MAX_TAGS, Condition, Item, Query, Term, check_tags, select

TYPES = ("t", "u", "v")
TAGS = ("a", "b", "c", "d")
told = st.lists(st.tuples(st.sampled_from(TYPES), st.lists(st.sampled_from(TAGS), unique=True).map(tuple)), max_size=25)
items = st.builds(
    Item,
    st.lists(st.sampled_from([*TYPES, "no.such"]), max_size=3).map(tuple),
    st.lists(st.sampled_from([*TAGS, "none"]), max_size=3).map(tuple),
)
queries = st.lists(items, max_size=4).map(lambda found: Query(tuple(found)))


class Lists:
    """Postings as plain lists."""

    def __init__(self, events: list[tuple[str, tuple[str, ...]]]) -> None:
        self._positions: dict[Term, list[int]] = {}
        for position, (name, tags) in enumerate(events, 1):
            for term in (("type", name), *(("tag", tag) for tag in tags)):
                self._positions.setdefault(term, []).append(position)

    def count(self, term: Term) -> int:
        """How many there are."""
        return len(self._positions.get(term, ()))

    def ascending(self, term: Term, after: int) -> Iterator[int]:
        """Upward."""
        found = self._positions.get(term, [])
        return iter(found[bisect_right(found, after) :])

    def descending(self, term: Term, before: int) -> Iterator[int]:
        """Downward."""
        found = self._positions.get(term, [])
        return reversed(found[: bisect_left(found, before)])

    def contains(self, term: Term, position: int) -> bool:
        """Whether it is there."""
        return position in self._positions.get(term, ())


@given(events=told, query=queries, after=st.integers(0, 27), before=st.integers(0, 28), backward=st.booleans())
def test_postings_answer_every_query(
    *, events: list[tuple[str, tuple[str, ...]]], query: Query, after: int, before: int, backward: bool
) -> None:
    """`select` walks as few postings as it can and finds what looking at every event finds: in order, each once."""
    before = min(before, len(events) + 1)
    wanted = [
        position
        for position, (name, tags) in enumerate(events, 1)
        if after < position < before and query.matches(name, tags)
    ]
    if backward:
        wanted.reverse()
    assert list(select(Lists(events), query, after, before, backward=backward)) == wanted


@given(st.sampled_from(TYPES), st.lists(st.sampled_from(TAGS), unique=True), queries, queries)
def test_or_matches_what_either_matches(name: str, tags: list[str], one: Query, other: Query) -> None:
    """And a query without items is the one that matches everything."""
    assert (one | other).matches(name, tags) == (one.matches(name, tags) or other.matches(name, tags))
    assert (one | ALL) == (ALL | one) == ALL


def test_an_item_joins_types_by_or_and_tags_by_and() -> None:
    """One of the types, all of the tags; naming none of either asks nothing of it."""
    item = Item(("t", "u"), ("a", "b"))
    assert item.matches("t", ["b", "a", "c"])
    assert item.matches("u", ["a", "b"])
    assert not item.matches("v", ["a", "b"])
    assert not item.matches("t", ["a"])
    assert Item().matches("v", [])
    assert Query.of() == ALL == Query()


def test_only_so_many_items() -> None:
    """A query of more than 64 different items is refused; the same item again is no other."""
    query = Query.of(tags=["0"])
    for number in range(1, 64):
        query |= Query.of(tags=[str(number)])
    assert (query | Query.of(tags=["7"])) == query
    with pytest.raises(InvalidInput, match="at most 64 items, this one 65"):
        query |= Query.of(tags=["64"])


@given(st.lists(st.sampled_from("abcé")))
def test_tags_keep_their_order_and_stand_once(tags: list[str]) -> None:
    """However often one is given."""
    checked = check_tags(tags)
    assert set(checked) == set(tags)
    assert list(checked) == sorted(set(tags), key=tags.index)


@pytest.mark.parametrize("tag", ["x" * 255, "é" * 127 + "x", "a tag with spaces: and/signs", "\x01", "日本語"])
def test_any_text_of_a_size_is_a_tag(tag: str) -> None:
    """Up to 255 bytes of UTF-8 without a NUL."""
    assert check_tags([tag] * MAX_TAGS) == (tag,)


@pytest.mark.parametrize("after", [-1, 1 << 63, 1.0, "1", None, True])
def test_a_condition_looks_from_a_position(after: object) -> None:
    """Anything else is refused when it is made, not when it is used."""
    with pytest.raises(InvalidInput, match="after is a position"):
        Condition(ALL, after)  # type: ignore[arg-type]
