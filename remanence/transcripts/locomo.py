"""LoCoMo samples (Maharana et al. 2024, github.com/snap-research/locomo, data/locomo10.json): long talks of two people.

    sample          sample_id, conversation; questions and summaries are passed over
    conversation    session_1, session_2, …, each a list of turns, and session_1_date_time, …
    turn            speaker, dia_id ("D3:11": turn 11 of session 3), text, and for a shared image blip_caption and query

The sample is the conversation and `session_3` the session. Dates carry no zone and are taken as UTC. Lines are counted
in turns, over the whole file; something bad that would hold turns counts as one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from typing import Final

from .labels import label, scope_part
from .model import TEXT_BYTES_MAX, BadLine, Fault, Origin, Turn
from .strict_json import Flaw, Json, bare, kind, refuse_flaws
from .times import plausible

__all__ = ["looks_like_locomo", "read"]

_MONTH_NAMES: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
"""Spelt out: `strptime` reads names of months in the language of the machine."""
_MONTHS: Final = {month.lower(): number for number, month in enumerate(_MONTH_NAMES, 1)}
_NOON: Final = 12
_NO_DATE: Final = "its date_time is not a time like 1:56 pm on 8 May, 2023"
_date = re.compile(r"(\d{1,2}):(\d{2}) ?([ap])m on (\d{1,2}) ([a-z]+),? (\d{4})", re.IGNORECASE | re.ASCII)
_session = re.compile(r"session_(\d{1,6})", re.ASCII)
_turn_id = re.compile(r"D\d{1,6}:(\d{1,6})", re.ASCII)


def looks_like_locomo(document: Json) -> bool:
    """Whether this is a sample, or a list with at least one."""
    for sample in document if isinstance(document, list) else [document]:
        fields = bare(sample)
        sessions = bare(fields.get("conversation")) if isinstance(fields, dict) else None
        if isinstance(sessions, dict) and any(map(_session.fullmatch, sessions)):
            return True
    return False


def read(document: Json) -> Iterator[Turn | BadLine]:
    """Read every turn of every sample."""
    samples = document if isinstance(document, list) else [document]
    lines, seen = count(1), set[tuple[Origin, int]]()
    for number, sample in enumerate(samples, 1):
        try:
            conversation, sessions = _open_sample(sample, is_alone=len(samples) == 1)
        except Fault as fault:
            yield BadLine(next(lines), f"sample {number}: {fault}")
            continue
        for session in sorted(filter(_session.fullmatch, sessions), key=lambda name: (int(name[8:]), name)):
            turns = sessions[session]
            for turn in turns if isinstance(turns, list) else [Flaw(f"it is {kind(turns)}, not a list of turns")]:
                line = next(lines)
                try:
                    yield _read_turn(turn, line, Origin(conversation, session), sessions, seen)
                except Fault as fault:
                    yield BadLine(line, f"{session} of sample {number}: {fault}")


def _open_sample(sample: Json, *, is_alone: bool) -> tuple[str | None, dict[str, Json]]:
    """The name of a sample, which only a single one can do without, and its sessions."""
    if isinstance(sample, Flaw):
        raise Fault(sample.reason)
    sessions = sample.get("conversation") if isinstance(sample, dict) else None
    if isinstance(sessions, Flaw):
        raise Fault(sessions.reason)
    if not isinstance(sample, dict) or not isinstance(sessions, dict):
        raise Fault('it has no "conversation"')
    conversation = scope_part(sample, "sample_id")
    if conversation is None and not is_alone:
        raise Fault('it has no "sample_id"')
    if not any(map(_session.fullmatch, sessions)):
        raise Fault('its "conversation" has no sessions')
    return conversation, sessions


def _read_turn(turn: Json, line: int, origin: Origin, sessions: dict[str, Json], seen: set[tuple[Origin, int]]) -> Turn:
    refuse_flaws(turn)
    if not isinstance(turn, dict):
        raise Fault(f"a turn is an object, not {kind(turn)}")
    turn_id, place = _place(turn)
    if (origin, place) in seen:
        raise Fault(f"a turn with the place of {turn_id} was there before")
    seen.add((origin, place))
    speaker = label(turn, "speaker")
    if speaker is None:
        raise Fault(f'{turn_id} has no "speaker"')
    query = _text(turn, "query")
    return Turn(
        line=line,
        conversation=origin.conversation,
        session=origin.session,
        place=place,
        speaker=speaker,
        role=None,
        text=_said(turn),
        said_at=_read_date(sessions.get(f"{origin.session}_date_time")),
        metadata={"dia_id": turn_id, "image_query": query} if query else {"dia_id": turn_id},
    )


def _place(turn: dict[str, Json]) -> tuple[str, int]:
    turn_id = turn.get("dia_id")
    found = _turn_id.fullmatch(turn_id) if isinstance(turn_id, str) else None
    if found is None or int(found[1]) == 0:
        raise Fault('"dia_id" is not an id like D3:11')
    return found[0], int(found[1])


def _said(turn: dict[str, Json]) -> str:
    caption = _text(turn, "blip_caption")
    said = " ".join(filter(None, (_text(turn, "text"), f"(shared {caption})" if caption else "")))
    if not said.strip():
        raise Fault("the text is empty")
    if len(said.encode()) > TEXT_BYTES_MAX:
        raise Fault(f"the text has more than {TEXT_BYTES_MAX:,} bytes")
    return said


def _text(turn: dict[str, Json], key: str) -> str:
    value = turn.get(key)
    if value is not None and not isinstance(value, str):
        raise Fault(f'"{key}" is {kind(value)}, not text')
    return value or ""


def _read_date(value: Json) -> datetime | None:
    if value is None:
        return None
    found = _date.fullmatch(value.strip()) if isinstance(value, str) else None
    month = _MONTHS.get(found[5].lower()) if found else None
    if found is None or month is None or not 1 <= int(found[1]) <= _NOON:
        raise Fault(_NO_DATE)
    hour = int(found[1]) % _NOON + (_NOON if found[3] in "pP" else 0)
    try:
        moment = datetime(int(found[6]), month, int(found[4]), hour, int(found[2]), tzinfo=UTC)
    except ValueError:
        raise Fault(_NO_DATE) from None
    return plausible(moment)
