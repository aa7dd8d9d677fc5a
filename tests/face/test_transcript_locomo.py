"""LoCoMo: samples of long talks to turns, as the data set has them and as damage leaves them."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

from remanence.transcripts import BadLine, Turn, parse

BESIDE: Final = Path(__file__).parents[3] / "shared" / "data" / "locomo-dev.json"
LOCOMO: Final = Path(os.environ.get("REMANENCE_LOCOMO", BESIDE))
"""A file of the LoCoMo data set, which has a licence of its own and is not part of this repository."""

SESSIONS: Final[dict[str, object]] = {
    "speaker_a": "Ada",
    "speaker_b": "Ben",
    "session_2_date_time": "12:05 am on 1 March, 2024",
    "session_2": [
        {"speaker": "Ben", "dia_id": "D2:1", "text": "Back from the lake."},
        {"speaker": "Ada", "dia_id": "D2:2", "text": "Look!", "blip_caption": "a heron", "query": "grey heron"},
    ],
    "session_1_date_time": "12:30 pm on 29 February, 2024",
    "session_1": [
        {"speaker": "Ada", "dia_id": "D1:1", "text": "Are you off to the lake?"},
        {"speaker": "Ben", "dia_id": "D1:3", "text": "", "blip_caption": "a packed canoe", "img_url": ["x"]},
    ],
    "session_3_date_time": "9:00 am on 2 March, 2024",
}
TALK: Final[dict[str, object]] = {
    "sample_id": "talk-7",
    "conversation": SESSIONS,
    "qa": [{"question": "Where did Ben go?", "evidence": ["D1:1"]}],
}


def read(document: object) -> tuple[list[Turn], dict[int, str]]:
    """The turns of a document, and what is wrong with the rest."""
    items = list(parse(json.dumps(document).encode()))
    bad = {item.line: item.reason for item in items if isinstance(item, BadLine)}
    return [item for item in items if isinstance(item, Turn)], bad


@pytest.mark.parametrize("sample", [TALK, [TALK]])
def test_locomo_turns_are_dated_and_placed(sample: object) -> None:
    """A turn has the place of its id, the date of its session, and what was shared stands in its text."""
    first, second = datetime(2024, 2, 29, 12, 30, tzinfo=UTC), datetime(2024, 3, 1, 0, 5, tzinfo=UTC)
    assert read(sample)[0] == [
        Turn(1, "talk-7", "session_1", 1, "Ada", None, "Are you off to the lake?", first, {"dia_id": "D1:1"}),
        Turn(2, "talk-7", "session_1", 3, "Ben", None, "(shared a packed canoe)", first, {"dia_id": "D1:3"}),
        Turn(3, "talk-7", "session_2", 1, "Ben", None, "Back from the lake.", second, {"dia_id": "D2:1"}),
        Turn(
            *(4, "talk-7", "session_2", 2, "Ada", None, "Look! (shared a heron)", second),
            {"dia_id": "D2:2", "image_query": "grey heron"},
        ),
    ]


def test_locomo_sessions_come_in_the_order_of_their_numbers() -> None:
    """Session 10 follows session 9, wherever they stand in the file."""
    sessions = {f"session_{n}": [{"speaker": "A", "dia_id": f"D{n}:1", "text": "x"}] for n in (10, 2, 9, 1)}
    turns, _ = read({"conversation": sessions})
    assert [turn.session for turn in turns] == ["session_1", "session_2", "session_9", "session_10"]
    assert {turn.conversation for turn in turns} == {None}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"dia_id": "3"}, '"dia_id" is not an id like D3:11'),
        ({"dia_id": "D1:0"}, '"dia_id" is not an id like D3:11'),
        ({"dia_id": None}, '"dia_id" is not an id like D3:11'),
        ({"dia_id": "D1:1"}, "a turn with the place of D1:1 was there before"),
        ({"speaker": None}, 'D1:2 has no "speaker"'),
        ({"speaker": 5}, '"speaker" is a number, not text'),
        ({"text": " "}, "the text is empty"),
        ({"text": ["a"]}, '"text" is a list, not text'),
        ({"text": "x" * (1 << 20) + "y"}, "the text has more than 1,048,576 bytes"),
        ({"blip_caption": 1}, '"blip_caption" is a number, not text'),
        ({"query": {}}, '"query" is an object, not text'),
        ({"more": float("nan")}, "NaN is no number of JSON"),
    ],
)
def test_a_bad_locomo_turn_is_passed_over(change: dict[str, object], reason: str) -> None:
    """What is wrong with one turn is said with its session and its number among all turns."""
    session: list[dict[str, object]] = [
        {"speaker": "A", "dia_id": f"D1:{place}", "text": f"{place}."} for place in (1, 2, 3)
    ]
    session[1] |= change
    turns, bad = read({"sample_id": "s", "conversation": {"session_1": session}})
    assert [turn.place for turn in turns] == [1, 3]
    assert bad == {2: f"session_1 of sample 1: {reason}"}


@pytest.mark.parametrize(
    "date",
    [
        "yesterday",
        "13:56 on 8 May, 2023",
        "0:10 am on 8 May, 2023",
        "1:56 pm on 31 June, 2023",
        "1:56 pm on 8 Floréal, 2023",
        5,
    ],
)
def test_a_locomo_date_that_is_none_spoils_its_session_alone(date: object) -> None:
    """Turns whose date can't be read are bad lines, not undated turns; those of other sessions are untouched."""
    turns, bad = read({"sample_id": "s", "conversation": {**SESSIONS, "session_1_date_time": date}})
    assert set(bad) == {1, 2}
    assert all("date_time is not a time like 1:56 pm" in reason for reason in bad.values())
    assert [turn.session for turn in turns] == ["session_2", "session_2"]


