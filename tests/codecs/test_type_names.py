"""Names in the table of event types: what was put in comes out, and nothing else does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remanence.codecs.errors import Damaged
from remanence.codecs.type_names import pack_type_name, read_type_name

numbers = st.integers(1, 0xFFFF)
names = st.text(min_size=1, max_size=100)


@given(numbers, names)
def test_a_name_is_read_as_it_was_packed(number: int, name: str) -> None:
    """Every name comes back under its own number."""
    assert read_type_name(number, pack_type_name(number, name)) == name


@given(numbers, numbers, names)
def test_a_name_under_another_number_is_refused(number: int, other: int, name: str) -> None:
    """An entry belongs to its number: exchanged entries rename nothing."""
    if number != other:
        with pytest.raises(Damaged):
            read_type_name(other, pack_type_name(number, name))


@given(numbers, names, st.data())
def test_a_flipped_bit_is_refused(number: int, name: str, data: st.DataObject) -> None:
    """One bit makes no other name."""
    entry = bytearray(pack_type_name(number, name))
    bit = data.draw(st.integers(0, 8 * len(entry) - 1))
    entry[bit // 8] ^= 1 << bit % 8
    with pytest.raises(Damaged):
        read_type_name(number, bytes(entry))


@given(numbers, names)
def test_a_cut_or_longer_entry_is_refused(number: int, name: str) -> None:
    """Cut at every byte, or with a byte more, an entry is no entry."""
    entry = pack_type_name(number, name)
    for size in range(len(entry)):
        with pytest.raises(Damaged):
            read_type_name(number, entry[:size])
    with pytest.raises(Damaged):
        read_type_name(number, entry + b"\0")


@given(numbers, st.binary(max_size=60))
def test_any_bytes_are_damage_or_a_name(number: int, entry: bytes) -> None:
    """Whatever stands in the table, the answer is a name that packs to it, or an error of ours."""
    try:
        name = read_type_name(number, entry)
    except Damaged:
        return
    assert pack_type_name(number, name) == entry
