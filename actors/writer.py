"""The writer: the one actor that owns a log.

Callers encode; the writer stages what they ask for, in order, while the previous commit is on its way to the disk;
the commit thread makes it durable and brings the views up to it. So a batch is whatever arrived during the last flush
(group commit): no timer, no added latency, and throughput that grows with the number of callers.

Every request is answered when all that was staged before it is settled. The writer is in one of these states:

| state      | what                                     | leaves it by                                             |
|------------|------------------------------------------|----------------------------------------------------------|
| idle       | nothing is being committed               | something is staged and due → committing                 |
| committing | a batch is in the commit thread          | done → idle; failed → reopened and compared → idle,      |
|            |                                          | or, the second time in a row, → read-only                |
| read-only  | every append is refused with the reason  | the log is opened again                                  |
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

import attrs
import outcome
import trio

from ..core.appends import Append, Appended
from ..core.errors import Closed, Damaged, OutcomeUnknown, RemanenceError, StorageFailed
from ..core.log import Log
from ..core.staging import Batch
from ..projections.views import Views
from .actor import Actor
from .asks import Ask, ask
from .commit_thread import CommitThread
from .restarts import NO_RESTART

__all__ = ["Durability", "Writer", "WriterStatistics"]

_logger = logging.getLogger(__name__)
BUFFER_OPERATIONS: Final = 50
BUFFER_S: Final = 0.1
COMMIT_BYTES: Final = 64 * 1024 * 1024
"""What is staged beyond this makes the writer wait for the commit before it drains on: memory is bounded."""


class Durability:
    """When an append is answered."""

    DURABLE: Final = "durable"
    """After the flush of its commit, with every inline view showing it."""
    BUFFERED: Final = "buffered"
    """When it is accepted; it is durable after 50 operations or 100 ms. A crash may lose that window, never more."""


@attrs.frozen
class _Flush:
    """Write what is staged now and answer when it is durable."""


@attrs.frozen
class _Dictionary:
    """Use a compression dictionary from now on."""

    data: bytes


_Request = Append | _Flush | _Dictionary
_Message = Ask[_Request, Appended]
_Waiting = tuple[_Message, outcome.Outcome[Appended]]


@attrs.frozen
class WriterStatistics:
    """How the writer is doing.

    Attributes:
        commits: commits made.
        events: events written.
        duplicates: appends that were there already.
        failures: commits that failed.
        waiting: messages in the mailbox.
        is_read_only: whether it refuses appends after two failures in a row.
    """

    commits: int
    events: int
    duplicates: int
    failures: int
    waiting: int
    is_read_only: bool


class Writer(Actor[_Message]):
    """Stages, commits, applies and answers."""

    name = "writer"
    batch_limit = 1024
    restart = NO_RESTART  # what it may do after an error it decides itself; a defect of ours ends everything
    takes_asks = True  # and answers each when all that was staged before is settled
    ending_s = float("inf")  # what was accepted is written, however slow the disk is

    def __init__(self, log: Log, views: Views, *, durability: str = Durability.DURABLE, capacity: int = 1024) -> None:
        self.capacity = capacity
        self._log = log
        self._views = views
        self._is_buffered = durability == Durability.BUFFERED
        self._thread: CommitThread | None = None
        self._waiting: list[_Waiting] = []
        self._staged_bytes = self._buffered = 0
        self._is_due = self._is_committing = self._is_broken = False
        self._finished = trio.Event()
        self._housekeeping = threading.Lock()
        self._buffer_begun = trio.Event()
        self._refusal: Callable[[], RemanenceError] | None = None
        self._lost: StorageFailed | None = None
        self._failed_in_a_row = 0
        self.acknowledged = log.head
        self._commits = self._events = self._duplicates = self._failures = 0
        self._listeners: list[Callable[[int], None]] = []

    # -- what callers use

    async def append(self, append: Append, *, timeout_s: float | None = None) -> Appended:
        """Record an append.

        A caller that is cancelled before its append is taken up has written nothing; afterwards the commit runs its
        course and its answer comes first.

        Raises:
            Conflict, KeyReused: as decided; nothing was written.
            OutcomeUnknown: the time was over, or the disk failed, with the append under way.
            StorageFailed: the disk refuses; nothing was written.
            Closed: the writer has stopped.
        """

        def on_timeout(is_taken: bool) -> Exception:  # noqa: FBT001 - the callback's one argument
            if is_taken:
                return _unknown(append.key, f"no answer within {timeout_s} s")
            return StorageFailed(f"the writer did not take the append up within {timeout_s} s; nothing was written")

        return await ask(self.cell.mailbox, append, timeout_s=timeout_s, on_timeout=on_timeout)

    async def post(self, append: Append) -> Ask[_Request, Appended]:
        """Send an append without waiting for its answer, which `wait` gives; what is posted is decided in order.

        Raises:
            Closed: the writer has stopped.
        """
        message: _Message = Ask(append)
        await self.cell.mailbox.put(message)
        return message

    async def flush(self) -> None:
        """Make everything accepted so far durable.

        Raises:
            StorageFailed: some of it was lost, or the disk refuses.
        """
        await ask(self.cell.mailbox, _Flush(), timeout_s=None, on_timeout=_never)

    async def use_dictionary(self, data: bytes) -> None:
        """Compress with this dictionary from now on."""
        await ask(self.cell.mailbox, _Dictionary(data), timeout_s=None, on_timeout=_never)

    def on_commit(self, listener: Callable[[int], None]) -> None:
        """Have a function called in the Trio loop with each commit's last position, before callers are answered."""
        self._listeners.append(listener)

    def statistics(self) -> WriterStatistics:
        """How the writer is doing."""
        return WriterStatistics(
            commits=self._commits,
            events=self._events,
            duplicates=self._duplicates,
            failures=self._failures,
            waiting=self.cell.mailbox.statistics().waiting,
            is_read_only=self._refusal is not None,
        )

    # -- the actor

    async def started(self) -> None:
        self._thread = CommitThread("remanence commit")
        if self._is_buffered:
            self.spawn(self._flush_in_time)

    async def handle(self, batch: Sequence[_Message]) -> None:
        for message in batch:
            if message.take():
                self._accept(message)
        self._push()
        while self._staged_bytes > COMMIT_BYTES and self._is_committing:
            await self._finished.wait()

    async def stopped(self) -> None:
        self._is_due = True
        self._push()
        while self._is_committing:
            await self._finished.wait()

    async def ended(self) -> None:
        if self._thread is None:
            return
        try:
            await self.stopped()  # what was accepted is written, whatever brought the end
        finally:
            waiting, self._waiting = self._waiting, []
            for message in (*(message for message, _ in waiting), *self.cell.unanswered()):
                message.answer(outcome.Error(Closed("the writer stopped before it wrote this; nothing was written")))
            await self._thread.stop()

    async def in_thread(self, job: Callable[[], Any]) -> Any:
        """Run a job of housekeeping between commits, and not while the log is reopened after one that failed."""
        assert self._thread is not None  # noqa: S101 - views are kept while the writer lives

        def alone() -> Any:
            with self._housekeeping:
                return job()

        return await self._thread.run(alone)

    def _accept(self, message: _Message) -> None:
        request = message.request
        if self._lost is not None and not isinstance(request, _Dictionary):
            lost, self._lost = self._lost, None
            message.answer(outcome.Error(lost))
        elif self._refusal is not None:
            message.answer(outcome.Error(self._refusal()))
        elif isinstance(request, Append):
            self._accept_append(message, request)
        elif isinstance(request, _Dictionary):
            message.answer(outcome.capture(self._use, request.data))
        else:
            self._is_due = True
            self._waiting.append((message, outcome.Value(Appended((0,)))))

    def _use(self, dictionary: bytes) -> Appended:
        """The next commit with an event brings the dictionary into the log."""
        self._log.add_dictionary(dictionary)
        return Appended((0,))

    def _accept_append(self, message: _Message, append: Append) -> None:
        result: outcome.Outcome[Appended] = outcome.capture(self._log.stage, append)
        self._staged_bytes += append.size_bytes
        if isinstance(result, outcome.Value) and result.value.is_duplicate:
            self._duplicates += 1
        if not self._is_buffered:
            self._waiting.append((message, result))
            self._is_due = True
            return
        message.answer(result)
        self._buffered += 1
        self._buffer_begun.set()
        if self._buffered >= BUFFER_OPERATIONS:
            self._is_due = True

    def _push(self) -> None:
        """Commit what is staged if it is due and nothing else is being committed."""
        if self._is_committing or not self._is_due or self._is_broken:
            return
        self._is_broken = True  # unless what is taken from the log is handed over
        batch, waiting = self._log.take(), self._waiting
        if batch.frames:
            assert self._thread is not None  # noqa: S101 - set before there is anything to commit
            self._thread.submit(lambda: self._commit(batch), lambda result: self._finish(batch, waiting, result))
            self._is_committing = True
        self._is_broken = self._is_due = False
        self._waiting, self._buffered, self._staged_bytes = [], 0, 0
        if not batch.frames:
            _answer(waiting)

    def _commit(self, batch: Batch) -> None:
        """In the commit thread: the log first, then the views."""
        self._log.write(batch)
        for failure in self._views.apply(batch.recorded):
            _logger.error("%s", failure)

    def _finish(self, batch: Batch, waiting: list[_Waiting], result: outcome.Outcome[None]) -> None:
        """Back in the Trio loop. What raises here would take that down, so it is the writer that crashes with it."""
        self._is_committing = False
        try:
            finished, self._finished = self._finished, trio.Event()
            finished.set()
            self._settle(batch, waiting, result)
        except Exception as error:  # noqa: BLE001 - whatever it is, everything ends with it
            self._is_broken = True  # nothing more is written, and who knows what of the last batch there is
            _fail(waiting, partial(_unknown, why=f"the writer crashed ({error!r})"), error)
            self.cell.crash(error)

    def _settle(self, batch: Batch, waiting: list[_Waiting], result: outcome.Outcome[None]) -> None:
        """Settle, tell, answer, and go on with what was staged meanwhile."""
        if isinstance(result, outcome.Error):
            with self._housekeeping:
                self._recover(batch, waiting, result.error)
        else:
            self._log.settle(batch)
            self._failed_in_a_row = 0
            self._acknowledge(batch, waiting)
        self._push()

    def _acknowledge(self, batch: Batch, waiting: list[_Waiting]) -> None:
        self.acknowledged = batch.last
        self._commits += 1
        self._events += len(batch.frames)
        for listener in self._listeners:
            listener(batch.last)
        _answer(waiting)

    # -- when the disk fails

    def _recover(self, batch: Batch, waiting: list[_Waiting], error: BaseException) -> None:
        """Reopen, compare with what was acknowledged, and only then serve again.

        In the Trio loop, because nobody may read or stage while the log is reopened, and the commit thread is idle: its
        housekeeping waits.
        """
        self._failures += 1
        self._failed_in_a_row += 1
        _logger.error("a commit of %d events failed: %s", len(batch.frames), error)
        staged, self._waiting = self._waiting, []
        was_buffered = self._buffered
        self._buffered, self._is_due = 0, False
        try:
            head = self._log.recover()
            is_there = head >= batch.last and list(self._log.store.read(batch.first, batch.last)) == batch.frames
            self._views.catch_up(self._log)
        except Exception as second:  # noqa: BLE001 - whatever it is, nothing more may be written
            self._go_read_only(second)
            _fail(
                waiting,
                lambda key: _unknown(key, f"the disk failed ({error}), and the log could not be reopened"),
                second,
            )
            _fail(staged, lambda _: self._not_written(error), error)
            return
        if head < self.acknowledged:
            message = f"the log ends at {head}, but {self.acknowledged} was acknowledged; restore a backup"
            self._refuse(lambda: Damaged(message, position=head))
        elif self._failed_in_a_row > 1:
            self._go_read_only(error)
        if is_there:
            self._acknowledge(batch, waiting)
        else:
            _fail(waiting, lambda _: self._not_written(error), error)
        _fail(staged, lambda _: self._not_written(error), error)
        if self._is_buffered and (was_buffered or not is_there):
            self._lost = StorageFailed(f"what was accepted after position {head} was lost: the disk refused: {error}")

    def _go_read_only(self, error: BaseException) -> None:
        message = f"the log is read-only after the disk failed: {error}; make room or mend it, then open the log again"
        self._refuse(lambda: (Damaged if isinstance(error, Damaged) else StorageFailed)(message))

    def _refuse(self, refusal: Callable[[], RemanenceError]) -> None:
        self._refusal = refusal
        _logger.error("%s", refusal())

    @staticmethod
    def _not_written(error: BaseException) -> StorageFailed:
        return StorageFailed(f"nothing was written: {error}")

    # -- buffering

    async def _flush_in_time(self) -> None:
        """Make what is buffered due, at most so long after its first operation."""
        while True:
            await self._buffer_begun.wait()
            self._buffer_begun = trio.Event()
            await trio.sleep(BUFFER_S)
            self._is_due = True
            self._push()


def _answer(waiting: list[_Waiting]) -> None:
    for message, result in waiting:
        message.answer(result)


def _fail(waiting: list[_Waiting], make: Callable[[str | None], RemanenceError], cause: BaseException) -> None:
    """Answer with an error of each caller's own: one exception raised in many tasks would mix up their tracebacks."""
    for message, _ in waiting:
        request = message.request
        error = make(request.key if isinstance(request, Append) else None)
        if error is not cause:
            error.__cause__ = cause
        message.answer(outcome.Error(error))


def _unknown(key: str | None, why: str) -> OutcomeUnknown:
    again = (
        f"append the same events with key={key!r} again: they will be there once"
        if key
        else "look before you append again"
    )
    return OutcomeUnknown(f"{why}; the append may be in the log or not: {again}", key=key)


def _never(_is_taken: bool) -> Exception:  # noqa: FBT001 - the callback's one argument
    return AssertionError("an ask without a deadline can't be late")
