"""Training of compression dictionaries, and the judgement whether one pays. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import attrs
import zstandard

from .compression import LEVEL, Dictionaries, deflate

__all__ = ["DICTIONARY_BYTES", "Verdict", "judge", "train"]

DICTIONARY_BYTES: Final = 8 * 1024
"""Measured on conversations: one of 8 KiB, trained from 128 of their own turns, packs the rest into 76 % of what the
starter needs; 16 KiB into 75 %, for nearly twice the cost."""
SEGMENT_BYTES: Final = 500
"""How long the passages are that a dictionary is put together from. zstd would try several lengths: four times the work
for the same packing (measured on conversations; below 200 it packs worse)."""
KEY_BYTES: Final = 6
SAMPLES_MIN: Final = 100
"""zstd's trainer finds nothing in fewer."""


@attrs.frozen
class Verdict:
    """What a new dictionary would change, measured on events that it was not trained with.

    Attributes:
        before_bytes: what they take with the dictionary in use.
        after_bytes: what they would take with the new one.
        cost_bytes: what the new dictionary itself takes in the log.
        events: how many they are.
    """

    before_bytes: int
    after_bytes: int
    cost_bytes: int
    events: int

    def pays(self, expected_events: int) -> bool:
        """Whether so many more events would save at least 10 %, and twice what the dictionary costs."""
        saved = (self.before_bytes - self.after_bytes) / max(1, self.events) * expected_events
        return self.after_bytes <= 0.9 * self.before_bytes and saved >= 2 * self.cost_bytes


def train(samples: Sequence[bytes], size_bytes: int = DICTIONARY_BYTES) -> bytes | None:
    """A dictionary for payloads like these, or None when there are too few of them or nothing repeats."""
    if len(samples) < SAMPLES_MIN:
        return None
    try:
        found = zstandard.train_dictionary(size_bytes, list(samples), level=LEVEL, k=SEGMENT_BYTES, d=KEY_BYTES)
    except zstandard.ZstdError:
        return None  # the trainer's way to say that the samples have nothing in common
    return found.as_bytes()


def judge(candidate: bytes, current: Dictionaries, held_out: Sequence[bytes]) -> Verdict:
    """Measure a new dictionary against the one in use."""
    trial = Dictionaries()
    trial.add(1, candidate)
    return Verdict(
        before_bytes=sum(len(current.pack(payload)[1]) for payload in held_out),
        after_bytes=sum(len(trial.pack(payload)[1]) for payload in held_out),
        cost_bytes=len(deflate(candidate)),
        events=len(held_out),
    )
