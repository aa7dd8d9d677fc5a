"""Words: a text cut into words, in any script. Pure, and part of the meaning of every view that counts words.

Invariants: the same text gives the same words everywhere and for ever; who changes that raises the versions of the
views and of the tagger that stand on it. A word's normal form is NFKC and case-folded; a possessive or an elided
article is not part of it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from typing import Final

import attrs

from ...codecs.digests import short_digest
from .stopwords import LANGUAGES, NEGATIONS, SPOKEN, STOP_SIGNS

__all__ = ["Word", "is_negated", "language_of", "plain_of", "term_of", "width", "words_of"]

_TOKEN: Final = re.compile(r"\w+(?:[.'\-/]\w+)*[+#]*|@\w+")
_IDEOGRAPH: Final = re.compile("[\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_QUOTES: Final = str.maketrans({"\u2019": "'", "\u2018": "'", "\u02bc": "'", "\u2010": "-", "\u2011": "-"})
_ELISIONS: Final = "c d dell all dall nell sull l j jusqu lorsqu m n puisqu qu quell quest s t un"
_ELIDED: Final = frozenset(_ELISIONS.split())
_KEPT_LENGTH_MAX: Final = 2_000
_TERM_BYTES: Final = 8
"""64 bits: among a million words of a log, two share a digest with probability 3e-8, and then one looks too common."""


@attrs.frozen
class Word:
    """A word of a text.

    Attributes:
        normal: its normal form.
        shown: as it is written.
        start: where it begins.
        end: where it ends.
        is_stop: whether it is a function word of the text's language.
    """

    normal: str
    shown: str
    start: int
    end: int
    is_stop: bool = False

    @property
    def is_number(self) -> bool:
        """Whether it has digits and no letter."""
        return any(sign.isdigit() for sign in self.normal) and not any(sign.isalpha() for sign in self.normal)


def words_of(text: str) -> Sequence[Word]:
    """The words of a text, in order.

    Scripts without spaces are cut where the script changes, and Han at its most frequent function signs: no dictionary
    is consulted.
    """
    return _kept_words(text) if len(text) <= _KEPT_LENGTH_MAX else _words(text)


@lru_cache(maxsize=256)
def _kept_words(text: str) -> Sequence[Word]:
    """A text is counted, tagged and compared within a short time."""
    return _words(text)


def _words(text: str) -> tuple[Word, ...]:
    found: list[tuple[str, str, int]] = []
    for match in _TOKEN.finditer(text.translate(_QUOTES)):
        token, start = match.group(), match.start()
        if token.isascii() or not _IDEOGRAPH.search(token):
            found.append(_word(token, start))
        else:
            found.extend(_cut(token, start))
    language = language_of([normal for normal, _, _ in found])
    return tuple(
        Word(normal, shown, start, start + len(shown), language in SPOKEN.get(normal, ()) or _is_particle(normal))
        for normal, shown, start in found
    )


def language_of(normals: Sequence[str]) -> str:
    """The language whose function words are most frequent, in two letters; "" when none is there.

    Of several that fit equally the first of the table is taken, which is in the order of how widely they are written.
    """
    hits = dict.fromkeys(LANGUAGES, 0)
    for normal in normals:
        for language in SPOKEN.get(normal, ()):
            hits[language] += 1
    best = max(hits, key=hits.__getitem__)  # the first of equals
    return best if hits[best] else ""


def plain_of(word: str) -> str:
    """A normal form without accents, for comparing what may have been typed in haste."""
    if word.isascii():
        return word
    apart = unicodedata.normalize("NFD", word)
    return unicodedata.normalize("NFC", "".join(sign for sign in apart if not unicodedata.combining(sign)))


@lru_cache(maxsize=16_384)
def term_of(normal: str) -> bytes:
    """What a word is counted under: 8 bytes, so that no view of counts holds anybody's words."""
    return short_digest(b"term", normal.encode())[:_TERM_BYTES]


def width(text: str) -> int:
    """Length in columns, a blank however wide as one: a wide sign says about as much as two letters."""
    even = " ".join(text.split())
    return len(even) if even.isascii() else sum(1 + (unicodedata.east_asian_width(sign) in "WF") for sign in even)


def is_negated(words: Sequence[Word]) -> bool:
    """Whether a text denies an odd number of times."""
    return sum(word.normal in NEGATIONS or word.normal.endswith("n't") for word in words) % 2 == 1


def _word(token: str, start: int) -> tuple[str, str, int]:
    normal = _normal(token)
    head, quote, tail = normal.partition("'")
    if not quote or normal in SPOKEN:
        return normal, token, start
    cut = token.index("'")
    if head in _ELIDED or len(head) == 1:  # d'affaires, O'Brien
        return tail, token[cut + 1 :], start + cut + 1
    return head, token[:cut], start  # niece's, Ankara'da


@cache
def _scripts() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Runs of one script, and the pieces of a run. They take longer to compile than all the rest of this file."""
    signs = (
        "[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff々]+"  # Han
        "|[\u3041-\u309f]+"  # Hiragana: endings and particles
        "|[\u30a0-\u30ff]+"  # Katakana
        "|[^\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff々\u3041-\u309f\u30a0-\u30ff]+"
    )
    return re.compile(signs), re.compile(f"[{STOP_SIGNS}]|[^{STOP_SIGNS}]+")


def _cut(token: str, start: int) -> Iterator[tuple[str, str, int]]:
    runs, pieces = _scripts()
    for run in runs.finditer(token):
        for piece in pieces.finditer(run.group()):
            yield _normal(piece.group()), piece.group(), start + run.start() + piece.start()


def _normal(token: str) -> str:
    return token.lower() if token.isascii() else unicodedata.normalize("NFKC", token).casefold()


def _is_particle(normal: str) -> bool:
    """Signs that join and inflect: Hiragana, and single function signs of Han."""
    return not normal.isascii() and (normal in STOP_SIGNS or all("\u3041" <= sign <= "\u309f" for sign in normal))
