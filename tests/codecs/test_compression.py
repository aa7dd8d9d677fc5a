"""Compression: payloads come back as they were, and hostile bytes never cost more than a payload may."""

import threading
import tracemalloc
from collections.abc import Callable

import pytest
import zstandard
from blake3 import blake3
from hypothesis import given
from hypothesis import strategies as st

from remanence.codecs.compression import (
    MAX_DICTIONARY_BYTES,
    MAX_PAYLOAD_BYTES,
    PLAIN,
    Dictionaries,
    deflate,
    dictionary_digest,
    inflate,
    starter_dictionary,
)
from remanence.codecs.errors import Damaged, InvalidInput

from .mutations import bit_flips, garbage, hostile, truncations

WORDS = b"memory.remembered scope:ada episode text kind fact confidence importance source user "
PAYLOAD = b"memory.remembered text fact importance scope:ada"
DICTIONARIES = Dictionaries()
DICTIONARIES.add(1, WORDS)
_, PACKED = DICTIONARIES.pack(PAYLOAD)
MAGICLESS = zstandard.FORMAT_ZSTD1_MAGICLESS

payloads = st.one_of(
    st.binary(min_size=1, max_size=300), st.lists(st.sampled_from(WORDS.split()), min_size=1).map(b" ".join)
)


def compressed(data: bytes, *, has_size: bool = True) -> bytes:
    """`data` in zstd's magicless form without a dictionary, with or without its size in the header."""
    parameters = zstandard.ZstdCompressionParameters(
        format=MAGICLESS, compression_level=3, write_content_size=has_size, write_checksum=False, write_dict_id=False
    )
    return zstandard.ZstdCompressor(compression_params=parameters).compress(data)


def inflate_or_none(data: bytes) -> bytes | None:
    """What the bytes inflate to, or None if they are damaged."""
    try:
        return inflate(data)
    except Damaged:
        return None


def peak_bytes(work: Callable[[], object]) -> int:
    """The most memory that Python objects take while `work` fails with Damaged."""
    tracemalloc.start()
    try:
        with pytest.raises(Damaged):
            work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@given(payloads)
def test_a_payload_comes_back(payload: bytes) -> None:
    """Packed and unpacked, a payload is the same, and never longer than it was."""
    dictionary_id, packed = DICTIONARIES.pack(payload)
    assert DICTIONARIES.unpack(dictionary_id, packed) == payload
    assert len(packed) < len(payload) or (dictionary_id, packed) == (PLAIN, payload)


@given(payloads)
def test_without_a_dictionary_payloads_stay_plain(payload: bytes) -> None:
    """Small events do not compress alone, so a log without a dictionary leaves them as they are."""
    assert Dictionaries().pack(payload) == (PLAIN, payload)


def test_what_repeats_the_dictionary_shrinks() -> None:
    """A dictionary's words cost little, and there is no magic number, checksum or dictionary id to pay for."""
    assert len(PACKED) < 0.6 * len(PAYLOAD)
    frame = zstandard.get_frame_parameters(PACKED, MAGICLESS)
    assert (frame.content_size, frame.has_checksum, frame.dict_id) == (len(PAYLOAD), False, 0)
    with pytest.raises(zstandard.ZstdError):
        zstandard.get_frame_parameters(PACKED)


def test_a_truncated_payload_is_damaged() -> None:
    """No proper beginning of a packed payload unpacks."""
    for part in truncations(PACKED):
        with pytest.raises(Damaged):
            DICTIONARIES.unpack(1, part)


@given(garbage)
def test_a_payload_with_something_after_it_is_damaged(more: bytes) -> None:
    """Whatever follows a packed payload is refused, a second one as well."""
    for trailing in (more, PACKED):
        with pytest.raises(Damaged):
            DICTIONARIES.unpack(1, PACKED + trailing)


@given(hostile(PACKED), st.integers(0, 3))
def test_unpacking_anything_is_a_payload_or_damage(packed: bytes, dictionary_id: int) -> None:
    """Arbitrary bytes never raise another error. That they are the right ones is what the frame's checksum says."""
    try:
        payload = DICTIONARIES.unpack(dictionary_id, packed)
    except Damaged:
        return
    assert dictionary_id in DICTIONARIES
    assert len(payload) <= MAX_PAYLOAD_BYTES


