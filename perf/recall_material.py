"""What recall is measured on: texts by the thousand, and questions whose answers are known.

With LoCoMo's file: its turns first, as they stand in their conversations, then as many more as are wanted. Those are
put together anew from sentences that aren't anybody's evidence, every second text from conversations and the others
from abstracts if there are any, so that what is wanted has to be found among much that sounds like it. Questions are
the data set's own; their evidence is what answers them.

Without it: words of a made-up vocabulary, as frequent as words are (Zipf). A question is four words of one memory, and
that memory answers it.

Either way texts are turns of sessions, in one scope, and the same each time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import count, islice
from pathlib import Path
from random import Random
from typing import Final

import attrs

from remanence.reading.identity import NewMemory

from .recall_cranfield import cranfield
from .recall_locomo import Conversation, Turn, conversations

__all__ = ["Asked", "Made", "Told", "as_memory", "made", "of_conversation"]

QUESTIONS_MAX: Final = 200
TEXTS_PER_QUESTION: Final = 5
SENTENCES_MAX: Final = 3
TURNS: Final = 20
VOCABULARY: Final = 50_000
WORDS: Final = 24
ASKED_WORDS: Final = 4
LETTERS_LEAST: Final = 15
"""Shorter sentences ("Wow!", "et al.") say nothing by themselves."""
_SENTENCE: Final = re.compile(r"(?<=[.!?]) +")


@attrs.frozen
class Told:
    """A text that is remembered, a turn of a session; known by its session and place."""

    text: str
    speaker: str
    session: str
    place: int
    said_at: datetime | None = None

    @property
    def name(self) -> str:
        """What it is known by."""
        return f"{self.session}:{self.place}"

    @property
    def line(self) -> str:
        """The text for systems that don't know of speakers: they find more of it if it says who said it."""
        return f'{self.speaker} said, "{self.text}"'


def as_memory(each: Told | Turn, scope: str | tuple[str, ...]) -> NewMemory:
    """A text as what is to be remembered."""
    return NewMemory(
        each.text,
        scope,
        "turn",
        session=each.session,
        place=each.place,
        speaker=each.speaker,
        said_at=each.said_at,
    )


@attrs.frozen
class Asked:
    """A question, and the names of the texts that answer it."""

    text: str
    answers: frozenset[str]


@attrs.frozen
class Made:
    """Texts in order, and questions about them."""

    told: Sequence[Told]
    asked: Sequence[Asked]


def made(size: int, locomo: Path | None = None, abstracts: Path | None = None) -> Made:
    """So many texts, and up to 200 questions about them.

    Args:
        size: how many texts.
        locomo: LoCoMo's JSON, or None for made-up words.
        abstracts: folder of the Cranfield collection, or None for conversations alone.

    Raises:
        OSError, ValueError: the data can't be read.
    """
    return _made_up(size) if locomo is None else _real(size, locomo, abstracts)


def of_conversation(conversation: Conversation) -> Made:
    """A conversation by itself, with all its questions."""
    told = [
        Told(turn.text, turn.speaker, f"{conversation.name}/{turn.session}", turn.place, turn.said_at)
        for turn in conversation.turns
    ]
    names = {turn.name: each.name for turn, each in zip(conversation.turns, told, strict=True)}
    asked = [
        Asked(question.text, frozenset(names[name] for name in question.answers)) for question in conversation.questions
    ]
    return Made(told, asked)


def _real(size: int, locomo: Path, abstracts: Path | None) -> Made:
    random = Random(size)  # noqa: S311 - which sentences stand together, no secret
    parts = [of_conversation(conversation) for conversation in conversations(locomo)]
    told = [each for part in parts for each in part.told][:size]
    asked = [each for part in parts for each in part.asked]
    evidence = frozenset(name for each in asked for name in each.answers)
    pools = [_sentences(each.text for part in parts for each in part.told if each.name not in evidence)]
    if abstracts is not None:
        pools.append(_sentences(cranfield(abstracts).abstracts.values()))
    told += islice(_more(pools, random), size - len(told))
    there = {each.name for each in told}
    answered = [each for each in asked if each.answers <= there]
    return Made(told, random.sample(answered, min(QUESTIONS_MAX, len(answered))))


def _sentences(texts: Iterable[str]) -> Sequence[str]:
    return [sentence for text in texts for sentence in _SENTENCE.split(text) if len(sentence.strip()) >= LETTERS_LEAST]


def _more(pools: Sequence[Sequence[str]], random: Random) -> Iterator[Told]:
    """Turns without end, each of a few sentences out of one pool."""
    for number in count():
        text = " ".join(random.choices(pools[number % len(pools)], k=random.randint(1, SENTENCES_MAX)))
        yield Told(text, ("Ada", "Juno")[number % 2], f"more/{number // TURNS}", number % TURNS + 1)


def _made_up(size: int) -> Made:
    random = Random(size)  # noqa: S311 - made-up words, no secrets
    weights = [1 / (rank + 3) for rank in range(VOCABULARY)]
    words = [f"{random.getrandbits(32):07x}q" for _ in range(VOCABULARY)]
    told = [
        Told(
            " ".join(random.choices(words, weights, k=WORDS)),
            ("Ada", "Juno")[number % 2],
            f"made/{number // TURNS}",
            number % TURNS + 1,
        )
        for number in range(size)
    ]
    asked = [
        Asked(" ".join(random.sample(each.text.split(), ASKED_WORDS)), frozenset({each.name}))
        for each in random.sample(told, min(QUESTIONS_MAX, max(1, size // TEXTS_PER_QUESTION)))
    ]
    return Made(told, asked)
