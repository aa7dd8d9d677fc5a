"""What one message of a chat becomes: its text, its speaker, its time, its metadata."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remanence.transcripts import BadLine, Turn, parse

CALL = {"id": "c1", "type": "function", "function": {"name": "get_weather", "arguments": '{"city": "Oban"}'}}


def read(*messages: Any) -> list[Turn | BadLine]:
    """What a list of these messages reads as."""
    return list(parse(json.dumps(messages).encode()))


def turn(**message: object) -> Turn:
    """The one turn of one message."""
    [item] = read({"role": "user", "content": "hello", **message})
    assert isinstance(item, Turn), item
    return item


def fault(**message: object) -> str:
    """What is wrong with one message."""
    [item] = read({"role": "user", "content": "hello", **message})
    assert isinstance(item, BadLine), item
    return item.reason


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("  as it is\n", "  as it is\n"),
        (["one", {"type": "text", "text": "two"}], "one\ntwo"),
        (
            [{"type": "input_text", "text": "a"}, {"type": "output_text", "text": "b"}, {"type": "text", "text": ""}],
            "a\nb",
        ),
        (
            [{"type": "text", "text": "Look:"}, {"type": "image_url", "image_url": {"url": "https://x"}}],
            "Look:\n[image]",
        ),
        ([{"type": "input_audio"}, {"type": "file"}, {"type": "hologram"}], "[audio]\n[file]\n[hologram]"),
        ([{"type": "refusal", "refusal": "I'd rather not."}], "I'd rather not."),
        ([{"type": "tool_use", "id": "t", "name": "look", "input": {"at": "é"}}], '[called look with {"at": "é"}]'),
        (
            [{"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "7"}]}],
            "[result of a tool] 7",
        ),
        ([{"type": "tool_result", "content": "7"}], "[result of a tool] 7"),
    ],
)
def test_content_is_one_text(content: object, text: str) -> None:
    """Text stays as it is written, parts stand on lines of their own, and what is not text is named."""
    assert turn(content=content).text == text


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ({"content": None, "tool_calls": [CALL]}, '[called get_weather with {"city": "Oban"}]'),
        ({"content": "", "tool_calls": [CALL]}, '[called get_weather with {"city": "Oban"}]'),
        (
            {"content": "Let me see.", "tool_calls": [CALL, {"function": {"name": "now", "arguments": "{}"}}]},
            'Let me see.\n[called get_weather with {"city": "Oban"}]\n[called now]',
        ),
        (
            {"content": None, "tool_calls": [{"type": "custom", "custom": {"name": "sh", "input": "ls"}}]},
            "[called sh with ls]",
        ),
        ({"content": None, "function_call": {"name": "add", "arguments": {"a": 1}}}, '[called add with {"a": 1}]'),
        ({"content": None, "refusal": "No."}, "No."),
    ],
)
def test_calls_of_tools_can_be_read(message: dict[str, object], text: str) -> None:
    """A call becomes the name of the tool and its arguments, after whatever else the message says."""
    assert turn(**{"role": "assistant", **message}).text == text


def test_results_of_tools_name_the_tool() -> None:
    """A result says which tool it comes from: by its own name, by the call in the same list, or not at all."""
    results = read(
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "c1", "content": "12 °C"},
        {"role": "tool", "tool_call_id": "c9", "content": "?"},
        {"role": "function", "name": "add", "content": "3"},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c1", "content": "13 °C"}]},
    )
    told = [(item.speaker, item.text, item.metadata) for item in results if isinstance(item, Turn)]
    assert told[1:] == [
        ("tool", "[result of get_weather] 12 °C", {"tool_call_id": "c1"}),
        ("tool", "[result of a tool] ?", {"tool_call_id": "c9"}),
        ("add", "[result of add] 3", {}),
        ("user", "[result of get_weather] 13 °C", {}),
    ]


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ({"content": None}, '"content" is null and no tool is called'),
        ({"content": None, "tool_calls": []}, '"content" is null and no tool is called'),
        ({"content": ""}, "the text is empty"),
        ({"content": " \n\t"}, "the text is empty"),
        ({"content": []}, "the text is empty"),
        ({"content": 5}, '"content" is a number, not text or a list of parts'),
        ({"content": {"type": "text"}}, '"content" is an object, not text or a list of parts'),
        ({"content": [5]}, 'a part of "content" is a number, not an object'),
        ({"content": [{"text": "x"}]}, 'a part of "content" doesn\'t say its type'),
        ({"content": [{"type": "a b\n"}]}, 'a part of "content" doesn\'t say its type'),
        ({"content": [{"type": "text"}]}, '"text" is null, not text'),
        ({"content": "x" * ((1 << 20) + 1)}, "the text has more than 1,048,576 bytes"),
        ({"tool_calls": {}}, '"tool_calls" is an object, not a list'),
        ({"tool_calls": [5]}, "a tool call doesn't name its function"),
        ({"tool_calls": [{"function": {"name": " "}}]}, "a tool call doesn't name its function"),
        ({"function_call": "add"}, "a tool call doesn't name its function"),
        ({"refusal": 1}, '"refusal" is a number, not text'),
        ({"role": None}, 'nobody says it: there is no "role", "name" or "speaker"'),
        ({"role": ""}, '"role" is empty'),
        ({"role": 1}, '"role" is a number, not text'),
        ({"name": "A\0"}, '"name" holds a NUL character'),
        ({"metadata": "x"}, '"metadata" is text, not an object'),
        ({"metadata": {"x": [1]}}, '"x" of "metadata" is a list; metadata is text, numbers, true and false'),
        ({"metadata": {"": 1}}, 'a key of "metadata" is empty'),
        ({"tool_call_id": 5}, '"tool_call_id" is a number, not text'),
    ],
)
def test_what_is_wrong_with_a_message_is_said(message: dict[str, object], reason: str) -> None:
    """Nothing is guessed: a message that says nothing, or in an unknown way, is a bad line that says which."""
    assert fault(**message) == reason


@pytest.mark.parametrize(
    ("message", "speaker", "role"),
    [
        ({}, "user", "user"),
        ({"name": "Ada"}, "Ada", "user"),
        ({"speaker": "Ada"}, "Ada", "user"),
        ({"name": None, "speaker": "Ada"}, "Ada", "user"),
        ({"name": "Ada", "speaker": "Ben"}, "Ada", "user"),
        ({"role": "Ben"}, "Ben", None),
        ({"role": None, "speaker": "Ben"}, "Ben", None),
        ({"role": "developer"}, "developer", "developer"),
    ],
)
def test_who_says_it(message: dict[str, object], speaker: str, role: str | None) -> None:
    """The speaker is who is named, or the role; and only the roles that chat interfaces know are roles."""
    told = turn(**message)
    assert (told.speaker, told.role) == (speaker, role)


def test_synonyms_and_strange_keys() -> None:
    """The words that other logs use are understood, and what nobody said is passed over."""
    [told] = read(
        {"speaker": "Ada", "text": "Hi.", "created_at": 0, "session_id": "s", "model": "m", "usage": {"n": [1]}}
    )
    assert told == Turn(1, None, "s", 1, "Ada", None, "Hi.", datetime(1970, 1, 1, tzinfo=UTC), {})


def test_metadata_is_text() -> None:
    """Scalars are kept as JSON writes them, text as it is; null is nothing."""
    given_ = {"a": "b", "n": 3, "f": 0.5, "t": True, "nothing": None}
    assert turn(metadata=given_).metadata == {"a": "b", "n": "3", "f": "0.5", "t": "true"}


@pytest.mark.parametrize("key", ["time", "timestamp", "created_at"])
@pytest.mark.parametrize(
    "value",
    [
        "2023-05-08T13:56:00Z",
        "2023-05-08T15:56:00+02:00",
        "2023-05-08 13:56:00+00:00",
        "20230508T135600Z",
        1683554160,
        1683554160.0,
    ],
)
def test_times_are_one_instant(key: str, value: object) -> None:
    """ISO 8601 with any offset and unix seconds, under any of their names, mean the same instant, told in UTC."""
    said_at = turn(**{key: value}).said_at
    assert said_at is not None
    assert said_at == datetime(2023, 5, 8, 13, 56, tzinfo=UTC)
    assert said_at.tzinfo is UTC


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (
            "2023-05-08T13:56:00",
            "doesn't say its offset from UTC; write 2023-05-08T13:56:00Z or 2023-05-08T13:56:00+02:00",
        ),
        ("2023-05-08", "doesn't say its offset from UTC; write 2023-05-08T00:00:00Z"),
        ("yesterday", "is not ISO 8601; write it like 2023-05-08T13:56:00+02:00"),
        ("", "is not ISO 8601"),
        ("2023-05-08T13:56:00.\ud800", "half of a surrogate pair"),
        (True, "the time is true or false; write ISO 8601"),
        ([2023], "the time is a list"),
        (1683554160000, "is no unix time in seconds; divide milliseconds by 1000"),
        (10**3000, "is no unix time in seconds"),
        (-1e300, "is no unix time in seconds"),
        ("0001-01-01T00:00:00+23:59", "lies beyond the calendar"),
        ("0800-12-25T12:00:00Z", "lies outside the years 1700 to 2199"),
        (1e10, "lies outside the years 1700 to 2199"),
    ],
)
def test_a_time_that_is_not_plain_is_refused(value: object, reason: str) -> None:
    """A time without an offset, in another unit or beyond storing is refused, and the text says what to write."""
    assert reason in fault(time=value)


@given(st.datetimes(datetime(1700, 1, 2), datetime(2199, 12, 30), timezones=st.timezones()))  # noqa: DTZ001 - hypothesis adds the zone
def test_every_aware_time_comes_back(moment: datetime) -> None:
    """What `isoformat` writes of an aware datetime is read as the same instant."""
    assert turn(time=moment.isoformat()).said_at == moment.astimezone(
        UTC
    )  # zones apart, an hour told twice equals none
