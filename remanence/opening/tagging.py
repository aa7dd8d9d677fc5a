"""Tagging: what opening a memory with a tagger adds to opening it without.

The tagger's words and rules are imported here when a tagger is wanted.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..actors.tagger import Tagger

__all__ = ["with_tagger"]


def with_tagger(options: dict[str, Any], *, tagger: Tagger | bool) -> dict[str, Any]:
    """What to open an engine with, so that there is a tagger and its view.

    Raises:
        InvalidInput: the tagger can't be recorded by name and version.
    """
    if tagger is False:
        return options
    from ..actors.tagger import check_tagger  # noqa: PLC0415 - see the head of this file
    from ..projections.tagging.view import MemoryTags  # noqa: PLC0415 - as above
    from .tagger_actor import TaggerActor  # noqa: PLC0415 - as above

    if tagger is not True:
        check_tagger(tagger)
    actor = partial(TaggerActor, None if tagger is True else tagger)
    return options | {
        "async_projections": (MemoryTags, *options.get("async_projections", ())),
        "actors": (actor, *options.get("actors", ())),
    }
