"""Memory: one memory for one text, one for each turn, and ids that hold in every call, whoever else is writing."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import trio

import remanence
from remanence import Conflict, InvalidInput, KeyReused, Memory, NewMemory, NotFound, Settings
from remanence.projections.memories.events import MemoryForgotten, MemoryReinforced, MemoryRemembered, MemoryRevised


@pytest.fixture(params=["durable", "buffered"])
async def memory(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Memory]:
    """A memory of its own, in either mode."""
    async with remanence.open(tmp_path, by="juno", settings=Settings(durability=request.param)) as opened:
        yield opened


async def texts(memory: Memory, scope: str = "main") -> list[str]:
    """What a scope's memories say, oldest first."""
    await memory.engine.flush()
    return [row.text for row in memory.find(scope=scope, order="oldest", limit=None)]


async def test_an_id_is_the_id_in_every_call(memory: Memory) -> None:
    """What `remember` returns finds, changes and explains the memory, whatever has happened to it."""
    found = await memory.remember("Ada prefers tea", kind="preference", tags=["drink"], metadata={"n": 1})
    await memory.engine.flush()
    assert memory.get(found).text == "Ada prefers tea"
    assert [row.id for row in memory.find()] == [found]
    await memory.revise(found, "Ada prefers coffee", reason="she said so")
    await memory.reinforce(found, note="again")
    await memory.engine.flush()
    row = memory.get(found)
    assert (row.id, row.text, row.revised, row.reinforced) == (found, "Ada prefers coffee", 1, 1)
    assert [each.data.id for each in memory.history(found)] == [found] * 3
    assert memory.why(found)[-1].event.position == row.changed
    await memory.forget(found)
    await memory.engine.flush()
    with pytest.raises(NotFound, match="has been forgotten; its history is there"):
        memory.get(found)
    assert [type(each.data) for each in memory.history(found)] == [
        MemoryRemembered,
        MemoryRevised,
        MemoryReinforced,
        MemoryForgotten,
    ]
    assert all(each.by == "juno" for each in memory.history(found))


async def test_the_same_text_is_the_same_memory(memory: Memory) -> None:
    """In one scope and kind; telling it again makes it surer. Elsewhere it is another one."""
    first = await memory.remember("tea", confidence=0.5)
    assert await memory.remember("tea") == first
    others = [await memory.remember("tea", scope="ada"), await memory.remember("tea", kind="event")]
    assert await memory.remember("tea", scope=("ada",)) == others[0]
    await memory.engine.flush()
    assert len({first, *others}) == 3
    row = memory.get(first)
    assert row.reinforced == 1
    assert row.confidence == pytest.approx(0.55)


async def test_many_who_tell_the_same_at_once_make_one_memory(memory: Memory) -> None:
    """Whoever comes first makes it; all others reinforce it and get the same id."""
    found: list[str] = []

    async def tell() -> None:
        found.append(await memory.remember("tea"))

    async with trio.open_nursery() as nursery:
        for _ in range(20):
            nursery.start_soon(tell)
    await memory.engine.flush()
    assert len(set(found)) == 1
    assert memory.get(found[0]).reinforced == 19
    assert await texts(memory) == ["tea"]


async def test_the_same_text_twice_in_one_call_is_one_memory(memory: Memory) -> None:
    """Also among others, with known ones, and in order."""
    known = await memory.remember("known")
    found = await memory.remember_many(["one", "known", "two", "one", NewMemory("one", kind="event"), "two", "one"])
    assert found == [found[0], known, found[2], found[0], found[4], found[2], found[0]]
    assert len(set(found)) == 4
    await memory.engine.flush()
    assert [memory.get(each).reinforced for each in (found[0], known, found[2], found[4])] == [2, 1, 1, 0]


async def test_calls_that_overlap_agree_on_one_memory(memory: Memory) -> None:
    """Every id that any of them returns is a memory's, and the counts of tellings are right."""
    found: list[str] = []

    async def tell(*several: str) -> None:
        found.extend(await memory.remember_many(several))

    async with trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(tell, "a", "a", "b", "a")
            nursery.start_soon(tell, "b", "c", "b")
    await memory.engine.flush()
    counts = Counter(memory.get(each).text for each in found)
    assert counts == {"a": 15, "b": 15, "c": 5}
    assert len(set(found)) == 3
    assert {memory.get(each).reinforced for each in set(found)} == {14, 4}
    reinforced = memory.engine.read(types=[MemoryReinforced])
    assert {each.data.id for each in reinforced} <= set(found), "something was reinforced that isn't there"


