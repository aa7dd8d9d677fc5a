"""Ranked: which memories answer a question, before anybody has looked at what they say. Needs nothing but attrs."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

__all__ = ["Ranked"]


@attrs.frozen
class Ranked:
    """Memories, the best first.

    Attributes:
        ids: which.
        scores: what each is worth.
        changed: position of the event that last changed each, as far as is known.
        parts: for each, what every signal gives to its score, if that was asked for.
    """

    ids: tuple[str, ...]
    scores: tuple[float, ...]
    changed: tuple[int, ...]
    parts: tuple[Mapping[str, float], ...] = ()
