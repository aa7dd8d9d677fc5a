"""What can be plugged into recall: words of your own, related words, and a second opinion on the best.

Each is an object with one or two members; none has to be derived from anything here. An embedder is the fourth
(`core/embedder.py`), and is given by itself because its vectors are recorded. Nothing that these say is: what is
indexed follows from the texts and the analyser, and an answer is an answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, Protocol

import attrs

from ...core.errors import InvalidInput

__all__ = ["Analyser", "RecallSettings", "Reranker", "Thesaurus"]

TEXTS_MAX: Final = 1000


class Analyser(Protocol):
    """Takes texts apart into words."""

    @property
    def identity(self) -> str:
        """A name that changes whenever a text would get other words: an index that was kept is of one identity."""
        ...

    def words(self, text: str) -> Iterable[str]:
        """A text's words in order, each in the form that is the same wherever it means the same; no stop words."""
        ...


class Thesaurus(Protocol):
    """Knows words that are said instead of others."""

    def related(self, word: str) -> Iterable[str]:
        """Words that may stand for a word of a question, in lower case."""
        ...


class Reranker(Protocol):
    """Looks at the best answers again."""

    def rerank(self, query: str, texts: Sequence[str]) -> Sequence[float]:
        """How well each text answers, a number for each, the greater the better. Called in a thread, one at a time."""
        ...


@attrs.frozen(kw_only=True)
class RecallSettings:
    """How a memory recalls, besides its embedder.

    Attributes:
        analyser: what a word is, instead of what comes with the package.
        thesaurus: related words, which are asked for as well; the weight `related` says how much they count.
        reranker: what has the last word on the best answers, for those who ask with `preset="accurate"`.
        rerank_texts: how many it looks at, or as many as are wanted if those are more.
        rerank_deadline_s: how long it may take, in seconds; without an answer by then, the order stays as it was.
    """

    analyser: Analyser | None = None
    thesaurus: Thesaurus | None = None
    reranker: Reranker | None = None
    rerank_texts: int = 50
    rerank_deadline_s: float = 2.0

    def __attrs_post_init__(self) -> None:
        if not 1 <= self.rerank_texts <= TEXTS_MAX:
            message = f"rerank_texts is a number from 1 to {TEXTS_MAX:,}, not {self.rerank_texts!r}"
            raise InvalidInput(message)
        if not self.rerank_deadline_s > 0:
            message = f"rerank_deadline_s is a time in seconds, more than 0, not {self.rerank_deadline_s!r}"
            raise InvalidInput(message)
