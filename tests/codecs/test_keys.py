"""Keys: their bytes sort as their values do, come back as they were, and no other bytes are taken for a key."""

import math
from enum import IntEnum, StrEnum
from functools import cmp_to_key
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remanence.codecs.errors import Damaged, InvalidInput
from remanence.codecs.keys import DEPTH_MAX, KeyValue, after_prefix, pack, pack_prefix, unpack

Values = tuple[KeyValue, ...]

LIMIT = 1 << 64
TYPES = (type(None), bool, int, float, str, bytes, tuple)
EDGES = sorted({sign * (1 << bits) + near for bits in range(65) for near in (-1, 0, 1) for sign in (-1, 1)})

ints = st.one_of(st.integers(-LIMIT + 1, LIMIT - 1), st.sampled_from([edge for edge in EDGES if abs(edge) < LIMIT]))
texts = st.one_of(st.text(st.characters(exclude_categories=["Cs"])), st.text("\0\1\2aé\uffff\U0001f600", max_size=4))
blobs = st.one_of(st.binary(), st.binary(max_size=4).map(lambda raw: raw.translate(bytes([0, 1, 2, 255] * 64))))
scalars = st.one_of(st.none(), st.booleans(), ints, st.floats(allow_nan=False), texts, blobs)
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3).map(tuple), max_leaves=8)
few: list[KeyValue] = [None, False, True, 0, 1, -1, 256, 0.0, 1.0, -1.0, "", "a", "a\0", "a\1", "ab", b"", b"a", b"a\0"]
near = st.recursive(
    st.sampled_from(few),
    lambda inner: st.lists(inner, max_size=2).map(tuple),
    max_leaves=4,
)
keys = st.one_of(st.lists(values, max_size=4), st.lists(near, max_size=4)).map(tuple)

EXAMPLES: list[tuple[Values, str]] = [
    ((), ""),
    ((None, False, True), "08 10 11"),
    ((0, 1, 255, 256, 1024), "20 21 01 21 ff 22 01 00 22 04 00"),
    ((-1, -255, -256), "1f fe 1f 00 1e fe ff"),
    ((LIMIT - 1, 1 - LIMIT), "28 ff ff ff ff ff ff ff ff 18 00 00 00 00 00 00 00 00"),
    ((0.0, 1.5), "30 80 00 00 00 00 00 00 00 30 bf f8 00 00 00 00 00 00"),
    ((-1.5,), "30 40 07 ff ff ff ff ff ff"),
    ((math.inf, -math.inf), "30 ff f0 00 00 00 00 00 00 30 00 0f ff ff ff ff ff ff"),
    (("ada", "é", ""), "38 61 64 61 00 38 c3 a9 00 38 00"),
    (("a\0b\1c",), "38 61 01 01 62 01 02 63 00"),
    ((b"\0\1\2\xff",), "40 01 01 01 02 02 ff 00"),
    ((("x", (), 5), None), "48 38 78 00 48 00 21 05 00 08"),
    (("ada", 5, "01J"), "38 61 64 61 00 21 05 38 30 31 4a 00"),
]
"""The format, fixed: a change to any of these bytes is another format."""


def compare(a: KeyValue, b: KeyValue) -> int:
    """The documented order, written without a thought of bytes: by type (True, 1 and 1.0 differ), then by value."""
    rank_a, rank_b = TYPES.index(type(a)), TYPES.index(type(b))
    if rank_a != rank_b:
        return -1 if rank_a < rank_b else 1
    if isinstance(a, tuple) and isinstance(b, tuple):
        for one, other in zip(a, b, strict=False):
            if order := compare(one, other):
                return order
        return (len(a) > len(b)) - (len(a) < len(b))
    left: Any = [ord(character) for character in a] if isinstance(a, str) else a
    right: Any = [ord(character) for character in b] if isinstance(b, str) else b
    return 0 if a is None else (left > right) - (left < right)


def bytes_order(a: bytes, b: bytes) -> int:
    """What memcmp and the lengths say, as LMDB compares."""
    return (a > b) - (a < b)


def nested(depth: int) -> KeyValue:
    """A tuple `depth` tuples deep."""
    value: KeyValue = ()
    for _ in range(depth - 1):
        value = (value,)
    return value


def damaged_or_canonical(data: bytes) -> bool:
    """Whether the bytes are refused, or are the very bytes that their values have."""
    try:
        read = unpack(data)
    except Damaged:
        return True
    return pack(read) == data


@given(keys, keys)
def test_bytes_sort_as_values(a: Values, b: Values) -> None:
    """The order of two keys is the order of their values, equal ones included."""
    assert bytes_order(pack(a), pack(b)) == compare(a, b)


