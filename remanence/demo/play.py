"""The play: the acts in their order, on one folder."""

from __future__ import annotations

from pathlib import Path

from ..opening.opening import open_memory
from .remembering import ask, conclude, take_in, weigh
from .stage import Stage
from .surviving import die_twice, rebuild

__all__ = ["play"]


async def play(folder: Path, data: bytes, name: str, stage: Stage) -> None:
    """Play all acts.

    Args:
        folder: an empty folder to play in; the memory is in its folder `memory` afterwards.
        data: a conversation.
        name: what that is called.
        stage: where it is shown.

    Raises:
        InvalidInput: the data isn't a conversation, or is too short.
        RemanenceError: as opening, importing and reading do.
    """
    home = folder / "memory"
    async with open_memory(home, by="juno") as memory:
        report = await take_in(memory, data, name, stage)
        await conclude(memory, report, stage)
        ask(memory, report, stage)
        await weigh(memory, stage)
    await die_twice(home, data, report, stage)
    await rebuild(home, folder, stage)
