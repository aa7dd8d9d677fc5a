"""Verdicts: the words in which a tagger says what a text is for, with what outcome, and whether it is worth keeping.

Stored in events for ever: one that is here stays. `cxd` and `quality` say when each is given; readers need these alone.
"""

from __future__ import annotations

from typing import Final

__all__ = ["CLASSES", "DOUBTFUL", "DUPLICATE", "GOOD", "JUNK", "QUALITIES", "SHORT", "STATES"]

CLASSES: Final[tuple[str, ...]] = ("control", "context", "data")
STATES: Final[tuple[str, ...]] = ("+", "-", "~", "?")
SHORT: Final = "short"
DUPLICATE: Final = "duplicate"
JUNK: Final = "junk"
DOUBTFUL: Final = "doubtful"
GOOD: Final = "good"
QUALITIES: Final = (GOOD, DOUBTFUL, SHORT, DUPLICATE, JUNK)
