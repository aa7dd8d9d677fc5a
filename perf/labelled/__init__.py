"""Sentences and pairs that people labelled, for measuring how well texts are tagged.

Written for this project by its maintainers and under its licence (Apache-2.0): no text of anybody else's is in it. The
labels were written down before the tagger was; nothing in it was tuned to the half that is held out. Which half
a line belongs to is a matter of its digest, so nobody chose.

What the classes mean here, after Cognitive eXecutive Dynamics:

| class   | the text …                                                                                             |
|---------|--------------------------------------------------------------------------------------------------------|
| control | directs: it searches, filters, decides, manages; says what is to be done, allowed, checked or reminded of |
| context | situates: who, where, since when; relations, preferences, references to something else                  |
| data    | is about content: processed, transformed, generated, extracted, measured                                |
| none    | does none of that: greetings, noises, fragments                                                         |

`failed` says that the text tells of something that didn't work. Keywords are the words or phrases that somebody would
look for the text by, in its own spelling or lower case. `quality` is good, short, or junk.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import attrs

from ...codecs.digests import short_digest

__all__ = ["Pair", "Sentence", "pairs", "sentences"]

_FOLDER: Final = Path(__file__).parent


def _is_held_out(text: str) -> bool:
    return bool(short_digest(text.encode())[0] & 1)


@attrs.frozen
class Sentence:
    """A sentence with its labels.

    Attributes:
        text: the sentence.
        lang: its language, in two letters.
        register: where such a sentence stands: chat, note, log, instruction, technical, email, literary.
        cxd: its class, or None.
        failed: whether it tells of a failure.
        keywords: what it would be looked for by.
        quality: good, short, or junk.
    """

    text: str
    lang: str
    register: str
    cxd: str | None
    failed: bool
    keywords: tuple[str, ...]
    quality: str

    @property
    def is_held_out(self) -> bool:
        """Whether it is for judging alone, never for tuning."""
        return _is_held_out(self.text)


@attrs.frozen
class Pair:
    """Two texts, and whether a person would keep only one of them."""

    one: str
    other: str
    lang: str
    same: bool

    @property
    def is_held_out(self) -> bool:
        """Whether it is for judging alone, never for tuning."""
        return _is_held_out(self.one)


def sentences() -> list[Sentence]:
    """Every labelled sentence."""
    return [
        Sentence(cxd=line.pop("class"), keywords=tuple(line.pop("keywords")), **line)
        for line in _lines("sentences.jsonl")
    ]


def pairs() -> list[Pair]:
    """Every labelled pair."""
    return [Pair(**line) for line in _lines("pairs.jsonl")]


def _lines(name: str) -> list[dict[str, Any]]:
    text = (_FOLDER / name).read_text(encoding="utf-8")
    found: list[Mapping[str, Any]] = [json.loads(line) for line in text.splitlines()]
    return [dict(line) for line in found]
