"""Commit records: read as they were packed, at their own position and in one form only, or refused."""

import zlib

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from remanence.codecs.commits import Commit, Declarations, pack_commit, read_commit
from remanence.codecs.errors import Damaged, InvalidInput

from .mutations import bit_flips, garbage, hostile, truncations

LINK = bytes(range(32))
DIGEST = bytes(range(100, 132))
PLAIN = Commit(7, 2, LINK)
FULL = Commit(7, 2, LINK, Declarations(((1, "order.placed"), (300, "order.paid")), ((1, DIGEST),)))
COMMITS = (PLAIN, FULL)

ids = st.integers(1, 0xFFFF)
names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200)
digests = st.binary(min_size=32, max_size=32)
commits = st.builds(
    Commit,
    st.integers(1, 2**64 - 1),
    st.integers(1, 2**32 - 1),
    digests,
    st.builds(
        Declarations,
        st.dictionaries(ids, names, max_size=5).map(lambda types: tuple(sorted(types.items()))),
        st.dictionaries(ids, digests, max_size=3).map(lambda dictionaries: tuple(sorted(dictionaries.items()))),
    ),
)


def sealed(declarations: bytes, form: int = 1, count: int = 2) -> bytes:
    """Any declarations in a record whose checksum is right, to get past it."""
    content = bytes([form]) + count.to_bytes(4, "big") + LINK + declarations
    return content + zlib.crc32(content, PLAIN.first).to_bytes(4, "little")


def assert_refused(record: bytes, first: int = PLAIN.first) -> None:
    """The reader says that the record is damaged, and where."""
    with pytest.raises(Damaged) as caught:
        read_commit(record, first)
    assert caught.value.position == first


@given(commits)
def test_a_commit_is_read_as_it_was_packed(commit: Commit) -> None:
    """Count, link and declarations come back as they were, and the last position is the first plus the rest."""
    assert read_commit(pack_commit(commit), commit.first) == commit
    assert commit.last - commit.first == commit.count - 1


@given(commits)
def test_the_record_is_its_parts_in_a_row(commit: Commit) -> None:
    """The formula of the format: format, count, link, declarations, and the checksum seeded with the first position."""
    content = b"\1" + commit.count.to_bytes(4, "big") + commit.link + commit.declarations.pack()
    checksum = zlib.crc32(content, commit.first % 2**32).to_bytes(4, "little")
    assert pack_commit(commit) == content + checksum


@given(commits)
def test_declarations_are_shortest_msgpack(commit: Commit) -> None:
    """Any msgpack decoder reads them: two arrays of pairs."""
    declared = commit.declarations
    decoded = msgspec.msgpack.decode(declared.pack())
    assert decoded == [[list(pair) for pair in pairs] for pairs in (declared.types, declared.dictionaries)]


@pytest.mark.parametrize("commit", COMMITS)
def test_a_truncated_record_is_damaged(commit: Commit) -> None:
    """No proper beginning of a record is a record."""
    for part in truncations(pack_commit(commit)):
        assert_refused(part)


@pytest.mark.parametrize("commit", COMMITS)
def test_a_flipped_bit_is_damage(commit: Commit) -> None:
    """Each single flipped bit is found."""
    for flipped in bit_flips(pack_commit(commit)):
        assert_refused(flipped)


@given(st.sampled_from(COMMITS), garbage)
def test_a_record_with_something_after_it_is_damaged(commit: Commit, more: bytes) -> None:
    """Whatever follows a record belongs to no record."""
    assert_refused(pack_commit(commit) + more)


@given(hostile(pack_commit(FULL)))
def test_other_bytes_are_damaged(data: bytes) -> None:
    """Mutated records and arbitrary bytes are refused, and never with another error."""
    assume(data != pack_commit(FULL))
    assert_refused(data)


