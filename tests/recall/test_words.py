"""Words: what counts as the same word, and what survives being taken apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remanence.projections.recall.words import spans, words_of

from ..effort import short


def overlap(one: str, two: str) -> bool:
    """Whether texts have a word in common that says something."""
    return bool(set(words_of(one)[0]) & set(words_of(two)[0]))


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("boats", "the Boat"),
        ("cafe", "Le Café"),
        ("CAFÉ", "cafe"),
        ("Ada's", "ada"),
        ("read_file", "call read_file(path)"),
        ("file", "call read_file(path)"),
        ("getUserName", "def getUserName():"),
        ("user", "def getUserName():"),
        ("1.2.3", "released v 1.2.3 today"),
        ("c++", "written in C++"),
        ("C#", "C# and F#"),
        ("東京", "東京に行った"),
        ("京", "東京に行った"),
        ("서울", "서울에서"),
        ("😀", "fine 😀!"),
        ("हिन्दी", "हिन्दी में"),
        ("Привет", "привет, мир"),
        ("straße", "STRASSE"),
    ],
)
def test_the_same_word_is_found(asked: str, told: str) -> None:
    """Case, accents, plural and possessive don't count; identifiers, signs and scripts without spaces are words."""
    assert overlap(asked, told)


@pytest.mark.parametrize(("asked", "told"), [("c++", "C#"), ("東京", "京都"), ("😀", "😢"), ("tea", "team")])
def test_another_word_is_not(asked: str, told: str) -> None:
    """What differs in what matters is another word; pairs of letters are, where each letter alone would be shared."""
    assert set(words_of(asked)[0]) != set(words_of(told)[0])


def test_stop_words_are_told_apart() -> None:
    """What only says how a question is put comes apart from what it is about."""
    said, stops = words_of("What is the name of the boat?")
    assert (len(said), len(stops)) == (2, 5)


@given(st.text())
@short(60)
def test_any_text_has_words(text: str) -> None:
    """No text is refused; the places of its words are in it, and tell the same words."""
    said, stops = words_of(text)
    found = spans(text)
    assert sorted(number for _, _, number in found if number > 0) == sorted(said)
    assert sorted(-number for _, _, number in found if number < 0) == sorted(stops)
    assert all(0 <= start < end <= len(text) for start, end, _ in found)
