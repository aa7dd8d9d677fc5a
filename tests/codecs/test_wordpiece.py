"""WordPiece: words come apart into the longest pieces that are known, and nothing makes it stumble."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from remanence.codecs.wordpiece import WORD_LENGTH_MAX, WordPiece

from ..effort import short

WORDS = ["a", "ab", "abc", "##a", "##b", "##bc", "c", "tea", "!", "_", "\u8336", "\u6c34"]
VOCABULARY = {piece: number for number, piece in enumerate(WORDS)}


def cut(text: str) -> list[str]:
    """The pieces as text."""
    return [WORDS[number] for number in WordPiece(VOCABULARY).pieces(text)]


def test_the_longest_piece_from_the_left_is_taken() -> None:
    """`abca` is `abc` and `##a`, although `a` and `##bc` are pieces too."""
    assert cut("abca abbc") == ["abc", "##a", "ab", "##bc"]


def test_a_word_that_does_not_come_apart_whole_gives_nothing() -> None:
    """Its beginning is no reason to take it for something that it isn't."""
    assert cut("abcx tea xabc") == ["tea"]


def test_case_and_accents_do_not_count_and_punctuation_stands_alone() -> None:
    """`TÉA!` is tea and an exclamation mark; an underscore parts identifiers; ideographs are words each."""
    assert cut("TÉA! a_b\u0301c \u8336\u6c34") == ["tea", "!", "a", "_", "\u8336", "\u6c34"]


def test_a_word_longer_than_any_word_is_none() -> None:
    """A hundred characters are cut, one more are not; so a text takes time in proportion to its length."""
    assert len(cut("a" * WORD_LENGTH_MAX)) == WORD_LENGTH_MAX
    assert cut("a" * (WORD_LENGTH_MAX + 1)) == []


@given(st.lists(st.sampled_from(["abca", "tea", "!", "xyz", "\u8336"]), max_size=20))
@short(100)
def test_texts_put_together_are_their_pieces_put_together(words: list[str]) -> None:
    """What pieces a word has doesn't depend on the words beside it, nor on what was cut before."""
    cutter = WordPiece(VOCABULARY)
    whole = cutter.pieces(" ".join(words))
    assert whole == [piece for word in words for piece in cutter.pieces(word)]


@given(st.text(max_size=200))
@short(300)
def test_any_text_is_taken(text: str) -> None:
    """Whatever the characters: known pieces, or none."""
    assert all(0 <= number < len(WORDS) for number in WordPiece(VOCABULARY).pieces(text))
