"""Plugs: words, related words and a last word of one's own; what fails of them costs no answer, and nothing is kept."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

import remanence
from remanence import InvalidInput, Memories, MemoryReader, NewMemory, RecallSettings

TEXTS = ("tea at four", "tea at five", "tea at six")


class Syllables:
    """Words of two letters each, whatever stands between them."""

    def __init__(self, identity: str = "syllables-1") -> None:
        self.identity = identity

    def words(self, text: str) -> Iterator[str]:
        """Two letters at a time."""
        letters = "".join(filter(str.isalnum, text.lower()))
        return (letters[at : at + 2] for at in range(0, len(letters), 2))


class Drinks:
    """Knows one word."""

    def related(self, word: str) -> Iterable[str]:
        """What is drunk for tea."""
        return {"tea": ("infusion", "green brew")}.get(word, ())


class Judge:
    """Thinks what it is told to think, and remembers what it was asked."""

    def __init__(self, *opinions: Any) -> None:
        self.opinions = list(opinions)
        self.asked: list[tuple[str, Sequence[str]]] = []

    def rerank(self, query: str, texts: Sequence[str]) -> Any:
        """The next opinion; a function is called with the texts."""
        self.asked.append((query, texts))
        opinion = self.opinions.pop(0)
        return opinion(texts) if callable(opinion) else opinion


def by_last_word(texts: Sequence[str]) -> list[float]:
    """Six before five before four."""
    return [float(["four", "five", "six"].index(text.strip('"').split()[-1])) for text in texts]


def broken(texts: Sequence[str]) -> list[float]:
    """Never an answer."""
    message = f"out of memory after {len(texts)} texts"
    raise MemoryError(message)


def recalled(memory: MemoryReader, query: str, **options: Any) -> list[str]:
    """Texts, the best first."""
    return [hit.text for hit in MemoryReader.recall(memory, query, **options)]


async def test_an_analyser_says_what_a_word_is(tmp_path: Path) -> None:
    """What it takes for the same word is found, and what it doesn't isn't; names of speakers go by it as well."""
    settings = RecallSettings(analyser=Syllables())
    async with remanence.open(tmp_path / "m", recall=settings) as memory:
        await memory.remember("ab-cd ef")
        await memory.remember("xabcd")
        words = {"weights": {"meaning": 0.0}}
        assert recalled(memory, "A.B", **words) == ["ab-cd ef"]
        assert recalled(memory, "cdx", **words) == ["ab-cd ef"]
        assert recalled(memory, "bc", **words) == ["xabcd"]


async def test_an_index_of_other_words_is_made_anew(tmp_path: Path) -> None:
    """What was kept by one analyser is of no use to another, nor to none; each answers by its own words."""
    told = [NewMemory(f"abcd {number}") for number in range(1200)]
    for analyser, finds in ((Syllables(), "cd"), (None, "abcd"), (Syllables("other"), "cd"), (Syllables(), "cd")):
        async with remanence.open(tmp_path / "m", recall=RecallSettings(analyser=analyser)) as memory:
            if told:
                await memory.remember_many(told)
                told = []
            assert len(recalled(memory, finds, weights={"meaning": 0.0}, limit=2000)) == 1200
            memory.recaller.indexes.keep(("main",))  # if the question has not had it kept already


async def test_related_words_are_asked_for_and_count_less(tmp_path: Path) -> None:
    """The word itself comes first; without weight nothing is looked up, and `similar` asks for nothing more."""
    async with remanence.open(tmp_path / "m", recall=RecallSettings(thesaurus=Drinks())) as memory:
        for text in ("an infusion of herbs", "the tea of herbs", "a brew in June", "nothing of that"):
            await memory.remember(text)
        words = {"meaning": 0.0}
        found = recalled(memory, "Tea!", weights=words)
        assert found[0] == "the tea of herbs"
        assert set(found[1:]) == {"an infusion of herbs", "a brew in June"}
        assert recalled(memory, "Tea!", weights=words | {"related": 0.0}) == ["the tea of herbs"]


async def test_a_reranker_has_the_last_word(tmp_path: Path) -> None:
    """For who asks accurately: its order and its scores, cut to what is wanted after it; for nobody else."""
    judge = Judge(by_last_word, by_last_word)
    async with remanence.open(tmp_path / "m", recall=RecallSettings(reranker=judge)) as memory:
        for place, text in enumerate(TEXTS):
            await memory.remember(text, session=f"s{place}", speaker="Ada")
        before = memory.engine.head
        [hit] = memory.recall("tea", preset="accurate", limit=1, explain=True, neighbours=1)
        assert (hit.text, hit.score, hit.parts["reranker"]) == ("tea at six", 2, 2)
        [(query, texts)] = judge.asked
        assert query == "tea"
        assert sorted(texts) == sorted(f'Ada said, "{text}"' for text in TEXTS)
        assert recalled(memory, "tea", preset="accurate") == list(reversed(TEXTS))
        memory.recall("tea")
        memory.similar(hit.id, preset="accurate")
        assert recalled(memory, "tea", preset="accurate", kinds="other") == []
        assert len(judge.asked) == 2
        assert memory.engine.head == before, "nothing that it says is recorded"
        async with memory.as_of(before) as past:
            judge.opinions = [by_last_word]
            assert recalled(past, "tea", preset="accurate") == list(reversed(TEXTS))


@pytest.mark.parametrize(
    ("opinion", "told"),
    [
        (broken, "failed"),
        ([1.0], "1 scores for 3 texts"),
        ([1.0, 2.0, float("nan")], "not of numbers"),
        (["a", "b", "c"], "not of numbers"),
        (None, "failed"),
    ],
)
async def test_a_reranker_that_fails_costs_no_answer(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, opinion: Any, told: str
) -> None:
    """The order stays as it was, the program's log says why, and the next question asks it again."""
    judge = Judge(opinion, by_last_word)
    async with remanence.open(tmp_path / "m", recall=RecallSettings(reranker=judge)) as memory:
        for text in TEXTS:
            await memory.remember(text)
        expected = recalled(memory, "tea at five", weights={"hop": 0.3})
        with caplog.at_level(logging.ERROR):
            assert recalled(memory, "tea at five", preset="accurate") == expected
        assert told in caplog.text
        assert recalled(memory, "tea at five", preset="accurate") == list(reversed(TEXTS))


