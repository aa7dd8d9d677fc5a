"""WordNet as a thesaurus: words of the same meaning, and of the next wider one.

    apt-get install wordnet-base                       # or any folder of its format, wndb(5)
    RecallSettings(thesaurus=WordNet("/usr/share/wordnet"))

Files are looked into where they are (their lines are in order, and name each other by offset), so opening costs nothing
and a word some 50 microseconds. Only the most frequent meaning of a word counts: more of them cost more answers than
they bring. Source: Fellbaum, "WordNet: An Electronic Lexical Database", 1998; the rules of endings are morphy's.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final

from ...core.errors import InvalidInput

__all__ = ["WordNet"]

KINDS: Final = ("noun", "verb", "adj", "adv")
WIDER: Final = (b"@", b"@i")
RELATED_MAX: Final = 16
"""Words for one word: a meaning with more synonyms is rarely what is meant."""
_WORDS_KEPT: Final = 1 << 14
_ENDINGS: Final = {
    "noun": (("ses", "s"), ("xes", "x"), ("zes", "z"), ("ches", "ch"), ("shes", "sh"), ("men", "man"), ("ies", "y")),
    "verb": (("ies", "y"), ("es", "e"), ("es", ""), ("ed", "e"), ("ed", ""), ("ing", "e"), ("ing", "")),
    "adj": (("er", ""), ("est", ""), ("er", "e"), ("est", "e")),
    "adv": (),
}
_PLURAL: Final = ("s", "")


class WordNet:
    """A folder with the files of WordNet, kept open."""

    def __init__(self, folder: Path | str) -> None:
        """Open the files.

        Raises:
            InvalidInput: one isn't there.
        """
        self._index = {kind: _opened(Path(folder) / f"index.{kind}") for kind in KINDS}
        self._data = {kind: _opened(Path(folder) / f"data.{kind}") for kind in KINDS}
        self._irregular = {kind: _opened(Path(folder) / f"{kind}.exc") for kind in KINDS}
        self._known = lru_cache(_WORDS_KEPT)(self._related)

    def related(self, word: str) -> tuple[str, ...]:
        """Single words that mean the same as a word of a question, or something wider."""
        return self._known(word.lower())

    def _related(self, word: str) -> tuple[str, ...]:
        if not word.isascii() or not word.isalpha():
            return ()
        found: dict[str, None] = {}
        for kind in KINDS:
            for lemma, line in self._lemmas(kind, word):
                fields = line.split()
                pointers = int(fields[3])
                self._gather(kind, int(fields[6 + pointers]), found)
                found.pop(lemma, None)
        found.pop(word, None)
        return tuple(found)[:RELATED_MAX]

    def _lemmas(self, kind: str, word: str) -> Iterator[tuple[str, bytes]]:
        """The word as it stands in the index, or what it is a form of."""
        line = _line(self._index[kind], word)
        if line is not None:
            yield word, line
            return
        irregular = _line(self._irregular[kind], word)
        forms = [] if irregular is None else irregular.decode("ascii", "replace").split()[1:]
        endings = (*_ENDINGS[kind], _PLURAL) if kind in {"noun", "verb"} else _ENDINGS[kind]
        forms += [
            word[: -len(end)] + instead for end, instead in endings if word.endswith(end) and len(word) > len(end)
        ]
        for form in forms:
            line = _line(self._index[kind], form)
            if line is not None:
                yield form, line
                return

    def _gather(self, kind: str, offset: int, found: dict[str, None], *, is_first: bool = True) -> None:
        """The words of a meaning, and of those right above it."""
        data = self._data[kind]
        data_end = data.find(b"\n", offset)
        fields = data[offset:data_end].split(b"|", 1)[0].split()
        count = int(fields[3], 16)
        for field in fields[4 : 4 + 2 * count : 2]:
            name = field.split(b"(", 1)[0].decode("ascii", "replace").lower()
            if "_" not in name:
                found[name] = None
        if is_first:
            at = 4 + 2 * count
            for pointer in range(at + 1, at + 1 + 4 * int(fields[at]), 4):
                if fields[pointer] in WIDER:
                    self._gather(kind, int(fields[pointer + 1]), found, is_first=False)


def _opened(path: Path) -> mmap.mmap:
    try:
        with path.open("rb") as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError) as error:
        message = f"{path} is no file of WordNet: {error}"
        raise InvalidInput(message) from error


def _line(data: mmap.mmap, word: str) -> bytes | None:
    """The line that begins with a word, found by halving: lines are in the order of their bytes."""
    wanted = word.encode() + b" "
    low, high = 0, len(data)
    while low < high:
        middle = (low + high) // 2
        start = data.rfind(b"\n", low, middle) + 1 or low
        end = data.find(b"\n", middle)
        end = len(data) if end < 0 else end
        line = data[start:end]
        if line.startswith(wanted):
            return line
        if line < wanted:
            low = end + 1
        else:
            high = start
    return None
