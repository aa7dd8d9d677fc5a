"""Damage: whatever is wrong with a file, the line is named and nothing goes in."""

import io
import json
from base64 import b64encode
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest

from remanence import InvalidInput
from remanence.cloudevents.groups import groups
from remanence.cloudevents.lines import looks_like_cloudevents
from remanence.cloudevents.model import LINE_BYTES_MAX
from remanence.cloudevents.reading import read_line

from .scene import Kept, changed, exported, fill, foreign, library, take

FLIPS = 400


@pytest.fixture
async def lines(tmp_path: Path) -> bytes:
    """An export of everything."""
    async with library(tmp_path / "source") as engine:
        await fill(engine)
        return await exported(engine)


def faults(data: bytes, **options: Any) -> list[tuple[int, str]]:
    """What is complained of in a file, by line."""
    found: list[tuple[int, str]] = []
    for _ in groups(io.BytesIO(data), lambda number, reason: found.append((number, reason)), **options):
        pass
    return found


async def refused(path: Path, data: bytes, match: str) -> None:
    """An import says this, and leaves the log as it was."""
    async with library(path) as engine:
        await engine.append(Kept("there"))
        with pytest.raises(InvalidInput, match=match) as raised:
            await take(engine, data, name="f.jsonl")
        assert str(raised.value).startswith("nothing was imported from f.jsonl: line ")
        assert engine.head == 1


async def test_a_file_cut_off_anywhere_is_refused(lines: bytes) -> None:
    """At every byte and so at every line: only what lacks nothing but the last newline is whole."""
    assert faults(lines) == faults(lines[:-1]) == []
    whole = {0, len(lines), len(lines) - 1}
    taken = [cut for cut in range(len(lines)) if cut not in whole and not faults(lines[:cut])]
    assert taken == []
    ends = [index + 1 for index, byte in enumerate(lines) if byte == ord("\n")][:-1]
    for number, end in enumerate(ends, 1):
        [(named, _)] = [fault for fault in faults(lines[:end]) if "cut off" in fault[1]]
        assert named == number


async def test_a_part_is_taken_if_it_is_called_one(lines: bytes, tmp_path: Path) -> None:
    """Chosen lines go in when the caller says that they are a part; an append is still whole or not there."""
    chosen = b"".join(lines.splitlines(keepends=True)[6:9])
    await refused(tmp_path / "a", chosen, "line 3: the export of urn:.* has no last line")
    async with library(tmp_path / "b") as engine:
        assert (await take(engine, chosen, partial=True)).new == 3
        cut = b"".join(lines.splitlines(keepends=True)[:5])
        with pytest.raises(InvalidInput, match="line 4: it begins an append of 3 events, of which 2 are there"):
            await take(engine, cut, partial=True)


async def test_a_flipped_bit_is_found_wherever_it_is(lines: bytes) -> None:
    """The line is named, unless it says the same as before: the name of an attribute that says nothing of the event."""
    chance = Random(3)  # noqa: S311 - nothing secret
    sums = [read_line(line, 1).sum() for line in lines.splitlines()]
    for _ in range(FLIPS):
        place, bit = chance.randrange(len(lines)), chance.randrange(8)
        flipped = bytearray(lines)
        flipped[place] ^= 1 << bit
        found = faults(bytes(flipped))
        if found:
            assert lines[place] == ord("\n") or found[0][0] == lines[:place].count(b"\n") + 1
        else:
            assert [read_line(line, 1).sum() for line in bytes(flipped).split(b"\n") if line.strip()] == sums


async def test_lines_that_are_missing_doubled_or_in_another_order_are_noticed(lines: bytes, tmp_path: Path) -> None:
    """The last line counts the others, and knows their order."""
    one, two, three, *rest = lines.splitlines(keepends=True)
    missing = "line 11: it closes an export of 11 events, of which 10 are there"
    await refused(tmp_path / "a", b"".join([one, three, *rest]), missing)
    await refused(
        tmp_path / "b", b"".join([one, one, two, three, *rest]), "line 13: it closes .* of which 12 are there"
    )
    await refused(tmp_path / "c", b"".join([two, one, three, *rest]), "line 12: .* stood in another order")


async def test_two_exports_can_stand_in_one_file(lines: bytes, tmp_path: Path) -> None:
    """Each is closed by its own last line; an empty one is whole too."""
    async with library(tmp_path / "other") as other:
        empty = await exported(other)
    async with library(tmp_path / "b") as engine:
        report = await take(engine, empty + lines + lines + empty)
        assert (report.new, report.known) == (11, 11)
        assert (await take(engine, empty)).first is None


