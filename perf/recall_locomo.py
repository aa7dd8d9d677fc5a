"""LoCoMo: long conversations between two people, with questions and the turns that hold the answers.

The file is the data set's own JSON. A turn that shares a picture says so; a question's evidence is put in order, and a
question that is left without any isn't asked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import attrs

__all__ = ["KINDS", "Conversation", "Question", "Turn", "conversations"]

KINDS: Final = {1: "multi-hop", 2: "temporal", 3: "open-domain", 4: "single-hop", 5: "adversarial"}
SAID_AT: Final = "%I:%M %p on %d %B, %Y"
_EVIDENCE: Final = re.compile(r"D:?(\d+):(\d+)")
_SESSION: Final = re.compile(r"session_(\d+)")


@attrs.frozen
class Turn:
    """What somebody said.

    Attributes:
        name: its name in the conversation, as "D3:11".
        session: the session that it is of.
        place: its place there, from 1.
        speaker: who said it.
        text: what was said, and what was shared with it.
        said_at: when the session began; the data names no zone, it is taken as UTC.
    """

    name: str
    session: str
    place: int
    speaker: str
    text: str
    said_at: datetime


@attrs.frozen
class Question:
    """A question, the names of the turns that answer it, and its kind (`KINDS`)."""

    text: str
    answers: frozenset[str]
    kind: str


@attrs.frozen
class Conversation:
    """A conversation in order, and the questions that can be answered from it."""

    name: str
    turns: Sequence[Turn]
    questions: Sequence[Question]


def conversations(path: Path) -> list[Conversation]:
    """The conversations of a file.

    Raises:
        OSError: it can't be read.
        ValueError: it isn't LoCoMo's.
    """
    samples = json.loads(path.read_bytes())
    try:
        return [_conversation(sample) for sample in samples]
    except (KeyError, TypeError) as error:
        message = f"{path} is not LoCoMo's JSON: {error!r}"
        raise ValueError(message) from error


def _conversation(sample: Mapping[str, Any]) -> Conversation:
    told: Mapping[str, Any] = sample["conversation"]
    sessions = sorted(filter(_SESSION.fullmatch, told), key=_number)
    turns = [
        Turn(turn["dia_id"], session, place, turn["speaker"], _said(turn), _date(told[f"{session}_date_time"]))
        for session in sessions
        for place, turn in enumerate(told[session], 1)
    ]
    return Conversation(sample["sample_id"], turns, list(_questions(sample["qa"], {turn.name for turn in turns})))


def _date(text: str) -> datetime:
    return datetime.strptime(text, SAID_AT).replace(tzinfo=UTC)


def _number(session: str) -> int:
    return int(session.removeprefix("session_"))


def _said(turn: Mapping[str, str]) -> str:
    return turn["text"] + (f" and shared {turn['blip_caption']}" if turn.get("blip_caption") else "")


def _questions(asked: Sequence[Mapping[str, Any]], there: set[str]) -> Iterator[Question]:
    """Questions with evidence that is there; several turns may stand in one text."""
    for question in asked:
        evidence: Sequence[str] = question.get("evidence") or []
        named = {f"D{int(one)}:{int(two)}" for each in evidence for one, two in _EVIDENCE.findall(each)}
        if answers := frozenset(named & there):
            yield Question(question["question"], answers, KINDS[question["category"]])
