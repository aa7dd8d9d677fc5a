"""What recall is measured on, and how an answer is held against what is known: by hand, on data of a few lines."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from remanence.perf import recall_peers as peers_module
from remanence.perf.harness import Plan, WrongAnswer, measure
from remanence.perf.peer_chromadb import Chroma
from remanence.perf.peer_fts5 import Fts5
from remanence.perf.peer_lancedb import LanceExact, LanceHybrid, LanceIndexed
from remanence.perf.recall_cranfield import cranfield
from remanence.perf.recall_locomo import conversations
from remanence.perf.recall_material import Asked, Made, Told, made
from remanence.perf.recall_methods import recall_methods
from remanence.perf.recall_peers import Side, evidence, recall_peers
from remanence.perf.recall_systems import Remanence, System
from remanence.projections.semantic.static import StaticEmbedder

from .data import write_cranfield, write_locomo


def test_texts_are_the_same_each_time_and_evidence_is_never_repeated(tmp_path: Path) -> None:
    """Real turns come first; what is put together from sentences has none of those that answer a question."""
    locomo, abstracts = write_locomo(tmp_path / "locomo.json"), write_cranfield(tmp_path / "cranfield")
    found = made(40, locomo, abstracts)
    assert found == made(40, locomo, abstracts)
    assert [each.text for each in found.told[:2]] == [turn.text for turn in conversations(locomo)[0].turns[:2]]
    assert len({each.name for each in found.told}) == 40
    assert sum("berth twelve" in each.text for each in found.told) == 1
    assert any("slipstream" in each.text for each in found.told)
    assert {each.text for each in found.asked} == {"Where did Ada moor the boat?", "Who painted the kitchen?"}
    assert [each.text for each in made(3, locomo).asked] == ["Where did Ada moor the boat?"]


def test_a_made_up_question_is_of_one_memory() -> None:
    """Without data, a question is words of the one memory that answers it."""
    found = made(50)
    texts = {each.name: each.text for each in found.told}
    assert len(texts) == 50
    for asked in found.asked:
        [name] = asked.answers
        assert set(asked.text.split()) <= set(texts[name].split())


def test_the_data_sets_are_read_as_they_are_meant(tmp_path: Path) -> None:
    """Zeros in front and several turns in one text are understood; what isn't there answers nothing."""
    [talk] = conversations(write_locomo(tmp_path / "locomo.json"))
    assert [turn.name for turn in talk.turns] == ["D1:1", "D1:2", "D1:3", "D2:1", "D2:2"]
    assert talk.turns[-1].text.endswith("and shared a photo of a bowl of lemons")
    assert [(set(each.answers), each.kind) for each in talk.questions] == [
        ({"D1:1"}, "single-hop"),
        ({"D2:1"}, "temporal"),
    ]
    collection = cranfield(write_cranfield(tmp_path / "cranfield"))
    assert collection.abstracts == {1: "slipstream over a swept wing", 3: "heat transfer in hypersonic flow"}
    assert [judged for _, judged in collection.questions.values()] == [{1}, {3}]


def test_evidence_is_the_part_that_was_found() -> None:
    """Each question counts alike, however much answers it."""
    asked = [Asked("a", frozenset({"1", "2"})), Asked("b", frozenset({"3"}))]
    assert evidence(Made([], asked), [["1", "9"], ["3"]]) == 0.75


def test_the_nearest_are_known_exactly(tmp_path: Path) -> None:
    """Who gives the ten nearest has all of them, whatever their order; who gives the farthest has none."""
    words = ["boat", "ship", "harbour", "tea", "cup", "leaf", "car", "road"]
    told = [Told(text, "Ada", "s", at) for at, text in enumerate(words * 3)]
    side = Side(tmp_path, Made(told, [Asked("a boat in the harbour", frozenset({told[0].name}))]))
    vectors = StaticEmbedder().embed([each.text for each in told])
    query = StaticEmbedder().embed(["a boat in the harbour"])[0]
    nearest: list[int] = np.argsort(-(vectors @ query) / np.linalg.norm(vectors, axis=1)).tolist()
    order = [told[at].name for at in nearest]
    exact = Remanence(is_semantic=True)
    assert side.nearest(exact, [order[9::-1]]) == 1
    assert side.nearest(exact, [order[-5:]]) == 0


