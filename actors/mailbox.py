"""Mailboxes: bounded Trio memory channels, drained in batches.

A hop over a channel costs about 7 µs, a message drained along with others 0.3 µs: so actors are handed lists.
Invariants: order is kept; what was put before `close` is drained after it; a full mailbox makes the sender wait.
"""

from __future__ import annotations

from typing import Final, Generic, TypeVar

import attrs
import trio

from ..core.errors import Closed

__all__ = ["Mailbox", "MailboxStatistics"]

M = TypeVar("M")
CAPACITY: Final = 1024
"""Messages that may wait: some batches' worth, so that a burst is absorbed and a flood is felt by who sends it."""
BATCH_LIMIT: Final = 1024
"""Messages drained at once, so that one batch's latency and memory stay bounded."""


@attrs.frozen
class MailboxStatistics:
    """How a mailbox is doing.

    Attributes:
        waiting: messages in it.
        capacity: how many fit.
        blocked_senders: tasks that wait for room.
        received: messages drained since it was made.
        is_open: whether it takes messages.
    """

    waiting: int
    capacity: int
    blocked_senders: int
    received: int
    is_open: bool


class Mailbox(Generic[M]):
    """A queue of messages with one reader."""

    def __init__(self, name: str, capacity: int = CAPACITY) -> None:
        self.name = name
        self._capacity = capacity
        self._send, self._receive = trio.open_memory_channel[M](capacity)
        self._is_open = True
        self._received = 0

    def put_nowait(self, message: M) -> None:
        """Put a message in.

        Raises:
            Closed: the mailbox takes no more.
            trio.WouldBlock: it is full.
        """
        try:
            self._send.send_nowait(message)
        except (trio.ClosedResourceError, trio.BrokenResourceError) as error:
            message_text = f"the {self.name} has stopped; open the engine again"
            raise Closed(message_text) from error

    async def put(self, message: M) -> None:
        """Put a message in, waiting for room. A checkpoint only when it has to wait.

        Raises:
            Closed: the mailbox takes no more.
        """
        try:
            self.put_nowait(message)
        except trio.WouldBlock:
            try:
                await self._send.send(message)
            except (trio.ClosedResourceError, trio.BrokenResourceError) as error:
                message_text = f"the {self.name} stopped before it took the message; open the engine again"
                raise Closed(message_text) from error

    async def drain(self, limit: int = BATCH_LIMIT) -> list[M]:
        """The next messages, at least one; none at all once the mailbox is closed and empty."""
        try:
            batch = [await self._receive.receive()]
        except trio.EndOfChannel:
            return []
        receive_nowait = self._receive.receive_nowait
        try:
            while len(batch) < limit:
                batch.append(receive_nowait())
        except (trio.WouldBlock, trio.EndOfChannel):
            pass  # that was all
        self._received += len(batch)
        return batch

    def leftovers(self) -> list[M]:
        """What is left once nobody drains it any more; senders that wait get `Closed`."""
        self._is_open = False
        self._send.close()
        left: list[M] = []
        try:
            while True:
                left.append(self._receive.receive_nowait())
        except (trio.WouldBlock, trio.EndOfChannel):
            return left

    def close(self) -> None:
        """Take no more messages. Senders that wait for room get `Closed`; what is in stays to be drained."""
        self._is_open = False
        self._send.close()

    def statistics(self) -> MailboxStatistics:
        """How the mailbox is doing."""
        inner = self._receive.statistics()
        return MailboxStatistics(
            waiting=inner.current_buffer_used,
            capacity=self._capacity,
            blocked_senders=inner.tasks_waiting_send,
            received=self._received,
            is_open=self._is_open,
        )