@given(st.lists(keys, max_size=8))
def test_sorting_keys_sorts_values(many: list[Values]) -> None:
    """A whole set of keys lies in the store in the order of the values."""
    assert [unpack(key) for key in sorted(map(pack, many))] == sorted(many, key=cmp_to_key(compare))


def test_ints_sort_across_every_size() -> None:
    """The size of an int never disturbs the order: every power of two, and its neighbours, stand where they belong."""
    edges = [edge for edge in EDGES if abs(edge) < LIMIT]
    assert sorted(pack((edge,)) for edge in edges) == [pack((edge,)) for edge in edges]


@given(keys)
def test_what_is_packed_comes_back(key: Values) -> None:
    """A key gives back its values, of the same types; only -0.0 has become 0.0."""
    assert compare(unpack(pack(key)), key) == 0


@given(keys, keys)
def test_a_shorter_key_is_a_prefix_of_exactly_its_longer_ones(a: Values, b: Values) -> None:
    """Bytes begin with a packed tuple if, and only if, the values begin with the tuple's: a scan meets no stranger."""
    assert pack(a + b).startswith(pack(a))
    assert pack(b).startswith(pack(a)) == (compare(b[: len(a)], a) == 0)


@given(keys, texts, st.one_of(values, texts), keys)
def test_a_prefix_of_text_finds_exactly_the_texts_that_start_so(
    key: Values, beginning: str, value: KeyValue, rest: Values
) -> None:
    """`pack_prefix` covers the keys whose next value is a str with this beginning, whatever follows, and no others."""
    prefix = pack_prefix(key, beginning)
    assert pack((*key, value, *rest)).startswith(prefix) == (isinstance(value, str) and value.startswith(beginning))
    assert pack((*key, beginning + "\0", *rest)).startswith(prefix)


@given(keys, blobs, blobs)
def test_a_prefix_of_bytes_finds_exactly_the_bytes_that_start_so(key: Values, beginning: bytes, value: bytes) -> None:
    """`pack_prefix` does the same for bytes, and never mistakes a str for them."""
    prefix = pack_prefix(key, beginning)
    assert pack((*key, value)).startswith(prefix) == value.startswith(beginning)
    assert not pack((*key, beginning.hex())).startswith(prefix)


@given(keys, keys)
def test_a_range_by_prefix_holds_exactly_the_keys_with_it(a: Values, b: Values) -> None:
    """`prefix <= key < after_prefix(prefix)` and `key.startswith(prefix)` are the same question."""
    prefix, key = pack(a), pack(b)
    above = after_prefix(prefix)
    assert (prefix <= key and (above is None or key < above)) == key.startswith(prefix)


@pytest.mark.parametrize(
    ("prefix", "above"),
    [(b"a", b"b"), (b"a\xfe", b"a\xff"), (b"a\xff\xff", b"b"), (b"\0", b"\1"), (b"", None), (b"\xff\xff", None)],
)
def test_after_prefix_is_the_first_key_above(prefix: bytes, above: bytes | None) -> None:
    """The last byte that can grow does, FF bytes after it fall away, and where none can there is nothing above."""
    assert after_prefix(prefix) == above


@pytest.mark.parametrize(("key", "hexadecimal"), EXAMPLES)
def test_the_format_stands(key: Values, hexadecimal: str) -> None:
    """These values have had these bytes since the first release, and stored keys are compared with new ones."""
    assert pack(key).hex(" ") == hexadecimal
    assert compare(unpack(bytes.fromhex(hexadecimal)), key) == 0


@pytest.mark.parametrize(("key", "hexadecimal"), EXAMPLES)
def test_a_key_cut_anywhere_is_damaged_or_shorter(key: Values, hexadecimal: str) -> None:
    """Bytes cut between two values are the shorter key, as no end mark follows; cut within a value they are refused."""
    data = bytes.fromhex(hexadecimal)
    whole = {pack(key[:count]): key[:count] for count in range(len(key) + 1)}
    for size in range(len(data) + 1):
        if data[:size] in whole:
            assert compare(unpack(data[:size]), whole[data[:size]]) == 0
        else:
            with pytest.raises(Damaged):
                unpack(data[:size])


@given(keys, st.binary(min_size=1, max_size=9))
def test_garbage_after_a_key_is_refused_or_read_as_values(key: Values, garbage: bytes) -> None:
    """What follows a key is either refused or a well-formed continuation of it; the key's own values never change."""
    data = pack(key) + garbage
    try:
        read = unpack(data)
    except Damaged:
        return
    assert pack(read) == data
    assert compare(read[: len(key)], key) == 0


