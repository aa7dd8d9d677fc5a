"""Frames: what is packed for a position is read at that position, and nothing else is read at all."""

from string import ascii_letters

import pytest
from blake3 import blake3
from hypothesis import assume, given
from hypothesis import strategies as st

from remanence.codecs.errors import Damaged
from remanence.codecs.frames import (
    ERASED,
    SALT_BYTES,
    Header,
    body_of,
    leaf,
    pack_frame,
    pack_header,
    packed_payload,
    read_fields,
    read_header,
    stub,
)

from .mutations import bit_flips, garbage, hostile, truncations

SALT = bytes(range(SALT_BYTES))
PAYLOAD = b"the packed payload"
POSITION = 7
FRAME = pack_frame(POSITION, pack_header(3, 2, 1, 1_700_000_000_000_000_000), SALT + PAYLOAD)

ids = st.integers(1, 0xFFFF)
positions = st.integers(1, 2**64 - 1)
headers = st.builds(Header, st.just(1), st.just(0), ids, ids, st.integers(0, 0xFFFF), st.integers(0, 2**64 - 1))
bodies = st.binary(min_size=SALT_BYTES, max_size=300)


def crc32_bit_by_bit(data: bytes, seed: int) -> int:
    """CRC-32 as in ISO 3309 (reflected polynomial EDB88320), continued from the checksum `seed`."""
    register = seed ^ 0xFFFFFFFF
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ (0xEDB88320 if register & 1 else 0)
    return register ^ 0xFFFFFFFF


def sealed(content: bytes, position: int = POSITION) -> bytes:
    """Any bytes with the checksum that makes them a frame, to get past it."""
    return pack_frame(position, content[:16], content[16:])


def assert_refused(frame: bytes, position: int = POSITION) -> None:
    """Both readers say that the frame is damaged, and where."""
    for read in (read_header, read_fields):
        with pytest.raises(Damaged) as caught:
            read(frame, position)
        assert caught.value.position == position


@given(positions, headers, bodies)
def test_a_frame_is_read_as_it_was_packed(position: int, header: Header, body: bytes) -> None:
    """Header and body come back as they were, by either reader, at any position that 64 bits can count."""
    frame = pack_frame(position, pack_header(*header[2:]), body)
    assert read_header(frame, position) == read_fields(frame, position) == header
    assert body_of(frame) == body
    assert packed_payload(frame) == body[SALT_BYTES:]


@given(positions, headers, bodies)
def test_the_checksum_is_crc32_seeded_with_the_position(position: int, header: Header, body: bytes) -> None:
    """The last four bytes are the textbook's CRC-32 of the rest, little-endian, from the position's low 32 bits on."""
    frame = pack_frame(position, pack_header(*header[2:]), body)
    assert frame[-4:] == crc32_bit_by_bit(frame[:-4], position % 2**32).to_bytes(4, "little")


def test_a_truncated_frame_is_damaged() -> None:
    """No proper beginning of a frame is a frame."""
    for part in truncations(FRAME):
        assert_refused(part)


@given(garbage)
def test_a_frame_with_something_after_it_is_damaged(more: bytes) -> None:
    """Whatever follows a frame belongs to no frame."""
    assert_refused(FRAME + more)


def test_a_flipped_bit_is_damage() -> None:
    """Each single flipped bit of a frame and of a stub is found."""
    for frame in (FRAME, stub(FRAME, POSITION)):
        for flipped in bit_flips(frame):
            assert_refused(flipped)


@given(hostile(FRAME))
def test_other_bytes_are_damaged(data: bytes) -> None:
    """Mutated frames and arbitrary bytes are refused, and never with another error."""
    assume(data != FRAME)
    assert_refused(data)


@given(positions, positions)
def test_a_frame_is_damaged_at_another_position(packed_for: int, read_at: int) -> None:
    """A frame moved to another place is as damaged as a flipped bit."""
    assume((packed_for - read_at) % 2**32)
    assert_refused(pack_frame(packed_for, FRAME[:16], SALT), read_at)