async def test_a_reranker_that_dawdles_is_not_waited_for(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """After the deadline the answer comes without it; as long as it is busy, nobody else waits at all."""
    done = threading.Event()

    def slow(texts: Sequence[str]) -> list[float]:
        done.wait(30)
        return by_last_word(texts)

    judge = Judge(slow, by_last_word)
    settings = RecallSettings(reranker=judge, rerank_deadline_s=0.05)
    async with remanence.open(tmp_path / "m", recall=settings) as memory:
        for text in TEXTS:
            await memory.remember(text)
        assert len(recalled(memory, "tea", preset="accurate")) == 3
        assert "more than 0.05 s" in caplog.text
        assert len(recalled(memory, "tea", preset="accurate")) == 3
        assert "busy" in caplog.text
        assert len(judge.asked) == 1
        done.set()
        for thread in threading.enumerate():
            if thread.name == "remanence-reranker":
                thread.join()
        assert recalled(memory, "tea", preset="accurate") == list(reversed(TEXTS))


@pytest.mark.parametrize("options", [{"rerank_texts": 0}, {"rerank_texts": 1001}, {"rerank_deadline_s": 0}])
def test_settings_that_make_no_sense_are_refused(options: dict[str, Any]) -> None:
    """Nothing to look at, too much of it, or no time."""
    with pytest.raises(InvalidInput):
        RecallSettings(**options)


async def test_a_second_round_finds_what_the_first_one_led_to(tmp_path: Path) -> None:
    """Accurately asked, words of the best turns are asked for as well: what says only those is found by its words."""
    async with remanence.open(tmp_path / "m") as memory:
        turns = ("Where is the boat?", "The boat lies at Kiel harbour", "Lovely", "Small talk", "More talk", "And more")
        await memory.remember_many([NewMemory(text, session="s", speaker="Ada") for text in turns])
        await memory.remember("Kiel harbour closes at nine", session="t", speaker="Bob")
        await memory.remember("Nothing of that", session="u", speaker="Bob")
        far = "Kiel harbour closes at nine"
        once, twice = (
            {hit.text: hit.parts["words"] for hit in memory.recall("the boat", preset=preset, explain=True)}
            for preset in ("balanced", "accurate")
        )
        assert twice[far] > once[far]
        assert memory.engine.digest(Memories)
