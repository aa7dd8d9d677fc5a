"""`remanence bench`: what is measured is told, nothing is judged, and nobody's memory is written to."""

import json
from pathlib import Path

import pytest

from remanence.cli.exits import Exit
from remanence.perf import codec as codec_module
from remanence.perf.harness import Sample, WrongAnswer
from remanence.perf.workloads import WORKLOADS

from ..perf.data import write_cranfield, write_locomo
from .command import call, fill, objects, told


def test_the_workloads_are_listed() -> None:
    """Each by its name, with what it measures; the same for programs."""
    lines = told("bench")
    assert [line.partition("\t")[0] for line in lines] == list(WORKLOADS)
    assert all(line.partition("\t")[2] for line in lines)
    assert [each["workload"] for each in objects("bench")] == list(WORKLOADS)


def test_a_memory_of_ones_own_is_measured_and_not_written_to(tmp_path: Path) -> None:
    """Every preset has its times, and finds the memories whose words it was asked; the log is as it was."""
    path = tmp_path / "memory"
    fill(path, "Ada moored the boat at berth twelve", "Juno prefers green tea in the mornings", "The slip is booked")
    before = told("log", "--json", "--path", path)
    [found] = objects("bench", "recall", "--path", path, "--questions", "2")
    assert (found["memories"], found["questions"]) == (3, 2)
    assert [way["name"] for way in found["ways"]] == ["fast", "balanced", "accurate"]
    for way in found["ways"]:
        assert 0 < way["p50_ms"] <= way["p95_ms"] <= way["p99_ms"]
        assert way["found_percent"] == 100
    assert told("log", "--json", "--path", path) == before
    assert "balanced" in call("bench", "recall", "--path", path).stdout


def test_made_up_texts_stand_in_for_a_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So many as are asked for, one measurement for each size; nothing is left in the folder."""
    monkeypatch.chdir(tmp_path)
    found = objects("bench", "recall", "--made", "20", "--made", "40", "--questions", "5")
    assert [(each["memories"], each["questions"]) for each in found] == [(20, 5), (40, 5)]
    assert list(tmp_path.iterdir()) == []


def test_an_empty_scope_is_no_measurement(tmp_path: Path) -> None:
    """It ends as every command that finds nothing, and names the scopes where there is something."""
    path = tmp_path / "memory"
    fill(path, "tea")
    assert "main" in call("bench", "recall", "--path", path, "--scope", "ada", code=Exit.NOTHING).stderr
    call("bench", "recall", "--path", tmp_path / "nowhere", code=Exit.NOTHING)


def test_known_answers_are_judged(tmp_path: Path) -> None:
    """LoCoMo's evidence and Cranfield's judgements, by every way to recall, and as a table too."""
    locomo, cranfield = write_locomo(tmp_path / "locomo.json"), write_cranfield(tmp_path / "cranfield")
    talk, abstracts = objects("bench", "recall", "--locomo", locomo, "--cranfield", cranfield)
    assert [way["name"] for way in talk["ways"]] == ["words alone (BM25)", "fast", "balanced", "accurate"]
    assert (talk["questions"], talk["ways"][0]["percent"]["all"]) == (2, 100)
    assert (abstracts["questions"], abstracts["ways"][0]["percent"]) == (2, {"nDCG@10": 100})
    assert "sessions" in call("bench", "recall", "--locomo", locomo).stdout


def test_data_of_another_kind_is_refused(tmp_path: Path) -> None:
    """A file that isn't LoCoMo's is named in one sentence."""
    other = tmp_path / "other.json"
    for text in ("{", "[1]", '[{"conversation": {}}]'):
        other.write_text(text)
        assert "other.json" in call("bench", "recall", "--locomo", other, code=Exit.USAGE).stderr


def test_a_workload_is_run_and_not_judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The report is that of `python -m remanence.perf`; a goal that is missed is no error, a wrong answer is."""
    words = ("bench", "run", "codec", "--rounds", "1", "--seconds", "0.01", "--dir", tmp_path)
    report = json.loads(call(*words, "--json").stdout)
    assert [each["measured"][0]["name"] for each in report["results"]] == ["remanence"] * len(report["results"])
    assert call(*words, "--markdown").stdout.startswith("| workload |")
    assert list(tmp_path.iterdir()) == []
    call("bench", "run", "sacn", code=Exit.USAGE)

    def wrong(*_: object) -> Sample:
        raise WrongAnswer

    monkeypatch.setattr(codec_module, "timed", wrong)
    call(*words, code=Exit.DAMAGED)
