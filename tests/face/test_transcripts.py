"""Transcripts: every format to turns, one bad line never stopping the rest, and nothing raised but `InvalidInput`."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import remanence
from remanence.core.errors import InvalidInput
from remanence.transcripts import BadLine, Format, Turn, parse

SAMPLE: Final = Path(remanence.__file__).with_name("data") / "conversation.jsonl"

Read = list[Turn | BadLine]


def line(content: str = "hello", **more: object) -> bytes:
    """One line of JSON lines."""
    return json.dumps({"role": "user", "content": content, **more}).encode()


def lines(*raw: bytes) -> Read:
    """What a file of these lines reads as."""
    return list(parse(b"\n".join(raw), format=Format.JSONL))


def reasons(read: Read) -> dict[int, str]:
    """The bad lines by number."""
    return {item.line: item.reason for item in read if isinstance(item, BadLine)}


def turns(read: Read) -> list[Turn]:
    """The good ones."""
    return [item for item in read if isinstance(item, Turn)]


def document(value: object) -> bytes:
    """A JSON document."""
    return json.dumps(value).encode()


# JSON lines


def test_a_line_is_a_turn() -> None:
    """Each line gives one turn, placed in the order of its session, with all that it says of itself."""
    read = lines(
        line("One.", name="Ada", time="2023-05-08T15:56:00+02:00", session="monday", metadata={"mood": "fine"}),
        line("Two.", session="tuesday"),
        line("Three.", session="monday", conversation="ada and ben"),
        line("Four.", session="monday"),
    )
    said_at = datetime(2023, 5, 8, 13, 56, tzinfo=UTC)
    assert read == [
        Turn(1, None, "monday", 1, "Ada", "user", "One.", said_at, {"mood": "fine"}),
        Turn(2, None, "tuesday", 1, "user", "user", "Two.", None, {}),
        Turn(3, "ada and ben", "monday", 1, "user", "user", "Three.", None, {}),
        Turn(4, None, "monday", 2, "user", "user", "Four.", None, {}),
    ]


def test_a_file_without_sessions_is_one() -> None:
    """Messages that name no session belong to one with the name of the file."""
    read = turns(list(parse(line() + b"\n" + line(), name="chat.jsonl")))
    assert [(turn.session, turn.place) for turn in read] == [("chat.jsonl", 1), ("chat.jsonl", 2)]


def test_a_line_of_messages_is_a_session() -> None:
    """In files made for fine-tuning each line is a session, named by it or by file and line."""
    pair = [{"role": "user", "content": "How high is it?"}, {"role": "assistant", "content": "966 m."}]
    raw = [document({"messages": pair}), document({"messages": [*pair, {"role": "user"}], "session": "ben nevis"})]
    read = list(parse(b"\n".join(raw), name="tune"))
    assert [(turn.line, turn.session, turn.place, turn.speaker) for turn in turns(read)] == [
        (1, "tune#1", 1, "user"),
        (1, "tune#1", 2, "assistant"),
        (2, "ben nevis", 1, "user"),
        (2, "ben nevis", 2, "assistant"),
    ]
    assert reasons(read) == {2: 'message 3: there is no "content"'}


@pytest.mark.parametrize("ending", [b"\n", b"\r\n", b"\n\n \t\n", b"\r\n\r\n"])
@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf", b"\n\n"])
def test_marks_and_blank_lines_say_nothing(start: bytes, ending: bytes) -> None:
    """A byte order mark, either kind of line end, blank lines and a missing last line end change no turn."""
    expected = [("a", 1), ("b", 2), ("c", 3)]
    for end in (b"", ending):
        read = list(parse(start + ending.join([line("a"), line("b"), line("c")]) + end))
        assert [(turn.text, turn.place) for turn in turns(read)] == expected
        assert len(read) == len(expected)


def test_lines_are_counted_as_an_editor_does() -> None:
    """Blank lines aren't read but have numbers; characters that only some call line ends have none."""
    read = lines(b"", line("a\u2028b"), b" ", line("c\x0bd"), b"oops")
    assert [item.line for item in read] == [2, 4, 5]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"oops", "it is not JSON: expecting value at column 1"),
        (b'{"role": "user" "content": "x"}', "it is not JSON: expecting ',' delimiter at column 17"),
        (line() + line(), "it is not JSON: extra data"),
        (b'{"role": "user", "content": "\xff"}', "byte 30 of the line is not UTF-8"),
        (b"[1, 2]", "a message is an object, not a list"),
        (b'"hello"', "a message is an object, not text"),
        (b"null", "a message is an object, not null"),
        (b'{"role": "user"}', 'there is no "content"'),
        (b'{"role": "user", "content": "a", "content": "b"}', 'the key "content" stands twice in one object'),
        (line(metadata={"\ud800": 1})[:-2] + b', "\\ud800": 2}}', 'the key "\\ud800" stands twice in one object'),
        (line(metadata={"x": float("nan")}), "NaN is no number of JSON"),
        (line(metadata={"x": float("-inf")}), "-Infinity is no number of JSON"),
        (line()[:-1] + b', "x": 1e999}', "the number 1e999 is too large"),
        (line()[:-1] + b', "x": ' + b"9" * 5000 + b"}", "a number has 5000 digits"),
        (line("\ud83d"), "half of a surrogate pair"),
        (line()[:-1] + b', "x": ' + b"[" * 32 + b"]" * 32 + b"}", "nests more than 32 levels deep"),
        (b"[" * 100_000, "nests more than 32 levels deep"),
        (b'{"a":' * 100_000, "nests more than 32 levels deep"),
        (line("x" * (1 << 20)), "the line has 1,048,607 bytes; a line has at most 1,048,576"),
        (b'{"messages": {}}', '"messages" is an object, not a list'),
        (b'{"messages": []}', '"messages" is empty'),
        (b'{"messages": [3], "session": "/"}', "message 1: a message is an object, not a number"),
        (line(session=""), '"session" is empty'),
        (line(session="a\0b"), '"session" holds a NUL character'),
        (line(session="x" * 201), '"session" has 201 characters; a name has at most 200'),
        (line(session=7), '"session" is a number, not text'),
        (line(session="\udc00"), '"session" holds half of a surrogate pair'),
        (line()[:-1] + b', "session": NaN}', "NaN is no number of JSON"),
        (line(conversation="a/b"), '"conversation" holds a slash, which would part the scope'),
        (line(conversation=" "), '"conversation" is empty'),
    ],
)
def test_a_bad_line_is_named_and_passed_over(raw: bytes, reason: str) -> None:
    """Whatever is wrong with a line is said in one sentence with its number; the lines around it are read."""
    read = lines(line("before"), raw, line("after"))
    assert [(turn.line, turn.text) for turn in turns(read)] == [(1, "before"), (3, "after")]
    [(number, said)] = reasons(read).items()
    assert number == 2
    assert reason in said
    assert said.isprintable()


