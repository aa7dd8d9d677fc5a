"""Ranking: from a question and a scope to the memories that answer it best.

Every signal is standardised over the whole scope (how many spreads above the mean), weighted by a round number and
summed. What tells of conversations (windows, sessions, speakers, length, questions) concerns turns alone: for other
memories a window is the memory itself, and the rest is nought.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal, get_args

import attrs
import numpy as np
from numpy.typing import NDArray

from .asking import Asked, Filters, asked
from .columns import WINDOWS
from .feedback import LONG, TURNS, Feedback, around, expanded, names_of, pays
from .fusion import Method, Scores, fuse
from .lexical import Lexical, Scratch, touched
from .meaning import Meaning
from .moments import Moments
from .periods import nearness, periods
from .plugs import Thesaurus
from .ranked import Ranked
from .scope_index import LETTERS_UNIT, ScopeIndex

__all__ = ["PRESETS", "Preset", "Recipe", "rank"]

Preset = Literal["fast", "balanced", "accurate"]
PRESETS: Final[tuple[str, ...]] = get_args(Preset)
Values = NDArray[Any]
"""A number for each candidate."""
DAY_NS: Final = 86_400 * 10**9
NEAREST: Final = 64
"""Memories that are candidates for their meaning alone, or four for each that is wanted."""
NEAREST_OF_MANY: Final = 32
"""The same where every look at one costs."""
RESCORED: Final = 32
"""Candidates whose meaning is looked at besides, or four for each that is wanted."""


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
        dates: what a memory gains that was told at a time which the question names.
        related: what a word of the thesaurus counts, where one that was asked counts 1.
        recency: weight of how new it is; halves every `half_life_days`.
        importance, confidence: weights of what the memory says of itself.
        half_life_days: what `recency` halves in.
        feedback: whether words of the best answers are asked for as well, where memories are long; 0 or 1.
        hop: in conversations, what part of the weight goes to words of the best turns and of those beside them, asked
            for in a second round; 0 for none. There is none by a model's similarities, which do better without.
        convergence_bonus: for all methods but `weighted`: what is added for what is good by words and by meaning.
    """

    method: Method = "weighted"
    reach: int = WINDOWS - 1
    words: float = 1.0
    meaning: float = 1.0
    speaker: float = 1.5
    session: float = 0.5
    length: float = 0.5
    asks: float = 0.5
    dates: float = 4.0
    related: float = 0.25
    recency: float = 0.0
    importance: float = 0.0
    confidence: float = 0.0
    half_life_days: float = 30.0
    feedback: float = 1.0
    hop: float = 0.0
    convergence_bonus: float = 0.2


