"""The static embedder: pure, additive, silent about what it doesn't know."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from remanence.projections.semantic.static import StaticEmbedder

from ..effort import short

EMBEDDER = StaticEmbedder()


def cosine(one: str, other: str) -> float:
    """How alike two texts are."""
    left, right = EMBEDDER.embed([one, other])
    return float(left @ right / np.linalg.norm(left) / np.linalg.norm(right))


def test_texts_about_alike_things_are_nearer_than_others_without_a_shared_word() -> None:
    """A doctor is nearer to a hospital than to a guitar, and a puppy to a dog than to a mortgage."""
    assert cosine("she saw the doctor", "he went into hospital") > cosine("she saw the doctor", "he played a guitar")
    assert cosine("my puppy is ill", "your dog has a fever") > cosine("my puppy is ill", "your mortgage is due")


def test_what_is_not_known_is_the_zero_vector() -> None:
    """No text, blanks, signs of no script, and a word longer than any: zeros, not numbers that are none."""
    assert not EMBEDDER.embed(["", "  \n", "\ue000\ue001", "q" * 5000]).any()


@given(st.lists(st.sampled_from(["tea", "Ada lives in Paris.", "??", "", "\u8336", "naïve"]), max_size=6))
@short(100)
def test_the_vector_of_texts_put_together_is_the_sum_of_theirs(texts: list[str]) -> None:
    """So a turn among its neighbours costs a sum."""
    together = EMBEDDER.embed([" ".join(texts)])[0]
    assert np.allclose(together, EMBEDDER.embed(texts).sum(axis=0), atol=1e-5)


@given(st.lists(st.text(max_size=60), min_size=1, max_size=5))
@short(100)
def test_a_text_has_its_vector_whatever_it_is_embedded_with(texts: list[str]) -> None:
    """Embedding is a function of the text alone, to the last bit, and always of finite numbers."""
    together = EMBEDDER.embed(texts)
    assert np.isfinite(together).all()
    assert np.array_equal(together, np.concatenate([EMBEDDER.embed([text]) for text in texts]))


def test_a_text_of_a_hundred_thousand_characters_is_taken() -> None:
    """In parts, which add up to what its beginning repeated would."""
    long = EMBEDDER.embed(["tea and cake " * 10_000])[0]
    assert np.allclose(long, EMBEDDER.embed(["tea and cake"])[0] * 10_000, rtol=1e-3, atol=1e-2)


def test_importing_remanence_imports_no_numpy() -> None:
    """Whoever doesn't recall doesn't wait for it."""
    program = "import sys, remanence; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
