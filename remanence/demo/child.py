"""The process that the demonstration kills.

`python -m remanence.demo.child FOLDER NAME SCOPE BATCH ACKNOWLEDGED MOMENT` imports the conversation on its standard
input, BATCH turns at a time, into SCOPE of the memory in FOLDER, and writes a line for each batch that is acknowledged:
how many turns are durable so far. Once ACKNOWLEDGED of them are, it kills itself half-way through the next batch:

- `placing`: while the batch is being given its places in the log;
- `showing`: when the batch is in the log, and a view is being brought up to date in an open transaction.

It does so with SIGKILL: nothing gets a chance to be finished, flushed or closed. Both moments are reached by what any
program may pass to `open`: a clock, which the log asks once for each event that it places, and a projection, which is
given each event once.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Final

import attrs
import trio

from ..core.clock import system_clock
from ..core.recorded import Recorded
from ..memory.imports import import_transcript
from ..opening.opening import open_memory
from ..projections.memories.events import MemoryRemembered
from ..projections.projection import Projection, on

__all__ = ["Countdown", "main"]

STDOUT: Final = 1


class Countdown:
    """Kills the process at the n-th step after it has been armed."""

    def __init__(self, steps: int) -> None:
        self.is_armed = False
        self._left = steps

    def step(self) -> None:
        """Count, once armed; the last step is the process's last."""
        if self.is_armed:
            self._left -= 1
            if self._left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)


@attrs.frozen
class Orders:
    """What the process is to do, as in its command."""

    folder: str
    name: str
    scope: str
    batch: int = attrs.field(converter=int)
    acknowledged: int = attrs.field(converter=int)
    moment: str = attrs.field(validator=attrs.validators.in_(("placing", "showing")))


async def import_and_die(orders: Orders) -> None:
    """Import the standard input, up to the middle of the batch after so many turns have been acknowledged."""
    batch, moment = orders.batch, orders.moment
    countdown = Countdown(max(1, batch // 2))

    def report(_what: str, done: int, _total: int) -> None:
        os.write(STDOUT, b"%d\n" % done)  # no buffer that could die with the process
        countdown.is_armed = done >= orders.acknowledged

    def clock() -> int:
        if moment == "placing":
            countdown.step()
        return system_clock()

    class Witness(Projection):
        @on(MemoryRemembered)
        def remembered(self, _event: Recorded[MemoryRemembered]) -> None:
            if moment == "showing":
                countdown.step()

    async with open_memory(orders.folder, by="juno", clock=clock, projections=[Witness]) as memory:
        data = sys.stdin.buffer.read()
        await import_transcript(memory, data, name=orders.name, scope=orders.scope, batch_turns=batch, progress=report)


def main() -> None:
    """Do it with the arguments of the command."""
    trio.run(import_and_die, Orders(*sys.argv[1:]))


if __name__ == "__main__":
    main()
