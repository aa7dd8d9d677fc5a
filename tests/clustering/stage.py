"""An engine with clusters on a stage: memories are told by hand, and taken in when the test says so.

No expectation lives here.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import attrs

from remanence import Engine, open_engine
from remanence.actors.clustering.taking_in import TakingIn
from remanence.core.embedder import Embedder
from remanence.opening.opening import Settings
from remanence.projections.clusters.events import CLUSTER_EVENTS
from remanence.projections.clusters.view import Clusters
from remanence.projections.memories.events import MEMORY_EVENTS, MemoryForgotten, MemoryRemembered, MemoryRevised

from .material import EMBEDDER, SCOPE

SETTINGS = Settings(map_bytes=1 << 22, retrain=False, snapshot_events=None)


@asynccontextmanager
async def stage(path: Path, **options: Any) -> AsyncGenerator[Engine]:
    """An engine that keeps clusters, and nobody who takes anything in."""
    async with open_engine(
        path,
        events=(*MEMORY_EVENTS, *CLUSTER_EVENTS),
        async_projections=[Clusters],
        settings=SETTINGS,
        **options,
    ) as engine:
        yield engine


def taking_in(engine: Any, embedder: Embedder = EMBEDDER) -> TakingIn:
    """Somebody who takes changes in."""
    return TakingIn(engine, engine.view(Clusters), embedder)


def remembered(memory_id: str, text: str, *tags: str, scope: tuple[str, ...] = SCOPE) -> MemoryRemembered:
    """A memory that is told."""
    return MemoryRemembered(memory_id, scope, "fact", text, tags=tags)


def revised(memory_id: str, text: str | None = None, tags: tuple[str, ...] | None = None) -> MemoryRevised:
    """A memory that says something else, or bears other labels."""
    return MemoryRevised(memory_id, SCOPE, "fact", text, tags=tags)


def forgotten(memory_id: str) -> MemoryForgotten:
    """A memory that is gone."""
    return MemoryForgotten(memory_id, SCOPE)


def told(view: Clusters) -> dict[str, Any]:
    """Everything in the view, with places among the changes of memories in the place of positions in the log.

    So views of logs can be compared in which decisions stand in other places.
    """
    members = view.members.select()
    order = {position: place for place, position in enumerate(sorted(member.changed for member in members))}
    oldest = {
        cluster: min(order[member.changed] for member in members if member.cluster == cluster)
        for cluster in {member.cluster for member in members}
    }
    return {
        "waiting": view.changes.count(),
        "members": {
            member.id: attrs.evolve(
                member, cluster=str(oldest[member.cluster]), changed=order[member.changed], told=0, time_ns=0
            )
            for member in members
        },
        "clusters": {
            oldest[row.id]: (row.size, dict(row.concepts)) for row in view.clusters.select() if row.id in oldest
        },
        "vectors": {
            member.id: sorted((row.embedder, row.vector) for row in view.vectors.iterate() if row.told == member.told)
            for member in members
        },
        "all vectors": view.vectors.count(),
        "scopes": {row.scope: (row.changes, row.embedder) for row in view.scopes.select()},
    }
