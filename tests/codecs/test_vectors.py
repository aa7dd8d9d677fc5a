"""Vectors: a quarter of their size as directions, and the same angles but for a hair."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from remanence.codecs.errors import Damaged, InvalidInput
from remanence.codecs.vectors import GREATEST, pack_directions, quantised, unpack_directions

from ..effort import short

finite = st.floats(allow_nan=False, allow_infinity=False)
matrices = array_shapes(min_dims=2, max_dims=2, max_side=8).flatmap(
    lambda shape: arrays(np.float64, shape, elements=finite)
)


@given(matrices)
@short(100)
def test_a_direction_takes_a_byte_a_component_and_points_the_same_way(vectors: np.ndarray) -> None:
    """Whatever the numbers: a byte each, the greatest is 127 in size, and packing what was unpacked changes nothing."""
    packed = pack_directions(vectors)
    whole = unpack_directions(packed, vectors.shape[1])
    assert [len(each) for each in packed] == [vectors.shape[1]] * len(vectors)
    for row, direction in zip(vectors, whole, strict=True):
        greatest = np.abs(row).max()
        assert np.abs(direction.astype(int)).max() == (GREATEST if greatest > 0 else 0)
        if greatest > 0:
            assert np.abs(direction - row / greatest * GREATEST).max() <= 0.5
    assert pack_directions(whole) == packed


@given(matrices, st.sampled_from([np.float32, np.float64]))
@short(100)
def test_steps_times_their_size_are_the_vector(vectors: np.ndarray, dtype: type[np.floating[Any]]) -> None:
    """Whatever the numbers and however they are kept: no component is further off than half a step."""
    with np.errstate(over="ignore"):
        exact = np.nan_to_num(vectors.astype(dtype))
    codes, greatest = quantised(exact)
    assert (codes.dtype.name, greatest.dtype.name) == ("int8", dtype.__name__)
    shares = exact / np.where(greatest > 0, greatest, 1)[:, None].astype(np.float64)
    assert np.abs(codes - shares * GREATEST).max() <= 0.5 + 1e-4


def test_a_packed_vector_is_a_quarter_of_float32_and_keeps_its_angles() -> None:
    """256 components are 256 bytes, and the cosines of random vectors are right to a hundredth."""
    vectors = np.random.default_rng(7).normal(size=(50, 256)).astype(np.float32)
    packed = pack_directions(vectors)
    assert len(packed[0]) * 4 == vectors[0].nbytes
    whole = unpack_directions(packed, 256).astype(np.float64)
    exact = vectors @ vectors.T / np.outer(*[np.linalg.norm(vectors, axis=1)] * 2)
    found = whole @ whole.T / np.outer(*[np.linalg.norm(whole, axis=1)] * 2)
    assert np.abs(exact - found).max() < 0.01


@pytest.mark.parametrize("vectors", [np.zeros(3), np.zeros((1, 1, 1)), np.array([[np.nan]]), np.array([[np.inf]])])
def test_what_is_no_matrix_of_numbers_is_refused(vectors: np.ndarray) -> None:
    """Neither another shape nor a number that is none is packed."""
    with pytest.raises(InvalidInput):
        pack_directions(vectors)


def test_a_vector_of_another_length_is_found() -> None:
    """Bytes that were cut are damage, not a shorter vector."""
    with pytest.raises(Damaged):
        unpack_directions([b"\0\0\0", b"\0\0"], 3)
