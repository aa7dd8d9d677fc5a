"""The parts of a log of every released format are read exactly, and made again byte by byte by today's encoders."""

import json
from pathlib import Path
from typing import Any, Final

import pytest

from remanence.codecs.commits import Commit, Declarations, pack_commit, read_commit
from remanence.codecs.compression import Dictionaries, dictionary_digest, inflate
from remanence.codecs.digests import chain_link, genesis_link
from remanence.codecs.frames import (
    ERASED,
    SALT_BYTES,
    body_of,
    leaf,
    pack_frame,
    pack_header,
    packed_payload,
    read_header,
    stub,
)
from remanence.codecs.payloads import content_digest, decode_any

from .make_format_1 import EXAMPLES, FOLDER, Example, as_json

EXPECTED: Final[dict[str, Any]] = json.loads((FOLDER / "expected.json").read_text(encoding="utf-8"))
FRAMES: Final = list(enumerate(zip(EXAMPLES, EXPECTED["frames"], strict=True), 1))
COMMITS: Final[list[dict[str, Any]]] = EXPECTED["commits"]


def part(name: str) -> bytes:
    """The bytes of one part."""
    return bytes.fromhex(Path(FOLDER / f"{name}.hex").read_text(encoding="utf-8"))


def dictionaries() -> Dictionaries:
    """The log's dictionary, as stored."""
    known = Dictionaries()
    known.add(1, inflate(part("dictionary-1")))
    return known


def declared(commit: dict[str, Any]) -> Declarations:
    """What a commit is expected to declare."""
    return Declarations(
        tuple((number, name) for number, name in commit["types"]),
        tuple((number, bytes.fromhex(digest)) for number, digest in commit["dictionaries"]),
    )


def test_every_part_is_looked_at() -> None:
    """No file in the folder is without a test."""
    frames = [f"{kind}-{position}.hex" for position, _ in FRAMES for kind in ("frame", "stub")]
    commits = [f"commit-{commit['first']}.hex" for commit in COMMITS]
    assert {path.name for path in FOLDER.iterdir()} == {*frames, *commits, "dictionary-1.hex", "expected.json"}


@pytest.mark.parametrize(("position", "case"), FRAMES)
def test_a_frame_says_what_it_said(position: int, case: tuple[Example, dict[str, Any]]) -> None:
    """Header, salt, payload, leaf and every value of an old frame are read as they were written."""
    example, expected = case
    frame = part(f"frame-{position}")
    header = read_header(frame, position)
    assert list(header) == expected["header"]
    assert body_of(frame)[:SALT_BYTES].hex() == expected["salt"]
    assert leaf(frame).hex() == expected["leaf"]
    payload = dictionaries().unpack(header.dictionary_id, packed_payload(frame))
    assert payload.hex() == expected["payload"]
    plain = decode_any(payload)
    assert as_json(list(plain.tags)) == expected["tags"]
    assert [plain.by, plain.cause, plain.key and list(plain.key)] == [expected[name] for name in ("by", "cause", "key")]
    assert as_json(plain.data) == expected["data"]
    decoded = example.codec.decode(payload)
    assert decoded == (example.tags, example.by, example.cause, example.key, example.event)


@pytest.mark.parametrize(("position", "case"), FRAMES)
def test_a_frame_is_made_as_it_was(position: int, case: tuple[Example, dict[str, Any]]) -> None:
    """Today's encoders make the same payload, content digest, frame and stub; only zstd may pack them otherwise."""
    example, expected = case
    frame = part(f"frame-{position}")
    assert example.payload.hex() == expected["payload"]
    assert content_digest(example.type_name, example.version, example.payload).hex() == expected["content"]
    packed = packed_payload(frame) if example.is_packed else example.payload
    salt = bytes.fromhex(expected["salt"])
    assert pack_frame(position, pack_header(*expected["header"][2:]), salt + packed) == frame
    assert stub(frame, position) == part(f"stub-{position}")


@pytest.mark.parametrize(("position", "case"), FRAMES)
def test_a_stub_says_what_is_left(position: int, case: tuple[Example, dict[str, Any]]) -> None:
    """An old erased frame has its header and its leaf."""
    _, expected = case
    erased = part(f"stub-{position}")
    assert list(read_header(erased, position)) == [1, ERASED, *expected["header"][2:]]
    assert leaf(erased).hex() == expected["leaf"]


@pytest.mark.parametrize("kind", ["frame", "stub"])
def test_the_chain_is_what_it_was(kind: str) -> None:
    """From the log's id on, commit by commit, the links come out as stored; whether or not frames have been erased."""
    link = genesis_link(bytes.fromhex(EXPECTED["log"]))
    assert link.hex() == EXPECTED["genesis"]
    for commit in COMMITS:
        first, count = commit["first"], commit["count"]
        leaves = [leaf(part(f"{kind}-{position}")) for position in range(first, first + count)]
        link = chain_link(link, first, count, leaves, declared(commit).pack())
        assert link.hex() == commit["link"]


@pytest.mark.parametrize("commit", COMMITS)
def test_a_commit_says_what_it_said(commit: dict[str, Any]) -> None:
    """An old commit record is read as it was written, and made again as it was."""
    record = part(f"commit-{commit['first']}")
    expected = Commit(commit["first"], commit["count"], bytes.fromhex(commit["link"]), declared(commit))
    assert read_commit(record, commit["first"]) == expected
    assert pack_commit(expected) == record


def test_a_dictionary_is_what_it_was() -> None:
    """An old stored dictionary is inflated to what its commit declares."""
    data = inflate(part("dictionary-1"))
    assert data.decode() == EXPECTED["dictionary"]
    assert [1, dictionary_digest(data).hex()] in COMMITS[0]["dictionaries"]
