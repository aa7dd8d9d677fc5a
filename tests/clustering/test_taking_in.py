"""Taking in: on a real log nothing is lost, nothing is decided twice, and being lazy changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from remanence import Engine, InvalidInput, StorageFailed
from remanence.actors.clustering.known import Known
from remanence.core.appends import Appended
from remanence.core.embedder import Embedder
from remanence.projections.clusters.events import CLUSTER_EVENTS, ClusterAssigned
from remanence.projections.clusters.view import Clusters

from ..effort import short
from .material import DIMENSION, EMBEDDER, SCOPE, Model, everything, sentences
from .stage import forgotten, remembered, revised, stage, taking_in, told

TEXTS = ("green tea in the kettle", "deploy to staging", "jasmine tea", "the staging token", "marathon in boston")
ids = st.sampled_from([f"m{number}" for number in range(6)])
events = st.lists(
    st.one_of(
        st.builds(remembered, ids, sentences),
        st.builds(revised, ids, st.none() | sentences, st.none() | st.just(("home",))),
        st.builds(forgotten, ids),
    ),
    max_size=12,
)


async def after(
    folder: Path, changes: Sequence[object], every: int, embedder: Embedder
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the view says, and what is known, when so many changes are taken in at once; both say the same."""
    async with stage(folder) as engine:
        taking = taking_in(engine, embedder)
        for number, change in enumerate(changes, 1):
            await engine.append(change)
            if number % every == 0:
                await engine.wait_for(Clusters)
                await taking.all()
        await engine.wait_for(Clusters)
        await taking.all()
        known = taking.known.get(SCOPE, Known(SCOPE, DIMENSION))
        again = await taking_in(engine, embedder).read(SCOPE)
        assert everything(again) == everything(known)
        assert (await engine.audit())[0].is_sound
        return told(engine.view(Clusters)), {each: sorted(known.clusters[each].members) for each in known.clusters}


@given(events, st.integers(2, 12), st.sampled_from([EMBEDDER, Model("m")]))
@short(16)
def test_lazy_equals_every_write_on_a_log(changes: list[object], every: int, embedder: Embedder) -> None:
    """The view after lazy taking in is that after taking in at every write, whether vectors are recorded or not.

    What is read from it anew is what is known in memory, and rebuilt from the log it is the same.
    """
    with TemporaryDirectory() as folder:
        eager, _ = trio.run(after, Path(folder) / "eager", changes, 1, embedder)
        lazy, _ = trio.run(after, Path(folder) / "lazy", changes, every, embedder)
    assert lazy == eager


class Breaking:
    """An engine on which appending breaks, before or after it is done."""

    def __init__(self, engine: Engine, when: str) -> None:
        self._engine = engine
        self._when = when

    async def append(self, *events: object, **options: Any) -> Appended:
        """Break, once."""
        when, self._when = self._when, ""
        if when == "before":
            raise StorageFailed("no space left")
        appended = await self._engine.append(*events, **options)
        if when == "after":
            raise StorageFailed("it is there, but nobody was told")
        return appended

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_crash_at_the_append_loses_and_doubles_nothing(tmp_path: Path, when: str) -> None:
    """Whether the append came to be or not, going on takes every change in once, whoever does."""
    async with stage(tmp_path) as engine:
        for number, text in enumerate(TEXTS):
            await engine.append(remembered(f"m{number}", text))
        await engine.wait_for(Clusters)
        taking = taking_in(Breaking(engine, when))
        with pytest.raises(StorageFailed):
            await taking.all()
        await engine.wait_for(Clusters)
        assert await taking.all() == (len(TEXTS) if when == "before" else 0)
        assert await taking_in(engine).all() == 0
        assert len(engine.read(types=[ClusterAssigned])) == 1
        assert engine.view(Clusters).members.count() == len(TEXTS)


async def test_cancelled_in_the_middle_it_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    """A clusterer that is cancelled while it decides forgets what it had not recorded."""
    async with stage(tmp_path) as engine:
        taking = taking_in(engine)
        await engine.append(remembered("m0", "green tea"))
        await engine.wait_for(Clusters)
        with trio.CancelScope() as scope:
            scope.cancel()
            await taking.all()
        assert scope.cancelled_caught
        assert await taking.all() == 1
        assert engine.view(Clusters).members.count() == 1


async def test_two_clusterers_decide_nothing_twice(tmp_path: Path) -> None:
    """Who comes second finds that it is decided, looks again, and goes on with the other's clusters."""
    async with stage(tmp_path) as engine:
        one, other = taking_in(engine), taking_in(engine)
        for number in range(0, 4, 2):
            for text in TEXTS[number : number + 2]:
                await engine.append(remembered(text, text))
            await engine.wait_for(Clusters)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(one.all)
                nursery.start_soon(other.all)
        assert len({position for each in engine.read(types=[ClusterAssigned]) for position in each.data.taken}) == 4
        assert engine.view(Clusters).members.count() == 4
        assert everything(await one.read(SCOPE)) == everything(await taking_in(engine).read(SCOPE))


async def test_reopened_it_goes_on_where_it_was(tmp_path: Path) -> None:
    """Another process decides as the first one would have: new memories join the clusters that there are."""
    async with stage(tmp_path) as engine:
        await engine.append(remembered("m0", "green tea in the kettle"))
        await engine.wait_for(Clusters)
        await taking_in(engine).all()
        await engine.append(remembered("m1", "a kettle for green tea"))
    async with stage(tmp_path) as engine:
        await engine.wait_for(Clusters)
        assert engine.view(Clusters).changes.count() == 1
        assert await taking_in(engine).all() == 1
        assert len({member.cluster for member in engine.view(Clusters).members.select()}) == 1


async def test_scopes_are_apart(tmp_path: Path) -> None:
    """The same words in two scopes are two clusters."""
    async with stage(tmp_path) as engine:
        for scope in (("ada",), ("ada", "x")):
            await engine.append(remembered("/".join(scope), "green tea in the kettle", scope=scope))
        await engine.wait_for(Clusters)
        await taking_in(engine).all()
        assert [row.size for row in engine.view(Clusters).clusters.select()] == [1, 1]


async def test_events_of_clusters_say_no_word_of_memories(tmp_path: Path) -> None:
    """Decisions hold ids and numbers; what memories say stands in their own events alone."""
    async with stage(tmp_path) as engine:
        await engine.append(remembered("m0", "zanzibar", "pelican"))
        await engine.wait_for(Clusters)
        await taking_in(engine, Model("m")).all()
        await taking_in(engine).all()
        decided = engine.read(types=CLUSTER_EVENTS)
        assert not any(b"zanzibar" in each.payload() or b"pelican" in each.payload() for each in decided)
        assert [each.type for each in decided if "scope:ada" in each.tags] == [
            "memory.embedded",
            "cluster.assigned",
            "clusters.rebuilt",
        ]
        assert [each.tags for each in decided if each.type == "memory.embedded"] == [("vector:m0", "scope:ada")]


async def test_an_embedder_that_breaks_its_word_is_refused(tmp_path: Path) -> None:
    """A matrix of another shape than the identity says is not recorded."""
    async with stage(tmp_path) as engine:
        await engine.append(remembered("m0", "tea"))
        await engine.wait_for(Clusters)
        with pytest.raises(InvalidInput, match=r"\(1, 3\) for 1 texts"):
            await taking_in(engine, Model("m", columns=3)).all()
        assert engine.view(Clusters).changes.count() == 1
