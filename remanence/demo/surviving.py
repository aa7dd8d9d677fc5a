"""Surviving: the acts in which processes die, and what is left is looked at."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import attrs
import trio

from ..core.backup import restore
from ..core.events import Registry
from ..core.verify import verify
from ..memory.imports import ImportReport, import_transcript
from ..memory.memory import Memory
from ..opening.opening import open_memory
from ..projections.memories.events import MEMORY_EVENTS
from ..projections.memories.view import Memories
from .remembering import SCOPE, turns_told
from .stage import Stage

__all__ = ["SECOND_SCOPE", "die_twice", "rebuild"]

SECOND_SCOPE: Final = "second"
BATCH_TURNS_MAX: Final = 32


@attrs.frozen
class _Death:
    """How a process is to die.

    Attributes:
        moment: what it is doing then (`child`).
        share: the part of the turns that have been acknowledged by then, at least.
        told: how the audience is told of it.
    """

    moment: str
    share: float
    told: str


_DEATHS: Final = (
    _Death("placing", 1 / 3, "First death: while the next batch is being given its places in the log."),
    _Death(
        "showing",
        2 / 3,
        "Second death: with the next batch in the log, in the transaction that brings a view up to date.",
    ),
)


async def die_twice(home: Path, data: bytes, report: ImportReport, stage: Stage) -> None:
    """Have a second import killed, started again, and killed again; then finish it."""
    stage.act("A process is killed in the middle of writing. Twice")
    batch = max(1, min(BATCH_TURNS_MAX, report.new // 8))
    stage.say(
        f"The same conversation goes into another scope, {batch} turns at a time, in a process of its own. It tells "
        "over a pipe what has been acknowledged, and kills itself with SIGKILL in the middle of things."
    )
    for death in _DEATHS:
        stage.say(death.told)
        orders = (home, report.name, SECOND_SCOPE, batch, int(report.new * death.share), death.moment)
        command = (sys.executable, "-m", "remanence.demo.child", *orders)
        acknowledged = await _die(command, data, report, stage)
        async with open_memory(home, by="juno") as memory:
            _look(memory, acknowledged, batch, stage)
    async with open_memory(home, by="juno") as memory:
        await _finish(memory, data, report, stage)


async def _die(command: Sequence[object], data: bytes, report: ImportReport, stage: Stage) -> int:
    """Start a process, wait until it is dead, and return how many turns it had been told are durable."""
    process = await trio.run_process([str(word) for word in command], stdin=data, capture_stdout=True, check=False)
    told = process.stdout.split()
    acknowledged = int(told[-1]) if told else 0
    promise = f"it died by SIGKILL; its last words: {acknowledged:,} of {report.new:,} turns acknowledged"
    stage.check(promise, holds=process.returncode == -signal.SIGKILL)
    return acknowledged


def _look(memory: Memory, acknowledged: int, batch: int, stage: Stage) -> None:
    """See what is there."""
    first, second = turns_told(memory, SCOPE), turns_told(memory, SECOND_SCOPE)
    beyond = len(second) - acknowledged
    others = f"and {beyond} nobody was told of" if beyond else f"none of the {batch} under way"
    promise = f"{len(second):,} turns are in the log: the {acknowledged:,} acknowledged, {others}"
    is_prefix = 0 < len(second) < len(first) and second == first[: len(second)]
    stage.check(promise, holds=beyond >= 0 and is_prefix)
    stage.check("the log verifies: what was there before, and what has come", holds=_is_sound(memory))


async def _finish(memory: Memory, data: bytes, report: ImportReport, stage: Stage) -> None:
    """Import the rest."""
    again = await import_transcript(memory, data, name=report.name, scope=SECOND_SCOPE)
    stage.say(f"Importing once more finds {again.known:,} turns there, and adds the other {again.new:,}.")
    is_whole = turns_told(memory, SECOND_SCOPE) == turns_told(memory, SCOPE)
    stage.check("every turn is there, once and in its place", holds=is_whole and again.known + again.new == report.new)


def _is_sound(memory: Memory) -> bool:
    log = memory.engine.log
    found = verify(log.store, log.catalog, registry=Registry(MEMORY_EVENTS))
    return found.problem is None and found.events == memory.engine.head


async def rebuild(home: Path, folder: Path, stage: Stage) -> None:
    """Copy the log alone, restore it elsewhere, build the views from it, and compare."""
    stage.act("Nothing derived can be lost")
    backup, restored = folder / "backup", folder / "restored"
    async with open_memory(home, by="juno") as memory:
        await memory.engine.backup(backup)
        lived = memory.engine.digest(Memories)
    await trio.to_thread.run_sync(restore, backup, restored)
    async with open_memory(restored) as memory:
        rebuilt = memory.engine.digest(Memories)
        count = memory.engine.view(Memories).rows.count()
        stage.say(
            f"A backup is a copy of the log alone. It is restored elsewhere, and the view of {count:,} memories is "
            f"built anew from its {memory.engine.head:,} events; its digest is {rebuilt[:16]}…"
        )
        stage.check("it equals the view that lived through all this", holds=rebuilt == lived)
        stage.check("every frame, checksum, link and index entry verifies", holds=_is_sound(memory))