def test_an_answer_that_was_never_told_is_wrong(tmp_path: Path) -> None:
    """A name that isn't there, one given twice, and no answers at all."""
    side = Side(tmp_path, Made([Told("tea", "Ada", "s", 1)], [Asked("tea", frozenset({"s:1"}))]))
    for answers in (["s:2"], ["s:1", "s:1"], []):

        def ask(_: str, answers: list[str] = answers) -> list[str]:
            return answers

        with pytest.raises(WrongAnswer):
            side.ask(Fts5(), ask)
    sample = side.ask(Fts5(), lambda _: ["s:1"])
    assert sample.shares == {"evidence": 100}


def hush(_: str) -> None:
    """Nobody is told how far it is."""


def test_who_is_not_installed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A peer that isn't there is left out of its cases, and they say how to get it; the others are measured."""
    monkeypatch.setattr(peers_module, "find_spec", never)
    plan = Plan(tmp_path, rounds=1, warm_ups=0, events=30)
    results = [measure(case, plan, hush) for case in recall_peers(plan)]
    [ours] = [result for result in results if result.name.startswith("index ")]
    assert [each.name for each in ours.measured] == ["remanence"]
    for result in results:
        if result is ours:
            continue
        assert [note.partition(" ")[0] for note in result.notes] == ["chromadb", "lancedb"]
        assert all("remanence[peers]" in note for note in result.notes)
        assert {"remanence", "SQLite FTS5"} <= {each.name for each in result.measured}


def never(_: str) -> None:
    """Nothing is installed."""


def test_peers_are_given_real_questions(tmp_path: Path) -> None:
    """With LoCoMo's file there is one case more: what each finds of a conversation by itself."""
    locomo = write_locomo(tmp_path / "locomo.json")
    plan = Plan(tmp_path, rounds=1, warm_ups=0, events=20, peers=False, locomo=locomo)
    *_, last = [measure(case, plan, hush) for case in recall_peers(plan)]
    assert {each.name: each.median for each in last.measured}["remanence"] == 100


def test_methods_give_the_same_answers_warm_and_cold(tmp_path: Path) -> None:
    """Four conditions of each size; what a method finds stands beside its time where all questions are asked."""
    locomo = write_locomo(tmp_path / "locomo.json")
    plan = Plan(tmp_path, rounds=1, warm_ups=0, events=20, peers=False, locomo=locomo)
    found = [measure(case, plan, hush) for case in recall_methods(plan)]
    assert [result.name.rpartition(", ")[2] for result in found] == ["warm", "asked again", "cold", "first of all"]
    assert all(each.shares["evidence"] == 100 for result in found[:2] for each in result.measured[:1])


def name_of(system: System) -> str:
    """What a case is called."""
    return system.name


@pytest.mark.filterwarnings("ignore")  # theirs, of theirs
@pytest.mark.parametrize(
    "system",
    [
        Remanence(),
        Fts5(),
        pytest.param(Chroma(), marks=pytest.mark.skipif(find_spec("chromadb") is None, reason="no extra `peers`")),
        *(
            pytest.param(way, marks=pytest.mark.skipif(find_spec("lancedb") is None, reason="no extra `peers`"))
            for way in (LanceExact(), LanceIndexed(), LanceHybrid(40), LanceHybrid(100_000))
        ),
    ],
    ids=name_of,
)
def test_every_system_finds_what_it_was_told(system: System, tmp_path: Path) -> None:
    """Stored, closed, opened again and asked: each names texts that were told, and finds what answers the question."""
    side = Side(tmp_path, made(40, write_locomo(tmp_path / "locomo.json")))
    sample = side.answered(system)
    assert sample.shares["evidence"] == 100
    assert sample.shares.get("nearest", 100) == 100
    assert side.kept(system).count > 0
    assert side.taken_in(system).seconds > 0
