"""The workloads, small: each runs, each compares what it says, and none takes a wrong answer for a fast one."""

from __future__ import annotations

import json
from pathlib import Path

import attrs
import pytest

from remanence.perf import codec as codec_module
from remanence.perf import rebuild as rebuild_module
from remanence.perf import scan as scan_module
from remanence.perf.__main__ import main
from remanence.perf.checks import check_dense, check_same
from remanence.perf.codec import timed
from remanence.perf.harness import (
    BYTES,
    MICROSECONDS,
    PER_SECOND,
    Case,
    Contender,
    Goal,
    Plan,
    Result,
    Sample,
    WrongAnswer,
    measure,
    result_of,
)
from remanence.perf.logs import memories_log, opened
from remanence.perf.material import memories
from remanence.perf.report import WIDTH, as_json, as_markdown, as_text
from remanence.perf.surroundings import look_around
from remanence.perf.workloads import WORKLOADS


def tiny(folder: Path, events: int = 300) -> Plan:
    """As little as shows anything."""
    return Plan(folder, rounds=1, warm_ups=0, seconds=0.01, events=events, peers=False)


def hush(_: str) -> None:
    """Nobody is told how far it is."""


@pytest.mark.parametrize("name", WORKLOADS)
def test_a_workload_measures(name: str, tmp_path: Path) -> None:
    """Every workload gives at least one case, and every contender of it a value; nothing is left in the folder."""
    plan = tiny(tmp_path, events=100)
    results = [measure(case, plan, hush) for case in WORKLOADS[name](plan)]
    assert results
    for result in results:
        assert result.measured[0].name == "remanence"
        assert all(value > 0 for each in result.measured for value in each.values)
        for goal in result.goals:
            assert result.value(goal) > 0
    assert {path.name for path in tmp_path.iterdir()} <= {f"memories-{plan.events}"}


@pytest.mark.parametrize("name", ["scan", "get", "rebuild", "verify"])
def test_a_log_that_says_something_else_is_a_wrong_answer(name: str, tmp_path: Path) -> None:
    """What is read is compared with what was made, so one event too many is found by every workload that reads."""
    plan = tiny(tmp_path)
    if name == "get":  # it asks for what was made: one that isn't there is found, one too many isn't looked for
        memories_log(attrs.evolve(plan, events=200)).rename(tmp_path / "memories-300")
    else:
        with opened(memories_log(plan)) as log:
            log.append(next(memories(7)))
    case = next(WORKLOADS[name](plan))
    with pytest.raises(WrongAnswer):
        measure(case, plan, hush)


def test_a_rebuild_by_hand_has_to_end_with_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A loop that makes other rows, however fast, is not what the view is compared with."""

    def long_ago(_: bytes) -> int:
        return 1

    monkeypatch.setattr(rebuild_module, "time_of", long_ago)
    plan = tiny(tmp_path)
    with pytest.raises(WrongAnswer, match="digest"):
        measure(next(WORKLOADS["rebuild"](plan)), plan, hush)


@pytest.mark.parametrize("index", [0, 1])
def test_every_scanner_is_checked(index: int, tmp_path: Path) -> None:
    """The bare loops have to answer rightly too: a peer that skips work isn't a peer."""
    plan = tiny(tmp_path)
    memories_log(attrs.evolve(plan, events=299)).rename(tmp_path / "memories-300")
    for case in scan_module.scan(plan):
        with pytest.raises(WrongAnswer):
            case.contenders[index].run()


def test_a_codec_that_answers_wrongly_is_found() -> None:
    """One wrong answer among many ends the run."""
    assert timed(str.upper, ["a", "b"], ["A", "B"], 3).count == 6
    with pytest.raises(WrongAnswer, match="'B'"):
        timed(str.upper, ["a", "b"], ["A", "C"], 1)


def test_checks_refuse_what_is_not_so() -> None:
    """A value that differs, a position missing, a position twice: none of them is let through."""
    check_same("x", 1, 1)
    check_dense("x", [2, 1, 3])
    with pytest.raises(WrongAnswer, match="2"):
        check_same("x", 1, 2)
    for positions in ([1, 3], [1, 1], [2, 3]):
        with pytest.raises(WrongAnswer):
            check_dense("x", positions)


