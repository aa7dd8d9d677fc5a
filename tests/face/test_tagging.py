"""A memory with a tagger: what is remembered is tagged, found by its tags, and none the worse if the tagger is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest
import trio

import remanence
from remanence import Behind, InvalidInput, Memory, MemoryTags, NotFound, Settings, Tags, ToTag
from remanence.actors.tagging import TaggingStatistics

VEGETARIAN = "My sister Clara has been a vegetarian since 2019."
DEPLOY = "Never deploy the billing service on Fridays, always ask Marta first."
CONVERTED = "Converted the CSV export of the billing service to JSON."
NOISE = "aaaaaaaaaaaaaaaaaaaaaa"


@attrs.define
class Model:
    """A tagger that answers, raises or hangs."""

    name: str = "model"
    version: int = 1
    error: Exception | None = None
    hangs: bool = False
    calls: int = 0

    async def tag(self, texts: Sequence[ToTag]) -> Sequence[Tags | None]:
        """One keyword for all."""
        self.calls += 1
        if self.hangs:
            await trio.sleep_forever()
        if self.error is not None:
            raise self.error
        return [Tags(["modelled"], "control", 0.9, quality="good") for _ in texts]


async def test_memories_are_found_by_what_is_made_of_them(tmp_path: Path) -> None:
    """By keyword or a word of one, by class, by quality, along with everything else that `find` takes."""
    async with remanence.open(tmp_path, tagger=True) as memory:
        await memory.remember_many([VEGETARIAN, DEPLOY, CONVERTED, NOISE])
        await memory.remember(CONVERTED, scope="ada")
        await memory.wait_for_tags(timeout_s=60)

        def texts(**asked: Any) -> list[str]:
            return [row.text for row in memory.find(**asked)]

        assert texts(keyword="Billing  service") == [CONVERTED, DEPLOY]
        assert texts(keyword="billing", order="oldest", limit=1) == [DEPLOY]
        assert texts(keyword="billing", scope="ada") == [CONVERTED]
        assert texts(cxd="context") == [VEGETARIAN]
        assert texts(cxd="control", keyword="billing") == [DEPLOY]
        assert texts(quality="junk") == [NOISE]
        assert texts(quality="good", kind="event") == []
        assert texts(quality="good", order="surest") == [text for text in texts(order="surest") if text != NOISE]
        assert texts(cxd="data", until=datetime(2000, 1, 1, tzinfo=UTC)) == []
        for wrong in ({"cxd": "poem"}, {"quality": "bad"}):
            with pytest.raises(InvalidInput, match="is one of"):
                texts(**wrong)


async def test_turns_are_found_in_their_order(tmp_path: Path) -> None:
    """A session's turns come by place, whatever order is asked for."""
    async with remanence.open(tmp_path, tagger=True) as memory:
        for number in range(3):
            await memory.remember(f"The lighthouse number {number} is closed.", session="s", speaker="Ada")
        await memory.wait_for_tags(timeout_s=60)
        found = memory.find(keyword="lighthouse", session="s", limit=2)
        assert [row.place for row in found] == [1, 2]


async def test_what_is_made_of_a_memory_is_an_event_of_its_history(tmp_path: Path) -> None:
    """With its cause and who said it; later it is read from there, without a tagger or a view."""
    async with remanence.open(tmp_path, tagger=True) as memory:
        key = await memory.remember(VEGETARIAN)
        await memory.wait_for_tags(timeout_s=60)
        tags = memory.tags(key)
        assert (tags.cxd, tags.quality, tags.tagger, tags.version) == ("context", "good", "words", 1)
        assert "clara" in tags.labels
        told, tagged = memory.history(key)
        assert (tagged.type, tagged.cause, tagged.by) == ("memory.tagged", told.position, "tagger:words")
    async with remanence.open(tmp_path) as memory:
        assert memory.tags(key) == tags
        with pytest.raises(NotFound, match="MemoryTags"):
            memory.find(keyword="clara")
        await memory.revise(key, "Clara eats fish again.")
        assert (memory.tags(key).is_tagged, memory.tags(key).of) == (False, 3)
    async with remanence.open(tmp_path, tagger=True) as memory:
        await memory.wait_for_tags(timeout_s=60)
        assert memory.tags(key).of == 3
    async with remanence.open(tmp_path, tagger=True, read_only=True) as memory:
        assert [row.id for row in memory.find(keyword="fish")] == [key]


async def test_revising_is_not_disturbed_by_tagging(tmp_path: Path) -> None:
    """A revision is decided by what the memory says: that a tagger spoke meanwhile is no conflict."""
    async with remanence.open(tmp_path, tagger=True) as memory:
        key = await memory.remember(VEGETARIAN)
        for number in range(20):
            await memory.revise(key, f"{VEGETARIAN} She said so {number} times.")
        await memory.wait_for_tags(timeout_s=60)
        assert memory.get(key).revised == 20
        revisions = [event.position for event in memory.history(key) if event.type == "memory.revised"]
        assert memory.tags(key).of == revisions[-1]


async def test_importance_is_told_for_a_moment(tmp_path: Path) -> None:
    """Without tags it lacks the part of the class; a confirmation raises it; waiting lowers it."""
    async with remanence.open(tmp_path, tagger=True) as memory:
        key = await memory.remember(VEGETARIAN)
        await memory.wait_for_tags(timeout_s=60)
        now = memory.get(key).time
        first = memory.importance(key, now)
        await memory.reinforce(key)
        await memory.engine.wait_for(MemoryTags)
        assert memory.importance(key, now).use > first.use == 0
        assert memory.importance(key, now + timedelta(days=60)).score < memory.importance(key, now).score
        assert 0 < memory.importance(key).score <= 1
        with pytest.raises(InvalidInput, match="time zone"):
            memory.importance(key, datetime(2026, 1, 1))  # noqa: DTZ001 - that is what is refused


