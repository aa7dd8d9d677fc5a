"""The check that the order of events about different things doesn't matter to a projection that claims so.

Two events may change places if they share no tag. An event without tags stays where it is: nobody knows what it is
about.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

from ..codecs.converter import EventConverter
from ..core.errors import InvalidInput
from ..core.events import Upcaster
from ..projections.projection import Projection
from .detached import Bench, close
from .differences import difference
from .scratch import scratch
from .stories import Story, Told

__all__ = ["check_permutations"]

Tags = frozenset[str]


def check_permutations(
    projection: type[Projection],
    events: Iterable[Told],
    *,
    by: str = "",
    seed: int = 0,
    orders: int = 20,
    upcasters: Iterable[Upcaster] = (),
    converter: EventConverter | None = None,
) -> None:
    """See that the order of events about different things doesn't matter.

    First every two neighbours that share no tag change places, then all events at random, as far as those that share a
    tag keep their order. Events keep their times and get new positions: a row that holds `event.position` depends on
    the order.

    Args:
        projection: the projection.
        events: a story about several things, whose events bear tags.
        by: only tags that begin so say what an event is about, as in `by="account:"`; by default all tags do.
        seed: of the random orders.
        orders: how many of them.
        upcasters: as `open_engine` takes them.
        converter: likewise.

    Raises:
        AssertionError: it does; the text names the events, and the first row that differs.
        ViewFailed: a handler raised, in one order or another.
        InvalidInput: no two neighbours may change places, or the projection handles none of these events.
    """
    __tracebackhide__ = True
    story = Story(events, upcasters=upcasters, converter=converter)
    told = story.recorded()
    bench = Bench(projection, converter)
    bench.require_handled(told)
    about = [frozenset(tag for tag in event.tags if tag.startswith(by)) for event in told]
    for index in _swaps(about, by):
        before, first, second = list(range(index)), told[index], told[index + 1]
        found = _compare(bench, story, [*before, index, index + 1], [*before, index + 1, index])
        if found is not None:
            message = f"{projection.__name__}: event {first.position} ({first.type}) and event {second.position} "
            message += f"({second.type}) share no tag, and yet, when they change places, the views differ {found}"
            raise AssertionError(message)
    for order in _orders(about, seed, orders):
        found = _compare(bench, story, range(len(told)), order)
        if found is not None:
            places = ", ".join(str(index + 1) for index in order)
            message = f"{projection.__name__}: when the events come in the order {places}, the views differ {found}"
            raise AssertionError(message)


def _swaps(about: Sequence[Tags], by: str) -> list[int]:
    """Where neighbours may change places.

    Raises:
        InvalidInput: nowhere.
    """
    found = [index for index in range(len(about) - 1) if _independent(about[index], about[index + 1])]
    if not found:
        which = f" that begins with {by!r}" if by else ""
        message = f"no two neighbouring events may change places: each two share a tag{which}, or one bears none"
        raise InvalidInput(message)
    return found


def _independent(one: Tags, other: Tags) -> bool:
    return bool(one) and bool(other) and not one & other


def _orders(about: Sequence[Tags], seed: int, count: int) -> Iterator[list[int]]:
    """Random orders in which whatever shares a tag keeps its order."""
    random = Random(seed)  # noqa: S311 - the same seed tries the same orders
    for _ in range(count):
        left, order = list(range(len(about))), list[int]()
        while left:
            free = [index for place, index in enumerate(left) if _is_free(about, left[:place], index)]
            order.append(random.choice(free))
            left.remove(order[-1])
        yield order


def _is_free(about: Sequence[Tags], earlier: Sequence[int], index: int) -> bool:
    return all(_independent(about[each], about[index]) for each in earlier)


def _compare(bench: Bench[Any], story: Story, one: Sequence[int], other: Sequence[int]) -> str | None:
    with scratch() as folder:
        as_told = bench.fold(Path(folder) / "told", story.recorded(one))
        try:
            permuted = bench.fold(Path(folder) / "permuted", story.recorded(other))
            try:
                return difference(as_told, permuted, "as told", "permuted")
            finally:
                close(permuted)
        finally:
            close(as_told)