def test_a_locomo_date_beyond_storing_is_refused() -> None:
    """A date that reads well is still held to the years in which anything can have been said."""
    turns, bad = read({"conversation": {**SESSIONS, "session_2_date_time": "1:00 pm on 1 May, 9999"}})
    assert [turn.session for turn in turns] == ["session_1", "session_1"]
    assert "lies outside the years 1700 to 2199" in bad[3]


def test_an_undated_locomo_session_is_read() -> None:
    """A session without a date gives turns without one."""
    turns, bad = read({"conversation": {"session_4": SESSIONS["session_1"]}})
    assert [turn.said_at for turn in turns] == [None, None]
    assert not bad


def test_a_bad_locomo_sample_is_passed_over() -> None:
    """A sample that has no name among others, no conversation or a list of something else is one bad line."""
    turns, bad = read(
        [
            {"conversation": SESSIONS},
            {},
            TALK,
            {"sample_id": "strange", "conversation": {"session_1": "none", "session_2": [5]}},
            {"sample_id": "empty", "conversation": {"speaker_a": "A"}},
            {"sample_id": "a/b", "conversation": SESSIONS},
        ]
    )
    assert len(turns) == 4
    assert bad == {
        1: 'sample 1: it has no "sample_id"',
        2: 'sample 2: it has no "conversation"',
        7: "session_1 of sample 4: it is text, not a list of turns",
        8: "session_2 of sample 4: a turn is an object, not a number",
        9: 'sample 5: its "conversation" has no sessions',
        10: 'sample 6: "sample_id" holds a slash, which would part the scope',
    }


def test_a_locomo_sample_counts_once() -> None:
    """Two samples of one name can't both be it: the turns of the second are refused, not mixed with the first's."""
    turns, bad = read([TALK, TALK])
    assert len(turns) == 4
    assert [reason.partition(": ")[2] for reason in bad.values()] == [
        f"a turn with the place of {turn_id} was there before" for turn_id in ("D1:1", "D1:3", "D2:1", "D2:2")
    ]


def test_equal_keys_spoil_what_holds_them_alone() -> None:
    """A sample, a conversation or a turn with a key twice is refused as that; it is still known to be LoCoMo."""
    sample = json.dumps({"sample_id": "s", "conversation": {"session_1": SESSIONS["session_1"]}})
    for twice in ('"sample_id": "s"', '"session_1": [', '"speaker": "Ada"'):
        spoilt = sample.replace(twice, f'"{twice.split(chr(34))[1]}": 0, {twice}')
        items = list(parse(f"[{spoilt}, {json.dumps(TALK)}]".encode()))
        first, *rest = [item for item in items if isinstance(item, BadLine)]
        assert first.line == 1
        assert first.reason.endswith("stands twice in one object")
        assert not rest
        assert sum(isinstance(item, Turn) and item.conversation == "talk-7" for item in items) == 4


def _turns_of(held: list[dict[str, str]] | str) -> list[dict[str, str]]:
    return held if isinstance(held, list) else []


@pytest.mark.skipif(not LOCOMO.exists(), reason="the LoCoMo data set is not here; REMANENCE_LOCOMO names its file")
def test_every_turn_of_locomo_is_read() -> None:
    """On the real data nothing is bad, each turn is dated, and its id says where it stands."""
    samples = json.loads(LOCOMO.read_bytes())
    ids = [turn["dia_id"] for one in samples for held in one["conversation"].values() for turn in _turns_of(held)]
    turns, bad = read(samples)
    assert not bad
    assert sorted(turn.metadata["dia_id"] for turn in turns) == sorted(ids)
    assert len({(turn.conversation, turn.session, turn.place) for turn in turns}) == len(ids)
    assert all(turn.said_at for turn in turns)
    assert all(turn.metadata["dia_id"] == f"D{turn.session[8:]}:{turn.place}" for turn in turns)