@given(commits, st.integers(1, 2**64 - 1))
def test_a_record_is_damaged_at_another_position(commit: Commit, other: int) -> None:
    """A record kept under another position than its own is refused."""
    assume((commit.first - other) % 2**32)
    assert_refused(pack_commit(commit), other)


@pytest.mark.parametrize(("form", "count"), [(0, 2), (2, 2), (255, 2), (1, 0)])
def test_an_unknown_format_and_an_empty_commit_are_refused(form: int, count: int) -> None:
    """A sound record of a later version is not guessed at; a commit without events was never written."""
    assert_refused(sealed(Declarations().pack(), form, count))


@given(hostile(FULL.declarations.pack()))
def test_declarations_are_what_packs_to_the_same_bytes_or_damaged(packed: bytes) -> None:
    """Behind a right checksum, too: bytes are read as declarations only if they are their one form."""
    try:
        commit = read_commit(sealed(packed), PLAIN.first)
    except Damaged:
        return
    assert commit.declarations.pack() == packed


BAD_DECLARATIONS = {
    "id zero": (((0, "a.b"),), ()),
    "id over two bytes": (((0x10000, "a.b"),), ()),
    "id below zero": (((-1, "a.b"),), ()),
    "no name": (((1, ""),), ()),
    "name too long": (((1, "n" * 201),), ()),
    "short digest": ((), ((1, bytes(31)),)),
    "long digest": ((), ((1, bytes(33)),)),
    "types out of order": (((2, "a.b"), (1, "a.c")), ()),
    "type declared twice": (((1, "a.b"), (1, "a.c")), ()),
    "dictionary declared twice": ((), ((1, DIGEST), (1, DIGEST))),
}


@pytest.mark.parametrize("declared", BAD_DECLARATIONS.values(), ids=BAD_DECLARATIONS)
def test_what_is_refused_when_read_is_refused_when_written(
    declared: tuple[tuple[tuple[int, str], ...], tuple[tuple[int, bytes], ...]],
) -> None:
    """Limits and order of declarations are checked on both sides."""
    bad = Declarations(*declared)
    assert_refused(sealed(bad.pack()))
    with pytest.raises(InvalidInput):
        pack_commit(Commit(7, 2, LINK, bad))


@pytest.mark.parametrize(
    "commit",
    [
        Commit(7, 0, LINK),
        Commit(7, 2**32, LINK),
        Commit(7, -1, LINK),
        Commit(7, 2, LINK[:31]),
        Commit(7, 2, LINK + b"\0"),
        Commit(7, 2, LINK, Declarations(((1, "\ud800"),))),
        Commit(7, 2, LINK, Declarations(((2**64, "a.b"),))),
    ],
)
def test_a_commit_that_could_not_be_read_is_not_packed(commit: Commit) -> None:
    """No number is cut and no link is padded to fit: what doesn't fit is the caller's mistake."""
    with pytest.raises(InvalidInput):
        pack_commit(commit)


@pytest.mark.parametrize(
    "packed",
    [
        b"",
        b"\x90",
        b"\x92\x90",
        b"\x92\x90\xc0",
        b"\x92\xc0\x90",
        b"\x93\x90\x90\x90",
        b"\x80",
        b"\x92\x90\x90\x90",
        b"\xdc\x00\x02\x90\x90",
        b"\x92\x91\x92\xcc\x01\xa3a.b\x90",
        b"\x92\x91\x92\x01\xd9\x03a.b\x90",
        b"\x92\x91\x92\x01\xa2\xff\xfe\x90",
        b"\x92\x91\x92\xc3\xa3a.b\x90",
        b"\x92\xdd\xff\xff\xff\xff\x90",
        b"\x91" * 100_000,
        b"\x92" * 100_000,
    ],
)
def test_malformed_declarations_are_damaged(packed: bytes) -> None:
    """Missing, wrong, longer than needed, not UTF-8, declaring billions, nested without end: all are damage."""
    assert_refused(sealed(packed))
