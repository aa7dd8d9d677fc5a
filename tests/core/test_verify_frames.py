"""Verification of frames: taken together they come to what they come to one by one, sound or damaged."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remanence.core import verify_frames
from remanence.core.verify_frames import FrameCheck

from ..effort import short
from .places import BareStore, dice
from .tampering import OF_FRAMES, copies, reseal


def taken(store: BareStore, checkpoint: int, at_once: int, pieces: list[int]) -> tuple[object, ...]:
    """Everything that is known after the frames have been taken in pieces of these sizes, as many at once as said."""
    check = FrameCheck(checkpoint)
    for number, name in store.names.items():
        check.declare(number, name)
    for number, data in store.trained.items():
        check.dictionaries.add(number, data)
    leaves: list[bytes] = []
    damage = None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(verify_frames, "AT_ONCE", at_once)
        while damage is None and check.position < len(store.frames):
            size = pieces[check.position % len(pieces)]
            damage = check.take(store.frames[check.position : check.position + size], leaves)
    told = None if damage is None else (damage.position, str(damage))
    return told, leaves, check.position, check.resume, check.fold, check.counts(), check.size_bytes, check.erased


@short(150)
@given(
    seed=st.integers(0, 1 << 32),
    tampering=st.none() | st.sampled_from(OF_FRAMES),
    is_sealed=st.booleans(),
    checkpoint=st.integers(0, 20),
    at_once=st.integers(2, 20),
    pieces=st.lists(st.integers(1, 20), min_size=1, max_size=5),
)
def test_together_or_one_by_one(
    *, seed: int, tampering: object, is_sealed: bool, checkpoint: int, at_once: int, pieces: list[int]
) -> None:
    """However many are taken at once: the same leaves, sums and counts, and the same first damage."""
    store, _ = copies()
    if callable(tampering):
        tampering(store, dice(seed))
    if is_sealed:
        reseal(store)
    assert taken(store, checkpoint, at_once, pieces) == taken(store, checkpoint, 1, [1])
