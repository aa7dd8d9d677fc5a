"""Words: from a text to the numbers that stand for its words. Pure, but for a cache of what it has worked out.

- A word is a run of letters and digits; English words are stemmed (Porter), accents of Latin, Greek and Cyrillic
  letters don't count, case doesn't either.
- What is joined without a space (`snake_case`, `v1.2`, `camelCase`) counts whole and in its parts; `C++`, `C#` and
  `.NET` keep what makes them what they are; each emoji is a word.
- Scripts without spaces (Han, kana, Hangul, Thai, …) are taken letter by letter and by pairs of letters.
- A word is kept as 64 bits of its BLAKE3: an index of them holds no text, and two words among a million share a number
  with probability 3e-8.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Container, Iterable, Iterator
from typing import Final, cast

import attrs
import Stemmer  # type: ignore[import-not-found]  # a module in C, without stubs
from blake3 import blake3

from .plugs import Analyser

__all__ = ["OWN", "STOP_WORDS", "Span", "Words", "analysed", "spans", "word_number", "words_of"]

Span = tuple[int, int, str]
"""Where a word begins and ends in a text, and its stem."""
STOP_WORDS: Final = frozenset(
    """a about above after again all am an and any are as at be been before being both but by can could d did do does
    doing don done down each few for from had has have having he her here hers him his how i if in into is it its just
    ll m may me might mine more most must my no nor not now o of off on once only or other our ours out over own re s
    same shall she should so some such t than that the their theirs them then there these they this those to too under
    up ve very was we were what when where which who whom whose why will with would y you your yours""".split()  # noqa: SIM905 - read as a text
)
"""They say how a question is put, not what it is about. A question of nothing else is asked with them."""
CACHE_MAX: Final = 200_000
"""Words whose numbers are kept at hand: more than an agent's conversations use, some 30 MB."""
WORD_LETTERS_MAX: Final = 64
"""Longer ones are keys, hashes or noise: their beginning tells them apart."""

_UNSPACED: Final = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
    "\U00020000-\U0003ffff"
)
_MARK: Final = "\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0900-\u0963\u0980-\u0df3"
"""Accents and vowel signs: parts of the word that they stand in."""
_PLAIN: Final = bytes(ord(each.lower()) if each.isalnum() else 32 for each in map(chr, range(128))).ljust(256)
"""What letters and digits of ASCII become in lower case; all else becomes a space."""
_TOKEN: Final = re.compile(
    rf"(?P<run>[{_UNSPACED}]+)"
    r"|(?P<sharp>\b[A-Za-z](?:\+\+|\#)(?!\w))"
    rf"|(?P<word>(?:(?![{_UNSPACED}])[^\W_]|[{_MARK}])+)"
    r"|(?P<sign>[\u2190-\u21ff\u2300-\u23ff\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff])"
)
_JOINED: Final = re.compile(r"[^\W_]++(?:[_.][^\W_]++)+|[a-z0-9]++(?:[A-Z]++[a-z0-9]*+)+")
"""What counts whole besides: `snake_case`, `v1.2`, `camelCase`."""
_HUMP: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
_MAYBE_JOINED: Final = re.compile(r"[_.A-Z#+](?:(?<=[^\W_][_.])[^\W_]|(?<=[a-z0-9][A-Z])|(?<=[#+]))")
"""A quick look for what the quick way would miss: it begins at characters that are rare."""
_POSSESSIVE: Final = re.compile(r"['\u2019][sS]\b(?<=\w..)")
_MARKS: Final = re.compile("[\u0300-\u036f]")
_stem = cast("Callable[[str], str]", Stemmer.Stemmer("porter", 0).stemWord)  # pyright: ignore[reportUnknownMemberType]
_numbers: dict[str, int] = {}


def word_number(word: str) -> int:
    """The number that stands for a word, as it is after stemming: 63 bits, greater than 0."""
    return (int.from_bytes(blake3(word.encode("utf-8", "surrogatepass")).digest(8), "little") >> 1) | 1


