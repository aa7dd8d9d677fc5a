"""Levels: what is kept of one table: objects (L1), compressed rows (L2), answers (L3). And why it is never wrong.

A change drops what it makes wrong before it is committed, and nothing is taken in until the commit is over. So what is
found is what the newest commit says, and looking it up checks nothing:
- `changing` is called inside the write transaction, once it is known which rows come, change and go: their objects and
  rows are dropped, and their domains get a new number;
- from there to `changed`, after the commit or after it has failed, readers go to the disk and take nothing in;
- who reads from the disk asks for `seen()` first; what was read is kept only if nothing has changed since.
An answer is kept under its question and the number of the domain that it asks about, which rises with each change.
The number isn't the position itself: a batch that fails is taken back and its positions come again with other rows.

In a fork nothing is kept: who forked goes on changing rows, and nobody would tell.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterable
from typing import Any, Final, Generic, TypeVar

from ...codecs import keys
from ...codecs.compression import Dictionaries
from ..finding import Question
from ..plain import plain
from ..plans import Found
from ..schema import Schema
from .doorkeeper import Doorkeeper
from .pools import Budget, Pool
from .sealing import quick_sealer, sealer_of, size_of

__all__ = ["NEVER", "Answer", "Packed", "TableCache", "name_of"]

R = TypeVar("R")
DOMAINS_MAX: Final = 10_000
"""Domains whose numbers are kept; beyond it all answers are dropped once, which is right for any number."""
ROWS_MAX: Final = 200
"""Longer answers are not kept: they cost more room than they save time."""
ASKED_MAX: Final = 1024
"""Questions remembered to have been asked once. An answer is kept when it is asked for again."""
READ_MAX: Final = 8192
"""Rows remembered to have been read once. A row is kept when it is read again."""
NEVER: Final = -1
"""What was seen where nothing may be taken in."""


Packed = tuple[int, bytes]
"""The id of a dictionary, and what was compressed with it."""


class Answer(Generic[R]):
    """What was found, and by what number of its domain."""

    __slots__ = ("cursor", "number", "rows")

    def __init__(self, number: int, rows: tuple[R, ...], cursor: Callable[[], str] | None) -> None:
        self.number = number
        self.rows = rows
        self.cursor = cursor


class TableCache(Generic[R]):
    """What is kept of one table of one view.

    Attributes:
        objects: L1, by the key where it is one text, else by its packed form.
        rows: L2, by the packed key.
        answers: L3, by question.
        promoted: how many rows went up from L2 to L1.
    """

    def __init__(
        self,
        table: Schema[R],
        dictionaries: Dictionaries,
        objects: Pool[R],
        rows: Pool[Packed],
        answers: Pool[Answer[R]],
    ) -> None:
        self.objects = objects
        self.rows = rows
        self.answers = answers
        self.promoted = 0
        self._table = table
        self._dictionaries = dictionaries
        self._domain = table.domain
        self._seal = sealer_of(table.row)
        self._seal_decoded = quick_sealer(table.row)
        self._pools: list[Pool[Any]] = [objects, rows, answers]
        self._lock = objects.budget.lock
        self._is_open = False
        self._is_changing = False
        self._number = 0
        self._numbers: dict[bytes, int] = {}
        self._floor = 0
        self._questions = Doorkeeper(ASKED_MAX)
        self._names = Doorkeeper(READ_MAX)
        self._touched: list[tuple[bytes, Any, Any]] = []

    def apart(self) -> TableCache[R]:
        """One of the same table that never keeps anything."""
        nothing = Budget(0)
        pools: list[Pool[Any]] = [Pool(pool.name, nothing) for pool in (self.objects, self.rows, self.answers)]
        return TableCache(self._table, self._dictionaries, *pools)

    # -- objects and rows

    def seen(self, domain: bytes | None = None) -> int:
        """What to show to `keep`: ask before reading from the disk. Of a domain, or else of the whole table."""
        return NEVER if self._is_changing or not self._is_open else self.number_in(domain)

    def is_read_again(self, name: Hashable) -> bool:
        """Whether a row was read before, not long ago: to keep one that is read once costs more than it will save."""
        return self._names.knows(name)

    def stored(self, packed: bytes) -> bytes | None:
        """The bytes of a row, if L2 has them."""
        rows = self.rows
        if not rows.budget.limit_bytes:
            return None
        found = rows.get(packed)
        if found is None:
            rows.missed()
            return None
        return self._dictionaries.unpack(*found)

    def keep(self, seen: int, name: Hashable, packed: bytes, data: bytes, row: R) -> None:
        """Take in a row that was read, unless something has changed since `seen`."""
        if seen == NEVER:
            return
        objects, rows = self.objects, self.rows
        size = self._seal_decoded(row, len(data)) if objects.budget.limit_bytes else None
        deflated = self._dictionaries.pack(data) if rows.budget.limit_bytes and packed not in rows else None
        with self._lock:
            if seen != self._number or self._is_changing or not self._is_open:
                return
            is_kept = size is not None and objects.put(name, row, size + size_of(name))
            if is_kept and deflated is None and packed in rows:
                self.promoted += 1
            if deflated is not None:
                rows.put(packed, deflated, size_of(deflated) + size_of(deflated[1]) + size_of(packed))

    # -- answers

    def domain_of(self, question: Question) -> bytes | None:
        """The domain that a question is about; None if that is the whole table."""
        return None if self._domain is None else question.value_of(self._domain)

    def number_in(self, domain: bytes | None) -> int:
        """The number of a domain, or of the whole table."""
        return self._number if domain is None else self._numbers.get(domain, self._floor)

    def answer(self, question: Question) -> Found[R] | None:
        """What was found the last time, if that is what would be found now."""
        answers = self.answers
        if not answers.budget.limit_bytes:
            return None
        found = answers.look(question)
        if found is not None:
            if found.number == self.number_in(self.domain_of(question)):
                answers.get(question)  # counts
                return Found(found.rows, found.cursor)
            answers.drop(question)  # no number comes again
        answers.missed()
        return None

    def keep_answer(self, seen: int, question: Question, found: Found[R]) -> None:
        """Take in an answer that was read, unless something in its domain has changed since `seen`."""
        if seen == NEVER or len(found) > ROWS_MAX or not self.answers.budget.limit_bytes:
            return
        if not self._questions.knows(question):
            return
        sizes = [self._seal(row) for row in found]
        size = sum(size for size in sizes if size is not None)
        if None in sizes:
            return
        answer = Answer(seen, tuple(found), found.later)
        size += ANSWER_BYTES + 8 * len(sizes)
        self.keep_if_seen(seen, self.domain_of(question), self.answers, question, answer, size)

    def keep_if_seen(  # noqa: PLR0917 - an entry's parts
        self, seen: int, domain: bytes | None, pool: Pool[Any], key: Hashable, value: object, size_bytes: int
    ) -> None:
        """Put into a pool what was made of rows, unless something in their domain has changed since `seen`."""
        with self._lock:
            if seen != NEVER and seen == self.seen(domain):
                pool.put(key, value, size_bytes)

    def attach(self, pool: Pool[Any]) -> None:
        """What a pool holds is made of these rows: it is forgotten with them."""
        if pool not in self._pools:
            self._pools.append(pool)

    # -- changes

    def note(self, changes: Iterable[tuple[bytes, R | None, R | None]]) -> None:
        """Rows are about to change: by packed key, what they were and what they will be. In the thread that writes."""
        self._touched += changes

    def changing(self) -> None:
        """What was noted is about to be committed."""
        with self._lock:
            self._is_changing = True
            self._number += 1
            for key, before, after in self._touched:
                self.objects.drop(name_of(key))
                self.rows.drop(key)
                if self._domain is not None:
                    for row in (before, after):
                        if row is not None:
                            self._numbers[_domain_of(row, self._domain)] = self._number
            if len(self._numbers) > DOMAINS_MAX:
                self._numbers.clear()
                self._floor = self._number
            self._touched.clear()

    def changed(self) -> None:
        """The commit is over, or was taken back."""
        with self._lock:
            self._touched.clear()
            self._is_changing = False

    # -- beginning and end

    def open(self) -> None:
        """Keep what is read from here on."""
        with self._lock:
            self._is_open = True

    def shut(self) -> None:
        """Forget everything, and keep nothing until `open`: the rows are others, or may not be read."""
        with self._lock:
            self._is_open = False
            self._number += 1
            self._floor = self._number
            self._numbers.clear()
            for pool in self._pools:
                pool.clear()

    def leave(self, lock: threading.RLock) -> None:
        """In a fork: forget everything, for good, under another lock: the one there was may be held for ever."""
        self._lock = lock
        for pool in self._pools:
            pool.reset()
        self.shut()


ANSWER_BYTES: Final = 1024
"""What a question and the frame of its answer take, about: eight or so small objects."""


def name_of(packed: bytes) -> Hashable:
    """What objects are found by: the key itself where it is one text, else its packed form."""
    values = keys.unpack(packed)
    return values[0] if len(values) == 1 and type(values[0]) is str else packed


def _domain_of(row: Any, field: str) -> bytes:
    return keys.pack((plain(getattr(row, field)),))
