"""The worked example of `docs/format.md` is what the code makes: every byte that the page shows, and every digest."""

import re
import zlib
from typing import Final

import pytest

from remanence.codecs.commits import pack_commit, read_commit
from remanence.codecs.compression import Dictionaries
from remanence.codecs.digests import body_digest, chain_link, genesis_link
from remanence.codecs.frames import body_of, leaf, packed_payload, read_header, stub
from remanence.codecs.payloads import decode_any
from tests.house.pages import blocks
from tests.house.tree import ROOT

from .make_format_1 import DICTIONARY, EXAMPLES, LOG_ID, make_commits, make_frame

PAGE: Final = (ROOT / "docs" / "format.md").read_text(encoding="utf-8")
_HEX: Final = re.compile(r"((?:[0-9a-f]{2} )*[0-9a-f]{2})(?:  .*)?")
"""The bytes at the beginning of a line, and the remark that two spaces set apart."""


def shown(title: str) -> list[str]:
    """The lines of the block whose first line begins with the title."""
    [lines] = [block.code.splitlines() for block in blocks(PAGE) if re.match(rf"{title}\b", block.code)]
    return lines[1:]


def shown_bytes(title: str) -> bytes:
    """The bytes that a block shows."""
    matches = [_HEX.fullmatch(line) for line in shown(title)]
    assert None not in matches
    return b"".join(bytes.fromhex(match[1]) for match in matches if match)


def shown_digest(name: str) -> str:
    """A digest that the page shows under a name."""
    [digest] = re.findall(rf"^{name} +([0-9a-f]{{64}})$", PAGE, re.MULTILINE)
    return str(digest)


FRAMES: Final = [shown_bytes("frame 1"), shown_bytes("frame 2")]
COMMIT: Final = shown_bytes("commit 1")


def dictionaries() -> Dictionaries:
    """The example's dictionary."""
    known = Dictionaries()
    known.add(1, DICTIONARY)
    return known


def test_the_page_tells_the_example_s_log() -> None:
    """Id and dictionary are as the page says."""
    assert f"`{DICTIONARY.decode()}`" in PAGE
    assert LOG_ID.hex(" ").startswith("00 01")
    assert LOG_ID.hex(" ").endswith("0f")


def test_the_plain_frame_is_what_the_code_makes() -> None:
    """The first frame is made byte by byte as shown, and its checksum is the number in the remark."""
    assert make_frame(1, EXAMPLES[0], dictionaries()) == FRAMES[0]
    assert f"= {zlib.crc32(FRAMES[0][:-4], 1):08x}" in PAGE


def test_the_packed_frame_holds_the_payload_shown() -> None:
    """The second frame, whose packed bytes another zstd may make otherwise, is read as the payload shown below it."""
    header = read_header(FRAMES[1], 2)
    payload = dictionaries().unpack(header.dictionary_id, packed_payload(FRAMES[1]))
    assert payload == shown_bytes("payload 2") == EXAMPLES[1].payload
    assert header.time_ns - read_header(FRAMES[0], 1).time_ns == 1000


@pytest.mark.parametrize("position", [1, 2])
def test_the_frames_say_what_the_remarks_say(position: int) -> None:
    """Every value in quotes in a frame's remarks is in its payload."""
    example = EXAMPLES[position - 1]
    payload = decode_any(example.payload)
    remarks = "\n".join(shown("frame 1") if position == 1 else shown("payload 2"))
    for text in (*payload.tags, *payload.data, *([payload.by] if payload.by else [])):
        assert f'"{text}"' in remarks


def test_the_commit_is_what_the_code_makes() -> None:
    """The record is sealed over the frames as shown, byte by byte."""
    commit, _ = make_commits([*FRAMES, make_frame(3, EXAMPLES[2], dictionaries())])
    assert pack_commit(commit) == COMMIT
    assert read_commit(COMMIT, 1) == commit


def test_the_digests_are_those_shown() -> None:
    """Genesis link, body digests and link come out of the formulas."""
    genesis = genesis_link(LOG_ID)
    commit = read_commit(COMMIT, 1)
    link = chain_link(genesis, 1, 2, map(leaf, FRAMES), commit.declarations.pack())
    assert genesis.hex() == shown_digest("genesis link")
    assert [body_digest(body_of(frame)).hex() for frame in FRAMES] == [shown_digest(f"body digest {n}") for n in (1, 2)]
    assert link.hex() == shown_digest("link") == commit.link.hex()


def test_the_stub_is_the_one_described() -> None:
    """Header with the flag, body digest, and the checksum that the page names."""
    erased = stub(FRAMES[0], 1)
    assert erased[:2].hex(" ") == "01 01"
    assert erased[2:16] == FRAMES[0][2:16]
    assert erased[16:48].hex() == shown_digest("body digest 1")
    assert f"the checksum `{erased[48:].hex(' ')}`: {len(erased)} bytes" in PAGE
