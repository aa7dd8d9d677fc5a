"""What the killed program does whose tagger and clusterer are at work: it remembers, revises and forgets.

A report is one line of JSON on standard output, written once a change is acknowledged. Both actors take their time, so
that there is always something of theirs to be killed in.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any, Final

import attrs
import msgspec
import trio

import remanence
from remanence import ClusterSettings, Memory, NotFound, Settings
from remanence.actors.tagger import Tags, ToTag

__all__ = ["Told", "options", "read_told"]

SCOPES: Final = ("ada", "juno")
WORDS: Final = ("kettle", "tea", "harbour", "boat", "deploy", "staging", "violin", "lesson", "garden", "gate")


class Slow:
    """A model that takes a moment."""

    name = "slow"
    version = 1

    async def tag(self, texts: Sequence[ToTag]) -> Sequence[Tags | None]:
        """The first word of each."""
        await trio.sleep(0.003)
        return [Tags([text.text.split()[0]], "data", 0.9) for text in texts]


def options() -> dict[str, Any]:
    """What a memory is opened with."""
    return {
        "tagger": Slow(),
        "clusters": ClusterSettings(changes=3, quiet_s=0.01),
        "settings": Settings(snapshot_events=None, retrain=False),
    }


@attrs.frozen
class Told:
    """A change that was acknowledged.

    Attributes:
        position: where it stands.
        type: its event's.
        id: the memory.
        text: what that says now, if the change says so.
    """

    position: int
    type: str
    id: str
    text: str | None = None


_encode: Final = msgspec.json.Encoder().encode
read_told: Final = msgspec.json.Decoder(Told).decode


async def _change(memory: Memory, random: Random, known: list[str]) -> Told:
    text = f"{' '.join(random.sample(WORDS, 4))} {random.randrange(1 << 30)}"
    if len(known) < 3 or random.random() < 0.7:
        known.append(await memory.remember(text, scope=random.choice(SCOPES)))
        [event] = memory.engine.read(tags=[f"memory:{known[-1]}"], types=["memory.remembered"], limit=1)
        return Told(event.position, "memory.remembered", known[-1], text)
    one = random.choice(known)
    if random.random() < 0.5:
        return Told(await memory.revise(one, text), "memory.revised", one, text)
    known.remove(one)
    return Told(await memory.forget(one), "memory.forgotten", one)


async def main(path: Path, seed: int) -> None:
    """Open, and work until killed."""
    random, known = Random(seed), list[str]()  # noqa: S311 - the same seed does the same
    async with remanence.open(path, **options()) as memory:
        while True:
            try:
                told = await _change(memory, random, known)
            except NotFound:
                continue
            os.write(1, _encode(told) + b"\n")
            await trio.sleep(random.choice((0, 0, 0.002, 0.03)))


if __name__ == "__main__":
    trio.run(main, Path(sys.argv[1]), int(sys.argv[2]))
