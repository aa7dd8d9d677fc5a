"""Verification of the catalog: it keeps what the frames say, all of it and nothing else.

Both sides are folded into a sum of 64-bit hashes that doesn't depend on the order: two different sets of postings have
the same sum by chance once in 10^19 times, and it takes neither memory nor a look-up per posting. Only when the sums
differ is it searched where: each side is folded again in ranges of positions, and the first range that differs is
compared exactly.

A writer may go on meanwhile: compared is what the catalog had at the beginning.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

import attrs

from ..codecs.frames import leaf
from .appends import OWN_CONTENT, key_use
from .catalogs import Catalog, CatalogTally, KeyUse, key_hash, posting_hash, term_name
from .errors import Damaged
from .queries import Term
from .stores import Store
from .verify_frames import FrameCheck

__all__ = ["CatalogCheck"]

Fault = tuple[int | None, str]
"""The position, None where the fault belongs to none, and what is wrong."""


@attrs.frozen
class _Milestone:
    """How far reading had come.

    Attributes:
        position: the last event read.
        fold: of all that was read.
        resume: where the append with a key began that was being read, or the next position.
    """

    position: int
    fold: int
    resume: int


class CatalogCheck:
    """One catalog, compared with the frames of its log.

    Attributes:
        checkpoint: up to where it is compared.
        problem: the first fault found, or None.
    """

    def __init__(self, catalog: Catalog, store: Store) -> None:
        self.checkpoint = 0
        self.problem: Fault | None = None
        self._catalog = catalog
        self._store = store
        self._tally = CatalogTally(0, b"", 0)
        self._milestones = [_Milestone(0, 0, 1)]
        try:
            self._tally = catalog.tally()
            self.checkpoint = self._tally.checkpoint
        except Damaged as error:
            self.problem = (None, str(error))

    def pass_by(self, frames: FrameCheck) -> None:
        """Note how far reading has come, a few thousand events after the last time."""
        self._milestones.append(_Milestone(frames.position, frames.fold, frames.resume))

    def finish(self, frames: FrameCheck) -> None:
        """Compare, once all frames have been read."""
        if self.problem is None:
            try:
                self.problem = self._compare(frames)
            except Damaged as error:
                self.problem = (None, str(error))

    def _compare(self, frames: FrameCheck) -> Fault | None:
        tally = self._tally
        if tally.checkpoint > frames.position:
            fault = f"the catalog claims to have {tally.checkpoint} events, but the log has {frames.position}"
            return frames.position + 1, fault
        if tally.fold != frames.fold:
            return self._search(frames)
        if tally.checkpoint and tally.proof != leaf(self._store.pick([tally.checkpoint])[0]):
            return tally.checkpoint, f"the catalog's mark is not that of event {tally.checkpoint}"
        return None

    def _search(self, frames: FrameCheck) -> Fault:
        """Find the first position at which the catalog and the frames differ."""
        stones = self._milestones
        ends = [stone.position for stone in stones]
        folds = [0] * (len(stones) + 1)
        beyond: list[_Item] = []
        for item in self._kept():
            if self._is_known(item) and item.last <= frames.position:
                folds[bisect_left(ends, item.last)] += item.hash
            elif item.position > self._catalog.checkpoint or item.position < 1:  # else it came while we were reading
                beyond.append(item)
        for index, (one, two) in enumerate(pairwise(stones), 1):
            if folds[index] != two.fold - one.fold:
                return self._first_difference(frames, one, two)
        if not beyond:
            return None, "the catalog's sum differs from the log's, but none of its entries do"
        other = min(beyond)
        fault = f"the catalog has an event {other.position} under {other.label}, and there is none"
        return max(1, other.position), fault

    def _first_difference(self, frames: FrameCheck, one: _Milestone, two: _Milestone) -> Fault:
        """Compare what was read between two milestones entry by entry."""
        wanted = Counter(item for item in self._wanted(frames, one, two) if self._is_known(item))
        kept = Counter(
            item for item in self._kept() if self._is_known(item) and one.position < item.last <= two.position
        )
        lacking, surplus = min(wanted - kept, default=None), min(kept - wanted, default=None)
        if lacking is not None and (surplus is None or lacking <= surplus):
            return lacking.position, f"the catalog lacks event {lacking.position} under {lacking.label}"
        if surplus is not None:
            return surplus.position, f"the catalog has event {surplus.position} under {surplus.label} without cause"
        return one.position + 1, f"the catalog changed while it was compared, near event {one.position + 1}"

    def _is_known(self, item: _Item) -> bool:
        return 0 < item.position <= self.checkpoint

    def _kept(self) -> Iterator[_Item]:
        """All that the catalog keeps now."""
        for term, _ in self._catalog.terms():
            for position in self._catalog.positions(term):
                yield _posting(term, position)
        for digest, use in self._catalog.keys().items():
            yield _key(digest, use)

    def _wanted(self, frames: FrameCheck, one: _Milestone, two: _Milestone) -> Iterator[_Item]:
        """All that a catalog should keep of what was read between two milestones."""
        labels = [
            frames.labels(position, frame)
            for position, frame in enumerate(self._store.read(one.resume, two.position), one.resume)
        ]
        for index, each in enumerate(labels):
            position = one.resume + index
            if position > one.position:
                yield _posting(("type", each.type), position)
                yield from (_posting(("tag", tag), position) for tag in each.tags)
            if each.key is not None:
                key, count = each.key[0], 1 if each.key[0] == OWN_CONTENT else each.key[1]
                contents = [label.content for label in labels[index : index + count]]
                if len(contents) == count and position + count - 1 > one.position:
                    yield _key(*key_use(key, position, contents))


@attrs.frozen(order=True)
class _Item:
    """One entry of a catalog.

    Attributes:
        position: its event.
        last: the event whose reading tells that it should be there: for a key, the last of the append.
        label: what the event is kept under, in words.
        hash: what it adds to the sum.
    """

    position: int
    last: int
    label: str
    hash: int


def _posting(term: Term, position: int) -> _Item:
    return _Item(position, position, f"the {term[0]} {term[1]!r}", posting_hash(term_name(term), position))


def _key(digest: bytes, use: KeyUse) -> _Item:
    return _Item(use.first, use.last, f"a key ({digest.hex()})", key_hash(digest, use))
