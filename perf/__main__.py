"""`python -m remanence.perf`: run workloads, print what they came to.

It reports and doesn't judge: a goal that is missed is no error. The exit code is 0 unless somebody answered wrongly
(1), or could not be measured at all (2).
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from .harness import Result, WrongAnswer
from .peers import PeerMissing
from .report import as_json, as_markdown, as_text
from .running import planned, results_of
from .surroundings import default_folder, look_around
from .workloads import WORKLOADS

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line says; returns the exit code."""
    options = _parser().parse_args(arguments)
    root = options.dir or default_folder()
    root.mkdir(parents=True, exist_ok=True)
    surroundings = look_around(root)
    results: list[Result] = []
    code = 0
    with TemporaryDirectory(prefix="remanence-perf-", dir=root) as folder:
        try:
            _run(options, Path(folder), results)
        except WrongAnswer as error:
            _say(f"wrong answer: {error}")
            code = 1
        except PeerMissing as error:
            _say(str(error))
            code = 2
    form = as_json if options.json else as_markdown if options.markdown else as_text
    sys.stdout.write(form(surroundings, results))
    return code


def _run(options: Namespace, folder: Path, results: list[Result]) -> None:
    plan = planned(
        folder,
        is_quick=options.quick,
        rounds=options.rounds,
        seconds=options.seconds,
        events=options.events,
        peers=options.peers,
        data=options.data,
        locomo=options.locomo,
        cranfield=options.cranfield,
    )
    results.extend(results_of(options.workloads, plan, _say))


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _parser() -> ArgumentParser:
    parser = ArgumentParser("python -m remanence.perf", description="Measure Remanence beside its peers, in one run.")
    known = ", ".join(WORKLOADS)
    parser.add_argument("workloads", nargs="*", type=_workload, metavar="WORKLOAD", help=f"all by default: {known}")
    parser.add_argument("--quick", action="store_true", help="small and short: to see that it works")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON")
    form.add_argument("--markdown", action="store_true", help="print a markdown table")
    parser.add_argument("--rounds", type=_positive, metavar="N", help="how often each contender runs")
    parser.add_argument("--seconds", type=float, metavar="S", help="how long a run lasts that is limited by time")
    parser.add_argument("--events", type=_positive, metavar="N", help="events in the logs that are read")
    parser.add_argument("--dir", type=Path, metavar="D", help="where files are written; the disk that is meant")
    parser.add_argument("--data", type=Path, metavar="FILE", help="a transcript to measure sizes on")
    parser.add_argument("--locomo", type=Path, metavar="FILE", help="LoCoMo's JSON: real questions for recall")
    parser.add_argument("--cranfield", type=Path, metavar="FOLDER", help="the Cranfield collection: more texts")
    parser.add_argument("--no-peers", dest="peers", action="store_false", help="leave out what isn't ours")
    return parser


def _workload(text: str) -> str:
    if text not in WORKLOADS:
        raise ArgumentTypeError(f"{text!r} is none of {', '.join(WORKLOADS)}")
    return text


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


if __name__ == "__main__":
    sys.exit(main())
