"""Asks: a message with one answer, a deadline, and a caller that may go away.

An ask is in one of three states, and only moves forward: waiting → taken → answered. While it waits its caller can
leave: it is abandoned, and the actor passes it over. Once taken its effect may come to be, so a cancelled caller waits
for the answer (it is on its way), at most until its own deadline; one whose deadline passes is told that the outcome is
unknown. An answer to a caller that has left is not lost without a trace: `unheard` is told.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar

import outcome
import trio

from .lanes import Lane
from .mailbox import Mailbox

__all__ = ["Ask", "ask"]

Q = TypeVar("Q")
_NORMAL: Final = Lane.NORMAL
A = TypeVar("A")


class Ask(Generic[Q, A]):
    """A request and the place for its answer."""

    __slots__ = ("_answer", "_has_left", "_task", "_unheard", "deadline", "is_abandoned", "is_taken", "request")

    def __init__(
        self, request: Q, deadline: float = float("inf"), unheard: Callable[[Ask[Q, A]], None] | None = None
    ) -> None:
        self.request = request
        self.deadline = deadline
        self.is_taken = False
        self.is_abandoned = False
        self._has_left = False
        self._unheard = unheard
        self._task: trio.lowlevel.Task | None = None
        self._answer: outcome.Outcome[A] | None = None

    @property
    def is_answered(self) -> bool:
        """Whether it has its answer, heard or not."""
        return self._answer is not None

    def take(self) -> bool:
        """Begin to act on it; False when its caller has left."""
        if self.is_abandoned:
            return False
        self.is_taken = True
        return True

    def abandon(self) -> None:
        """Take it back, if nobody has begun to act on it."""
        self.is_abandoned = not self.is_taken

    def answer(self, answer: outcome.Outcome[A]) -> None:
        """Give the answer. The first one counts; nobody may be left to hear it."""
        if self._answer is None:
            self._answer = answer
            if self._task is not None:
                task, self._task = self._task, None
                trio.lowlevel.reschedule(task, answer)
            elif self._has_left and self.is_taken and self._unheard is not None:
                self._unheard(self)

    def reply(self, value: A) -> None:
        """Answer with a value."""
        self.answer(outcome.Value(value))

    def fail(self, error: Exception) -> None:
        """Answer with an error, which is raised where the ask was made. One error answers one ask."""
        self.answer(outcome.Error(error))

    async def heard(self) -> A:
        """The answer: at once if it is there. For many asks, most of which are answered when the first one is."""
        return await self.wait() if self._answer is None else self._answer.unwrap()

    async def wait(self) -> A:
        """Wait for the answer: a checkpoint in any case."""
        try:
            return await self._park()
        except trio.Cancelled:
            if not self.is_taken or trio.current_time() >= self.deadline:
                self._has_left = True
                raise
        with trio.CancelScope(shield=True, deadline=self.deadline):
            return await self._park()
        self._has_left = True
        await trio.lowlevel.checkpoint_if_cancelled()  # it has been: the shield kept that away until now
        message = "an ask's deadline lies inside the scope that it was made in"
        raise AssertionError(message)

    async def _park(self) -> A:
        if self._answer is not None:
            await trio.lowlevel.cancel_shielded_checkpoint()
            return self._answer.unwrap()
        self._task = trio.lowlevel.current_task()
        answer: A = await trio.lowlevel.wait_task_rescheduled(self._abort)
        return answer

    def _abort(self, _raise_cancel: Callable[[], Any]) -> trio.lowlevel.Abort:
        self.abandon()
        self._task = None
        return trio.lowlevel.Abort.SUCCEEDED


async def ask(
    mailbox: Mailbox[Ask[Q, A]],
    request: Q,
    *,
    timeout_s: float | None,
    on_timeout: Callable[[bool], Exception],
    lane: Lane = _NORMAL,
    link: object | None = None,
    unheard: Callable[[Ask[Q, A]], None] | None = None,
) -> A:
    """Put a request into a mailbox and wait for its answer.

    Args:
        mailbox: the actor's.
        request: what to ask.
        timeout_s: how long to wait, in seconds; None is for ever.
        on_timeout: makes the error for when the time is over; told whether the ask had been taken.
        lane: how urgent it is.
        link: the span in which it is made.
        unheard: told when it is answered after its caller has left.

    Raises:
        Closed: the actor has stopped.
        trio.WouldBlock: the mailbox is full, and refuses.
        Exception: the actor's answer, or what `on_timeout` makes.
    """
    if timeout_s is None:
        message: Ask[Q, A] = Ask(request, unheard=unheard)
        await mailbox.put(message, lane, link)
        return await message.wait()
    message = Ask(request, trio.current_time() + timeout_s, unheard)
    with trio.move_on_at(message.deadline):
        await mailbox.put(message, lane, link)
        return await message.wait()
    raise on_timeout(message.is_taken)
