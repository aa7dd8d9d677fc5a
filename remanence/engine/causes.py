"""Causes: why something is as it is, as a tree. Under each event stands the one that led to it, and so on to a first.

A cause is told by its position, and leads to nothing before itself: who names itself or a later event is not followed.
So a walk only ever goes back, and ends, whatever a log says. What several events have in common is shown where it is
met first, and referred to from then on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, Literal

import attrs

from ..core.errors import InvalidInput
from ..core.recorded import Recorded

__all__ = ["DEPTH", "DEPTH_MAX", "Caused", "Ending", "causes"]

Ending = Literal["first", "shown", "deep", "missing", "erased"]
"""Why a walk ends: see `Caused.ending`."""
DEPTH: Final = 32
"""Deeper than agents reason, and still a page of text."""
DEPTH_MAX: Final = 256
"""Trees are nested as deeply as they are: well within what Python and parsers of JSON can take."""


@attrs.frozen
class Caused:
    """An event, and what led to it.

    Attributes:
        event: the event.
        because: the event that led to it, with what led to that; None at an ending.
        ending: why it goes no further, where it doesn't: "first": nothing led to the event; "shown": event
            `event.cause` did, which is in the tree already; "deep": it did too, and can be asked for with more depth;
            "missing": it isn't there, or came later; "erased": nobody knows, because the event has been erased.
    """

    event: Recorded[Any]
    because: Caused | None = None
    ending: Ending | None = None

    def walk(self) -> Iterator[Caused]:
        """This place in the tree, that of the event that led to it, and so on to the ending."""
        here: Caused | None = self
        while here is not None:
            yield here
            here = here.because

    @property
    def chain(self) -> list[Recorded[Any]]:
        """The event, the one that led to it, and so on, as far as it is shown here."""
        return [each.event for each in self.walk()]


def causes(
    events: Iterable[Recorded[Any]], get: Callable[[int], Recorded[Any] | None], depth: int = DEPTH
) -> list[Caused]:
    """Each event with what led to it.

    Args:
        events: in the order of their positions, so that what is referred to stands above.
        get: the event at a position, if there is one.
        depth: how many causes to follow, one after the other, from each of the events.

    Raises:
        InvalidInput: the depth is not from 0 to 256.
        Damaged: an event is.
    """
    if type(depth) is not int or not 0 <= depth <= DEPTH_MAX:
        message = f"depth is a number from 0 to {DEPTH_MAX}, not {depth!r}"
        raise InvalidInput(message)
    roots = list(events)
    shown = {event.position for event in roots}
    return [_walk(event, get, depth, shown) for event in roots]


def _walk(event: Recorded[Any], get: Callable[[int], Recorded[Any] | None], depth: int, shown: set[int]) -> Caused:
    """Go back from an event, noting what is shown on the way."""
    path = [event]
    while not isinstance(step := _step(path[-1], get, shown, has_room=len(path) <= depth), str):
        shown.add(step.position)
        path.append(step)
    caused = Caused(path.pop(), ending=step)
    while path:
        caused = Caused(path.pop(), because=caused)
    return caused


def _step(
    event: Recorded[Any], get: Callable[[int], Recorded[Any] | None], shown: set[int], *, has_room: bool
) -> Recorded[Any] | Ending:
    """The event that led to this one, or why the walk ends here."""
    if event.is_erased:
        return "erased"
    if event.cause is None:
        return "first"
    if event.cause >= event.position:
        return "missing"
    if event.cause in shown:
        return "shown"
    return (get(event.cause) or "missing") if has_room else "deep"
