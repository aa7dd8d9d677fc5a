"""Reactions: what happens in the world because of events. Users write these, and give them what they work with.

    class Welcome(Reaction):
        def __init__(self, post: Post) -> None:
            self.post = post

        @on(MemberJoined)
        async def joined(self, event: Recorded[MemberJoined]) -> list[object]:
            letter = await self.post.send(event.data.name)
            return [LetterSent(event.data.name, letter)]

A reaction is no view: it is never replayed. Each event is marked as handled, durably, before its handler begins: so it
is handled at most once, whatever crashes, and a log that is restored, copied or rebuilt from does not act again.
"""

from __future__ import annotations

import traceback
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, ClassVar, Final

import attrs

from ..core.errors import InvalidInput
from ..core.events import Data, event, upcaster
from ..core.naming import name_class
from ..core.recorded import Recorded
from ..projections.projection import HANDLES

__all__ = ["UPCASTERS", "Reaction", "ReactionFailed", "ReactionMarked", "Reactor"]

Reactor = Callable[[Any, Recorded[Any]], Awaitable[Iterable[object] | None]]
"""A reaction's method: what it returns is recorded, with the event as the cause."""
TRACEBACK_CHARS_MAX: Final = 4000
"""The end of it tells where it happened; this one stays in the log for ever."""
NAME_LENGTH_MAX: Final = 60


@event("reaction.marked")
@attrs.frozen
class ReactionMarked:
    """A reaction is about to handle an event, or begins after it; it never comes back to it.

    Attributes:
        reaction: its name.
        position: the event.
    """

    reaction: str
    position: int

    def about(self) -> tuple[str, ...]:
        """The reaction."""
        return (f"reaction:{self.reaction}",)


@event("reaction.failed", version=2)
@attrs.frozen
class ReactionFailed:
    """A reaction raised while it handled an event. What it had done by then is done; it isn't tried again.

    Attributes:
        reaction: its name.
        position: the event.
        error: what it raised, in a sentence.
        traceback: where, because it won't be seen again: it isn't tried again. None of failures that were noted as
            version 1, which had none.
    """

    reaction: str
    position: int
    error: str
    traceback: str | None

    def about(self) -> tuple[str, ...]:
        """The reaction."""
        return (f"reaction:{self.reaction}",)

    @classmethod
    def of(cls, reaction: str, position: int, error: Exception) -> ReactionFailed:
        """What to note of an error."""
        trace = "".join(traceback.format_exception(error))
        return cls(reaction, position, f"{type(error).__name__}: {error}", trace[-TRACEBACK_CHARS_MAX:])


@upcaster("reaction.failed", version=1)
def _without_traceback(data: Data) -> Data:
    return {**data, "traceback": None}


UPCASTERS: Final = (_without_traceback,)
"""What turns failures and marks of earlier versions into today's."""


class Reaction:
    """Base of all reactions.

    Attributes:
        name: what its marks are kept under; the class's name in lower case with underscores, unless given.
        since: the position after which it begins when a log has no mark of it; None is the log's end at that time.
    """

    name: ClassVar[str] = ""
    since: ClassVar[int | None] = None
    reactors: ClassVar[Mapping[str, Reactor]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        name_class(cls, "reaction", NAME_LENGTH_MAX)
        methods: dict[str, tuple[str, ...]] = {}
        for base in reversed(cls.__mro__):
            for attribute, member in vars(base).items():
                if hasattr(member, HANDLES):
                    methods[attribute] = getattr(member, HANDLES)
        reactors: dict[str, Reactor] = {}
        for method, names in methods.items():
            for name in names:
                if name in reactors:
                    message = f"{cls.__name__} handles {name} twice, the second time in {method}"
                    raise InvalidInput(message)
                reactors[name] = getattr(cls, method)
        cls.reactors = reactors
