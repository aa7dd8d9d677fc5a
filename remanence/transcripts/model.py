"""What a transcript is read into, and the limits that hold in every format. No format is known here."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from enum import StrEnum
from typing import Final

import attrs

__all__ = ["LABEL_CHARACTERS_MAX", "TEXT_BYTES_MAX", "BadLine", "Fault", "Format", "Origin", "Places", "Turn"]

LABEL_CHARACTERS_MAX: Final = 200
"""Names of speakers, sessions and conversations: they are read by people and become parts of keys."""
TEXT_BYTES_MAX: Final = 1 << 20
"""A line, or the text of a message: a whole novel is about 1 MiB, so nothing that was said in one breath is longer."""


class Format(StrEnum):
    """The formats of transcripts.

    Attributes:
        JSONL: JSON lines; each line a message, or an object whose `messages` are a session.
        MESSAGES: one JSON document, a list of messages as chat interfaces take it, or an object that holds one.
        LOCOMO: one sample of the LoCoMo data set, or a list of them (github.com/snap-research/locomo).
    """

    JSONL = "jsonl"
    MESSAGES = "messages"
    LOCOMO = "locomo"


@attrs.frozen
class Turn:
    """Something that one speaker said at one place of a session.

    Attributes:
        line: line of the file it stands on, from 1; in a JSON document the number of the message.
        conversation: what the file calls the conversation that the session belongs to, or None. Part of a scope, so it
            holds no slash.
        session: name of the session.
        place: its place in the session, from 1; turns that could not be read have theirs, so numbers may be missing.
        speaker: name of who said it, or the role if no name is given.
        role: `system`, `developer`, `user`, `assistant`, `tool` or `function`, or None.
        text: what was said; never blank.
        said_at: when, in UTC, or None.
        metadata: what else the file says of it.
    """

    line: int
    conversation: str | None
    session: str
    place: int
    speaker: str
    role: str | None
    text: str
    said_at: datetime | None
    metadata: dict[str, str]


@attrs.frozen
class BadLine:
    """A line, or a message of a document, that is not a turn.

    Attributes:
        line: as in `Turn`.
        reason: one sentence that names what is wrong.
    """

    line: int
    reason: str


class Fault(Exception):
    """What is wrong with one message; it is caught where that is read and given out as a `BadLine`."""


@attrs.frozen
class Origin:
    """Where a turn belongs: a session, of a conversation if the file names one."""

    conversation: str | None
    session: str


class Places:
    """Hands out the places of each session, in the order in which they are taken."""

    def __init__(self) -> None:
        self._taken: Counter[Origin] = Counter()

    def take(self, origin: Origin) -> int:
        """The next place of this session, from 1."""
        self._taken[origin] += 1
        return self._taken[origin]
