"""WordPiece: a text's words, cut into the longest pieces that a vocabulary knows. Pure.

As BERT's uncased tokenizer does it (Devlin et al., 2018; words are cut as in Wu et al., "Google's Neural Machine
Translation System", 2016, section 4.1): lower case, accents off, punctuation and ideographs by themselves, each word
taken apart greedily from the left. A word that can't be taken apart whole gives nothing, unless a piece is named that
stands for it as BERT's `[UNK]` does: what a table knows nothing of should not pull texts together.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Final

__all__ = ["WordPiece"]

WORD_LENGTH_MAX: Final = 100
"""Characters of a word, BERT's own limit: longer ones are no words, and cutting takes time by the square."""
WORDS_KEPT: Final = 1 << 16
"""Words whose pieces are kept: some conversations' worth, about 10 MB."""
_INSIDE: Final = "##"
_IDEOGRAPHS: Final = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002fa1f"
_WORD: Final = re.compile(rf"[{_IDEOGRAPHS}]|[^\W_{_IDEOGRAPHS}]+|[^\w\s]|_")
_NO_MARKS: Final = bytes(code for code in range(128) if chr(code).isalnum() or chr(code).isspace())


class WordPiece:
    """Cuts texts."""

    def __init__(self, vocabulary: Mapping[str, int], *, unknown: int | None = None) -> None:
        """Prepare.

        Args:
            vocabulary: the number of each piece; those that go on a word begin with `##`.
            unknown: the number that stands for a word that can't be taken apart; without it, nothing does.
        """
        self._vocabulary = vocabulary
        self._unknown = () if unknown is None else (unknown,)
        self._known: dict[str, tuple[int, ...]] = {}

    def pieces(self, text: str) -> list[int]:
        """The numbers of a text's pieces, in order."""
        known = self._known
        found: list[int] = []
        for word in _words(text.lower()):
            pieces = known.get(word)
            found += self._learn(word) if pieces is None else pieces
        return found

    def _learn(self, word: str) -> tuple[int, ...]:
        if len(self._known) >= WORDS_KEPT:
            self._known.clear()
        self._known[word] = pieces = self._cut(word)
        return pieces

    def _cut(self, word: str) -> tuple[int, ...]:
        if len(word) > WORD_LENGTH_MAX:
            return self._unknown
        found: list[int] = []
        start = 0
        while start < len(word):
            before = _INSIDE if start else ""
            for end in range(len(word), start, -1):
                piece = self._vocabulary.get(before + word[start:end])
                if piece is not None:
                    found.append(piece)
                    start = end
                    break
            else:
                return self._unknown
        return tuple(found)


def _words(lower: str) -> list[str]:
    """A text's words and marks, in order, without accents."""
    if not lower.isascii():
        decomposed = unicodedata.normalize("NFD", lower)
        return _WORD.findall("".join([each for each in decomposed if unicodedata.category(each) != "Mn"]))
    for mark in set(lower.encode().translate(None, _NO_MARKS).decode()):  # a quarter of what the expression takes
        lower = lower.replace(mark, f" {mark} ")
    return lower.split()