async def test_a_revised_text_belongs_to_the_memory_that_says_it(memory: Memory) -> None:
    """The old words are free for a new memory, the new ones are taken."""
    first = await memory.remember("tea")
    await memory.revise(first, "coffee")
    assert await memory.remember("coffee") == first
    second = await memory.remember("tea")
    assert second != first
    with pytest.raises(InvalidInput, match=f"{first} says that already"):
        await memory.revise(second, "coffee")
    await memory.revise(second, "tea", confidence=0.3)
    assert await texts(memory) == ["coffee", "tea"]


async def test_a_forgotten_text_told_again_is_a_new_memory(memory: Memory) -> None:
    """Forgetting is not undone by telling; the old one keeps its own history."""
    first = await memory.remember("tea")
    await memory.forget(first)
    second = await memory.remember("tea")
    assert second != first
    await memory.engine.flush()
    assert memory.get(second).reinforced == 0
    assert len(memory.history(first)) == 2
    with pytest.raises(NotFound):
        await memory.forget(first)


async def test_changes_of_one_memory_at_once_are_all_kept(memory: Memory) -> None:
    """Each is decided on what is there: none is lost, and after forgetting there are none."""
    found = await memory.remember("0")
    await memory.engine.flush()

    async def revise(number: int) -> None:
        await memory.revise(found, str(number), importance=0.1)

    async with trio.open_nursery() as nursery:
        for number in range(1, 9):
            nursery.start_soon(revise, number)
            nursery.start_soon(memory.reinforce, found)
    await memory.engine.flush()
    row = memory.get(found)
    assert (row.revised, row.reinforced) == (8, 8)
    assert row.text == memory.engine.read(types=[MemoryRevised], backward=True, limit=1)[0].data.text


async def test_of_many_who_forget_one_does(memory: Memory) -> None:
    """The others are told that there is nothing to forget any more."""
    found = await memory.remember("tea")
    outcomes: list[str] = []

    async def forget() -> None:
        try:
            await memory.forget(found)
            outcomes.append("done")
        except NotFound:
            outcomes.append("gone")

    async with trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(forget)
    assert sorted(outcomes) == ["done", "gone", "gone", "gone", "gone"]


async def test_equal_turns_are_two_memories(memory: Memory) -> None:
    """A turn is what was said at its place: its words don't make it what it is."""
    one, two = await memory.remember("Yes.", session="s"), await memory.remember("Yes.", session="s")
    other = await memory.remember("Yes.", session="t")
    fact = await memory.remember("Yes.")
    assert len({one, two, other, fact}) == 4
    await memory.engine.flush()
    assert [(row.id, row.place) for row in memory.find(session="s")] == [(one, 1), (two, 2)]


async def test_importing_turns_twice_adds_nothing(memory: Memory) -> None:
    """Session and place are the key: the same turn is there already, another one at its place is refused."""
    turns = [NewMemory("Yes.", session="s", place=place) for place in (1, 2, 3)]
    found = await memory.remember_many(turns)
    head = memory.engine.head or 3
    assert await memory.remember_many(turns) == found
    await memory.engine.flush()
    assert memory.engine.head == head == 3
    with pytest.raises(KeyReused, match="place 2 of session 's' says something else already") as error:
        await memory.remember("No.", session="s", place=2)
    assert list(error.value.positions) == [2]
    assert await texts(memory) == ["Yes."] * 3


async def test_one_that_is_refused_takes_none_of_the_others_with_it(memory: Memory) -> None:
    """Of many, each is remembered for itself; the error of the first that isn't is raised when all are done."""
    await memory.remember("Yes.", session="s", place=1)
    with pytest.raises(KeyReused):
        await memory.remember_many(["one", NewMemory("No.", session="s", place=1), "two", "one"])
    assert await texts(memory) == ["Yes.", "one", "two"]


