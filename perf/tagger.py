"""Workload `tagger`: how well the built-in tagger does on sentences that people labelled, and what it costs.

The sentences are remembered in a memory with a tagger, in their order, and what is judged is what was recorded. Half of
them was looked at while the tagger was written; the other half, which is held out, was not. Beside it stands what
needs no understanding: the commonest class, the first content words, equality.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Final

import trio

from remanence.memory.sizes import measure
from remanence.opening.opening import Settings, open_memory
from remanence.projections.memories.view import Memories
from remanence.projections.tagging.cxd import classify
from remanence.projections.tagging.keywords import keywords_of
from remanence.projections.tagging.quality import quality_of
from remanence.projections.tagging.similarity import is_near_duplicate
from remanence.projections.tagging.view import TagRow
from remanence.projections.tagging.words import words_of

from .checks import check_same
from .harness import BYTES, MICROSECONDS, PERCENT, Case, Contender, Plan, Sample
from .labelled import Pair, Sentence, pairs, sentences

__all__ = ["tagger"]

_FIRST_WORDS: Final = 3
_ROUNDS: Final = 20
_REMEMBERED: Final = 2_000
_AT_ONCE: Final = 100
Halves = Mapping[str, Sequence[Sentence]]


def tagger(plan: Plan) -> Iterator[Case]:
    """Accuracy in both halves, then the costs."""
    labelled = sentences()
    tagged, (tagged_bytes, plain_bytes) = trio.run(_tagged, plan.folder, labelled)
    halves: Halves = {
        "looked at": [each for each in labelled if not each.is_held_out],
        "held out": [each for each in labelled if each.is_held_out],
    }
    for half, chosen in halves.items():
        yield from _accuracy(half, chosen, tagged)
    for half, is_held_out in (("looked at", False), ("held out", True)):
        chosen_pairs = [pair for pair in pairs() if pair.is_held_out == is_held_out]
        contenders = [
            _share("remanence", partial(_told_apart, chosen_pairs, _is_near)),
            _share("equality", partial(_told_apart, chosen_pairs, _is_equal)),
        ]
        yield Case(f"near-duplicates told as by people, {half}", "", contenders, unit=PERCENT)
    yield Case("tags of a text", "", [Contender("remanence", partial(_timed, labelled))], unit=MICROSECONDS)
    count = min(_REMEMBERED, plan.events)
    writers = [
        Contender(name, partial(_remembered, plan.folder, count, is_tagged=is_tagged))
        for name, is_tagged in (("remanence", True), ("without tags", False))
    ]
    yield Case("remembering by the hundred, tagger at work", "memories", writers)
    logs = [
        Contender("remanence", lambda: Sample(tagged_bytes, 0.0)),
        Contender("without tags", lambda: Sample(plain_bytes, 0.0)),
    ]
    yield Case(f"log of {len(labelled)} short memories and their tags", "", logs, unit=BYTES)


def _accuracy(half: str, chosen: Sequence[Sentence], tagged: Mapping[str, TagRow]) -> Iterator[Case]:
    asked = len(chosen)
    commonest = Counter(each.cxd for each in chosen).most_common(1)[0][0]
    spoken = [each for each in chosen if tagged[each.text].cxd is not None]
    yield Case(
        f"class as by people, {half}",
        "",
        [
            _share("remanence", lambda: (sum(tagged[each.text].cxd == each.cxd for each in chosen), asked)),
            _share("commonest", lambda: (sum(each.cxd == commonest for each in chosen), asked)),
        ],
        unit=PERCENT,
    )
    yield Case(
        f"class right where one is given, {half}",
        "",
        [_share("remanence", lambda: (sum(tagged[each.text].cxd == each.cxd for each in spoken), len(spoken)))],
        unit=PERCENT,
    )
    failed = [each for each in chosen if each.failed and tagged[each.text].cxd is not None]
    yield Case(
        f"failures seen, {half}",
        "",
        [_share("remanence", lambda: (sum(tagged[each.text].state == "-" for each in failed), len(failed)))],
        unit=PERCENT,
    )
    for what, of in (("found", _wanted), ("wanted", _given)):
        yield Case(
            f"words of keywords {what}, {half}",
            "",
            [
                _share("remanence", partial(_keywords, chosen, lambda each: tagged[each.text].keywords, of)),
                _share("first words", partial(_keywords, chosen, _first_words, of)),
            ],
            unit=PERCENT,
        )
    yield Case(
        f"quality as by people, {half}",
        "",
        [
            _share(
                "remanence", lambda: (sum(tagged[each.text].quality == each.quality for each in chosen), len(chosen))
            ),
            _share("all good", lambda: (sum(each.quality == "good" for each in chosen), asked)),
        ],
        unit=PERCENT,
    )


async def _tagged(folder: Path, labelled: Sequence[Sentence]) -> tuple[Mapping[str, TagRow], tuple[int, int]]:
    """What is recorded of every sentence, once all are remembered, and what that takes in the log."""
    settings = Settings(retrain=False)
    texts = [each.text for each in labelled]
    with TemporaryDirectory(dir=folder) as root:
        async with open_memory(Path(root) / "tagged", tagger=True, settings=settings) as memory:
            ids = await memory.remember_many(texts)
            await memory.wait_for_tags()
            tagged = {each.text: memory.tags(key) for each, key in zip(labelled, ids, strict=True)}
            check_same("memories tagged", sum(row.is_tagged for row in tagged.values()), len(texts))
            tagged_bytes = measure(memory.engine.log).log_bytes
        async with open_memory(Path(root) / "plain", settings=settings) as memory:
            await memory.remember_many(texts)
            plain_bytes = measure(memory.engine.log).log_bytes
    return tagged, (tagged_bytes, plain_bytes)


def _remembered(folder: Path, count: int, *, is_tagged: bool) -> Sample:
    """What callers wait for; the tagging goes on beside it, and the rest of it afterwards."""
    return trio.run(partial(_remember, folder, count, is_tagged=is_tagged))


async def _remember(folder: Path, count: int, *, is_tagged: bool) -> Sample:
    lines = [each.text for each in sentences()]
    texts = [f"{lines[number % len(lines)]} ({number})" for number in range(count)]
    with TemporaryDirectory(dir=folder) as root:
        async with open_memory(Path(root) / "memory", tagger=is_tagged) as memory:
            began = perf_counter()
            for start in range(0, count, _AT_ONCE):
                await memory.remember_many(texts[start : start + _AT_ONCE])
            seconds = perf_counter() - began
            check_same("memories", memory.engine.view(Memories).rows.count(), count)
    return Sample(count, seconds)


def _share(name: str, count: Callable[[], tuple[int, int]]) -> Contender:
    """A contender whose value is a share of what is asked."""

    def run() -> Sample:
        right, asked = count()
        return Sample(right, 0.0, of=asked)

    return Contender(name, run)


def _keywords(
    chosen: Sequence[Sentence],
    told: Callable[[Sentence], Sequence[str]],
    of: Callable[[set[str], set[str]], set[str]],
) -> tuple[int, int]:
    """Words that people and program agree on, of those of one of them."""
    right = asked = 0
    for each in chosen:
        if each.keywords:
            wanted, given = _content(each.keywords), _content(told(each))
            right += len(wanted & given)
            asked += len(of(wanted, given))
    return right, asked


def _content(keywords: Sequence[str]) -> set[str]:
    return {word.normal for keyword in keywords for word in words_of(keyword) if not word.is_stop}


def _wanted(wanted: set[str], _: set[str]) -> set[str]:
    return wanted


def _given(_: set[str], given: set[str]) -> set[str]:
    return given


def _first_words(sentence: Sentence) -> Sequence[str]:
    return [word.normal for word in words_of(sentence.text) if not word.is_stop][:_FIRST_WORDS]


def _told_apart(chosen: Sequence[Pair], told: Callable[[Pair], bool]) -> tuple[int, int]:
    return sum(told(pair) == pair.same for pair in chosen), len(chosen)


def _is_near(pair: Pair) -> bool:
    return is_near_duplicate(pair.one, pair.other) is not None


def _is_equal(pair: Pair) -> bool:
    return pair.one.casefold().split() == pair.other.casefold().split()


def _timed(labelled: Sequence[Sentence]) -> Sample:
    """Everything that is pure: words, keywords, class and quality; counts cost what the view's look-ups cost."""
    began = process_time()
    for _ in range(_ROUNDS):
        for each in labelled:
            words = words_of(each.text)
            keywords_of(each.text, words, lambda _: 1.0)
            classify(words)
            quality_of(each.text, words, is_duplicate=False)
    return Sample(_ROUNDS * len(labelled), process_time() - began)
