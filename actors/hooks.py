"""Hooks: methods of an actor that are called in another's task, or when its life is over.

Whoever calls them is not to blame for what they raise, and must go on: it is logged, and told as the actor's error.
"""

from __future__ import annotations

import logging
from collections.abc import Hashable
from typing import Any

import trio

from .actor import Actor

__all__ = ["end", "have_stop", "key_of"]

_logger = logging.getLogger(__name__)


def key_of(actor: Actor[Any], message: object) -> Hashable | None:
    """What makes a message stand for an earlier one, asked in its sender's task. None if the actor can't say."""
    try:
        return actor.key(message)
    except Exception as error:
        actor.went_wrong(error)
        _logger.exception("the actor %s could not say the key of a message", actor.cell.name)
        return None


def have_stop(actor: Actor[Any]) -> None:
    """Tell it that it is to stop, in the task of whoever stops it. It stops in any case."""
    try:
        actor.stopping()
    except Exception as error:
        actor.went_wrong(error)
        _logger.exception("the actor %s raised when it was told to stop; it stops all the same", actor.cell.name)


async def end(actor: Actor[Any]) -> None:
    """Have it let go of what it took, whatever brought the end, in the time that it says it needs for that.

    Raises:
        Exception: what it raises, which is a crash.
    """
    with trio.move_on_after(actor.ending_s, shield=True) as scope:
        await actor.ended()
    if scope.cancelled_caught:
        _logger.error("the actor %s did not let go of what it took within %g s", actor.cell.name, actor.ending_s)