def test_positions_are_told_apart_within_four_billion() -> None:
    """The known limit of a 32-bit seed: a frame moved by exactly 2**32 positions is found by the chain alone."""
    moved = pack_frame(POSITION + 2**32, FRAME[:16], SALT + PAYLOAD)
    assert moved == FRAME


@pytest.mark.parametrize(("form", "flags"), [(0, 0), (2, 0), (255, 0), (1, 2), (1, 3), (1, 128), (1, 255)])
def test_an_unknown_format_or_flag_is_refused(form: int, flags: int) -> None:
    """A sound frame of a later version is not guessed at."""
    assert_refused(sealed(bytes([form, flags]) + FRAME[2:-4]))


@pytest.mark.parametrize("empty", [slice(2, 4), slice(4, 6)])
def test_types_and_versions_begin_at_one(empty: slice) -> None:
    """A frame without a type or a version was never written."""
    content = bytearray(FRAME[:-4])
    content[empty] = bytes(2)
    assert_refused(sealed(bytes(content)))


def test_a_body_holds_at_least_a_salt() -> None:
    """A sound checksum doesn't make a header with less than a salt after it a frame; a salt alone it does."""
    for size in range(SALT_BYTES):
        assert_refused(sealed(FRAME[:16] + SALT[:size]))
    assert packed_payload(sealed(FRAME[:16] + SALT)) == b""


def test_an_erased_frame_holds_a_digest() -> None:
    """What stands in the place of an erased body has exactly the length of a digest."""
    for size in range(64):
        erased = sealed(bytes([1, ERASED]) + FRAME[2:16] + bytes(size))
        if size == 32:
            assert read_header(erased, POSITION).flags == ERASED
        else:
            assert_refused(erased)


@given(positions, headers, bodies)
def test_a_leaf_is_the_header_and_the_digest_of_the_body(position: int, header: Header, body: bytes) -> None:
    """The leaf has 48 bytes, whatever the body's length, and doesn't depend on the position: the chain covers that."""
    packed = pack_header(*header[2:])
    assert leaf(pack_frame(position, packed, body)) == packed + blake3(body).digest()


@given(positions, headers, bodies)
def test_erasing_keeps_header_and_leaf(position: int, header: Header, body: bytes) -> None:
    """A stub says what the frame said but for the flag, adds the same to the chain, and stays as it is."""
    frame = pack_frame(position, pack_header(*header[2:]), body)
    erased = stub(frame, position)
    assert read_header(erased, position) == read_fields(erased, position) == header._replace(flags=ERASED)
    assert leaf(erased) == leaf(frame)
    assert body_of(erased) == blake3(body).digest()
    assert stub(erased, position) == erased


@given(st.text(ascii_letters, min_size=8).map(str.encode))
def test_nothing_of_the_body_is_left_in_a_stub(payload: bytes) -> None:
    """Neither the salt nor eight bytes of the payload in a row outlive the frame, and every stub has one size."""
    erased = stub(pack_frame(POSITION, FRAME[:16], SALT + payload), POSITION)
    assert len(erased) == 16 + 32 + 4
    assert SALT not in erased
    assert not any(payload[start : start + 8] in erased for start in range(len(payload) - 7))


def test_equal_payloads_have_unequal_digests() -> None:
    """The salt keeps the digest that outlives a body from being matched against guesses at it."""
    frames = [pack_frame(POSITION, FRAME[:16], bytes([first]) + SALT[1:] + PAYLOAD) for first in range(256)]
    assert len({leaf(frame) for frame in frames}) == 256


def test_a_damaged_frame_is_not_erased() -> None:
    """A stub of damaged bytes would make the damage the truth."""
    for flipped in bit_flips(FRAME):
        with pytest.raises(Damaged):
            stub(flipped, POSITION)
