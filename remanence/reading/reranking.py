"""Reranking: a second opinion on the best answers, which may fail or dawdle and never costs the answer.

The reranker works in a thread of its own, one question at a time. Whatever goes wrong (it raises, gives the wrong
number of scores or one that is no number, or is not done by the deadline), the order stays as it was and the program's
log says so. A call that overstays can't be ended: as long as it lasts, questions are answered without it.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import Any

from ..core.embedder import as_said
from ..projections.memories.view import MemoryRow
from ..projections.recall.plugs import RecallSettings, Reranker

__all__ = ["Reranking"]

_logger = logging.getLogger(__name__)


class Reranking:
    """A reranker, and how long it is waited for."""

    def __init__(self, reranker: Reranker, settings: RecallSettings) -> None:
        self._reranker = reranker
        self._deadline_s = settings.rerank_deadline_s
        self.texts = settings.rerank_texts
        self._busy = Lock()

    def scores(self, query: str, rows: Sequence[MemoryRow]) -> list[float] | None:
        """What the reranker thinks of some memories; None if it has nothing to say."""
        if not rows:
            return None
        if not self._busy.acquire(blocking=False):
            _logger.warning("the reranker is busy with another question; this one is answered without it")
            return None
        texts = [as_said(row.text, row.speaker) for row in rows]
        answers: SimpleQueue[Any] = SimpleQueue()
        Thread(target=self._ask, args=(query, texts, answers), name="remanence-reranker", daemon=True).start()
        try:
            found = answers.get(timeout=self._deadline_s)
        except Empty:
            _logger.warning("the reranker took more than %s s; the answer is given without it", self._deadline_s)
            return None
        if isinstance(found, Exception):
            _logger.error("the reranker failed; the answer is given without it", exc_info=found)
            return None
        return _checked(found, len(texts))

    def _ask(self, query: str, texts: list[str], answers: SimpleQueue[Any]) -> None:
        try:
            answers.put(list(self._reranker.rerank(query, texts)))
        except Exception as error:  # noqa: BLE001 - it is somebody else's, and is told by the one who waits
            answers.put(error)
        finally:
            self._busy.release()


def _checked(found: list[Any], count: int) -> list[float] | None:
    try:
        scores = [float(each) for each in found]
    except (TypeError, ValueError):
        scores = []
    if len(scores) == count and all(map(math.isfinite, scores)):
        return scores
    _logger.error("the reranker gave %d scores for %d texts, or not of numbers; they are left out", len(found), count)
    return None
