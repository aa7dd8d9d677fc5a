"""Batches: which changes are decided together, and which batches may be decided at once. Pure.

Two changes conflict when one could see what the other does: they are about one concept, or could meet in one cluster. A
batch begins with the oldest change that is left and takes in what is within some steps of conflict of it, so that a
flood of news about one thing is decided in one go. A change never overtakes one that it conflicts with: it is left for
a later batch together with it. So batches of one wave share nothing and could be decided in any order, or at once;
waves come one after the other; and the outcome is that of taking every change in its turn.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from collections.abc import Set as AbstractSet
from typing import Final

__all__ = ["DEPTH_MAX", "waves"]

DEPTH_MAX: Final = 3
"""Steps of conflict from the change that a batch begins with."""


def waves(touched: Sequence[AbstractSet[Hashable]], depth_max: int = DEPTH_MAX) -> list[list[list[int]]]:
    """Waves of batches of changes, which are named by index.

    Args:
        touched: for each change, in order, what it could see or change; two that have one thing in common conflict.
        depth_max: how many steps of conflict a batch reaches.
    """
    left = list(range(len(touched)))
    found: list[list[list[int]]] = []
    while left:
        wave, left = _wave(left, touched, depth_max)
        found.append(wave)
    return found


def _wave(
    left: Sequence[int], touched: Sequence[AbstractSet[Hashable]], depth_max: int
) -> tuple[list[list[int]], list[int]]:
    """Batches without conflicts between them, and what waits for a later wave."""
    wave: list[list[int]] = []
    barred: set[Hashable] = set()  # touched by this wave's batches, or by what waits for a later one
    open_: list[int] = list(left)
    waiting: list[int] = []
    while open_:
        if not barred.isdisjoint(touched[open_[0]]):
            waiting.append(open_[0])
            barred |= touched[open_[0]]
            open_ = open_[1:]
            continue
        batch, rest = _batch(open_, touched, depth_max, barred)
        wave.append(batch)
        barred = barred.union(*(touched[index] for index in batch))
        open_ = rest
    return wave, sorted(waiting)


def _batch(
    open_: Sequence[int], touched: Sequence[AbstractSet[Hashable]], depth_max: int, barred: AbstractSet[Hashable]
) -> tuple[list[int], list[int]]:
    """The batch that begins with the first change, and the other changes."""
    near = _within(open_, touched, depth_max)
    batch: list[int] = []
    rest: list[int] = []
    passed: set[Hashable] = set(barred)
    for index in open_:
        if index in near and passed.isdisjoint(touched[index]):
            batch.append(index)
        else:
            rest.append(index)
            passed |= touched[index]
    return batch, rest


def _within(open_: Sequence[int], touched: Sequence[AbstractSet[Hashable]], depth_max: int) -> set[int]:
    """The changes within so many steps of conflict of the first one."""
    reached = {open_[0]}
    far = list(open_[1:])
    edge: AbstractSet[Hashable] = touched[open_[0]]
    for _ in range(depth_max):
        near = [index for index in far if not edge.isdisjoint(touched[index])]
        if not near:
            break
        reached.update(near)
        far = [index for index in far if index not in reached]
        edge = set[Hashable]().union(*(touched[index] for index in near))
    return reached