def test_names_at_the_limit_are_names() -> None:
    """200 characters are a name, however many bytes they have; the name of a file is held to the same rule."""
    [turn] = turns(lines(line(session="é" * 200)))
    assert turn.session == "é" * 200
    for name in ("", " ", "a\0", "x" * 201, "\udcff"):
        with pytest.raises(InvalidInput, match="the name of a transcript"):
            parse(line(), name=name)
    assert reasons(list(parse(b'{"messages": [{}]}', name="x" * 200, format=Format.JSONL))) == {
        1: "the session has 202 characters; a name has at most 200"
    }


@given(st.integers(0, 9), st.binary(max_size=40), st.data())
def test_a_damaged_line_leaves_the_others_as_they_were(number: int, garbage: bytes, data: st.DataObject) -> None:
    """Whatever happens within one line, every other turn is the same: text, line, and place in its session too."""
    raw = [line(f"words {index}", name="Ada", time=index) for index in range(10)]
    start = data.draw(st.integers(0, len(raw[number])))
    raw[number] = raw[number][:start] + garbage + raw[number][data.draw(st.integers(start, len(raw[number]))) :]
    assume(raw[number].strip() and b"\n" not in raw[number])
    good = lines(*[line(f"words {index}", name="Ada", time=index) for index in range(10)])
    for format_ in (Format.JSONL, None):
        read = list(parse(b"\n".join(raw), format=format_))
        assert [item for item in read if item.line != number + 1] == [item for item in good if item.line != number + 1]


