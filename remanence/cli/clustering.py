"""Clustering: the command that shows which memories stand together, and has those taken in that wait."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator
from datetime import UTC, datetime

import click

from ..memory.plain import Plain, plain_memory
from ..projections.memories.view import Memories
from ..reading.clustering import Cluster, Contradiction
from ..reading.reading import MemoryReader
from .cards import memory_entry
from .exits import Exit, Failure, notice
from .finding import other_scopes
from .opening import reading, run, writing
from .options import MomentType, Options, everywhere, examples, pass_options
from .output import Output
from .texts import count, moment, one_line

__all__ = ["clusters"]


@click.command(
    epilog=examples("remanence clusters --scope ada", "remanence clusters 203", "remanence clusters --update --json"),
)
@click.argument("cluster", metavar="[CLUSTER]", required=False)
@click.option("--scope", metavar="PATH", default="main", show_default=True, help="Whose memories.")
@click.option("--now", type=MomentType(), help="Tell drift and contradictions as of then; by default, now.")
@click.option("--update", is_flag=True, help="First take in the changes that wait; this writes to the memory.")
@everywhere
@pass_options
def clusters(options: Options, *, cluster: str | None, scope: str, now: datetime | None, update: bool) -> None:
    """Show the clusters of a scope: how many memories, how strong, how it drifts, what it is about.

    Given a CLUSTER by its number, list its memories.

    Strength is 0 to 1. Drift is what became of its memories' confidence in the last 30 days. Memories that say two
    opposites in one breath, told in the last 7 days, are listed as contradictions.
    """
    out = Output(as_json=options.as_json)
    until = datetime.now(UTC) if now is None else now

    async def body() -> None:
        async with _opened(options, update=update) as memory:
            found = memory.clusters(scope)
            waiting = memory.waiting_changes()
            if not found:
                is_there = bool(memory.find(scope=scope, limit=1))
                hint = "Take in what waits with --update." if is_there and waiting else other_scopes(memory, scope)
                raise Failure(f"there are no clusters in scope {scope}", Exit.NOTHING, hint=hint)
            if cluster is None:
                _print(out, memory, found, memory.contradictions(until, scope=scope), until)
            else:
                _print_members(out, memory, [each for each in found if each.id == cluster], cluster)
            out.flush()
            if waiting:
                notice(f"{count(waiting, 'change')} not taken in yet; --update takes in what waits")

    run(body)


@contextlib.asynccontextmanager
async def _opened(options: Options, *, update: bool) -> AsyncGenerator[MemoryReader, None]:
    """The memory with its clusters."""
    if not update:
        async with reading(options, clusters=True) as memory:
            yield memory
        return
    async with writing(options, clusters=True) as memory:
        await memory.take_into_clusters()
        yield memory


def _print(
    out: Output, memory: MemoryReader, found: list[Cluster], contradictions: list[Contradiction], until: datetime
) -> None:
    trends = {each.id: memory.cluster_drift(each, until).trend for each in found}
    if out.as_json:
        for each in found:
            out.json(_plain(each, trends[each.id], contradictions))
        return
    rows = [(each.id, each.size, f"{each.strength:.2f}", trends[each.id], one_line(each.name)) for each in found]
    if not out.is_page:
        for row in rows:
            out.row(*row)
        return
    heads = ("cluster", "memories", "strength", "drift", "about")
    out.table(heads, rows, right=("cluster", "memories", "strength"))
    if contradictions:
        out.line()
        told = [(each.memory, ", ".join(each.opposites), moment(each.time)) for each in contradictions]
        out.table(("contradiction", "says both", "told"), told)


def _print_members(out: Output, memory: MemoryReader, found: list[Cluster], cluster_id: str) -> None:
    if not found:
        raise Failure(f"there is no cluster {cluster_id} here", Exit.NOTHING, hint="List them without a number.")
    for row in map(memory.engine.view(Memories).rows.get, memory.cluster_members(found[0])):
        if row is None:  # forgotten, and about to leave
            continue
        if out.as_json:
            out.json(plain_memory(row))
        else:
            memory_entry(out, row)


def _plain(cluster: Cluster, trend: str, contradictions: list[Contradiction]) -> Plain:
    return {
        "id": cluster.id,
        "scope": "/".join(cluster.scope),
        "name": cluster.name,
        "size": cluster.size,
        "strength": round(cluster.strength, 4),
        "drift": trend,
        "concepts": cluster.concepts,
        "contradictions": [
            {"memory": each.memory, "opposites": each.opposites}
            for each in contradictions
            if each.cluster == cluster.id
        ],
    }
