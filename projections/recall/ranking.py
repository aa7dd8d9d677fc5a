"""Ranking: from a question and a scope to the memories that answer it best.

Every signal is standardised over the whole scope (how many spreads above the mean), weighted by a round number and
summed. What tells of conversations (windows, sessions, speakers, length, questions) concerns turns alone: for other
memories a window is the memory itself, and the rest is nought.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, get_args

import attrs
import numpy as np
from numpy.typing import NDArray

from .asking import Asked, Filters, asked
from .columns import WINDOWS
from .fusion import Method, Scores, fuse
from .lexical import Lexical, Scratch, lexical, standard
from .meaning import Meaning
from .scope_index import LETTERS_UNIT, ScopeIndex

__all__ = ["PRESETS", "Preset", "Ranked", "Recipe", "rank"]

Preset = Literal["fast", "balanced", "accurate"]
PRESETS: Final[tuple[str, ...]] = get_args(Preset)
Values = NDArray[Any]
"""A number for each candidate."""
DAY_NS: Final = 86_400 * 10**9
EXACT_LEAST: Final = 256
"""Candidates whose similarity is settled where the first pass estimates it, or sixteen for each that is wanted."""


@attrs.frozen(kw_only=True)
class Recipe:
    """How signals are brought together.

    Attributes:
        method: how scores become one (`fusion.py`).
        reach: neighbours to either side that the widest window takes in, 0 to 3.
        words: weight of each window's words.
        meaning: weight of each window's meaning; 0 asks nothing of it.
        speaker: what a turn gains whose speaker the question names.
        session: weight of its whole session's words.
        length: weight of its length's logarithm.
        asks: what a turn loses that ends by asking.
        recency: weight of how new it is; halves every `half_life_days`.
        importance, confidence: weights of what the memory says of itself.
        half_life_days: what `recency` halves in.
        convergence_bonus: for all methods but `weighted`: what is added for what is good by words and by meaning.
    """

    method: Method = "weighted"
    reach: int = WINDOWS - 1
    words: float = 1.0
    meaning: float = 1.0
    speaker: float = 1.0
    session: float = 0.5
    length: float = 0.5
    asks: float = 0.5
    recency: float = 0.0
    importance: float = 0.0
    confidence: float = 0.0
    half_life_days: float = 30.0
    convergence_bonus: float = 0.2


RECIPES: Final[Mapping[str, Recipe]] = {
    "fast": Recipe(reach=1, meaning=0.0, session=0.0, convergence_bonus=0.1),
    "balanced": Recipe(),
    "accurate": Recipe(),
}


@attrs.frozen(eq=False)
class Ranked:
    """Memories, the best first.

    Attributes:
        ids: which.
        scores: what each is worth.
        changed: position of the event that last changed each, as far as the index knows.
        parts: for each, what every signal gives to its score, if that was asked for.
    """

    ids: Sequence[str]
    scores: Sequence[float]
    changed: Sequence[int]
    parts: Sequence[Mapping[str, float]] = ()


def rank(
    index: ScopeIndex,
    scope: tuple[str, ...],
    text: str,
    *,
    filters: Filters,
    recipe: Recipe,
    limit: int,
    now_ns: int,
    scratch: Scratch,
    meaning: Meaning | None = None,
    explain: bool = False,
    names: bool = True,
) -> Ranked:
    """The memories that answer best.

    Args:
        index: the scope's, up to date.
        scope: which it is.
        text: the question.
        filters: which memories may answer.
        recipe: how signals are brought together.
        limit: how many are wanted.
        now_ns: what is new now; unix time in nanoseconds.
        scratch: where to count.
        meaning: what knows similarities, if anything does.
        explain: whether each signal's part is wanted.
        names: whether a speaker's name asks for what they said.
    """
    question = asked(index, text, names=names)
    allowed = filters.allowed(index)
    near = None if meaning is None or not recipe.meaning else meaning.of(scope, index, text)

    def choose(touched: NDArray[np.int64]) -> NDArray[np.int64]:
        if near is None:
            return touched if allowed is None else touched[allowed[touched]]
        return np.flatnonzero(index.columns["alive"] if allowed is None else allowed)

    reach = 0 if question.is_bare else recipe.reach
    slots, by_words = lexical(index, question.words, scratch, reach, choose)
    if not len(slots):
        return Ranked((), (), ())
    parts = _parts(index, slots, question, by_words, recipe, now_ns)
    words = [each.standard() for each in by_words.windows]
    similar = [] if near is None else [each.standard() for each in near.similar(slots, reach)]
    scores = _total(parts, words, similar, recipe)
    if near is not None and not near.is_exact:
        some = _best(scores, max(EXACT_LEAST, 16 * limit))
        slots, words = slots[some], [each[some] for each in words]
        parts = {name: values[some] for name, values in parts.items()}
        similar = [each.standard() for each in near.similar(slots, reach, exactly=True)]
        scores = _total(parts, words, similar, recipe)
    best = _best(scores, limit)
    ids = {int(at): index.ids[slots[at]] for at in best}
    order = sorted(ids, key=lambda at: (-scores[at], ids[at]))[:limit]
    if explain:
        parts |= _windows("words", words, recipe.words) | _windows("meaning", similar, recipe.meaning)
    told = [{name: float(values[at]) for name, values in parts.items()} for at in order] if explain else ()
    changed = index.columns["changed"][slots[order]].tolist()
    return Ranked([ids[at] for at in order], [float(scores[at]) for at in order], changed, told)


def _best(scores: Scores, limit: int) -> NDArray[np.int64]:
    """Where the best scores are, in no order, with all that equal the last of them."""
    if len(scores) <= limit:
        return np.arange(len(scores))
    least = np.partition(scores, len(scores) - limit)[len(scores) - limit]
    return np.flatnonzero(scores >= least)


def _windows(name: str, lists: Sequence[Values], weight: float) -> dict[str, Values]:
    return {f"{name} ±{width}" if width else name: weight * values for width, values in enumerate(lists)}


def _total(parts: Mapping[str, Values], words: Sequence[Values], similar: Sequence[Values], recipe: Recipe) -> Scores:
    if recipe.method != "weighted":
        return fuse(recipe.method, words, similar, recipe.convergence_bonus)
    scores = np.zeros(len(words[0]))
    for values in parts.values():
        scores += values
    for weight, lists in ((recipe.words, words), (recipe.meaning, similar)):
        for values in lists:
            scores += weight * values
    return scores


def _parts(  # noqa: PLR0917 - what there is to know of a question
    index: ScopeIndex, slots: NDArray[np.int64], question: Asked, found: Lexical, recipe: Recipe, now_ns: int
) -> dict[str, Values]:
    """What each of the smaller signals gives, weighted."""
    columns = index.columns
    parts: dict[str, Values] = {}
    if index.turns:
        is_turn = columns["session"][slots] > 0
        if question.speaker and recipe.speaker:
            parts["speaker"] = recipe.speaker * (columns["speaker"][slots] == question.speaker)
        if found.session is not None and recipe.session:
            parts["session"] = recipe.session * found.session.standard()
        if recipe.length:
            parts["length"] = recipe.length * _lengths(index, slots) * is_turn
        if recipe.asks:
            parts["asks"] = -recipe.asks * (columns["asks"][slots] & is_turn)
    if recipe.recency:
        days = np.maximum(0, now_ns - columns["time_ns"][slots]) / DAY_NS
        parts["recency"] = recipe.recency * np.exp2(-days / recipe.half_life_days)
    for name, weight in (("importance", recipe.importance), ("confidence", recipe.confidence)):
        if weight:
            parts[name] = weight * columns[name][slots]
    return parts


def _lengths(index: ScopeIndex, slots: NDArray[np.int64]) -> Values:
    """How long turns are, standardised over the scope's turns."""
    mean = index.letters_sum / index.turns
    spread = math.sqrt(max(0.0, index.letters_squares / index.turns - mean * mean))
    return standard(index.columns["letters"][slots], mean / LETTERS_UNIT, spread / LETTERS_UNIT)