RECIPES: Final[Mapping[str, Recipe]] = {
    "fast": Recipe(reach=2, meaning=0.0, feedback=0.0, convergence_bonus=0.1),
    "balanced": Recipe(),
    "accurate": Recipe(hop=TURNS.share),
}


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
    words_of: Callable[[str], Sequence[int]] | None = None,
    thesaurus: Thesaurus | None = None,
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
        words_of: the words of a memory, by its id; without it there is no feedback.
        thesaurus: what knows words that are said instead of others, if anything does.
    """
    if not index.count:
        return Ranked((), (), ())
    question = asked(index, text, names=names, thesaurus=thesaurus, related=recipe.related)
    is_long = bool(recipe.feedback) and pays(index)
    asking = _Asking(index, scope, text, filters.allowed(index), recipe, now_ns, scratch, meaning, is_long)
    is_hop = bool(recipe.hop and index.turns and meaning is not None and meaning.is_pure)
    if (is_long or is_hop) and words_of is not None:
        question = _learnt(asking, question, words_of, LONG if is_long else attrs.evolve(TURNS, share=recipe.hop))
    return asking.rank(question, limit, explain=explain)


def _learnt(asking: _Asking, question: Asked, words_of: Callable[[str], Sequence[int]], how: Feedback) -> Asked:
    """The question with words of its first answers."""
    index = asking.index
    everywhere = attrs.evolve(asking, allowed=None)  # what a filter leaves comes in the order in which it came before
    first = everywhere.rank(question, how.memories, explain=False)
    told = [[word for each in around(index, memory_id) for word in words_of(each)] for memory_id in first.ids]
    return expanded(question, list(zip(told, first.scores, strict=True)), how, names_of(index))


@attrs.frozen(eq=False)
class _Asking:
    """All that a question is asked of, and how."""

    index: ScopeIndex
    scope: tuple[str, ...]
    text: str
    allowed: NDArray[np.bool_] | None
    recipe: Recipe
    now_ns: int
    scratch: Scratch
    meaning: Meaning | None
    is_long: bool

    def rank(self, question: Asked, limit: int, *, explain: bool) -> Ranked:
        """The memories that answer a question best."""
        index, allowed, recipe = self.index, self.allowed, self.recipe
        reach = 0 if question.is_bare else recipe.reach
        found = touched(index, question.words, self.scratch, reach, allowed)
        near = None
        if self.meaning is not None and recipe.meaning:
            near = self.meaning.of(self.scope, index, self.text, reach)
        trust = 0.0 if near is None else recipe.meaning * near.trust(is_long=self.is_long)
        slots, at_nearest = found.best, found.best[:0]
        if near is not None:
            few = NEAREST if near.is_whole else NEAREST_OF_MANY
            slots, at_nearest = self.scratch.joined(slots, near.nearest(allowed, max(few, 4 * limit)))
        if not len(slots):
            return Ranked((), (), ())
        by_words = found.score(slots)
        parts = _parts(index, slots, question, by_words, recipe, self.now_ns)
        if recipe.dates and (named := periods(self.text, self.now_ns)):
            parts["dates"] = recipe.dates * nearness(named, index.columns["time_ns"][slots])
        words = by_words.windows
        if near is not None and not near.is_whole and len(slots) > (most := max(RESCORED, 4 * limit)):
            is_some = np.zeros(len(slots), np.bool_)
            is_some[at_nearest] = True
            is_some[_best(_total(parts, words, words[:0], recipe, trust), most)] = True
            some = np.flatnonzero(is_some)
            slots, words = slots[some], words[:, some]
            parts = {name: values[some] for name, values in parts.items()}
        similar = words[:0] if near is None else near.similar(slots)
        scores = _total(parts, words, similar, recipe, trust)
        best = _best(scores, limit)
        answers: list[int] = slots[best].tolist()
        ids = [index.ids[slot] for slot in answers]
        ordered = sorted(zip((-scores[best]).tolist(), ids, best.tolist(), strict=True))[:limit]
        order = [at for _, _, at in ordered]
        told: tuple[Mapping[str, float], ...] = ()
        if explain:
            parts |= _windows("words", words, recipe.words) | _windows("meaning", similar, trust)
            told = tuple({name: float(values[at]) for name, values in parts.items()} for at in order)
        changed = tuple(index.columns["changed"][slots[order]].tolist())
        return Ranked(tuple(name for _, name, _ in ordered), tuple(-worth for worth, _, _ in ordered), changed, told)


def _best(scores: Scores, limit: int) -> NDArray[np.int64]:
    """Where the best scores are, in no order, with all that equal the last of them."""
    if len(scores) <= limit:
        return np.arange(len(scores))
    least = np.partition(scores, len(scores) - limit)[len(scores) - limit]
    return np.flatnonzero(scores >= least)


def _windows(name: str, lists: Values, weight: float) -> dict[str, Values]:
    return {f"{name} ±{width}" if width else name: weight * values for width, values in enumerate(lists)}


def _total(parts: Mapping[str, Values], words: Values, similar: Values, recipe: Recipe, trust: float) -> Scores:
    if recipe.method != "weighted":
        return fuse(recipe.method, words, similar, recipe.convergence_bonus)
    scores: Scores = recipe.words * np.add.reduce(words, dtype=np.float64)
    if len(similar):
        scores += trust * np.add.reduce(similar, dtype=np.float64)
    for values in parts.values():
        scores += values
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
            parts["session"] = recipe.session * found.session
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
    mean = index.letters_sum / index.turns / LETTERS_UNIT
    moments = Moments.of([mean], [index.letters_squares / index.turns / LETTERS_UNIT**2])
    lengths: Values = moments.standardised(index.columns["letters"].take(slots))[0]
    return lengths
