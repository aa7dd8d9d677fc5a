"""Addresses: where an actor is told and asked. An address outlives the actor's lives, crashes and end.

Invariants:
- `tell` never raises into its sender: what can't be delivered goes to the dead letters, and the sender is told `False`;
- nobody waits for ever: an ask has a deadline, and an actor doesn't wait for one that waits for it;
- a checkpoint only where there is something to wait for, or where it was refused: who tries again lets others go on.

Who waits for whom is known, because an actor's own task asks and tells one thing at a time. So a circle of actors that
would each wait for the next is found when it would close: the ask is refused, the message goes to the dead letters.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any, Final

import trio

from ..core.errors import Behind, Closed, InvalidInput, Unanswered
from .asks import Ask, ask
from .lanes import Lane
from .letters import DeadLetter, DeadLetters, Reason
from .mailbox import Mailbox, WhenFull
from .tracing import sender

__all__ = ["ASK_S", "HERE", "Address"]

_NORMAL: Final = Lane.NORMAL
"""Looked up once: finding a member of an enum costs as much as sending."""

ASK_S: Final = 30.0
"""How long an ask waits by default: nothing that an actor does should take so long."""
HERE: Final[ContextVar[Address | None]] = ContextVar("remanence_actor", default=None)
"""The actor in whose task, or in a child of whose task, we are."""


class Address:
    """An actor's address, with what reaches nobody there."""

    def __init__(self, name: str, mailbox: Mailbox[Any], letters: DeadLetters, *, is_traced: bool = False) -> None:
        self.name = name
        self.task: trio.lowlevel.Task | None = None
        self.is_starting = False
        self._mailbox = mailbox
        self._letters = letters
        self._is_traced = is_traced
        self._put_plain = None if is_traced else mailbox.put_plain
        self._waits_for: Address | None = None
        self._moved = trio.Event()
        self._is_over = False
        self.position: int | None = None
        """The last event that it has handled, or that is not for it; None if it has subscribed to none."""

    async def tell(self, message: object, *, lane: Lane = _NORMAL) -> bool:
        """Send a message, waiting for room if the actor's mailbox is full and it has its senders wait.

        Returns:
            Whether it was taken. If not, it is among the dead letters.
        """
        link = None
        try:
            if lane is _NORMAL and self._put_plain is not None:
                self._put_plain(message)
            else:
                link = sender() if self._is_traced else None
                self._mailbox.put_nowait(message, lane, link)
        except trio.WouldBlock:
            return await self._tell_when_full(message, lane, link)
        except (Closed, trio.ClosedResourceError, trio.BrokenResourceError):
            return await self._refused(message, Reason.STOPPED)
        return True

    def tell_nowait(self, message: object, *, lane: Lane = Lane.NORMAL) -> bool:
        """Send a message without ever waiting; from another thread, by `trio.from_thread.run_sync`.

        Returns:
            Whether it was taken. If not, the mailbox was full or closed, and it is among the dead letters.
        """
        try:
            self._mailbox.put_nowait(message, lane, sender() if self._is_traced else None)
        except trio.WouldBlock:
            return self._mailbox.coalesce(message) or self._dead(message, Reason.FULL)
        except Closed:
            return self._dead(message, Reason.STOPPED)
        return True

    async def ask(self, request: object, *, timeout_s: float | None = ASK_S, lane: Lane = Lane.NORMAL) -> Any:
        """Ask something, and wait for the answer.

        A caller that leaves before the actor takes the question up has asked nothing; afterwards the answer is on its
        way and comes first.

        Args:
            request: what to ask.
            timeout_s: how long to wait, in seconds; None is for ever.
            lane: how urgent it is.

        Raises:
            Unanswered: no answer in time; the mailbox is full and refuses; or the actor crashed over it.
            Closed: the actor has stopped.
            Exception: whatever the actor answers with.
        """
        if timeout_s is not None and not timeout_s >= 0:
            message = f"timeout_s is a time in seconds, 0 or more, or None for ever, not {timeout_s!r}"
            raise InvalidInput(message)
        asker = _whose_task()
        if asker is None:
            return await self._ask(request, timeout_s, lane)
        if self._leads_to(asker):
            await trio.lowlevel.checkpoint()
            message = f"{asker.name} can't ask {self.name}, which waits for {asker.name}: they would wait for ever"
            raise Unanswered(message, actor=self.name, is_taken=False)
        asker._waits_for = self  # noqa: SLF001 - one of us
        try:
            return await self._ask(request, timeout_s, lane)
        finally:
            asker._waits_for = None  # noqa: SLF001 - as above

    async def wait_for(self, position: int, *, timeout_s: float | None = None) -> None:
        """Wait until the actor has handled what it subscribes to up to a position.

        An event that crashed it has been handled when it is among the dead letters.

        Args:
            position: what an append returned.
            timeout_s: how long to wait, in seconds; None is for ever.

        Raises:
            Behind: it did not get there in time.
            Closed: it stopped first.
        """
        await trio.lowlevel.checkpoint()
        with trio.move_on_after(float("inf") if timeout_s is None else timeout_s):
            while (self.position or 0) < position:
                if self._is_over:
                    message = f"the {self.name} ended at event {self.position or 0}, before event {position}"
                    raise Closed(message)
                await self._moved.wait()
            return
        reached = self.position or 0
        message = f"the {self.name} is at event {reached} after {timeout_s} s, and not yet at {position}; it goes on"
        raise Behind(message, view=self.name, checkpoint=reached, position=position)

    def dead_letters(self) -> tuple[DeadLetter, ...]:
        """The last messages for this actor that reached nobody, the oldest first."""
        return self._letters.kept(self.name)

    # -- what its cell calls

    def move(self, position: int) -> None:
        """Note how far it is."""
        self.position = position
        self._tell_waiting()

    def end(self) -> None:
        """It has stopped for good."""
        self._is_over = True
        self._tell_waiting()

    # -- inside

    def _tell_waiting(self) -> None:
        self._moved, moved = trio.Event(), self._moved
        moved.set()

    async def _ask(self, request: object, timeout_s: float | None, lane: Lane) -> Any:
        def late(is_taken: bool) -> Exception:  # noqa: FBT001 - the callback's one argument
            what = "took the question up, but did not answer" if is_taken else "did not take the question up"
            return Unanswered(f"{self.name} {what} within {timeout_s} s", actor=self.name, is_taken=is_taken)

        try:
            return await ask(
                self._mailbox,
                request,
                timeout_s=timeout_s,
                on_timeout=late,
                lane=lane,
                link=sender() if self._is_traced else None,
                unheard=self._unheard,
            )
        except trio.WouldBlock as error:
            await trio.lowlevel.checkpoint()
            message = f"the mailbox of {self.name} is full; ask again later"
            raise Unanswered(message, actor=self.name, is_taken=False) from error

    async def _tell_when_full(self, message: object, lane: Lane, link: object | None) -> bool:
        if self._mailbox.coalesce(message):
            return True
        teller = _whose_task()
        if self._mailbox.when_full is WhenFull.REFUSE or (teller and (teller.is_starting or self._leads_to(teller))):
            return await self._refused(message, Reason.FULL)
        try:
            if teller is not None:
                teller._waits_for = self  # noqa: SLF001 - one of us
            await self._mailbox.put(message, lane, link)
        except Closed:
            return await self._refused(message, Reason.STOPPED)
        finally:
            if teller is not None:
                teller._waits_for = None  # noqa: SLF001 - as above
        return True

    def _leads_to(self, other: Address) -> bool:
        """Whether this actor is the other one, or waits for it, or for one that does."""
        link: Address | None = self
        while link is not None and link is not other:
            link = link._waits_for  # noqa: SLF001 - one of us
        return link is other

    def _dead(self, message: object, reason: str) -> bool:
        self._letters.add(self.name, message, reason)
        return False

    async def _refused(self, message: object, reason: str) -> bool:
        self._dead(message, reason)
        await trio.lowlevel.checkpoint()
        return False

    def _unheard(self, question: Ask[Any, Any]) -> None:
        self._letters.add(self.name, question.request, Reason.UNHEARD)


def _whose_task() -> Address | None:
    """The actor whose own task this is."""
    here = HERE.get()
    return here if here is not None and here.task is trio.lowlevel.current_task() else None
