"""Checks that every workload uses: an answer is what it should be, or the run is void."""

from __future__ import annotations

from collections.abc import Iterable

from .harness import WrongAnswer

__all__ = ["check_dense", "check_same"]


def check_same(what: str, found: object, expected: object) -> None:
    """Compare an answer with what it should be.

    Raises:
        WrongAnswer: it differs.
    """
    if found != expected:
        message = f"{what}: {found!r:.200}, and not {expected!r:.200}"
        raise WrongAnswer(message)


def check_dense(what: str, positions: Iterable[int]) -> None:
    """Make sure that positions are 1, 2, 3, …, each exactly once, in whatever order.

    Raises:
        WrongAnswer: one is missing or there twice.
    """
    found = sorted(positions)
    check_same(f"{what}: number of different positions", len(set(found)), len(found))
    if found:
        check_same(f"{what}: first and last position", (found[0], found[-1]), (1, len(found)))
