"""Foreign lines: events of other producers, as CloudEvents 1.0 allows them."""

from base64 import b64encode
from pathlib import Path

import msgspec
import pytest

import remanence
from remanence.core.clock import to_ns

from .scene import Kept, Lent, foreign, library, take, ticking


async def test_what_every_cloudevent_has_is_enough(tmp_path: Path) -> None:
    """Without a time it is now, without a version it is this program's, and its class says what it is about."""
    async with library(tmp_path, clock=ticking(5_000_000_000)) as engine:
        await take(engine, foreign({"type": "book.kept", "data": {"title": "Emma"}}))
        [event] = engine.read()
        assert event.data == Kept("Emma")
        assert (event.version, event.by, event.cause, event.tags) == (1, None, None, ("book:Emma",))
        assert event.time_ns > 5_000_000_000
        assert event.key == ("/shop#e1", 1)


async def test_types_that_nobody_knows_are_kept_as_they_are(tmp_path: Path) -> None:
    """An event of an unknown type is stored with its fields, whatever they are, and views pass it over."""
    data = {"deep": [{"er": None}], "pi": 3.5, "": "ü"}
    async with library(tmp_path) as engine:
        await take(engine, foreign({"type": "com.example.Order-Created/v2", "data": data}, {"type": "x", "data": None}))
        first, second = engine.read()
        assert (first.type, first.is_known, first.raw) == ("com.example.Order-Created/v2", False, data)
        assert (second.type, second.version, second.raw) == ("x", 1, {})
        await engine.append(Lent("Emma", "Ada"))


async def test_other_ways_to_say_the_same_are_taken(tmp_path: Path) -> None:
    """Any JSON media type, msgpack, null for what is absent, other offsets, a byte order mark, blank lines, CRLF."""
    packed = b64encode(msgspec.msgpack.encode({"title": "Dune", "to": "Cy"})).decode()
    lines = foreign(
        {"datacontenttype": "application/json; charset=utf-8", "time": "2026-03-02T10:14:05+01:00"},
        {"datacontenttype": "application/vnd.shop+json", "subject": None, "time": "2026-03-02t09:14:05.5z"},
        {"datacontenttype": "application/x-msgpack", "data": None, "data_base64": packed},
        {"time": "2026-03-02T09:14:60Z"},
    )
    async with library(tmp_path) as engine:
        await take(engine, b"\xef\xbb\xbf" + lines.replace(b"\n", b"\r\n\r\n"))
        events = engine.read()
        assert [event.data for event in events] == [Lent("Emma", "Ada")] * 2 + [Lent("Dune", "Cy"), Lent("Emma", "Ada")]
        begun = to_ns(events[0].time)
        assert [event.time_ns - begun for event in events[1::2]] == [500_000_000, 55_000_000_000]
        assert [event.position for event in events] == [1, 2, 3, 4]


async def test_what_has_no_place_is_named(tmp_path: Path) -> None:
    """Attributes that an event has no place for are counted by name, never lost silently."""
    lines = foreign({"subject": "Emma", "traceparent": "00-ab"}, {"subject": "Dune"}, {"dataschema": "/s"})
    async with library(tmp_path) as engine:
        assert (await take(engine, lines)).ignored == {"dataschema": 1, "subject": 2, "traceparent": 1}


async def test_causes_keys_and_tags_are_for_everybody(tmp_path: Path) -> None:
    """A producer that knows Remanence's attributes may use them: causes are ids of the same source."""
    lines = foreign({"tags": "a,b%2Cc", "by": "till"}, {"cause": "e1", "key": "k", "keyevents": 2}, {"cause": "e9"})
    other = foreign({"source": "/other", "tags": ""}, {"source": "/other", "cause": "e1"})
    async with library(tmp_path) as engine:
        report = await take(engine, lines + other)
        first, second, third, _, fifth = engine.read()
        assert (first.tags, first.by) == (("a", "b,c"), "till")
        assert (second.cause, second.key, third.cause, fifth.cause) == (1, ("k", 2), None, 4)
        assert report.uncaused == 1


async def test_ids_of_two_sources_never_meet(tmp_path: Path) -> None:
    """Sources and ids may hold any character, and be as long as they like."""
    lines = foreign(
        {"source": "a#b", "id": "c"},
        {"source": "a", "id": "b#c"},
        {"source": "a", "id": "b%23c"},
        {"source": "s" * 300, "id": "1"},
        {"source": "s" * 300, "id": "2"},
    )
    async with library(tmp_path) as engine:
        assert (await take(engine, lines)).new == 5
        assert (await take(engine, lines)).known == 5


async def test_memories_can_be_written_by_others(tmp_path: Path) -> None:
    """A memory from another program is one like any other: it is found by its tags, and can be revised."""
    data = {"id": "01J" + "A" * 23, "scope": ["ada"], "kind": "fact", "text": "Tea."}
    async with remanence.open(tmp_path) as memory:
        await take(memory.engine, foreign({"type": "memory.remembered", "data": data}))
        [row] = memory.find(scope="ada")
        await memory.revise(row.id, "Coffee.")
        assert [row.text for row in memory.find(scope="ada")] == ["Coffee."]
        assert [event.type for event in memory.history(row.id)] == ["memory.remembered", "memory.revised"]


async def test_fields_that_a_class_refuses_stay_out(tmp_path: Path) -> None:
    """A time without a zone is refused in a field that is a time, as it is when it is appended."""
    data = {"id": "01J" + "A" * 23, "scope": ["ada"], "kind": "turn", "text": "Tea.", "said_at": "2026-03-02T09:14:05"}
    async with remanence.open(tmp_path) as memory:
        with pytest.raises(remanence.InvalidInput, match="has no time zone"):
            await take(memory.engine, foreign({"type": "memory.remembered", "data": data}))
        data["said_at"] = "2026-03-02T09:14:05+01:00"
        assert (await take(memory.engine, foreign({"type": "memory.remembered", "data": data}))).new == 1
