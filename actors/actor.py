"""Actors: what users and the engine write. How they live is in `cell.py`, who looks after them in `supervisor.py`.

    class Counter(Actor[Any]):
        async def started(self) -> None:
            self.count = 0
            self.subscribe(MemberJoined, after=0)

        async def handle(self, batch: Sequence[Any]) -> None:
            for message in batch:
                match message:
                    case Recorded():
                        self.count += 1
                    case Ask(request="how many?"):
                        message.reply(self.count)

An actor handles one batch at a time. When it raises, a new one is made in its place: everything that it knows is set
up in `started`, from the log, and nothing is carried over from a life that went wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Hashable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

import attrs

from ..core.errors import InvalidInput
from ..core.events import event, event_type_of
from ..core.naming import name_class
from .host import Host
from .mailbox import CAPACITY, WhenFull
from .restarts import Restart

if TYPE_CHECKING:
    from .cell import Cell  # which makes actors: the one arrow that goes round

__all__ = ["Actor", "ActorMarked"]

M = TypeVar("M")
BATCH_LIMIT: Final = 64
"""Messages handled at once: their share of a batch's cost is small, and an urgent one waits for few others."""
NAME_LENGTH_MAX: Final = 80


@event("actor.marked")
@attrs.frozen
class ActorMarked:
    """An actor has handled all that concerns it up to a position. Appended along with what it made of that.

    Attributes:
        actor: its name.
        position: the last event.
    """

    actor: str
    position: int

    def about(self) -> tuple[str, ...]:
        """The actor."""
        return (f"actor:{self.actor}",)


class Actor(Generic[M]):
    """Base of actors: override `handle`, and of the rest what is needed.

    Attributes:
        name: what it is asked by; the class's name in lower case with underscores, unless given. No two have the same.
        capacity: messages that may wait in its mailbox before they are sorted.
        batch_limit: messages, or events, that it is given at once.
        when_full: what becomes of a message that finds the mailbox full.
        restart: when it is begun again after a crash.
        needs: names of actors that start before it and stop after it.
        keeps_asks: whether it answers asks after `handle` returned; otherwise those left unanswered then fail.
        takes_asks: whether it takes asks up itself, and sees to it that each is answered, in `ended` at the latest.
        ending_s: how long `ended` may take, in seconds; then it is cancelled, so that everything ends in any case.
    """

    name: str = ""
    capacity: int = CAPACITY
    batch_limit: int = BATCH_LIMIT
    when_full: WhenFull = WhenFull.WAIT
    restart: Restart = Restart()
    needs: Sequence[str] = ()
    keeps_asks: bool = False
    takes_asks: bool = False
    ending_s: float = 10.0

    cell: Cell
    """What it lives in; there from before `started`."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        name_class(cls, "actor", NAME_LENGTH_MAX)

    # -- to override

    async def started(self) -> None:
        """Begin a life: build all state, and subscribe to events."""

    async def handle(self, batch: Sequence[M]) -> None:
        """Act on messages, or on recorded events, in order. Never on none, and never on both in one batch."""

    async def knocked(self) -> None:
        """Somebody called `Cell.knock`: look for what there is to do."""

    def stopping(self) -> None:
        """It is asked to stop: the mailbox takes no more, and what is in it is handled first. Must not block."""

    async def stopped(self) -> None:
        """All is handled: finish what is under way. Not called when it crashes or runs out of time."""

    async def ended(self) -> None:
        """This life is over, whatever brought the end: let go of what it took, within `ending_s`."""

    def key(self, message: M) -> Hashable | None:  # noqa: ARG002 - for those who override it
        """For `WhenFull.COALESCE`: a waiting message of the same key gives its place to a later one; None for none."""
        return None

    # -- to call

    @property
    def engine(self) -> Host:
        """The engine it works for: views to read, events to append, others to ask.

        Raises:
            InvalidInput: it lives on a supervisor of its own, without an engine.
        """
        if self.cell.host is None:
            message = f"the actor {self.cell.name} has no engine"
            raise InvalidInput(message)
        return self.cell.host

    @property
    def is_stopping(self) -> bool:
        """Whether it is to stop once it has handled what is in its mailbox."""
        return not self.cell.mailbox.is_open

    def stop(self) -> None:
        """Stop for good once what is in the mailbox is handled."""
        self.cell.close()

    def subscribe(self, *types: type | str, tags: Iterable[str] = (), after: int = 0) -> None:
        """Be given recorded events that match, in order, from now on. Call it in `started`; the last call counts.

        Args:
            types: only those of one of these types, by class or by name.
            tags: only those with all these tags.
            after: only those after this position: 0 to build state from all of them, `marked()` to go on.
        """
        names = tuple(each if isinstance(each, str) else event_type_of(each).name for each in types)
        self.cell.subscribe(names, tuple(tags), after)

    def passed(self, position: int) -> None:
        """Note, from within `handle`, that the events up to a position are handled already. It need not be called.

        If it crashes then, only later ones are handed out again one by one; and who waits for the position goes on.
        """
        self.cell.passed(position)

    def marked(self) -> int:
        """Position of the last event that this actor has noted as handled, by `mark`; 0 if there is none."""
        found = self.engine.read(types=[ActorMarked], tags=[f"actor:{self.cell.name}"], backward=True, limit=1)
        return int(found[0].raw["position"]) if found else 0

    def mark(self, position: int) -> ActorMarked:
        """An event that says that everything up to a position is handled.

        Append it together with what was made of those events: both are recorded, or neither.
        """
        return ActorMarked(self.cell.name, position)

    def went_wrong(self, error: Exception) -> None:
        """Note an error that it goes on from: whoever looks at how it is doing sees it as its last one."""
        self.cell.went_wrong(error)

    def later(self, message: M, after_s: float) -> None:
        """Have this message in the mailbox after a while, unless this life is over by then."""
        self.cell.later(message, after_s)

    def spawn(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run work beside the handling, at most until this life is over. What it raises is a crash."""
        self.cell.spawn(work)