@given(st.integers(0, 9), st.integers(1, 30))
def test_a_line_cut_short_keeps_its_place_in_its_session(number: int, lost: int) -> None:
    """A line that can't be read counts in the session it still names, however sessions alternate."""
    raw = [document({"session": "ab"[index // 2 % 2], "role": "user", "content": "words " * 6}) for index in range(10)]
    good = lines(*raw)
    raw[number] = raw[number][:-lost]
    read = lines(*raw)
    assert list(reasons(read)) == [number + 1]
    assert turns(read) == [item for item in good if item.line != number + 1]


def test_a_line_that_names_nothing_counts_where_the_last_turn_was() -> None:
    """Garbage in the midst of a session takes up a place in that session, and in no other."""
    garbage = b'{"session": " ", "content'
    read = lines(line(session="a"), line(session="b"), garbage, line(session="b"), line(session="a"))
    assert [(turn.session, turn.place) for turn in turns(read)] == [("a", 1), ("b", 1), ("b", 3), ("a", 2)]


def test_a_bad_message_takes_up_its_place() -> None:
    """A message that can be read, but not taken, counts in its own session, so mending it moves no other."""
    read = lines(line(session="a"), line(session="b", time="noon"), line(session="a"), line(session="b"))
    assert [(turn.session, turn.place) for turn in turns(read)] == [("a", 1), ("a", 2), ("b", 2)]


def test_the_sample_that_ships_is_read_whole() -> None:
    """Every line of the conversation in the package is a turn, said by a name at a time."""
    read = list(parse(SAMPLE.read_bytes()))
    assert len(turns(read)) == len(read) == len(SAMPLE.read_bytes().splitlines())
    assert all(turn.said_at and turn.speaker != turn.role for turn in turns(read))


# Documents of messages


@pytest.mark.parametrize("wrap", [False, True])
@pytest.mark.parametrize("indent", [None, 2])
def test_a_document_of_messages_is_one_session(wrap: bool, indent: int | None) -> None:  # noqa: FBT001 - a parameter of the test
    """A list of messages, bare or under `messages`, on one line or many, is the session of the file."""
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "name": "Ada", "content": [{"type": "text", "text": "How far?"}, {"type": "image_url"}]},
        {"role": "user", "content": None},
        {"role": "assistant", "content": "9 km."},
    ]
    read = list(parse(json.dumps({"messages": messages} if wrap else messages, indent=indent).encode(), name="walk"))
    assert [(turn.line, turn.session, turn.place, turn.speaker, turn.text) for turn in turns(read)] == [
        (1, "walk", 1, "system", "Be brief."),
        (2, "walk", 2, "Ada", "How far?\n[image]"),
        (4, "walk", 4, "assistant", "9 km."),
    ]
    assert reasons(read) == {3: '"content" is null and no tool is called'}


def test_elements_of_a_list_may_be_sessions() -> None:
    """A list of objects with `messages` is a list of sessions; what is neither is a bad line with its number."""
    read = list(
        parse(document([{"messages": [{"role": "user", "content": "a"}]}, 5, {"role": "user", "content": "b"}]))
    )
    assert [(turn.line, turn.session, turn.place) for turn in turns(read)] == [
        (1, "transcript#1", 1),
        (3, "transcript", 2),
    ]
    assert reasons(read) == {2: "a message is an object, not a number"}


def test_a_message_alone_is_a_transcript() -> None:
    """One message, on one line or spread over several, is the only turn of its session."""
    for indent in (None, 1):
        [turn] = parse(json.dumps({"role": "user", "content": "hi"}, indent=indent).encode())
        assert isinstance(turn, Turn)
        assert (turn.line, turn.place, turn.text) == (1, 1, "hi")


# Which format it is


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "it is empty"),
        (b" \n", "it is empty"),
        (b"Dear diary,\ntoday was fine.\n", "it is not JSON"),
        (b"{}", "no transcript of a known format"),
        (b"[1, 2]", "no transcript of a known format"),
        (b"7", "no transcript of a known format"),
        (b'{"a": 1}\n{"a": 2}\n', "it is not JSON: extra data at line 2"),
        (b'[\n{"role": "user", "content": "a"},\n{"role": "user", "content": "b"}\n', "at line 4, column 1"),
        ('{"role": "user"}'.encode("utf-16"), "it is UTF-16; save it as UTF-8"),
        (b"\x89PNG\r\n\x1a\n\xff", "byte 1 is not UTF-8"),
        (b"[" * 10_000, "nests more than"),
    ],
)
def test_what_is_no_transcript_is_refused_at_once(data: bytes, what: str) -> None:
    """A file in no known format is refused by the call itself: one sentence says why, and which formats there are."""
    with pytest.raises(InvalidInput, match=what) as caught:
        parse(data)
    assert all(format_ in str(caught.value) for format_ in Format)
    assert "\n" not in str(caught.value)