@pytest.mark.parametrize("model", [Model(hangs=True), Model(error=RuntimeError("out of order"))])
async def test_writing_never_waits_for_a_model(tmp_path: Path, model: Model) -> None:
    """While it hangs or fails everything is remembered, visible and found; and closing doesn't wait for it either."""
    async with remanence.open(tmp_path, tagger=model) as memory:
        ids = await memory.remember_many([VEGETARIAN, DEPLOY, CONVERTED])
        while not model.calls:  # noqa: ASYNC110 - it is the model that is waited for
            await trio.sleep(0.001)
        ids.append(await memory.remember(NOISE))
        assert len(memory.find()) == 4
        with trio.fail_after(10):
            await memory.revise(ids[0], "Clara eats fish again.")
        began = trio.current_time()
    assert trio.current_time() - began < 10
    async with remanence.open(tmp_path, tagger=True) as memory:
        await memory.wait_for_tags(timeout_s=60)
        assert all(memory.tags(key).is_tagged for key in ids)


async def test_a_failing_model_is_stood_in_for_at_once(tmp_path: Path) -> None:
    """Its memories have the built-in tagger's tags; whoever asks the actor is told how it is."""
    async with remanence.open(tmp_path, tagger=Model(error=RuntimeError("out of order"))) as memory:
        key = await memory.remember(DEPLOY)
        await memory.wait_for_tags(timeout_s=60)
        assert memory.tags(key).tagger == "words"
        found: Any = await memory.engine.actor("tagger").ask("how is it?", timeout_s=5)
        assert isinstance(found, TaggingStatistics)
        assert (found.tagger, found.untagged, found.outdated, found.stood_in) == ("model", 0, 1, 1)
        assert "out of order" in (found.last_error or "")


async def test_a_newer_tagger_takes_over_after_a_restart(tmp_path: Path) -> None:
    """What an older one said is replaced in the background, and stays in the history."""
    async with remanence.open(tmp_path, tagger=True) as memory:
        key = await memory.remember(DEPLOY)
        await memory.wait_for_tags(timeout_s=60)
    async with remanence.open(tmp_path, tagger=Model()) as memory:
        with trio.fail_after(60):
            while memory.tags(key).tagger != "model":
                await memory.engine.wait_for(MemoryTags, memory.engine.checkpoint(MemoryTags) + 1)
        assert memory.tags(key).keywords == ("modelled",)
        assert [event.type for event in memory.history(key)] == ["memory.remembered", "memory.tagged", "memory.tagged"]


async def test_replaying_asks_no_tagger(tmp_path: Path) -> None:
    """The view is built anew from what was recorded, and is the same to the byte."""
    model = Model()
    async with remanence.open(tmp_path, tagger=model) as memory:
        await memory.remember_many([VEGETARIAN, DEPLOY, CONVERTED, NOISE])
        await memory.wait_for_tags(timeout_s=60)
        calls, digest = model.calls, memory.engine.digest(MemoryTags)
        await memory.engine.rebuild(MemoryTags)
        assert (model.calls, memory.engine.digest(MemoryTags)) == (calls, digest)
        assert [audit.difference for audit in await memory.audit()] == [None, None]
        await memory.remember("The view was rebuilt and the tagger goes on.")
        await memory.wait_for_tags(timeout_s=60)
        async with memory.as_of(4) as past:
            assert [past.tags(row.id).is_tagged for row in past.find()] == [False] * 4


async def test_tagging_is_off_unless_it_is_asked_for(tmp_path: Path) -> None:
    """No event more than what was done, and no view."""
    async with remanence.open(tmp_path) as memory:
        key = await memory.remember(DEPLOY)
        assert memory.engine.head == 1
        assert not memory.tags(key).is_tagged
        assert memory.importance(key).cxd == 0
        with pytest.raises(NotFound):
            await memory.wait_for_tags()


async def test_waiting_for_tags_has_an_end(tmp_path: Path) -> None:
    """Whoever doesn't want to wait for a hanging model says so."""
    async with remanence.open(tmp_path, tagger=Model(hangs=True)) as memory:
        await memory.remember(DEPLOY)
        with pytest.raises(Behind, match="no tagger has seen"):
            await memory.wait_for_tags(timeout_s=0.05)


@pytest.mark.parametrize(
    "tagger",
    [Model(name=""), Model(name="a b"), Model(version=0), Model(version="1"), object()],  # type: ignore[arg-type]
)
async def test_a_tagger_that_cannot_be_recorded_is_refused(tmp_path: Path, tagger: Any) -> None:
    """Before anything is opened: it needs a name, a version and a method."""
    with pytest.raises(InvalidInput, match="tagger"):
        async with remanence.open(tmp_path / "new", tagger=tagger):
            pass
    assert not (tmp_path / "new").exists()


async def test_a_buffered_memory_is_tagged_too(tmp_path: Path) -> None:
    """Whatever the durability."""
    settings = Settings(durability="buffered")
    async with remanence.open(tmp_path, tagger=True, settings=settings) as memory:
        ids = await remember_some(memory)
        await memory.wait_for_tags(timeout_s=60)
        assert all(memory.tags(key).is_tagged for key in ids)


async def remember_some(memory: Memory) -> list[str]:
    """Seventy memories: more than two batches of the tagger."""
    texts = [f"The lighthouse number {number} has {number + 3} steps." for number in range(70)]
    return await memory.remember_many(texts)
