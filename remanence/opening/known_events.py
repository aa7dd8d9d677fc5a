"""Known events: the classes of all events that engine and memory record, whichever of their parts are at work."""

from __future__ import annotations

from typing import Final

from ..actors.actor import ActorMarked
from ..actors.reaction import ReactionFailed, ReactionMarked
from ..projections.caching.changes import SettingChanged
from ..projections.clusters.events import CLUSTER_EVENTS
from ..projections.memories.events import MEMORY_EVENTS
from ..projections.recall.events import MemoryRecalled
from ..projections.semantic.events import SEMANTIC_EVENTS
from ..projections.skips import ViewSkipped
from ..projections.tagging.events import TAGGING_EVENTS

__all__ = ["ALL_EVENTS", "ENGINE_EVENTS"]

ENGINE_EVENTS: Final[tuple[type, ...]] = (ViewSkipped, ReactionMarked, ReactionFailed, ActorMarked, SettingChanged)
"""What every engine records of itself."""
ALL_EVENTS: Final[tuple[type, ...]] = tuple(
    dict.fromkeys((*ENGINE_EVENTS, *MEMORY_EVENTS, MemoryRecalled, *TAGGING_EVENTS, *SEMANTIC_EVENTS, *CLUSTER_EVENTS))
)
"""What a memory's log may hold besides events of somebody's own."""