@given(garbage)
def test_an_empty_payload_is_damaged(more: bytes) -> None:
    """The zstandard package takes a header that declares nothing for the whole, whatever follows; we don't."""
    for packed in (b"", b"\x20\x00", b"\x20\x00" + more, compressed(b"")):
        with pytest.raises(Damaged):
            DICTIONARIES.unpack(1, packed)


def test_an_unknown_dictionary_is_damage() -> None:
    """A payload whose dictionary is not there can't be read, and says which one is missing."""
    with pytest.raises(Damaged, match="dictionary 2"):
        DICTIONARIES.unpack(2, PACKED)
    assert 2 not in DICTIONARIES


def test_the_largest_payload_is_eight_mebibytes() -> None:
    """A payload of the limit passes both ways, packed or plain; one byte more is refused on both sides."""
    largest = bytes(MAX_PAYLOAD_BYTES)
    for dictionaries in (DICTIONARIES, Dictionaries()):
        assert dictionaries.unpack(*dictionaries.pack(largest)) == largest
        with pytest.raises(InvalidInput, match=str(MAX_PAYLOAD_BYTES)):
            dictionaries.pack(largest + b"\0")
        with pytest.raises(Damaged, match=str(MAX_PAYLOAD_BYTES)):
            dictionaries.unpack(PLAIN, largest + b"\0")
    with pytest.raises(Damaged, match=str(MAX_PAYLOAD_BYTES)):
        DICTIONARIES.unpack(1, compressed(largest + b"\0"))


BOMB = compressed(bytes(64 << 20))
UNDECLARED = compressed(bytes(64 << 20), has_size=False)
DECLARES_LITTLE = b"\x20\x01" + BOMB[6:]
DECLARES_MUCH = b"\xe0" + (2**63).to_bytes(8, "little") + BOMB[6:]
WIDE_WINDOW = b"\x40\xff\x01\x00" + BOMB[6:]


@pytest.mark.parametrize("bomb", [BOMB, UNDECLARED, DECLARES_LITTLE, DECLARES_MUCH, WIDE_WINDOW])
def test_a_bomb_is_refused_before_it_takes_memory(bomb: bytes) -> None:
    """A few kilobytes that would become 64 MiB, declared, hidden or denied, cost less than one mebibyte to refuse."""
    assert len(bomb) < 8192
    assert peak_bytes(lambda: DICTIONARIES.unpack(1, bomb)) < 1 << 20


def test_a_dictionary_bomb_is_refused_before_it_takes_memory() -> None:
    """Stored dictionaries are held to their own limit in the same way."""
    bomb = zstandard.ZstdCompressor(write_checksum=True).compress(bytes(64 << 20))
    assert peak_bytes(lambda: inflate(bomb)) < 1 << 20


def test_old_payloads_stay_readable() -> None:
    """New payloads are packed with the dictionary of the highest id; those packed with earlier ones are still read."""
    dictionaries = Dictionaries()
    assert dictionaries.current == PLAIN
    packed: list[tuple[int, bytes]] = []
    for number in (1, 3, 2):
        dictionaries.add(number, WORDS + bytes([number]) * 8)
        packed.append(dictionaries.pack(PAYLOAD))
    assert [dictionary_id for dictionary_id, _ in packed] == [1, 3, 3]
    assert [dictionaries.unpack(*one) for one in packed] == [PAYLOAD] * 3
    assert dictionaries.ids == [1, 2, 3]
    assert dictionaries.data(2) == WORDS + bytes([2]) * 8


TRAINED_MAGIC = bytes.fromhex("37a430ec")
"""With these four bytes zstd takes a dictionary for a trained one, and its tables must be sound."""


