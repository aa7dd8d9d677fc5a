"""Acting: the command that tells how the actors are doing.

They run in the process that writes to the memory, and nowhere else: this command begins none. It prints the bulletin
that their process leaves beside the views, and says whether that process is still at work.
"""

from __future__ import annotations

import time

import attrs
import click

from ..actors.actor_statistics import ActorStatistics
from ..actors.bulletin import Bulletin, BulletinFile
from ..core.clock import from_ns
from ..core.lease import holder
from .exits import Exit, Failure
from .opening import require_memory
from .options import Options, everywhere, pass_options
from .output import Output
from .texts import count, moment, one_line

__all__ = ["actors"]

_S = 1_000_000_000
LETTERS_SHOWN = 10


@click.command()
@everywhere
@pass_options
def actors(options: Options) -> None:
    """Show how the actors are doing: state, messages that wait, restarts, last error, dead letters.

    Actors run in the process that has the memory open for writing. It notes how they are doing, a second at most after
    something has changed; that is what is shown, with its age. Of a process that has ended, it is how they were last.
    """
    require_memory(options.path)
    bulletin = BulletinFile(options.path / "views").read()
    if bulletin is None:
        what = "nothing is known of actors here: no process has run any since the views were made"
        raise Failure(what, Exit.NOTHING)
    writing = holder(options.path)
    state = "running" if writing is not None and writing.pid == bulletin.pid else "ended"
    if state == "ended" and bulletin.is_running:
        state = "killed"
    out = Output(as_json=options.as_json)
    if out.as_json:
        out.json(_plain(bulletin, state))
    else:
        _print(out, bulletin, state)
    out.flush()


def _plain(bulletin: Bulletin, state: str) -> dict[str, object]:
    return {
        "process": {"pid": bulletin.pid, "state": state, "noted_ns": bulletin.time_ns},
        "actors": [attrs.asdict(each) for each in bulletin.actors],
        "dead_letters": [
            {name: getattr(letter, name) for name in letter.__struct_fields__} for letter in bulletin.dead_letters
        ],
    }


def _print(out: Output, bulletin: Bulletin, state: str) -> None:
    age_s = max(0.0, (time.time_ns() - bulletin.time_ns) / _S)
    when = (
        f"{age_s:.1f} s ago" if state == "running" else f"when it was last noted, {moment(from_ns(bulletin.time_ns))}"
    )
    verb = {"running": "runs", "ended": "has ended", "killed": "ended without closing the memory"}[state]
    out.line(f"Process {bulletin.pid} {verb}. Its actors, {when}:")
    heads = ("actor", "state", "waiting", "handled", "restarts", "dead", "last error")
    out.table(heads, [_row(each) for each in bulletin.actors], right=("waiting", "handled", "restarts", "dead"))
    letters = bulletin.dead_letters[-LETTERS_SHOWN:]
    if letters:
        out.line()
        out.line(f"The last {count(len(letters), 'dead letter')}:")
        rows = [
            (moment(from_ns(each.time_ns)), each.actor, one_line(each.kind), each.reason, one_line(each.error or ""))
            for each in letters
        ]
        out.table(("at", "for", "what", "why", "error"), rows)


def _row(seen: ActorStatistics) -> tuple[object, ...]:
    waiting = sum(seen.waiting.values())
    error = one_line(seen.last_error or "")
    return seen.name, seen.state, f"{waiting:,}", f"{seen.handled:,}", seen.restarts, seen.dead_letters, error