def test_a_named_format_is_believed() -> None:
    """Lines are read as lines however bad, nothing is nothing, and a document of another format is refused."""
    assert list(parse(b"", format=Format.JSONL)) == []
    assert reasons(list(parse(b"oops\n{}", format=Format.JSONL))) == {
        1: "it is not JSON: expecting value at column 1",
        2: 'nobody says it: there is no "role", "name" or "speaker"',
    }
    assert list(parse(b"[]", format=Format.MESSAGES)) == []
    for data, format_ in [
        (b'{"sample_id": "a"}', "messages"),
        (b"[]", "locomo"),
        (document([{"role": "a"}]), "locomo"),
    ]:
        with pytest.raises(InvalidInput, match=f"no transcript of a {format_} format"):
            parse(data, format=Format(format_))
    with pytest.raises(InvalidInput, match="there is no format 'csv'"):
        parse(line(), format="csv")  # type: ignore[arg-type]


@pytest.mark.parametrize("first", [b"\xff\xfe", b"[", b"{", b"oops", b'{"messages": ['])
def test_a_bad_first_line_does_not_hide_the_format(first: bytes) -> None:
    """Lines are still told from a document when the first of them is damaged."""
    assert [item.line for item in turns(list(parse(first + b"\n" + line() + b"\n" + line())))] == [2, 3]


KEYS: Final = (
    *("role", "content", "text", "name", "speaker", "time", "session", "conversation", "metadata", "messages"),
    *("tool_calls", "function", "type", "id", "tool_call_id", "function_call", "refusal"),
    *("sample_id", "dia_id", "session_1", "session_1_date_time", "blip_caption"),
)
JSONISH: Final = st.recursive(
    st.one_of(
        st.sampled_from([None, True, 0, -1.5, "", "a", "\0", "\ud800", "x" * 201, 1e300, 1 << 80, "2023-05-08T13:56Z"]),
        st.floats(),
        st.text(max_size=3),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(KEYS),
            inner,
            max_size=5,
        ),
    ),
    max_leaves=12,
)


@given(
    st.one_of(
        st.binary(),
        st.text('[]{}",:\\ \n019aeN.-').map(str.encode),
        st.lists(JSONISH, max_size=4).map(lambda values: b"\n".join(map(document, values))),
        JSONISH.map(document),
        st.lists(JSONISH, max_size=3).map(document),
    ),
    st.one_of(st.none(), st.sampled_from(Format)),
)
def test_no_bytes_raise_anything_but_invalid_input(data: bytes, format_: Format | None) -> None:
    """Any bytes are refused as a whole or read; and what is read keeps the promises that a turn makes."""
    try:
        read = list(parse(data, format=format_))
    except InvalidInput:
        return
    for item in read:
        assert item.line >= 1
        if isinstance(item, BadLine):
            assert item.reason.encode()
            continue
        assert item.place >= 1
        assert item.text.strip()
        assert item.text.encode()
        assert item.said_at is None or item.said_at.tzinfo is UTC
        for name in (item.speaker, item.session, item.conversation or "none"):
            assert name.strip()
            assert len(name) <= 200
            assert "\0" not in name
    places = [(turn.conversation, turn.session, turn.place) for turn in turns(read)]
    assert len(set(places)) == len(places)
