"""Concepts: the words and labels that a memory is about, and the opposites that it says in one breath. Pure.

What is found here goes into the view's rows: a change asks for a new version of the projection.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

__all__ = ["OPPOSITES", "STOP_WORDS", "concepts_of", "words_and_opposites"]

WORDS_MAX: Final = 48
"""Different words of a text that count as concepts, the first ones: a long text would be about everything."""
WORD_LENGTH_MIN: Final = 3
WORD_LENGTH_MAX: Final = 40
_WORD: Final = re.compile(r"\w+")
_FUNCTION_WORDS: Final = """
    a about after again all also am an and any are as at be because been before being both but by can could did do
    does doing don done down during each ever every few for from further get gets getting go goes going gone got had
    has have having he her here hers hi him his how i if in into is isn it its just know let like ll made make makes
    many may me might more most much must my no nor not now of off oh ok okay on once one only or other our out over
    own re really said same say says she should so some such than that the their them then there these they thing
    things this those though through to too under until up us use used uses using ve very want wants was wasn way we
    well went were what when where which while who whom whose why will with would yeah yes you your yours
"""
_SMALL_TALK: Final = """
    absolutely ahh always amazing anything anyway awesome best bye came come comes cool day days definitely
    else enjoy enjoyed everyone everything exactly excited feel feeling feels felt find forward found fun give given
    glad gonna good great guess guy guys happen happened hear heard hello hey hope keep keeps kept kind last lately
    long look looking looks lot lots lovely maybe month never new next nice nope nothing ooh perfect pretty proud
    right see seem seems since someone something sound sounds special still stuff super sure take takes taking
    talk tell thank thanks think thought time today tomorrow tonight took totally tough try trying week weekend
    weeks wow yay year years yep yesterday
"""
STOP_WORDS: Final = frozenset((_FUNCTION_WORDS + _SMALL_TALK).split())
"""What no memory is about: words that only hold a sentence together, and what people say in every conversation."""
OPPOSITES: Final = (
    ("success", "failure"),
    ("good", "bad"),
    ("yes", "no"),
    ("true", "false"),
    ("works", "broken"),
    ("correct", "wrong"),
)
"""Whoever says both of a pair contradicts themselves, or tells of a contradiction."""
_POLES: Final = frozenset(pole for pair in OPPOSITES for pole in pair)


def words_and_opposites(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The words that a text is about, and the opposites that it says in one breath.

    Returns:
        Words in lower case, each once, in the order in which they first stand there; and the pairs of opposites both
        of which are among all its words, as `good/bad`.
    """
    found = _WORD.findall(text.lower())
    said = _POLES.intersection(found)
    both = tuple(f"{one}/{other}" for one, other in OPPOSITES if one in said and other in said) if said else ()
    return _about(found), both


def _about(found: Iterable[str]) -> tuple[str, ...]:
    about = [
        word
        for word in dict.fromkeys(found)
        if WORD_LENGTH_MIN <= len(word) <= WORD_LENGTH_MAX and word not in STOP_WORDS and not word.isdigit()
    ]
    return tuple(about[:WORDS_MAX])


def concepts_of(words: Iterable[str], tags: Iterable[str]) -> tuple[str, ...]:
    """What a memory is about: its tags, then its words, each once."""
    return tuple(dict.fromkeys((*tags, *words)))
