"""Caching: the command that tells what a memory's process keeps in memory, and changes how much it may."""

from __future__ import annotations

import json
import time
from typing import Any, Final

import attrs
import click

from ..projections.caching.caches import CacheStatistics
from ..projections.caching.changes import SettingChanged, decided
from ..projections.caching.noting import Noted, NoteFile
from ..projections.caching.settings import CacheSettings
from .opening import reading, run, writing
from .options import Options, everywhere, pass_options, writes
from .output import Output
from .texts import one_line, share, size

__all__ = ["cache"]

_S: Final = 1_000_000_000


@attrs.frozen
class _Seen:
    """What was noted, what holds, and what was decided about it."""

    noted: Noted | None
    settings: CacheSettings
    changes: list[tuple[int, SettingChanged]]


@click.group(invoke_without_command=True)
@everywhere
@pass_options
@click.pass_context
def cache(context: click.Context, options: Options) -> None:
    """Show what the process that writes to the memory keeps in memory of what was read.

    It notes that every few seconds, and when it ends. Settings that were changed are shown with the reason.
    """
    if context.invoked_subcommand is not None:
        return

    async def body() -> _Seen:
        async with reading(options) as memory:
            log = memory.engine.log
            found = memory.engine.read(types=[SettingChanged])
            changes = [(event.position, event.data) for event in found if not event.is_erased]
            noted = NoteFile(options.path / "views").read()
            return _Seen(noted, decided(CacheSettings(), log), changes)

    seen = run(body)
    out = Output(as_json=options.as_json)
    if out.as_json:
        out.json(_plain(seen))
    else:
        _print(out, seen)


@cache.command("set", short_help="Change a setting, for good.")
@click.argument("name")
@click.argument("value")
@click.option("--reason", required=True, help="Why; it is recorded with the change.")
@writes
@everywhere
@pass_options
def set_(options: Options, name: str, value: str, reason: str) -> None:
    """Change the setting NAME, as in cache.objects_bytes, to VALUE. It holds until it is changed again."""
    plain = _value(value)

    async def body() -> int:
        async with writing(options) as memory:
            return (await memory.engine.cache.change(name, plain, reason=reason)).position

    _tell(options, run(body), f"{name} is {value}")


@cache.command(short_help="Undo the last change of a setting.")
@click.argument("name")
@writes
@everywhere
@pass_options
def undo(options: Options, name: str) -> None:
    """Undo the last change of the setting NAME, whoever made it."""

    async def body() -> int:
        async with writing(options) as memory:
            return (await memory.engine.cache.change_back(name)).position

    _tell(options, run(body), f"{name} is what it was before")


def _value(text: str) -> Any:
    """What was typed: a number, true, false, none, or a word."""
    words: dict[str, bool | None] = {"true": True, "false": False, "none": None}
    if text.lower() in words:
        return words[text.lower()]
    try:
        return json.loads(text)
    except ValueError:
        return text


def _tell(options: Options, position: int, what: str) -> None:
    out = Output(as_json=options.as_json)
    if out.as_json:
        out.json({"position": position})
    else:
        out.line(f"{one_line(what)}, as event {position} says")


def _plain(seen: _Seen) -> dict[str, Any]:
    noted = seen.noted
    return {
        "noted": None if noted is None else {"pid": noted.pid, "time_ns": noted.time_ns},
        "statistics": None if noted is None else attrs.asdict(noted.statistics),
        "settings": attrs.asdict(seen.settings),
        "changes": [{"position": position, **attrs.asdict(change)} for position, change in seen.changes],
    }


def _print(out: Output, seen: _Seen) -> None:
    noted = seen.noted
    if noted is None:
        out.line("Nothing is known of caches here: no process that writes has kept anything yet.")
    else:
        age_s = max(0.0, (time.time_ns() - noted.time_ns) / _S)
        out.line(f"Process {noted.pid}, {age_s:,.0f} s ago:")
        _print_pools(out, noted.statistics)
    if seen.changes:
        out.line()
        rows = [
            (str(position), one_line(each.name), str(each.value), str(each.before), each.by, one_line(each.reason))
            for position, each in seen.changes
        ]
        out.table(("event", "setting", "is", "was", "by", "because"), rows, right=("event", "is", "was"))


def _print_pools(out: Output, statistics: CacheStatistics) -> None:
    heads = ("pool", "policy", "entries", "bytes", "of", "hits", "misses", "found", "evicted", "expired", "dropped")
    rows = [
        (
            one_line(pool.name),
            pool.policy,
            f"{pool.entries:,}",
            size(pool.used_bytes),
            size(pool.limit_bytes),
            f"{pool.hits:,}",
            f"{pool.misses:,}",
            "" if pool.hit_rate is None else share(pool.hit_rate),
            f"{pool.evictions:,}",
            f"{pool.expired:,}",
            f"{pool.dropped:,}",
        )
        for pool in statistics.pools
    ]
    out.table(heads, rows, right=heads[2:])
    out.line(
        f"{size(statistics.used_bytes)} of {size(statistics.limit_bytes)} are used; they were cleaned "
        f"{statistics.cleanings:,} times, and {statistics.emergencies:,} times at once; "
        f"{statistics.promoted:,} rows went up from L2."
    )
    accuracy = statistics.prediction_accuracy
    if accuracy is not None:
        out.line(f"{statistics.predicted:,} rows were read beforehand; {share(accuracy)} of predictions were right.")
