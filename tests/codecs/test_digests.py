"""Digests: the chain covers every byte and its place, and parts never run into each other."""

from typing import Any

import attrs
from blake3 import blake3
from hypothesis import assume, given
from hypothesis import strategies as st

from remanence.codecs.digests import body_digest, chain_link, genesis_link, key_digest, short_digest
from remanence.codecs.frames import leaf, pack_frame, pack_header, stub

leaves = st.binary(min_size=48, max_size=48)
links = st.binary(min_size=32, max_size=32)


@attrs.frozen
class Seal:
    """What a link is made of."""

    previous: bytes
    first: int
    leaves: tuple[bytes, ...]
    declarations: bytes

    @property
    def link(self) -> bytes:
        """The link that seals it."""
        return chain_link(self.previous, self.first, len(self.leaves), self.leaves, self.declarations)


seals = st.builds(
    Seal, links, st.integers(1, 2**64 - 1), st.lists(leaves, min_size=1, max_size=5).map(tuple), st.binary(max_size=60)
)


@given(seals)
def test_a_link_is_the_digest_of_its_parts_in_a_row(seal: Seal) -> None:
    """The formula of the format, written out: previous link, first position, count, leaves, declarations."""
    span = seal.first.to_bytes(8, "big") + len(seal.leaves).to_bytes(4, "big")
    assert seal.link == blake3(seal.previous + span + b"".join(seal.leaves) + seal.declarations).digest()


@given(seals, seals)
def test_different_commits_have_different_links(one: Seal, other: Seal) -> None:
    """Two commits share a link only if they are the same."""
    assert (one.link == other.link) == (one == other)


@given(seals, st.data())
def test_one_change_changes_the_link(seal: Seal, data: st.DataObject) -> None:
    """A replaced, dropped, added, repeated or reordered frame, another place or past: each is seen in the link."""
    place = data.draw(st.integers(0, len(seal.leaves) - 1))
    before, after = seal.leaves[:place], seal.leaves[place + 1 :]
    leaf_there = seal.leaves[place]
    changes: list[dict[str, Any]] = [
        {"leaves": (*before, data.draw(leaves), *after)},
        {"leaves": (*before, *after)},
        {"leaves": (*before, leaf_there, leaf_there, *after)},
        {"leaves": (*before, data.draw(leaves), leaf_there, *after)},
        {"leaves": tuple(data.draw(st.permutations(seal.leaves)))},
        {"first": data.draw(st.integers(1, 2**64 - 1))},
        {"previous": data.draw(links)},
        {"declarations": data.draw(st.binary(max_size=60))},
    ]
    for change in changes:
        changed = attrs.evolve(seal, **change)
        assert (changed.link == seal.link) == (changed == seal)


@given(seals, st.binary(min_size=1, max_size=60))
def test_bytes_don_t_move_between_leaves_and_declarations(seal: Seal, moved: bytes) -> None:
    """The count says where the leaves end, so the same bytes divided otherwise have another link."""
    whole = chain_link(seal.previous, seal.first, len(seal.leaves) + 1, (*seal.leaves, moved), seal.declarations)
    assert whole != chain_link(seal.previous, seal.first, len(seal.leaves), seal.leaves, moved + seal.declarations)


@given(st.lists(st.binary(min_size=16, max_size=80), min_size=1, max_size=5), st.data())
def test_erasing_doesn_t_change_the_link(bodies: list[bytes], data: st.DataObject) -> None:
    """A commit's link is the same whichever of its frames have been erased."""
    header = pack_header(1, 1, 0, 1)
    frames = [pack_frame(position, header, body) for position, body in enumerate(bodies, 1)]
    erased = [stub(frame, at) if data.draw(st.booleans()) else frame for at, frame in enumerate(frames, 1)]
    count = len(frames)
    sealed = chain_link(bytes(32), 1, count, map(leaf, frames), b"")
    assert chain_link(bytes(32), 1, count, map(leaf, erased), b"") == sealed


@given(st.binary(max_size=100))
def test_a_body_digest_is_plain_blake3(body: bytes) -> None:
    """Any tool that knows BLAKE3 can check a body."""
    assert body_digest(body) == blake3(body).digest()


@given(st.binary(min_size=16, max_size=16), st.binary(min_size=16, max_size=16))
def test_each_log_has_its_own_genesis(one: bytes, other: bytes) -> None:
    """The link before the first commit comes from the log's id, in a context of its own."""
    assert genesis_link(one) == blake3(one, derive_key_context="remanence 2026 log genesis link").digest()
    assert (genesis_link(one) == genesis_link(other)) == (one == other)
    assert genesis_link(one) != body_digest(one)


@given(st.lists(st.binary(max_size=6), max_size=4), st.lists(st.binary(max_size=6), max_size=4))
def test_borders_between_parts_count(one: list[bytes], other: list[bytes]) -> None:
    """`ab` `c` is not `a` `bc`: a short digest is of the parts, not of what they make together."""
    assert len(short_digest(*one)) == 16
    assert (short_digest(*one) == short_digest(*other)) == (one == other)


@given(st.lists(st.binary(max_size=6), max_size=4))
def test_a_short_digest_is_blake3_of_lengths_and_parts(parts: list[bytes]) -> None:
    """The formula of the format: each part after its length in four bytes, and the first 16 bytes of the digest."""
    assert short_digest(*parts) == blake3(b"".join(len(part).to_bytes(4, "big") + part for part in parts)).digest()[:16]


@given(st.binary(max_size=20), st.binary(max_size=20))
def test_keys_of_different_kinds_never_meet(key: bytes, other: bytes) -> None:
    """A caller's key that looks like a content's digest is not taken for one."""
    assert key_digest(b"key", key) != key_digest(b"content", other)
    assume(key != other)
    assert key_digest(b"key", key) != key_digest(b"key", other)
