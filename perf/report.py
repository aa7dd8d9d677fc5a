"""The report: what was measured, as a plain table of 80 columns, as markdown, or as JSON. Decides nothing.

A ratio is ours divided by theirs: the median of the rounds' ratios, because two runs of one round lie next to each
other in time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median
from textwrap import fill
from typing import Any, Final

import attrs
import msgspec

from .harness import BYTES, Goal, Measured, Result
from .surroundings import Surroundings

__all__ = ["as_json", "as_markdown", "as_text"]

WIDTH: Final = 80
_SMALL: Final = 100
"""Below this a value is shown with decimals."""


def as_text(surroundings: Surroundings, results: Sequence[Result]) -> str:
    """A table for terminals."""
    lines = [fill(str(surroundings), WIDTH), ""]
    lines.append(_row("", "median", "min-max", "ours", "goal", ""))
    for result in results:
        lines += ["", f"{result.name}, {result.unit}"]
        lines += [fill(f"({note})", WIDTH, initial_indent="  ", subsequent_indent="  ") for note in result.notes]
        for cells in _rows(result):
            lines.append(_row(*cells[:-1]))
            lines += [fill(each, WIDTH, initial_indent="    ", subsequent_indent="    ") for each in cells[-1:] if each]
    return "\n".join(lines) + "\n"


def as_markdown(surroundings: Surroundings, results: Sequence[Result]) -> str:
    """A table for the documentation."""
    lines = ["| workload | | median | min-max | ours | goal | |", "|---|---|--:|--:|--:|--:|---|"]
    for result in results:
        title = f"{result.name}, {result.unit}"
        for name, value, spread, ratio, goal, mark, latency in _rows(result):
            value_and_latency = f"{value} ({latency})" if latency else value
            lines.append(f"| {title} | {name} | {value_and_latency} | {spread} | {ratio} | {goal} | {mark} |")
            title = ""
    notes = [f"{result.name}: {note}." for result in results for note in result.notes]
    return "\n".join([*lines, "", *notes, *([""] if notes else []), str(surroundings), ""])


def as_json(surroundings: Surroundings, results: Sequence[Result]) -> str:
    """Everything, for programs."""
    plain = {
        "surroundings": attrs.asdict(surroundings),
        "results": [_plain(result) for result in results],
    }
    return msgspec.json.format(msgspec.json.encode(plain), indent=2).decode() + "\n"


def _plain(result: Result) -> dict[str, Any]:
    ours = result.measured[0]
    return {
        "name": result.name,
        "unit": result.unit,
        "measured": [
            {
                **attrs.asdict(each),
                "median": each.median,
                "ratio": None if each is ours else median(result.ratios(each.name)),
            }
            for each in result.measured
        ],
        "goals": [
            {**attrs.asdict(goal), "value": result.value(goal), "met": goal.is_met(result.value(goal))}
            for goal in result.goals
        ],
        "notes": result.notes,
    }


def _rows(result: Result) -> Iterator[tuple[str, str, str, str, str, str, str]]:
    """Name, median, spread, ratio, goal, whether it is met, latencies."""
    ours = result.measured[0]
    for each in result.measured:
        over = None if each is ours else each.name
        goals = [goal for goal in result.goals if goal.over == over]
        values = f"{_number(min(each.values), result.unit)}-{_number(max(each.values), result.unit)}"
        yield (
            each.name,
            _number(each.median, result.unit),
            values if len(set(each.values)) > 1 else "",
            "" if over is None else f"{median(result.ratios(over)):.2f}x",
            ", ".join(_goal(goal) for goal in goals),
            " ".join("✓" if goal.is_met(result.value(goal)) else "✗" for goal in goals),
            _latency(each),
        )


def _row(*cells: str) -> str:
    name, value, spread, ratio, goal, mark = cells
    return f"  {name:<24}{value:>11}{spread:>21}{ratio:>8}{goal:>12} {mark}".rstrip()


def _number(value: float, unit: str) -> str:
    return f"{value:.2f}" if value < _SMALL and unit != BYTES else f"{value:,.0f}"


def _goal(goal: Goal) -> str:
    sign, bound = ("≥", goal.least) if goal.least is not None else ("≤", goal.most)
    return f"{sign} {bound:,.0f}" if goal.over is None else f"{sign} {bound:.2f}x"


def _latency(each: Measured) -> str:
    calls = (("p50", each.p50_ms), ("p95", each.p95_ms), ("p99", each.p99_ms))
    told = [f"{name} {value:.2f} ms" for name, value in calls if value is not None]
    return ", ".join([*told, *(f"{name} {share:.1f} %" for name, share in each.shares.items())])
