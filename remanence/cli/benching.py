"""Benching: the commands that measure, here and now, on this machine.

What measures is `perf`; it is imported when something is measured.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Generator
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from .benching_recall import recall
from .exits import Exit, Failure
from .options import Options, everywhere, examples, pass_options
from .output import Output

__all__ = ["bench"]


@click.group(
    invoke_without_command=True,
    epilog=examples(
        "remanence bench recall",
        "remanence bench recall --locomo locomo10.json",
        "remanence bench run scan get --quick",
        "remanence bench run recall-peers --locomo locomo10.json",
    ),
)
@everywhere
@pass_options
@click.pass_context
def bench(context: click.Context, options: Options) -> None:
    """Measure, here and now: how fast recall is and how much it finds, or any workload beside its peers.

    Without a command, list the workloads.
    """
    if context.invoked_subcommand is not None:
        return
    out = Output(as_json=options.as_json)
    for name, what in _workloads().items():
        if out.as_json:
            out.json({"workload": name, "what": what})
        elif out.is_page:
            out.line(f"{name:<16}{what}")
        else:
            out.row(name, what)


@bench.command(
    "run",
    short_help="Run workloads beside their peers.",
    epilog=examples("remanence bench run scan get --quick", "remanence bench run --markdown > report.md"),
)
@click.argument("workloads", metavar="[WORKLOAD]...", nargs=-1)
@click.option("--quick", is_flag=True, help="Small and short: to see that it works.")
@click.option("--rounds", metavar="N", type=click.IntRange(1), help="How often each contender runs.")
@click.option("--seconds", metavar="S", type=click.FloatRange(0, min_open=True), help="How long a timed run lasts.")
@click.option("--events", metavar="N", type=click.IntRange(1), help="Events in the logs that are read.")
@click.option(
    "--dir", "folder", metavar="FOLDER", type=click.Path(file_okay=False, path_type=Path), help="Where to write."
)
@click.option("--data", metavar="FILE", type=click.Path(exists=True, path_type=Path), help="A transcript for `size`.")
@click.option("--locomo", metavar="FILE", type=click.Path(exists=True, path_type=Path), help="Questions for recall.")
@click.option("--cranfield", metavar="FOLDER", type=click.Path(exists=True, path_type=Path), help="Texts for recall.")
@click.option("--peers/--no-peers", default=True, help="Measure those who are installed beside us, too.")
@click.option("--markdown", is_flag=True, help="Print a table for a page.")
@everywhere
@pass_options
def run_(  # noqa: PLR0917 - click gives them by name
    options: Options,
    workloads: tuple[str, ...],
    quick: bool,  # noqa: FBT001 - as above
    rounds: int | None,
    seconds: float | None,
    events: int | None,
    folder: Path | None,
    data: Path | None,
    locomo: Path | None,
    cranfield: Path | None,
    peers: bool,  # noqa: FBT001 - as above
    markdown: bool,  # noqa: FBT001 - as above
) -> None:
    """Run each WORKLOAD, all by default, in a folder of its own, and report what it came to.

    It reports and doesn't judge: a goal that is missed is no error. A wrong answer is: exit code 3.
    """
    from ..perf.harness import Result, WrongAnswer  # noqa: PLC0415 - see above
    from ..perf.peers import PeerMissing  # noqa: PLC0415
    from ..perf.report import as_json, as_markdown, as_text  # noqa: PLC0415
    from ..perf.running import planned, results_of  # noqa: PLC0415
    from ..perf.surroundings import default_folder, look_around  # noqa: PLC0415

    _refuse_unknown(workloads)
    root = folder or default_folder()
    root.mkdir(parents=True, exist_ok=True)
    surroundings = look_around(root)
    results: list[Result] = []
    with TemporaryDirectory(prefix="remanence-bench-", dir=root) as place, _telling() as say:
        plan = planned(
            Path(place),
            is_quick=quick,
            rounds=rounds,
            seconds=seconds,
            events=events,
            peers=peers,
            data=data,
            locomo=locomo,
            cranfield=cranfield,
        )
        try:
            results.extend(results_of(workloads, plan, say))
        except WrongAnswer as error:
            raise Failure(f"wrong answer: {error}", Exit.DAMAGED) from error
        except PeerMissing as error:
            raise Failure(str(error), Exit.NOTHING) from error
    form = as_json if options.as_json else as_markdown if markdown else as_text
    sys.stdout.write(form(surroundings, results))


bench.add_command(recall)


def _workloads() -> dict[str, str]:
    """What each workload measures, by its name: the first line of its page."""
    from ..perf.workloads import WORKLOADS  # noqa: PLC0415 - see above

    found: dict[str, str] = {}
    for name, workload in WORKLOADS.items():
        page = sys.modules[workload.__module__].__doc__ or ""
        found[name] = page.strip().partition("\n")[0].partition(": ")[2].rstrip(".")
    return found


def _refuse_unknown(names: tuple[str, ...]) -> None:
    known = _workloads()
    for name in names:
        if name not in known:
            raise Failure(f"there is no workload {name}", Exit.USAGE, hint=f"There are {', '.join(known)}.")


@contextlib.contextmanager
def _telling() -> Generator[Callable[[str], None]]:
    """Says what is under way, on a terminal and in its last line alone."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console  # noqa: PLC0415 - few commands draw

    with Console(file=sys.stderr).status("preparing") as status:
        yield status.update