def result() -> Result:
    """Three rounds of two contenders."""
    case = Case("add", "sums", [], [Goal(least=2, over="other"), Goal(least=1000)])
    ours = [Sample(100, 1.0, [0.1]), Sample(300, 1.0, [0.2]), Sample(90, 1.0, [0.3])]
    return result_of(case, {"remanence": ours, "other": [Sample(10, 1.0), Sample(100, 1.0), Sample(30, 1.0)]})


def test_a_ratio_compares_the_runs_of_one_round() -> None:
    """It is the median of the rounds' ratios, not the ratio of the medians."""
    found = result()
    assert found.ratios("other") == (10.0, 3.0, 3.0)
    assert found.value(found.goals[0]) == 3.0
    assert [goal.is_met(found.value(goal)) for goal in found.goals] == [True, False]


def test_units_say_what_a_value_is() -> None:
    """A rate, the microseconds of each, or the count itself."""
    sample = {"remanence": [Sample(200, 2.0)]}
    values = {unit: result_of(Case("x", "calls", [], (), unit), sample) for unit in (PER_SECOND, MICROSECONDS, BYTES)}
    assert {unit: found.measured[0].median for unit, found in values.items()} == {
        PER_SECOND: 100.0,
        MICROSECONDS: 10_000.0,
        BYTES: 200.0,
    }
    assert [found.unit for found in values.values()] == ["calls/s", "µs", "bytes"]


def test_warming_up_does_not_count(tmp_path: Path) -> None:
    """Rounds before the first are run and thrown away, and contenders take turns."""
    order: list[str] = []

    def contender(name: str) -> Contender:
        def run() -> Sample:
            order.append(name)
            return Sample(len(order), 1.0)

        return Contender(name, run)

    plan = Plan(tmp_path, rounds=2, warm_ups=1)
    found = measure(Case("x", "calls", [contender("remanence"), contender("other")]), plan, hush)
    assert order == ["remanence", "other"] * 3
    assert found.measured[0].values == (3.0, 5.0)


def test_the_report_fits_a_terminal(tmp_path: Path) -> None:
    """The table has 80 columns at most, and shows values, ratio and goals."""
    text = as_text(look_around(tmp_path), [result()])
    assert all(len(line) <= WIDTH for line in text.splitlines())
    assert "p50 200.00 ms" in text
    assert "3.00x     ≥ 2.00x ✓" in text
    assert "≥ 1,000 ✗" in text


def test_the_report_for_programs_says_everything(tmp_path: Path) -> None:
    """JSON has every value, every ratio and every goal; markdown has a row for each contender."""
    surroundings = look_around(tmp_path)
    [found] = json.loads(as_json(surroundings, [result()]))["results"]
    assert [each["ratio"] for each in found["measured"]] == [None, 3.0]
    assert [goal["met"] for goal in found["goals"]] == [True, False]
    assert len([line for line in as_markdown(surroundings, [result()]).splitlines() if line.startswith("| ")]) == 3


def never_right(*_: object) -> Sample:
    """A workload's run that is found to be wrong."""
    raise WrongAnswer


def test_the_command_reports_and_does_not_judge(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A goal that is missed ends with 0, a wrong answer with 1, and the report is printed either way."""
    options = ["codec", "--quick", "--rounds", "1", "--seconds", "0.01", "--dir", str(tmp_path)]
    monkeypatch.setattr(codec_module, "_MOST", 0.001)
    assert main(options) == 0
    assert "✗" in capsys.readouterr().out
    monkeypatch.setattr(codec_module, "timed", never_right)
    assert main([*options, "--json"]) == 1
    told = capsys.readouterr()
    assert "wrong answer" in told.err
    assert json.loads(told.out)["results"] == []
    assert list(tmp_path.iterdir()) == []


def test_a_workload_that_does_not_exist_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """The command names those there are."""
    with pytest.raises(SystemExit) as ended:
        main(["sacn"])
    assert ended.value.code == 2
    assert "scan" in capsys.readouterr().err
