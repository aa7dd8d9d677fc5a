"""Appending: what an engine's users do to record events. All of it goes through the writer."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final

import attrs

from ..actors.asks import Ask
from ..actors.writer import Writer
from ..core.appends import Appended, Checked
from ..core.errors import Closed, InvalidInput, RemanenceError
from ..core.log import Log
from ..core.queries import Condition

__all__ = ["Appending", "Request"]

TOGETHER: Final = 256
"""Requests packed at once, …"""
TOGETHER_BYTES: Final = 4 << 20
"""… or as many as take up so much: what is packed lies in memory three times."""


@attrs.frozen
class Request:
    """What `Engine.append` takes, for `Engine.append_all`."""

    events: Sequence[object]
    tags: tuple[str, ...] = ()
    by: str | None = None
    cause: int | None = None
    key: str | None = None
    condition: Condition | None = None


class Appending:
    """The part of an engine that writes."""

    def __init__(self, path: Path, log: Log, writer: Writer | None) -> None:
        self.path = path
        self.log = log
        self._writer = writer

    async def append(
        self,
        *events: object,
        tags: Iterable[str] = (),
        by: str | None = None,
        cause: int | None = None,
        key: str | None = None,
        condition: Condition | None = None,
        timeout_s: float | None = None,
    ) -> Appended:
        """Record events, all or nothing.

        Args:
            events: instances of registered event classes. One with a method `about()` bears the tags that it returns.
            tags: further tags for all of them.
            by: who causes them.
            cause: position of the event that led to them.
            key: dedup key: the same key with the same content returns the first positions and writes nothing.
            condition: fail if a matching event was recorded after its position.
            timeout_s: how long to wait for the answer, in seconds.

        Returns:
            The events' positions. They are durable and every view shows them (in buffered mode: they will be).

        Raises:
            InvalidInput: something can't be taken.
            Conflict, KeyReused: the condition failed; the key has other content.
            OutcomeUnknown: no answer in time; append again with the error's key to be sure.
            StorageFailed: the disk refuses.
            Closed: the engine is closed or read-only.
        """
        writer = self._open_writer()
        if timeout_s is not None and not timeout_s >= 0:
            message = f"timeout_s is a time in seconds, 0 or more, or None for ever, not {timeout_s!r}"
            raise InvalidInput(message)
        if timeout_s is not None and key is None:
            key = secrets.token_hex(16)  # so that an unknown outcome can be settled by appending again
        encoded = self.log.encode(events, tags=tags, by=by, cause=cause, key=key, condition=condition)
        return await writer.append(encoded, timeout_s=timeout_s)

    async def append_all(self, requests: Iterable[Request]) -> list[Appended | RemanenceError]:
        """Record many requests, each all or nothing for itself, in this order and in as few commits as may be.

        Returns:
            For each request its positions, or the error that it alone would have raised; that touches no other.

        Raises:
            Closed: the engine is closed or read-only.
        """
        writer = self._open_writer()
        posted: list[Ask[Any, Appended] | InvalidInput] = []
        waiting = iter(requests)
        try:
            while several := self._several(waiting):
                packed = iter(self.log.pack([each for each in several if not isinstance(each, InvalidInput)]))
                for one in several:
                    if isinstance(one, InvalidInput):
                        posted.append(one)
                    else:
                        posted.append(await writer.post(next(packed)))
            return [each if isinstance(each, InvalidInput) else await _result(each) for each in posted]
        finally:  # a caller that is cancelled takes back what has not been taken up
            for each in posted:
                if not isinstance(each, InvalidInput):
                    each.abandon()

    def _several(self, waiting: Iterator[Request]) -> list[Checked | InvalidInput]:
        """The next requests that are packed together: so many, or so much."""
        several: list[Checked | InvalidInput] = []
        size_bytes = 0
        for request in islice(waiting, TOGETHER):
            checked = self._checked(request)
            several.append(checked)
            size_bytes += 0 if isinstance(checked, InvalidInput) else sum(map(len, checked.encoded))
            if size_bytes >= TOGETHER_BYTES:
                break
        return several

    def _checked(self, request: Request) -> Checked | InvalidInput:
        try:
            return self.log.check(
                request.events,
                tags=request.tags,
                by=request.by,
                cause=request.cause,
                key=request.key,
                condition=request.condition,
            )
        except InvalidInput as error:
            return error

    async def flush(self) -> None:
        """Make everything accepted so far durable and visible.

        Raises:
            StorageFailed: some of it was lost, or the disk refuses.
        """
        await self._open_writer().flush()

    def _open_writer(self) -> Writer:
        if self._writer is None:
            message = f"{self.path} was opened read-only"
            raise Closed(message)
        return self._writer


async def _result(posted: Ask[Any, Appended]) -> Appended | RemanenceError:
    try:
        return await posted.heard()
    except RemanenceError as error:
        return error
