"""Bytes gone wrong, in every way that a decoder must notice. No expectation lives here."""

from collections.abc import Callable, Iterator

from hypothesis import strategies as st

Mutation = Callable[[bytes], bytes]


def truncations(data: bytes) -> Iterator[bytes]:
    """Every proper beginning of `data`, the empty one included."""
    return (data[:size] for size in range(len(data)))


def bit_flips(data: bytes) -> Iterator[bytes]:
    """`data` with each of its bits flipped in turn."""
    for index, byte in enumerate(data):
        for bit in range(8):
            yield data[:index] + bytes([byte ^ 1 << bit]) + data[index + 1 :]


garbage = st.binary(min_size=1, max_size=40)
"""What may follow where nothing should."""


@st.composite
def mutations(draw: st.DrawFn, data: bytes) -> bytes:
    """`data` with a few bytes replaced, removed, repeated or put in: what fuzzers do to a good seed."""
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 8)))
        middle = draw(st.one_of(st.binary(max_size=8), st.just(data[start:end] * 2), st.just(b"")))
        data = data[:start] + middle + data[end:]
    return data


def hostile(seed: bytes) -> st.SearchStrategy[bytes]:
    """Bytes that pretend to be like `seed`: mutations of it, and bytes that nothing is known of."""
    return st.one_of(mutations(seed), st.binary(max_size=200))