@pytest.mark.parametrize(
    ("dictionary_id", "data"),
    [
        (1, WORDS),
        (PLAIN, WORDS),
        (-1, WORDS),
        (0x10000, WORDS),
        (2, b""),
        (2, bytes(MAX_DICTIONARY_BYTES + 1)),
        (2, TRAINED_MAGIC + bytes(100)),
        (2, TRAINED_MAGIC + b"\1\0\0\0" + WORDS),
    ],
)
def test_a_dictionary_that_can_t_be_used_is_refused(dictionary_id: int, data: bytes) -> None:
    """Taken or impossible ids, no or too much data, broken tables: refused when it is added, not when it is needed."""
    dictionaries = Dictionaries()
    dictionaries.add(1, WORDS)
    with pytest.raises(InvalidInput):
        dictionaries.add(dictionary_id, data)
    assert dictionaries.ids == [1]
    assert dictionaries.pack(PAYLOAD) == (1, PACKED)


def test_the_largest_dictionary_is_one_mebibyte() -> None:
    """A dictionary of the limit can be added, stored and read back."""
    largest = WORDS * (MAX_DICTIONARY_BYTES // len(WORDS) + 1)
    largest = largest[:MAX_DICTIONARY_BYTES]
    dictionaries = Dictionaries()
    dictionaries.add(0xFFFF, largest)
    assert dictionaries.unpack(*dictionaries.pack(PAYLOAD)) == PAYLOAD
    assert inflate(deflate(largest)) == largest


def test_threads_don_t_disturb_each_other() -> None:
    """Contexts of zstd are not for two threads at once; each thread has its own, over the same dictionaries."""
    wrong: list[bytes] = []

    def work(seed: int) -> None:
        for number in range(200):
            payload = PAYLOAD + b"%d %d" % (seed, number)
            if DICTIONARIES.unpack(*DICTIONARIES.pack(payload)) != payload:
                wrong.append(payload)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@given(st.binary(min_size=1, max_size=2000))
def test_a_dictionary_comes_back(data: bytes) -> None:
    """Deflated and inflated, bytes are the same, and any zstd tool reads what is stored."""
    stored = deflate(data)
    assert inflate(stored) == data
    assert zstandard.ZstdDecompressor().decompress(stored) == data


def test_a_stored_dictionary_is_checked() -> None:
    """A wrong dictionary would unpack other words without complaint: a flipped bit is found or means nothing."""
    stored = deflate(WORDS)
    for part in truncations(stored):
        with pytest.raises(Damaged):
            inflate(part)
    passed = [inflated for inflated in map(inflate_or_none, bit_flips(stored)) if inflated is not None]
    assert len(passed) < 5
    assert set(passed) <= {WORDS}


@given(hostile(deflate(WORDS)))
def test_inflating_anything_else_is_damage(data: bytes) -> None:
    """Arbitrary bytes never raise another error, and none become other words."""
    assert inflate_or_none(data) in {None, WORDS}


SKIPPABLE = bytes.fromhex("50 2a 4d 18 04 00 00 00") + b"skip"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        deflate(WORDS) + b"x",
        deflate(WORDS) * 2,
        deflate(b""),
        deflate(b"") + b"x",
        SKIPPABLE,
        SKIPPABLE + deflate(WORDS),
        deflate(bytes(MAX_DICTIONARY_BYTES + 1)),
        zstandard.ZstdCompressor(write_checksum=False).compress(WORDS),
        zstandard.ZstdCompressor(write_content_size=False, write_checksum=True).compress(WORDS),
    ],
)
def test_only_what_deflate_makes_is_inflated(data: bytes) -> None:
    """One zstd frame with size and checksum, not empty, within the limit, nothing around it: all else is refused."""
    with pytest.raises(Damaged):
        inflate(data)


def test_a_limit_can_be_tighter() -> None:
    """The limit counts decompressed bytes."""
    assert inflate(deflate(WORDS), len(WORDS)) == WORDS
    with pytest.raises(Damaged, match=str(len(WORDS))):
        inflate(deflate(WORDS), len(WORDS) - 1)


def test_a_dictionary_is_known_by_its_plain_digest() -> None:
    """What commits declare is BLAKE3 of the dictionary itself, not of its stored form."""
    assert dictionary_digest(WORDS) == blake3(WORDS).digest()


def test_the_starter_dictionary_ships_with_the_package() -> None:
    """Every new log begins with it: it is there, within the limits, and well formed."""
    dictionaries = Dictionaries()
    dictionaries.add(1, starter_dictionary())
    assert dictionaries.unpack(*dictionaries.pack(PAYLOAD)) == PAYLOAD