def words_of(text: str) -> tuple[list[int], list[int]]:
    """The numbers of a text's words in order: of those that say something, and of the stop words."""
    said: list[int] = []
    stops: list[int] = []
    numbers = _numbers
    found: Iterable[str]
    if not text.isascii():
        found = (word for _, _, word in _pieces(text))
    else:
        plain = _POSSESSIVE.sub("  ", text) if "'" in text else text
        found = _mixed(plain) if _MAYBE_JOINED.search(text) else _quickly(plain)
    for word in found:
        number = numbers.get(word)
        if number is None:
            number = _learn(word)
        if number > 0:
            said.append(number)
        else:
            stops.append(-number)
    return said, stops


@attrs.frozen
class Words:
    """What a word is.

    Attributes:
        identity: changes whenever a text would get other words.
        of: the numbers of a text's words: of those that say something, and of the stop words.
    """

    identity: str
    of: Callable[[str], tuple[list[int], list[int]]]


OWN: Final = Words("", words_of)
"""What comes with the package; its identity is the version of the index files."""


def analysed(analyser: Analyser) -> Words:
    """Words as an analyser finds them."""
    return Words(analyser.identity, lambda text: ([word_number(word) for word in analyser.words(text)], []))


def spans(text: str) -> list[tuple[int, int, int]]:
    """Where a text's words are, and their numbers; stop words have theirs below 0."""
    return [(start, end, _numbers.get(word) or _learn(word)) for start, end, word in _pieces(text)]


def _learn(word: str) -> int:
    if len(_numbers) >= CACHE_MAX:
        _numbers.clear()
    number = -word_number(word) if word in STOP_WORDS else word_number(stem_of(word))
    _numbers[word] = number
    return number


def stem_of(word: str) -> str:
    """A word in lower case as it counts: English ones by their stem."""
    return _stem(word) if word.isascii() else word


def _quickly(text: str) -> list[str]:
    """The words of a text of ASCII in which nothing is joined."""
    return text.encode().translate(_PLAIN).decode().split()


def _mixed(text: str) -> list[str]:
    """The words of a text of ASCII in which something is joined: what is between spaces is looked at by itself."""
    wholes: list[str] = []
    words: list[str] = []
    for part in text.split():
        if _MAYBE_JOINED.search(part):
            joined = _joined(part)
            wholes += (word for _, _, word in _cut(part, joined))
            words += (word for _, _, word in _tokens(part, joined))
        else:
            words += (word[:WORD_LETTERS_MAX] for word in _quickly(part))
    return wholes + words


def _pieces(text: str) -> Iterator[Span]:
    """The words of any text, in lower case and without accents, with their places."""
    text = _POSSESSIVE.sub("  ", text)
    joined = _joined(text) if _MAYBE_JOINED.search(text) else {}
    yield from _cut(text, joined)
    yield from _tokens(text, joined)


def _joined(text: str) -> dict[tuple[int, int], None]:
    """Where the words are that count whole besides."""
    return dict.fromkeys(found.span() for found in _JOINED.finditer(text))


def _cut(text: str, places: Iterable[tuple[int, int]]) -> Iterator[Span]:
    for start, end in places:
        yield start, end, _plain(text[start:end])[:WORD_LETTERS_MAX]


def _tokens(text: str, joined: Container[tuple[int, int]]) -> Iterator[Span]:
    for found in _TOKEN.finditer(text):
        (start, end), kind = found.span(), found.lastgroup
        if kind == "run":
            yield from _pairs(text, start, end)
        elif kind == "word" and (start, end) in joined:
            parts = _HUMP.finditer(found[0])
            yield from ((start + part.start(), start + part.end(), _plain(part[0])) for part in parts)
        else:
            yield start, end, _plain(found[0])[:WORD_LETTERS_MAX]


def _pairs(text: str, start: int, end: int) -> Iterator[Span]:
    for at in range(start, end):
        yield at, at + 1, text[at]
        if at + 1 < end:
            yield at, at + 2, text[at : at + 2]


def _plain(word: str) -> str:
    """Lower case, and without accents where they are only that."""
    if word.isascii():
        return word.lower()
    folded = unicodedata.normalize("NFKD", word.casefold())
    return unicodedata.normalize("NFC", _MARKS.sub("", folded)).casefold()
