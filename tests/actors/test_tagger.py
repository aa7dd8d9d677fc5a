"""What a tagger answers is checked before it is recorded, and made even."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remanence.actors.tagger import KEYWORD_LENGTH_MAX, KEYWORDS_MAX, Tags, checked
from remanence.core.errors import InvalidInput

from ..effort import short


def one(tags: Tags) -> Tags:
    """What becomes of one answer."""
    [found] = checked([tags], 1)
    assert found is not None
    return found


def test_a_good_answer_is_taken() -> None:
    """As it is; None leaves a text to the built-in tagger."""
    tags = Tags(("tea",), "data", 0.5, "-", "junk")
    assert checked([tags, None], 2) == [tags, None]


@pytest.mark.parametrize(("sure", "state"), [(0.9, "+"), (0.7, "+"), (0.5, "~"), (0.3, "?")])
def test_the_state_follows_from_how_sure_it_is(sure: float, state: str) -> None:
    """Unless the tagger says it; without a class there is neither."""
    assert one(Tags(cxd="data", sure=sure)).state == state
    assert one(Tags(cxd="data", sure=sure, state="-")).state == "-"
    assert (one(Tags(sure=sure, state="-")).state, one(Tags(sure=sure)).sure) == (None, 0.0)


def test_keywords_are_made_even() -> None:
    """Lower case, single blanks, none twice, none empty; None stays None."""
    assert one(Tags([" Green   Tea", "green tea", "", "  ", "KÖLN", "a\0b"])).keywords == ("green tea", "köln")
    assert one(Tags()).keywords is None
    assert one(Tags([])).keywords == ()


@given(st.lists(st.text(max_size=120), max_size=40))
@short(60)
def test_keywords_fit_an_index(keywords: list[str]) -> None:
    """Whatever a model makes up, what is kept is short enough and few enough."""
    found = one(Tags(keywords)).keywords
    assert found is not None
    assert len(found) <= KEYWORDS_MAX
    assert all(0 < len(each) <= KEYWORD_LENGTH_MAX for each in found)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (None, "NoneType"),
        ("tags", "str"),
        ({}, "dict"),
        ([], "1 texts and returned 0"),
        ([Tags(), Tags()], "1 texts and returned 2"),
        (["tags"], "str for a text"),
        ([Tags("tea")], "list of texts"),
        ([Tags([1])], "a keyword is a text"),  # type: ignore[list-item]
        ([Tags(cxd="poem")], "cxd is one of"),
        ([Tags(cxd="data", state="!")], "state is one of"),
        ([Tags(quality="duplicate")], "quality is one of"),
        ([Tags(sure=1.5)], "0 to 1"),
        ([Tags(sure=float("nan"))], "0 to 1"),
        ([Tags(sure=True)], "0 to 1"),
    ],
)
def test_what_cannot_be_recorded_is_refused(answer: Any, told: str) -> None:
    """With what is wrong about it."""
    with pytest.raises(InvalidInput, match=told):
        checked(answer, 1)
