"""The retrainer: now and then it trains a compression dictionary from the log's own events, and keeps it if it pays.

It looks again whenever the log has quadrupled, so that the work stays a small part of all the writing there is.
"""

from __future__ import annotations

import logging
from random import Random
from typing import Final

import trio

from ..codecs.training import Verdict, judge, train
from ..core.errors import RemanenceError
from ..core.log import Log
from .actor import Actor
from .writer import Writer

__all__ = ["Retrainer"]

_logger = logging.getLogger(__name__)
FIRST_EVENTS: Final = 128
"""So few turns of one conversation already make a dictionary that pays for itself in as many more."""
GROWTH: Final = 4
SAMPLE_EVENTS: Final = 2000
HELD_OUT: Final = 5
"""Every fifth sample is kept from the training, to judge by."""


class Retrainer(Actor[None]):
    """Watches a writer's commits and retrains in a thread of its own."""

    def __init__(self, log: Log, writer: Writer) -> None:
        self.needs = (writer.name,)
        self._log = log
        self._writer = writer
        self._next = max(FIRST_EVENTS, GROWTH * log.head)
        self._is_due = False
        writer.on_commit(self._count)

    def _count(self, position: int) -> None:
        if position >= self._next:
            self._is_due = True
            self.cell.knock()

    async def knocked(self) -> None:
        if self._is_due:
            self._is_due = False
            head = self._log.head
            self._next = GROWTH * head
            await self._retrain(head)

    async def _retrain(self, head: int) -> None:
        found = await trio.to_thread.run_sync(self._train, head)
        if found is None:
            return
        dictionary, verdict = found
        if verdict.pays(expected_events=head):
            _logger.info(
                "a new dictionary packs %d events into %d bytes, not %d",
                verdict.events,
                verdict.after_bytes,
                verdict.before_bytes,
            )
            try:
                await self._writer.use_dictionary(dictionary)
            except RemanenceError as error:  # the engine is closing, or read-only: packing less well is no failure
                _logger.info("the new dictionary was not taken: %s", error)

    def _sample(self, head: int) -> list[bytes]:
        """Payloads from all over the log; which ones depends on its length alone."""
        random = Random(head)  # noqa: S311 - a sample, not a secret
        positions = sorted(random.sample(range(1, head + 1), min(SAMPLE_EVENTS, head)))
        return [recorded.payload() for recorded in self._log.pick(positions) if not recorded.is_erased]

    def _train(self, head: int) -> tuple[bytes, Verdict] | None:
        """In a thread of its own, reading included: the loop has callers to serve."""
        payloads = self._sample(head)
        held_out = payloads[::HELD_OUT]
        dictionary = train([payload for index, payload in enumerate(payloads) if index % HELD_OUT])
        return None if dictionary is None else (dictionary, judge(dictionary, self._log.dictionaries, held_out))
