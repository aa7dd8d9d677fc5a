"""The order of turns within their sessions, and what that makes of similarities: sums over windows of neighbours.

For each row: who stands one, two and three turns before and after it, and what its windows' sums are to be multiplied
by, which is one over the length of the window's vector. A memory that is no turn has no neighbours, so that all its
windows are itself. A turn that was taken away leaves no gap: those beside it are neighbours then.

This module needs numpy and nothing that `import remanence` loads may import it.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..kept_arrays import in_use

__all__ = ["RADII", "Sessions"]

Floats = NDArray[np.float32]
Places = NDArray[np.intp]
RADII: Final = (0, 1, 2, 3)
"""How many neighbours to each side: beyond three they say no more about a turn."""
_REACH: Final = RADII[-1]
_NOBODY: Final = -1
"""The row after the last: zeros stand there."""


class Sessions:
    """Who is whose neighbour."""

    def __init__(self, capacity: int, vectors: Callable[[Places], Floats]) -> None:
        """Prepare.

        Args:
            capacity: how many rows there will be; `grow` makes it more.
            vectors: the vectors of rows.
        """
        self._vectors = vectors
        self._near = np.full((2 * _REACH, capacity), _NOBODY, np.intp)  # one before, one after, two before, …
        self._shares = np.zeros((len(RADII), capacity), np.float32)
        self._of: NDArray[np.int32] = np.zeros(capacity, np.int32)
        self._places: NDArray[np.int64] = np.zeros(capacity, np.int64)
        self._names: dict[str, int] = {}
        self._texts = [""]
        self._orders: dict[int, list[tuple[int, int]]] = {}

    def grow(self, capacity: int) -> None:
        """Make room for so many rows."""
        more = capacity - self._near.shape[1]
        self._near = np.concatenate((self._near, np.full((2 * _REACH, more), _NOBODY, np.intp)), axis=1)
        self._shares = np.concatenate((self._shares, np.zeros((len(RADII), more), np.float32)), axis=1)
        self._of = np.concatenate((self._of, np.zeros(more, np.int32)))
        self._places = np.concatenate((self._places, np.zeros(more, np.int64)))

    # -- changing

    def put(self, rows: Sequence[int], turns: Sequence[tuple[str, int] | None]) -> None:
        """Put rows, whose vectors are there already, in their places: session and place, or None."""
        alone: list[int] = []
        touched: dict[int, list[int]] = {}
        for row, turn in zip(rows, turns, strict=True):
            self._leave(row, touched)
            if turn is None:
                alone.append(row)
            else:
                name, place = turn
                session = self._number(name)
                insort(self._order(session), (place, row))
                self._of[row], self._places[row] = session, place
                touched.setdefault(session, []).append(place)
        if alone:
            self._near[:, alone] = _NOBODY
            self._shares[:, alone] = _shares(self._vectors(np.array(alone, dtype=np.intp)))
        self._mend(touched)

    def remove(self, row: int) -> None:
        """Take a row out."""
        touched: dict[int, list[int]] = {}
        self._leave(row, touched)
        self._near[:, row] = _NOBODY
        self._shares[:, row] = 0
        self._mend(touched)

    def _number(self, name: str) -> int:
        number = self._names.get(name)
        if number is None:
            number = self._names[name] = len(self._texts)
            self._texts.append(name)
            self._orders[number] = []
        return number

    def _order(self, session: int) -> list[tuple[int, int]]:
        """Places and rows of a session's turns, in order; looked up when it is first needed."""
        order = self._orders.get(session)
        if order is None:
            rows = np.flatnonzero(self._of == session)
            order = self._orders[session] = sorted(zip(self._places[rows].tolist(), rows.tolist(), strict=True))
        return order

    def _leave(self, row: int, touched: dict[int, list[int]]) -> None:
        session, place = int(self._of[row]), int(self._places[row])
        if session:
            order = self._order(session)
            del order[bisect_left(order, (place, row))]
            self._of[row] = self._places[row] = 0
            touched.setdefault(session, []).append(place)

    def _mend(self, touched: dict[int, list[int]]) -> None:
        """Whoever stands within reach of a change has other neighbours, and other windows."""
        for session, places in touched.items():
            order = self._order(session)
            if not order:
                continue
            first = max(0, bisect_left(order, (min(places), -1)) - _REACH)
            last = min(len(order), bisect_left(order, (max(places) + 1, -1)) + _REACH)
            # Their windows reach others, whose own windows are as they were.
            start, stop = max(0, first - _REACH), min(len(order), last + _REACH)
            run = np.array([row for _, row in order[start:stop]], dtype=np.intp)
            self._link(run, first - start, last - start)

    def _link(self, run: Places, first: int, last: int) -> None:
        """Tell rows of a run who their neighbours are, and measure their windows."""
        ends = np.full(_REACH, _NOBODY, np.intp)
        padded = np.concatenate((ends, run, ends))
        inner = run[first:last]
        for step in range(1, _REACH + 1):
            before, after = first + _REACH - step, first + _REACH + step
            self._near[2 * step - 2, inner] = padded[before : before + len(inner)]
            self._near[2 * step - 1, inner] = padded[after : after + len(inner)]
        vectors = self._vectors(padded)
        total = vectors[first + _REACH : last + _REACH].copy()
        for radius in RADII:
            if radius:
                before, after = first + _REACH - radius, first + _REACH + radius
                total += vectors[before : before + len(inner)]
                total += vectors[after : after + len(inner)]
            self._shares[radius, inner] = _shares(total)

    # -- keeping

    def stored(self, count: int) -> tuple[list[str], dict[str, NDArray[Any]]]:
        """What the first rows are known by: the names of the sessions that have turns, and arrays."""
        used = in_use(self._of[:count])
        arrays: dict[str, NDArray[Any]] = {
            "near": self._near[:, :count].astype(np.int32),
            "shares": self._shares[:, :count].copy(),
            "session": np.searchsorted(used, self._of[:count]).astype(np.int32),
            "place": self._places[:count].copy(),
        }
        return [self._texts[number] for number in used.tolist()[1:]], arrays

    def restore(self, names: Sequence[str], found: Mapping[str, NDArray[Any]]) -> None:
        """Take up what was stored."""
        self._near, self._shares = found["near"].astype(np.intp), found["shares"]
        self._of, self._places = found["session"], found["place"]
        self._texts = ["", *names]
        self._names = {name: number for number, name in enumerate(self._texts) if number}
        self._orders = {}

    # -- asking

    def turn_of(self, row: int) -> tuple[str, int] | None:
        """Session and place of a row that is a turn of one."""
        session = int(self._of[row])
        return (self._texts[session], int(self._places[row])) if session else None

    def windows(self, dots: Floats, radii: Sequence[int]) -> Floats:
        """Cosines of the windows of all rows, from the dot products of all rows and a zero after the last."""
        count = len(dots) - 1
        # Wrapped round, -1 is the last one; and nothing is spent on looking for numbers that are none.
        beside = dots.take(self._near[: 2 * max(radii), :count], mode="wrap")
        return _summed(dots[:count], beside, self._shares[:, :count], radii)

    def around(self, rows: Places, radii: Sequence[int]) -> Places:
        """Whose dot products the windows of some rows need: their own, then their neighbours', a line each."""
        reach = max(radii)
        return np.concatenate((rows[None], self._near[: 2 * reach].take(rows, axis=1))) if reach else rows[None]

    def among(self, rows: Places, dots: Floats, radii: Sequence[int]) -> Floats:
        """Cosines of the windows of some rows, from the dot products of all that `around` says.

        Or the windows' vectors, of length 1, from the vectors of all that `around` says.
        """
        return _summed(dots[0], dots[1:], self._shares.take(rows, axis=1), radii)


def _summed(own: Floats, beside: Floats, shares: Floats, radii: Sequence[int]) -> Floats:
    """What stands in the windows, taken together and times their shares."""
    found = np.empty((max(radii) + 1, *own.shape), np.float32)
    found[0] = own
    if len(found) > 1:
        np.add(beside[::2], beside[1::2], out=found[1:])
        np.add.accumulate(found, axis=0, out=found)
    found *= shares[: len(found)].reshape(len(found), len(own), *[1] * (own.ndim - 1))
    return found if len(radii) == len(found) else found[list(radii)]


def _shares(vectors: Floats) -> Floats:
    """What to multiply with in the place of dividing by the vectors' lengths; 0 for those that have none."""
    lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
    shares: Floats = np.divide(np.float32(1), lengths, out=np.zeros_like(lengths), where=lengths > 0)
    return shares