async def test_who_is_always_overtaken_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A decision is made anew as often as others come first, but not for ever."""
    monkeypatch.setattr("remanence.memory.memory.TRIES", 1)
    outcomes: list[str] = []

    async def tell(memory: Memory) -> None:
        try:
            await memory.remember("tea")
            outcomes.append("told")
        except Conflict as error:
            outcomes.append(str(error)[-9:])

    async with remanence.open(tmp_path) as memory:
        async with trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(tell, memory)
        assert sorted(outcomes) == ["told", "try again", "try again"]
        assert len(memory.find()) == 1


async def test_places_are_given_out_once(memory: Memory) -> None:
    """Many who speak at once get places of their own, without gaps, beside those that were given theirs."""
    await memory.remember("given", session="s", place=3)

    async def speak(number: int) -> None:
        await memory.remember(f"turn {number}", session="s")

    async with trio.open_nursery() as nursery:
        for number in range(12):
            nursery.start_soon(speak, number)
    await memory.engine.flush()
    assert [row.place for row in memory.find(session="s")] == list(range(3, 16))
    found = await memory.remember_many([NewMemory(f"more {number}", session="s") for number in range(3)])
    await memory.engine.flush()
    assert [memory.get(each).place for each in found] == [16, 17, 18]


async def test_a_forgotten_turn_keeps_its_place(memory: Memory) -> None:
    """No other turn is given it, even if nothing of the session is left."""
    for text in ("one", "two", "three"):
        await memory.forget(await memory.remember(text, session="s"))
    found = await memory.remember("four", session="s")
    await memory.engine.flush()
    assert memory.get(found).place == 4


async def test_sessions_of_other_scopes_are_others(memory: Memory) -> None:
    """Wherever the slashes stand."""
    found = [
        await memory.remember("Yes.", scope="a", session="b/c", place=1),
        await memory.remember("Yes.", scope="a/b", session="c", place=1),
        await memory.remember("Yes.", scope="a", session="b/c"),
        await memory.remember("Yes.", scope="a/b", session="c"),
    ]
    await memory.engine.flush()
    assert len(set(found)) == 4
    assert [memory.get(each).place for each in found] == [1, 1, 2, 2]


async def test_why_follows_the_causes(memory: Memory) -> None:
    """From each of the memory's events to the first that led to it; what they share is told once."""
    seen = await memory.remember("The cup was empty")
    await memory.engine.flush()
    first = memory.history(seen)[0].position
    guess = await memory.remember("She drank it", cause=first)
    await memory.engine.flush()
    second = memory.history(guess)[0].position
    third = await memory.reinforce(guess, cause=second)
    fourth = await memory.reinforce(guess, cause=999)
    await memory.engine.flush()
    found = memory.why(guess)
    assert [[each.position for each in one.chain] for one in found] == [[second, first], [third], [fourth]]
    assert [[each.ending for each in one.walk()] for one in found] == [[None, "first"], ["shown"], ["missing"]]
    assert [each.event.position for each in memory.why(seen)] == [first]
    assert memory.why(guess, depth=0)[0].ending == "deep"


@pytest.mark.parametrize("memory_id", ["", "nobody", "x" * 600, "a\0b", "é", "\ud800", None, 5, ["a"]])
async def test_what_is_no_id_is_not_found(memory: Memory, memory_id: str) -> None:
    """Whatever is asked for, the answer is that it isn't there."""
    for look in (memory.get, memory.history, memory.why):
        with pytest.raises(NotFound, match="there is no memory"):
            look(memory_id)
    for change in (memory.reinforce(memory_id), memory.forget(memory_id), memory.revise(memory_id, "text")):
        with pytest.raises(NotFound):
            await change
    await memory.engine.flush()
    assert memory.engine.head == 0


async def test_statistics_count_what_is_remembered(memory: Memory) -> None:
    """Memories, events and types."""
    await memory.remember_many(["a", "b", "a"])
    await memory.engine.flush()
    found = memory.stats()
    assert found.types == {"memory.reinforced": 1, "memory.remembered": 2}
    assert found.views[0].rows == {"rows": 2}
    assert (found.head, found.unknown_types) == (3, ())


async def test_events_of_memories_can_be_followed(memory: Memory) -> None:
    """By type and tag, as the engine's."""
    found = await memory.remember("tea")
    await memory.remember("coffee")
    await memory.forget(found)
    await memory.engine.flush()
    assert [each.position async for each in memory.events(tags=[f"memory:{found}"], live=False)] == [1, 3]
    assert [each.position async for each in memory.events(types=[MemoryForgotten], live=False)] == [3]


async def test_two_programs_take_turns(tmp_path: Path) -> None:
    """What one remembered the next one finds, reinforces and reads, by the same ids."""
    async with remanence.open(tmp_path) as memory:
        first = await memory.remember("tea")
    async with remanence.open(tmp_path) as memory:
        assert await memory.remember("tea") == first
    async with remanence.open(tmp_path, read_only=True) as memory:
        assert memory.get(first).reinforced == 1