@given(keys.filter(bool), st.data())
def test_a_flipped_bit_is_damage_or_another_key(key: Values, data: st.DataObject) -> None:
    """After a flip the bytes are refused or are the one form of other values, never of the same."""
    raw = bytearray(pack(key))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    assert damaged_or_canonical(bytes(raw))


@given(st.one_of(st.binary(), st.binary().map(lambda raw: raw.translate((bytes(range(0x50)) * 4)[:256]))))
def test_any_bytes_are_damaged_or_canonical(data: bytes) -> None:
    """No bytes at all raise anything but `Damaged`, and none is a second form of values that have another."""
    assert damaged_or_canonical(data)


@pytest.mark.parametrize(
    ("hexadecimal", "fault"),
    [
        ("07", "07 begins no value"),
        ("00", "00 begins no value"),
        ("21 00", "longer than it need be"),
        ("22 00 ff", "longer than it need be"),
        ("1f ff", "longer than it need be"),
        ("1e ff 00", "longer than it need be"),
        ("22 01", "an int is cut off"),
        ("30 ff f8 00 00 00 00 00 00", "NaN or minus zero"),
        ("30 7f ff ff ff ff ff ff ff", "NaN or minus zero"),
        ("30 80", "a float is cut off"),
        ("38 61", "no end"),
        ("38 ff 00", "not UTF-8"),
        ("38 ed a0 80 00", "not UTF-8"),
        ("38 01 ff 01 01 00", "broken escape"),
        ("38 61 01 00", "broken escape"),
        ("40 01 03 00", "broken escape"),
        ("48 38 ff 00 00", "at byte 1, text is not UTF-8"),
        ("48 21 05", "a tuple has no end"),
        ("48 " * (DEPTH_MAX + 1) + "00 " * (DEPTH_MAX + 1), "more than 16 deep"),
        ("20 20 4f", "at byte 2, 4f begins no value"),
    ],
)
def test_damage_says_where_and_what(hexadecimal: str, fault: str) -> None:
    """Each way in which bytes fail to be a key is told apart, with the byte where it begins."""
    with pytest.raises(Damaged, match=fault):
        unpack(bytes.fromhex(hexadecimal))


@pytest.mark.parametrize(
    ("key", "fault"),
    [
        ((LIMIT,), r"values\[0\] is an int of more than 64 bits"),
        (("a", -LIMIT), r"values\[1\] is an int of more than 64 bits"),
        (("a", (1, (LIMIT,))), r"values\[1\]\[1\]\[0\] is an int"),
        ((math.nan,), r"values\[0\] is NaN"),
        (("a\udc80",), r"values\[0\] is a str with half"),
        (("\0\udc80",), r"values\[0\] is a str with half"),
        (((None, "\udc80"),), r"values\[0\]\[1\] is a str with half"),
        ((1, {2}), r"values\[1\] is a set; a key holds None"),
        (([1],), r"values\[0\] is a list"),
        ((bytearray(b"a"),), r"values\[0\] is a bytearray"),
        ((nested(DEPTH_MAX + 1),), r"values(\[0\]){17} is a tuple more than 16 deep"),
        ("ada", "not from one str"),
        (b"ada", "not from one bytes"),
    ],
)
def test_a_value_no_key_can_hold_is_named(key: Any, fault: str) -> None:
    """What can't be packed is the caller's mistake, named by where it stands and what it is."""
    with pytest.raises(InvalidInput, match=fault):
        pack(key)


def test_the_deepest_tuple_comes_back() -> None:
    """A tuple at the limit of depth is a key like any other."""
    assert unpack(pack((nested(DEPTH_MAX),))) == (nested(DEPTH_MAX),)


def test_minus_zero_is_zero() -> None:
    """Values that Python calls equal, of one type, have one key: -0.0 is stored as 0.0, at any depth."""
    assert pack((-0.0, (-0.0,))) == pack((0.0, (0.0,)))


class Pair(NamedTuple):
    """A tuple by another name."""

    left: str
    right: int


def test_subclasses_are_what_they_extend() -> None:
    """A StrEnum, an IntEnum and a named tuple pack as the plain str, int and tuple that they equal."""
    kind = StrEnum("kind", {"FACT": "fact"})
    level = IntEnum("level", {"HIGH": 3})
    assert unpack(pack((kind("fact"), level(3), Pair("a", level(3))))) == ("fact", 3, ("a", 3))
    assert [type(value) for value in unpack(pack((kind("fact"), level(3))))] == [str, int]


def test_a_list_packs_as_its_tuple() -> None:
    """Any sequence of values is a key at the top; inside, only tuples are, as only they come back equal."""
    assert pack(["ada", 5]) == pack(("ada", 5))
