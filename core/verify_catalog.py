"""Verification of the catalog: it keeps what the frames say, all of it and nothing else.

Everything that the frames say is looked up. What is too many then shows in the numbers alone: if all that should be
there is, and there is no more than that, there is nothing else. Only when the numbers differ is it searched for.
A writer may go on meanwhile: compared is what the catalog had at the beginning.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final

from ..codecs.frames import leaf
from .catalogs import Catalog, CatalogTally, Shelf, describe
from .errors import Damaged
from .queries import Term
from .stores import Store
from .verify_frames import FrameCheck, Gathered, Labels

__all__ = ["CatalogCheck"]

_SEARCH_BATCH: Final = 1024
Fault = tuple[int | None, str]
"""The position, None where the fault belongs to none, and what is wrong."""


class CatalogCheck:
    """One catalog, compared with the frames of its log.

    Attributes:
        checkpoint: up to where it is compared.
        problem: the first fault found, or None. Nothing is compared after it.
    """

    def __init__(self, catalog: Catalog, store: Store) -> None:
        self.checkpoint = 0
        self.problem: Fault | None = None
        self._catalog = catalog
        self._store = store
        self._postings = 0
        self._keys = 0
        self._tally = CatalogTally(0, b"", 0, 0)
        try:
            self._tally = catalog.tally()
            self.checkpoint = self._tally.checkpoint
        except Damaged as error:
            self.problem = (None, str(error))

    def compare(self, gathered: Gathered, names: Mapping[int, str]) -> None:
        """Look up what the next events should have."""
        if self.problem is not None:
            return
        shelf = _shelf(gathered, names, self.checkpoint)
        self._postings += sum(map(len, shelf.postings.values()))
        self._keys += len(shelf.keys)
        missing = self._catalog.missing(shelf)
        if missing is not None:
            position, what = missing
            self.problem = (position, f"the catalog lacks event {position} under {what}")

    def finish(self, frames: FrameCheck) -> None:
        """Once all events have been compared: see that there is nothing else."""
        if self.problem is None:
            try:
                self.problem = self._find_other(frames)
            except Damaged as error:
                self.problem = (None, str(error))

    def _find_other(self, frames: FrameCheck) -> Fault | None:
        tally = self._tally
        if tally.checkpoint > frames.position:
            position = frames.position + 1
            return position, f"the catalog knows {tally.checkpoint} events, but the log has only {frames.position}"
        if tally.checkpoint and tally.proof != leaf(self._store.pick([tally.checkpoint])[0]):
            return tally.checkpoint, f"the catalog has been made from another event {tally.checkpoint} than the log's"
        if tally.postings != self._postings:
            others = list(self._other_postings(frames))
            counts = f"the catalog has {tally.postings} postings where the events have {self._postings}"
            return min(others, default=(None, counts))
        if tally.keys != self._keys:
            others = list(self._other_keys(frames))
            counts = f"the catalog has {tally.keys} keys where the events have {self._keys}"
            return min(others, default=(None, counts))
        return None

    def _other_postings(self, frames: FrameCheck) -> Iterator[tuple[int, str]]:
        """Postings of events that don't bear their term."""
        for term, _ in self._catalog.terms():
            positions = [position for position in self._catalog.positions(term) if not self._is_newer(position)]
            for start in range(0, len(positions), _SEARCH_BATCH):
                batch = positions[start : start + _SEARCH_BATCH]
                bearers = {position for position, event in self._events(frames, batch) if term in event.terms}
                yield from ((other, _surplus(other, describe(term))) for other in batch if other not in bearers)
            yield from ((one, _surplus(one, describe(term))) for one, other in pairwise(positions) if one == other)

    def _other_keys(self, frames: FrameCheck) -> Iterator[tuple[int, str]]:
        """Keys whose event doesn't bear them."""
        for digest, use in self._catalog.keys().items():
            if not self._is_newer(use.first):
                found = [event.key for _, event in self._events(frames, [use.first])]
                if found != [digest]:
                    yield use.first, _surplus(use.first, "a key")

    def _is_newer(self, position: int) -> bool:
        """Whether the catalog has come to know the event only after the comparison began."""
        return self.checkpoint < position <= self._catalog.checkpoint

    def _events(self, frames: FrameCheck, positions: Sequence[int]) -> Iterator[tuple[int, Labels]]:
        """What those events say that there are."""
        there = [position for position in positions if 0 < position <= self.checkpoint]
        for position, frame in zip(there, self._store.pick(there), strict=True):
            yield position, frames.labels(position, frame)


def _shelf(gathered: Gathered, names: Mapping[int, str], checkpoint: int) -> Shelf:
    """What a catalog of that checkpoint keeps of events."""
    postings: dict[Term, list[int]] = {("tag", tag): positions for tag, positions in gathered.tags.items()}
    for number, positions in gathered.types.items():
        postings.setdefault(("type", names[number]), []).extend(positions)
    keys = gathered.keys
    if any(positions[-1] > checkpoint for positions in gathered.types.values()):
        cut = {term: positions[: bisect_right(positions, checkpoint)] for term, positions in postings.items()}
        postings = {term: positions for term, positions in cut.items() if positions}
        keys = {digest: use for digest, use in keys.items() if use.first <= checkpoint}
    return Shelf(postings, keys)


def _surplus(position: int, what: str) -> str:
    return f"the catalog has event {position} under {what}, where it doesn't belong"
