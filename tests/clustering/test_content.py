"""The content embedder: what texts are about brings them near, whatever holds their sentences together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remanence.codecs.vectors import pack_directions
from remanence.core.embedder import is_pure
from remanence.projections.clusters import content
from remanence.projections.clusters.content import ContentEmbedder
from remanence.projections.semantic.static import DIMENSION

from ..effort import short

EMBEDDER = ContentEmbedder()


@given(st.lists(st.text(max_size=30) | st.sampled_from(["green tea", "the deploy failed", "", "it is"]), max_size=8))
@short(60)
def test_a_text_has_its_vector_alone_and_among_others(texts: list[str]) -> None:
    """To the bit, whichever texts are embedded with it and however many at once."""
    together = EMBEDDER.embed(texts)
    assert together.shape == (len(texts), DIMENSION)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(content, "_AT_ONCE", 3)
        assert np.array_equal(EMBEDDER.embed(texts), together)
    for text, row in zip(texts, together, strict=True):
        assert np.array_equal(EMBEDDER.embed([text])[0], row)


def test_what_a_text_is_about_counts_alone() -> None:
    """Words of every conversation add nothing; what means the same is nearer than what doesn't."""
    plain, padded, other, puppy, dog, tax, nothing = EMBEDDER.embed(
        [
            "green tea",
            "Wow, that is really great: green tea!",
            "staging deploy",
            "my puppy barks",
            "a dog in the garden",
            "the tax office wrote",
            "oh it is so nice, thanks",
        ]
    )
    assert np.array_equal(plain, padded)
    assert not nothing.any()

    def near(one: np.ndarray, two: np.ndarray) -> float:
        return float(one @ two / np.linalg.norm(one) / np.linalg.norm(two))

    assert near(puppy, dog) > near(puppy, tax)
    assert near(plain, other) < 0.3


def test_it_is_pure_and_the_same_on_every_machine() -> None:
    """Its vectors are not recorded, so they may never change under its name."""
    assert is_pure(EMBEDDER)
    assert str(EMBEDDER.identity) == "minilm-content/256/ded5edd6e7dece27"
    [packed] = pack_directions(EMBEDDER.embed(["green tea in the morning"]))
    assert packed[:8].hex() == "d5eb4e137f41cb49"