async def test_a_changed_line_goes_in_if_its_digest_is_taken_away(lines: bytes, tmp_path: Path) -> None:
    """Who changes a line on purpose leaves out its digest, and takes the file as a part."""
    edited = changed(lines, 3, data={"title": "Emma", "to": "Zoe"})
    await refused(tmp_path / "a", edited, "line 12: it closes an export whose lines were changed")
    async with library(tmp_path / "b") as engine:
        assert (await take(engine, edited, partial=True)).new == 11
        assert engine.read()[2].data.to == "Zoe"


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "another version": ({"specversion": "0.3"}, "its specversion is '0.3'"),
    "no version": ({"specversion": None}, "its specversion is None"),
    "no id": ({"id": None}, "it has no id"),
    "an empty id": ({"id": ""}, "it has no id"),
    "a numeric id": ({"id": 7}, "its id is a number, not text"),
    "no source": ({"source": None}, "it has no source"),
    "no type": ({"type": None}, "it has no type"),
    "a list for a type": ({"type": ["a"]}, "its type is a list, not text"),
    "a type too long": ({"type": "t" * 201}, "a type has 1 to 200 bytes"),
    "a time that is none": ({"time": "yesterday"}, "its time 'yesterday' is no RFC 3339 time"),
    "a time without a zone": ({"time": "2026-03-02T09:14:05"}, "is no RFC 3339 time"),
    "a day that is none": ({"time": "2026-02-30T09:14:05Z"}, "is no RFC 3339 time"),
    "a numeric time": ({"time": 5}, "its time is a number, not text"),
    "a time before logs": ({"time": "1969-12-31T23:59:59Z"}, "its time lies before 1970"),
    "a time to come": ({"time": "2100-01-01T00:00:00Z"}, "its time lies in the future"),
    "data that is a list": ({"data": [1]}, "its data is a list; the fields of an event are an object"),
    "data that is text": ({"data": "<a/>", "datacontenttype": "text/xml"}, "its datacontenttype is 'text/xml'"),
    "data twice": ({"data_base64": "gA=="}, "it has both data and data_base64"),
    "data that doesn't fit": ({"data": {"title": "Emma"}}, "its data is no book.lent"),
    "a field of another type": ({"data": {"title": "Emma", "to": 5}}, "its data is no book.lent"),
    "a number too large": ({"data": {"title": "E", "known": 2**64}, "type": "book.kept"}, "its data can't be stored"),
    "half a surrogate": ({"data": {"title": "\ud800", "to": "Ada"}}, "half of a surrogate pair"),
    "too many tags": ({"tags": ",".join(f"t{n}" for n in range(65))}, "at most 64 tags"),
    "an empty tag": ({"tags": "a,,b"}, "a tag has 1 to 255 bytes"),
    "a tag too long": ({"tags": "t" * 256}, "a tag has 1 to 255 bytes"),
    "a NUL in a tag": ({"tags": "a%00b"}, "holds a NUL"),
    "tags in a list": ({"tags": ["a"]}, "its tags is a list, not text"),
    "an escape that is none": ({"by": "%ff"}, "its escape %ff is not UTF-8"),
    "a key too long": ({"key": "k" * 256}, "its key has 256 bytes"),
    "a name too long": ({"by": "b" * 256}, "its by has 256 bytes"),
    "an empty key": ({"key": ""}, "its key has 0 bytes"),
    "a version that is none": ({"schemaversion": 0}, "its schemaversion is 0"),
    "a version in text": ({"schemaversion": "1"}, "its schemaversion is '1'"),
    "a version that is true": ({"schemaversion": True}, "its schemaversion is True"),
    "a version too high": ({"schemaversion": 9}, "its book.lent version 9 is newer than this program"),
    "a version beyond all": ({"schemaversion": 70_000}, "version 70000 is not between 1 and 65535"),
    "a huge append": ({"key": "k", "keyevents": 100_001}, "it begins an append of 100,001 events"),
    "an append that isn't there": ({"key": "k", "keyevents": 3}, "it begins an append of 3 events, of which 2 are"),
    "dedup of another kind": ({"dedup": "always"}, "its dedup is 'always'"),
    "a key and dedup": ({"dedup": "content", "key": "k"}, "it has a key and dedup"),
    "a digest of something else": ({"digest": "0" * 32}, "its digest does not match"),
    "datetimes that are none": ({"datetimes": "/title"}, "its datetimes name '/title'"),
    "datetimes nowhere": ({"datetimes": "/x/y,z"}, "its datetimes name"),
    "a log's own view": (
        {"type": "view.skipped", "data": {"view": "v", "version": 1, "position": 1}},
        "view.skipped is",
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
async def test_a_line_that_is_no_event_is_named(tmp_path: Path, wrong: str) -> None:
    """Its number stands in the error with what is wrong, and the lines around it stay out too."""
    attributes, match = WRONG[wrong]
    await refused(tmp_path, foreign({}, attributes, {}), f"line 2: .*{match}")


PACKED: dict[str, tuple[bytes, str]] = {
    "no msgpack": (b"\xc1", "is not msgpack"),
    "cut off": (b"\x82\xa1a", "is not msgpack"),
    "no map": (b"\x91\x01", "no map"),
    "a map of numbers": (b"\x81\x01\x02", "its data is no book.kept"),
    "no number": (msgspec.msgpack.encode({"title": "E", "known": float("nan")}), "not finite"),
    "no zone": (msgspec.msgpack.encode({"title": "E", "known": [float("inf")]}), "not finite"),
    "too deep": (b"\x82\xa5title\xa1E\xa5known" + b"\x91" * 101 + b"\xc0", "nested more than 100 deep"),
    "bottomless": (b"\x81\xa1a" + b"\x91" * 100_000, "is not msgpack"),
}


@pytest.mark.parametrize("wrong", PACKED)
async def test_packed_data_is_held_to_the_same(tmp_path: Path, wrong: str) -> None:
    """What JSON can't say and no event may hold doesn't come in as msgpack either."""
    packed, match = PACKED[wrong]
    line = {"data": None, "data_base64": b64encode(packed).decode(), "datacontenttype": "application/msgpack"}
    await refused(tmp_path, foreign({"type": "book.kept", **line}), f"line 1: .*{match}")


RAW: dict[str, tuple[bytes, str]] = {
    "no JSON": (b"{", "it is not JSON"),
    "not UTF-8": (b'{"a": "\xff"}', "byte 8 of it is not UTF-8"),
    "a list": (b"[]", "it is a list, not an event"),
    "NaN": (b'{"specversion": NaN}', "NaN is no number of JSON"),
    "infinity": (b'{"specversion": 1e999}', "the number 1e999 is too large"),
    "one key twice": (b'{"id": "a", "id": "b"}', 'the key "id" stands twice'),
    "5,000 digits": (b'{"id": ' + b"9" * 5000 + b"}", "a number has 5000 digits"),
    "nested too deep": (b'{"data": ' + b"[" * 200 + b"]" * 200 + b"}", "it nests more than 101 levels"),
    "bottomless": (b"[" * 200_000, "it nests more than 101 levels"),
}


@pytest.mark.parametrize("wrong", RAW)
async def test_hostile_json_is_named_and_refused(tmp_path: Path, wrong: str) -> None:
    """Nothing that a decoder could choke on, or that could mean two things, gets further."""
    raw, match = RAW[wrong]
    await refused(tmp_path, foreign({}) + raw + b"\n" + foreign({}), f"line 2: {match}")


def test_a_huge_line_is_refused_without_being_held_in_memory_for_long() -> None:
    """What is beyond the limit is skipped, and the lines after it are read under their numbers."""
    data = b'{"a": "' + b"x" * LINE_BYTES_MAX + b'"}\n{\n'
    (first, why), (second, _) = faults(data)
    assert (first, second) == (1, 2)
    assert "it has more than 67,108,864 bytes" in why


async def test_many_bad_lines_are_counted(tmp_path: Path) -> None:
    """The first five are named, the others counted."""
    await refused(tmp_path, b"{\n" * 9, "line 5: .*; and 4 more lines$")


def test_lines_are_told_from_transcripts() -> None:
    """By their attributes, also when the first line is damaged; a transcript that talks of CloudEvents is none."""
    assert looks_like_cloudevents(foreign({}))
    assert looks_like_cloudevents(b'\xef\xbb\xbf{"specversion": "1.0", "id')
    assert not looks_like_cloudevents(json.dumps({"role": "user", "content": '{"specversion": "1.0"}'}).encode())
    assert not looks_like_cloudevents(b"")
