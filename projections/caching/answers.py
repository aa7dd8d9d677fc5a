"""Answers: what was made of the rows of one domain, and kept as long as making it again would come to the same.

An answer stands on the rows of a domain, whose number the table's cache keeps (`levels.py`), and perhaps on something
besides, which whoever asks knows. Invariants:
- an answer is found only if nothing that it stands on has changed since before it was made; else it is dropped;
- what changes while it is made, or is being committed then, keeps it from being taken in;
- what is kept can't be changed by any of those who share it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Final, Generic, TypeVar

import attrs

from .levels import TableCache
from .pools import Pool
from .sealing import sealer_of

__all__ = ["Answers", "Standing"]

V = TypeVar("V")
KEY_BYTES: Final = 1024
"""What a question takes beside its texts, and the frame of its answer: some ten small objects."""


@attrs.frozen(eq=False)
class Standing:
    """What an answer stands on, as it was before the answer was made.

    Attributes:
        domain: the packed domain that is asked about.
        number: the domain's.
        besides: tells whether everything else is as it was; None if there is nothing else.
    """

    domain: bytes
    number: int
    besides: Callable[[], bool] | None = None


Kept = tuple[Standing, V]


class Answers(Generic[V]):
    """Answers to questions about the domains of one table, each a frozen object."""

    def __init__(self, cache: TableCache[Any], pool: Pool[Kept[V]], kind: type[V]) -> None:
        """Begin with none.

        Args:
            cache: what is kept of the table.
            pool: where answers are kept.
            kind: what an answer is: a frozen attrs class.
        """
        self._cache = cache
        self._pool = pool
        self._seal = sealer_of(kind)
        cache.attach(pool)

    def find(self, question: Hashable) -> V | None:
        """The answer to a question, if it is there and would be made the same now."""
        pool = self._pool
        kept = pool.look(question)
        if kept is not None:
            standing, answer = kept
            is_same = standing.number == self._cache.number_in(standing.domain)
            if is_same and (standing.besides is None or standing.besides()):
                pool.get(question)  # counts
                return answer
            pool.drop(question)
        pool.missed()
        return None

    def standing(self, domain: bytes, besides: Callable[[], bool] | None = None) -> Standing:
        """What an answer about a domain will stand on. Ask before anything is read to make it."""
        return Standing(domain, self._cache.seen(domain), besides)

    def keep(self, question: Hashable, standing: Standing, answer: V, question_bytes: int) -> None:
        """Take in an answer that was made since `standing`, unless that is no longer so.

        Args:
            question: all that the answer follows from, but for what it stands on.
            standing: what that is.
            answer: the answer.
            question_bytes: what the question's texts take.
        """
        if not self._pool.budget.limit_bytes:
            return
        size = self._seal(answer)
        if size is not None:
            size += KEY_BYTES + question_bytes
            self._cache.keep_if_seen(standing.number, standing.domain, self._pool, question, (standing, answer), size)
